"""Catalog: what the shop sells, at which price, and how many are left."""

from yaohe.commerce.events import ProductChanged

__all__ = ["ProductChanged"]
