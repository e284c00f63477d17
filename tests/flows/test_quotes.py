"""A quote says what the order would cost: the same sums, the same refusals, and nothing is held."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce import Coupon, Product, ProductChange
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.orders.lines import LINES_MAX, WishLine
from yaohe.commerce.prices.model import NewLivePrice
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
async def shop(fresh_db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made
    await made.commerce.close()


def lines(*wanted: tuple[Product, int]) -> list[WishLine]:
    return [WishLine(product_id=product.id, quantity=quantity) for product, quantity in wanted]


async def coupon(shop: Shop, who: str, amount_minor: int, **more: Any) -> Coupon:
    template = await shop.template(amount_minor=amount_minor, **more)
    return await shop.commerce.claim_coupon(template.id, who, source="room", source_ref="tea")


async def test_every_offer_is_what_the_order_costs(shop: Shop) -> None:
    who = new_id("v")
    await shop.commerce.set_delivery_rule(DeliveryRule(fee_minor=800, free_from_minor=20_000))
    tea, cups = await shop.product(price_minor=9_900), await shop.product(price_minor=4_333)
    small = await coupon(shop, who, 500)
    large = await coupon(shop, who, 2_000, threshold_minor=20_000)
    too_much = await coupon(shop, who, 9_000, threshold_minor=90_000)
    wanted = lines((tea, 1), (cups, 3))
    quote = await shop.commerce.quote(who, "tea", wanted)
    assert quote.refusal is None
    assert [line.goods_minor for line in quote.lines] == [9_900, 12_999]
    plain = quote.plain
    assert (plain.goods_minor, plain.fee_minor, plain.to_free_minor) == (22_899, 0, None)
    assert [offer.coupon_id for offer in quote.offers] == [large.id, small.id]
    assert too_much.id not in [offer.coupon_id for offer in quote.offers]
    for offer in (*quote.offers, plain):
        order = await shop.commerce.create_order(
            who, "tea", None, 1, offer.coupon_id, new_id("k"), lines=wanted,
            expected_minor=offer.payable_minor,
        )  # fmt: skip
        assert order.discount_minor == offer.discount_minor
        assert order.fee_minor == offer.fee_minor
        await shop.commerce.cancel_order(order.id, who)


async def test_a_coupon_that_costs_the_free_delivery_stands_behind(shop: Shop) -> None:
    who = new_id("v")
    await shop.commerce.set_delivery_rule(DeliveryRule(fee_minor=1_000, free_from_minor=9_900))
    tea = await shop.product(price_minor=9_900)
    worse = await coupon(shop, who, 300)
    quote = await shop.commerce.quote(who, None, lines((tea, 1)))
    (offer,) = quote.offers
    assert (offer.coupon_id, offer.payable_minor, offer.to_free_minor) == (worse.id, 10_600, 300)
    assert quote.plain.payable_minor == 9_900


async def test_a_delivery_that_the_coupon_pays_asks_for_no_more_goods(shop: Shop) -> None:
    who = new_id("v")
    await shop.commerce.set_delivery_rule(DeliveryRule(fee_minor=1_000, free_from_minor=20_000))
    tea = await shop.product(price_minor=9_900)
    await coupon(shop, who, 1_000, kind="shipping")
    quote = await shop.commerce.quote(who, None, lines((tea, 1)))
    (offer,) = quote.offers
    assert (offer.payable_minor, offer.to_free_minor) == (9_900, None)
    assert quote.plain.to_free_minor == 10_100


async def test_what_is_in_the_way_is_said_for_each_line(shop: Shop) -> None:
    who = new_id("v")
    here, few, hidden = [await shop.product(stock=2) for _ in range(3)]
    await shop.commerce.update_product(hidden.id, ProductChange(status="hidden"))
    price = await shop.commerce.start_live_price(
        NewLivePrice(room_id="tea", product_id=here.id, price_minor=5_000, minutes=5)
    )
    wanted = [
        WishLine(product_id=here.id, live_price_id=price.id),
        WishLine(product_id=few.id, quantity=3),
        WishLine(product_id=hidden.id),
        WishLine(product_id="prd_none"),
    ]
    quote = await shop.commerce.quote(who, "tea", wanted)
    assert [line.refusal for line in quote.lines] == [
        None, "sold_out", "product_hidden", "product_not_found",
    ]  # fmt: skip
    assert quote.lines[0].unit_price_minor == 5_000
    elsewhere = await shop.commerce.quote(who, "cups", wanted[:1])
    assert elsewhere.lines[0].refusal == "live_price_over"
    pickup = await shop.product(delivery="pickup")
    apart = await shop.commerce.quote(who, None, lines((here, 1), (pickup, 1)))
    assert apart.refusal == "order_separately"


async def test_asking_holds_nothing_and_waits_for_nobody(shop: Shop) -> None:
    who = new_id("v")
    tea = await shop.product(stock=1)
    await coupon(shop, who, 500)
    async with shop.db.begin() as tx:
        await tx.conn.exec_driver_sql(
            f"select 1 from commerce.products where id = '{tea.id}' for update"  # noqa: S608
        )
        quote = await shop.commerce.quote(who, None, lines((tea, 1)))
    assert quote.offers[0].payable_minor == 9_400
    left = await shop.value("select stock from commerce.products where id = $1", tea.id)
    states = await shop.rows("select state from commerce.coupons")
    assert (left, [row["state"] for row in states]) == (1, ["claimed"])
    assert await shop.rows("select from commerce.orders") == []


async def test_it_is_asked_for_as_an_order_is(shop: Shop) -> None:
    tea = await shop.product()
    site = shop.commerce.base_url
    ask = f"{site}/api/v1/orders/quote"
    async with httpx.AsyncClient(headers={"Origin": site}) as mei:
        answer = await mei.post(ask, json={"lines": [{"product_id": tea.id, "quantity": 2}]})
        assert (answer.status_code, answer.json()["plain"]["payable_minor"]) == (200, 19_800)
        for bad in (
            [],
            [{"product_id": tea.id, "quantity": 0}],
            [{"product_id": tea.id}] * 2,
            [{"product_id": f"p{n}"} for n in range(LINES_MAX + 1)],
        ):
            refused = await mei.post(ask, json={"lines": bad})
            assert refused.json()["error"]["code"] == "bad_input"
    with pytest.raises(AppError):
        await shop.commerce.quote("v", "a room", lines((tea, 1)))
