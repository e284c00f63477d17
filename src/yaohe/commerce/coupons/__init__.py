"""Coupons: what is given to people, once each, and what it takes off an order."""

from yaohe.commerce.events import CouponSupplyChanged

__all__ = ["CouponSupplyChanged"]
