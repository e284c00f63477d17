"""Payments: how the house talks to a payment gateway, whichever it is."""

from yaohe.platforms.payments.errors import (
    BillNotThere,
    GatewayUnknown,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
)
from yaohe.platforms.payments.model import (
    BillLine,
    News,
    NewsKind,
    PaymentNotice,
    PaymentRequest,
    PaymentStanding,
    RefundRequest,
    Way,
)
from yaohe.platforms.payments.ports import Payers, PaymentGateway

__all__ = [
    "BillLine",
    "BillNotThere",
    "GatewayUnknown",
    "News",
    "NewsKind",
    "NoticeStale",
    "NoticeUnreadable",
    "NoticeUnsigned",
    "Payers",
    "PaymentGateway",
    "PaymentNotice",
    "PaymentRequest",
    "PaymentStanding",
    "RefundRequest",
    "Way",
]
