"""Messages: what the buyer of an order and the shop write to each other. Words: thread, message,
canned answer, unread."""

from yaohe.commerce.messages.events import MessageWritten

__all__ = ["MessageWritten"]
