"""Waits: who wants to be told when something sold out is back. Words: wait, turn."""

from yaohe.commerce.waits.events import BackInStock

__all__ = ["BackInStock"]
