"""Products as a viewer's page holds them: at its opening, at a join and whenever they change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yaohe.commerce import Product


def product_cards(
    products: Iterable[Product], pinned: str | None, lang: str
) -> list[dict[str, Any]]:
    """One JSON object per product, in the order of the shelf; prices in minor units."""
    return [
        {
            "id": product.id,
            "title": product.title_in(lang),
            "subtitle": product.subtitle_in(lang),
            "price_minor": product.price_minor,
            "list_price_minor": product.list_price_minor,
            "stock": product.stock,
            "picture": product.picture,
            "pinned": product.id == pinned,
        }
        for product in products
    ]
