"""Orders: what somebody buys; stock and coupon are held until it is paid or ends."""

from yaohe.commerce.events import OrderCanceled, OrderExpired

__all__ = ["OrderCanceled", "OrderExpired"]
