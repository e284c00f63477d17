"""The shop page: who sells, how to reach them, and what holds for delivery, returns and data."""

from yaohe.identity.shop_page.model import ShopPage
from yaohe.identity.shop_page.service import ShopPages

__all__ = ["ShopPage", "ShopPages"]
