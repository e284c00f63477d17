"""Products as a viewer's page holds them: in its language at its opening, and in both languages in
the state of the room, which is one for everybody."""

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


def bilingual_cards(products: Iterable[Product]) -> dict[str, dict[str, Any]]:
    """The same by product id, so that a change can be told without the rest of the shelf."""
    return {
        product.id: {
            "title": product.title,
            "title_en": product.title_en,
            "subtitle": product.subtitle,
            "subtitle_en": product.subtitle_en,
            "price_minor": product.price_minor,
            "list_price_minor": product.list_price_minor,
            "stock": product.stock,
            "picture": product.picture,
        }
        for product in products
    }
