"""Deliveries: messages on their way to endpoints, the log of their tries, and who sends them."""

from yaohe.webhooks.deliveries.sender import Sender
from yaohe.webhooks.deliveries.service import Deliveries

__all__ = ["Deliveries", "Sender"]
