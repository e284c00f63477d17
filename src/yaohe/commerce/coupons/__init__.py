"""Coupons: what is given to people, once each, and what it takes off an order."""

from yaohe.commerce.coupons.model import CouponKind, Part, PartGiven
from yaohe.commerce.errors import CLAIM_ERRORS, CouponPartLow
from yaohe.commerce.events import CouponSupplyChanged

__all__ = [
    "CLAIM_ERRORS",
    "CouponKind",
    "CouponPartLow",
    "CouponSupplyChanged",
    "Part",
    "PartGiven",
]
