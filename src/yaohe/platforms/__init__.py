"""Platforms: what the house knows about the services of others, and nothing about its own rooms.

Words owned: channel, intent, payment gateway, notice, cashier. Each service has its own folder or
file; contexts above reach them through the names below.
"""

from yaohe.platforms.channels import CHANNELS, Message, intents, takes
from yaohe.platforms.payments import (
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
    PaymentGateway,
    PaymentNotice,
    PaymentRequest,
    RefundRequest,
)

__all__ = [
    "CHANNELS",
    "Message",
    "NoticeStale",
    "NoticeUnreadable",
    "NoticeUnsigned",
    "PaymentGateway",
    "PaymentNotice",
    "PaymentRequest",
    "RefundRequest",
    "intents",
    "takes",
]
