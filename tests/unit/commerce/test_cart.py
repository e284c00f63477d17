"""What a line of a cart says about itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from yaohe.commerce.cart.model import CartLine

LINE = CartLine(
    product_id="p",
    variant_id="",
    room_id=None,
    quantity=2,
    seen_minor=9_900,
    put_at=datetime(2026, 11, 28, tzinfo=UTC),
    title="春茶",
    title_en="Spring tea",
    variant_title="",
    variant_title_en="",
    picture_key=None,
    delivery="ship",
    currency="CNY",
    price_minor=9_900,
    stock=5,
    on_sale=True,
    variant_found=True,
    live_price_id=None,
    live_price_minor=None,
    live_price_until=None,
    live_price_left=None,
    live_price_each=None,
    order_id=None,
)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "here"),
        ({"stock": 2}, "here"),
        ({"stock": 1}, "short"),
        ({"stock": 0}, "sold_out"),
        ({"stock": 0, "variant_found": False}, "variant_gone"),
        ({"stock": 0, "variant_found": False, "on_sale": False}, "off_sale"),
    ],
)
def test_a_line_says_the_first_thing_that_is_in_the_way(
    changed: dict[str, object], state: str
) -> None:
    assert replace(LINE, **changed).state == state
