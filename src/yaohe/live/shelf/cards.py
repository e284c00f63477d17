"""Products as a viewer's page holds them: in its language at its opening, and in both languages in
the state of the room, which is one for everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from yaohe.commerce import Product
from yaohe.commerce.prices import LivePrice
from yaohe.commerce.variants import Variant


def live_fields(live: LivePrice | None) -> dict[str, Any]:
    """A live price as a page holds it: flat, so that what changed can be told field by field. A
    page holds it against the server's clock; `live_price_left` is null when only stock limits."""
    return {
        "live_price_id": live.id if live else None,
        "live_price_minor": live.price_minor if live else None,
        "live_price_until": live.ends_at if live else None,
        "live_price_left": live.left if live else None,
        "live_price_each": live.per_person if live else None,
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.id,
        "title": variant.title,
        "title_en": variant.title_en,
        "price_minor": variant.price_minor,
        "stock": variant.stock,
    }


def product_cards(
    products: Iterable[Product],
    pinned: str | None,
    lang: str,
    live: Mapping[str, LivePrice],
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
            "delivery": product.delivery,
            "pinned": product.id == pinned,
            "variants": [
                _variant(variant) | {"title": variant.title_in(lang)}
                for variant in product.variants
            ],
            **live_fields(live.get(product.id)),
        }
        for product in products
    ]


def bilingual_cards(
    products: Iterable[Product], live: Mapping[str, LivePrice]
) -> dict[str, dict[str, Any]]:
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
            "delivery": product.delivery,
            "variants": [_variant(variant) for variant in product.variants],
            **live_fields(live.get(product.id)),
        }
        for product in products
    }
