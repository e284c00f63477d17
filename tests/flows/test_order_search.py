"""Staff find an order by its id, by what they know of its buyer or parcel, by state and by day; and
the statement that finds it walks indexes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from tests.support.shop import Shop, make_shop

from yaohe.commerce import Order
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.orders.listing import _shop_orders
from yaohe.commerce.orders.model import Buyer, OrderFilter, Shipment
from yaohe.commerce.orders.search import order_filter, sought
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

BOSS = Staff(id="st_x", shop_id="shop_main", email="l@x.cn", name="Lin", role="owner")


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def bought(shop: Shop, name: str, phone: str, *, tracking: str = "", **more: Any) -> Order:
    """A paid order of somebody, on its way when it has a number."""
    product = await shop.product(stock=9, price_minor=0, **more)
    buyer = Buyer(name=name, phone=phone, address="云南路 1 号")
    order = await shop.commerce.create_order(
        new_id("v"), None, product.id, 1, None, new_id("k"), buyer
    )
    if tracking:
        parcel = Shipment(carrier="顺丰", tracking=tracking)
        await shop.commerce.ship_order(order.id, parcel, by=BOSS)
    return order


async def found(shop: Shop, **wanted: Any) -> list[str]:
    page = await shop.commerce.shop_orders(order_filter(**wanted))
    return [item.order.id for item in page.items]


async def test_one_box_finds_by_all_that_people_know(shop: Shop) -> None:
    await shop.commerce.set_delivery_rule(
        DeliveryRule(fee_minor=0, free_from_minor=None, pickup_place="湖滨路 8 号"), by=BOSS
    )
    mei = await bought(shop, "梅小雨", "+86 138-0000-7431", tracking="SF1234567890")
    kim = await bought(shop, "Kim Lee", "13900001234", delivery="pickup")
    code = await shop.value("select pickup_code from commerce.orders where id = $1", kim.id)
    for words, those in {
        mei.id: [mei.id], mei.id.upper(): [mei.id], "7431": [mei.id], "13800007431": [mei.id],
        "+86 138 0000 7431": [mei.id], "8613900001234": [kim.id], "梅": [mei.id],
        "kim L": [kim.id], "sf1234567890": [mei.id], code: [kim.id], f"{code[:4]} {code[4:]}":
        [kim.id], "  ": [kim.id, mei.id], "743": [], "小雨": [], "SF12345": [], "%": [], "_im": [],
    }.items():  # fmt: skip
        assert await found(shop, q=words) == those, words


async def test_state_and_days_narrow_it_and_pages_are_stable(shop: Shop) -> None:
    made = [await bought(shop, "林", "13900001234") for _ in range(4)]
    # One second before and at midnight in Shanghai.
    times = ("01-30 15:59:59Z", "01-30 16:00Z", "01-31 15:59:59Z", "01-31 16:00Z")
    for order, at in zip(made, times, strict=True):
        await shop.rows(
            "update commerce.orders set created_at = $2::text::timestamptz where id = $1", order.id,
            f"2026-{at}",
        )  # fmt: skip
    await shop.rows("update identity.shops set time_zone = 'Asia/Shanghai'")
    one, two, three, four = (order.id for order in made)
    assert await found(shop, since="2026-01-31", until="2026-01-31") == [three, two]
    assert await found(shop, until="2026-01-30") == [one]
    assert await found(shop, since="2026-02-01", q="林") == [four]
    await shop.commerce.ship_order(two, Shipment(), by=BOSS)
    assert await found(shop, status="shipped", since="2026-01-31", q="1234") == [two]
    page = await shop.commerce.shop_orders(order_filter(q="1234", limit=2))
    await bought(shop, "林", "13900001234")  # comes between two pages, and moves nothing
    assert page.next == three
    assert await found(shop, q="1234", before=page.next, limit=2) == [two, one]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("status", "sold"), ("since", "31.1.2026"), ("until", "9999-12-31"), ("q", "x" * 65),
        ("q", "a\0"), ("since", "0001-01-01"),
    ],
)  # fmt: skip
def test_a_filter_that_says_nothing_is_refused(field: str, wrong: str) -> None:
    with pytest.raises(BadInput) as refused:
        order_filter(**{field: wrong})  # type: ignore[arg-type]
    assert refused.value.field == field
    with pytest.raises(BadInput):
        order_filter(since="2026-02-01", until="2026-01-31")


@given(st.text(max_size=80))
def test_any_words_are_sought_or_refused(text: str) -> None:
    try:
        words = sought(order_filter(q=text).text)
    except BadInput:
        return
    assert words is None or words.phone_end is None or len(words.phone_end) >= 4


async def test_a_search_walks_indexes(shop: Shop) -> None:
    order = await bought(shop, "林", "13900001234")
    columns = ", ".join(
        row["column_name"]
        for row in await shop.rows(
            "select column_name from information_schema.columns where table_schema = 'commerce' "
            "and table_name = 'orders' and column_name not in "
            "('id', 'idempotency_key', 'buyer_phone', 'buyer_name', 'tracking', 'pickup_code')"
        )
    )
    await shop.rows(
        "insert into commerce.orders (id, idempotency_key, buyer_phone, buyer_name, tracking, "  # noqa: S608
        f"{columns}) select 'o' || n, 'k' || n, (13000000000 + n * 7919)::text, 'n' || n, 't' || n,"
        f" {columns} from commerce.orders, generate_series(1, 4000) n where id = $1",
        order.id,
    )
    await shop.rows("analyze commerce.orders")
    statement = _shop_orders("shop_main", OrderFilter(text="13900001234"), ZoneInfo("UTC"))
    asked = statement.limit(51).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    plan = "\n".join(row[0] for row in await shop.rows(f"explain {asked}"))
    for index in ("orders_phone", "orders_name", "orders_tracking"):
        assert index in plan, plan
    assert "Seq Scan on orders" not in plan
