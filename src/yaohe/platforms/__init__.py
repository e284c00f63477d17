"""Platforms: what the house knows about the services of others, and nothing about its own rooms.

Words owned: channel, intent, payment gateway, notice, cashier. Each service has its own folder or
file; contexts above reach them through the names below.
"""

from yaohe.platforms.channels import CHANNELS, Message, intents, takes

__all__ = [
    "CHANNELS",
    "Message",
    "intents",
    "takes",
]
