"""Orders: what somebody buys; stock and coupon are held until it is paid or ends."""

from yaohe.commerce.events import (
    OrderCanceled,
    OrderCompleted,
    OrderExpired,
    OrderRefunded,
    OrderShipped,
)
from yaohe.commerce.orders.moves import STATUSES, OrderStatus

__all__ = [
    "STATUSES",
    "OrderCanceled",
    "OrderCompleted",
    "OrderExpired",
    "OrderRefunded",
    "OrderShipped",
    "OrderStatus",
]
