"""Coupons: what is given to people, once each, and what it takes off an order."""

from yaohe.commerce.coupons.model import CouponKind
from yaohe.commerce.events import CouponSupplyChanged

__all__ = ["CouponKind", "CouponSupplyChanged"]
