"""Commerce: what is sold, what it costs, what is taken off, and whether it is paid.

Its words: product, stock, variant, live price, coupon template, coupon, claim, order, deadline,
payment, cashier, notice, refund, cart. It knows nothing of rooms and shares: those are ids it keeps
for others.
"""

from yaohe.commerce.catalog.model import NewProduct, Product, ProductChange, picture_path
from yaohe.commerce.coupons.model import Coupon, CouponTemplate, NewTemplate
from yaohe.commerce.errors import CouponGone, CouponLimit, CouponOver, TemplateNotFound
from yaohe.commerce.events import OrderPaid
from yaohe.commerce.orders.model import Order, OrderFilter
from yaohe.commerce.service import Commerce

__all__ = [
    "Commerce",
    "Coupon",
    "CouponGone",
    "CouponLimit",
    "CouponOver",
    "CouponTemplate",
    "NewProduct",
    "NewTemplate",
    "Order",
    "OrderFilter",
    "OrderPaid",
    "Product",
    "ProductChange",
    "TemplateNotFound",
    "picture_path",
]
