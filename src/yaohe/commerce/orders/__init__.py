"""Orders: what somebody buys; stock and coupon are held until it is paid or ends."""

from yaohe.commerce.events import (
    OrderCanceled,
    OrderCompleted,
    OrderExpired,
    OrderRefunded,
    OrderShipped,
)
from yaohe.commerce.orders.lines import titled
from yaohe.commerce.orders.moves import STATUSES, OrderStatus
from yaohe.commerce.orders.search import order_filter
from yaohe.commerce.orders.views import OrderLineView, line_view

__all__ = [
    "STATUSES",
    "OrderCanceled",
    "OrderCompleted",
    "OrderExpired",
    "OrderLineView",
    "OrderRefunded",
    "OrderShipped",
    "OrderStatus",
    "line_view",
    "order_filter",
    "titled",
]
