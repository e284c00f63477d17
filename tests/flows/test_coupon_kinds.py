"""Each kind of coupon takes off what it says and no more, also when many try at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.commerce import Coupon, Order, Product
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.errors import (
    CouponGone,
    CouponNothing,
    CouponSpent,
    CouponTooSmallOrder,
    PriceChanged,
)
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    made = make_shop(db)
    await made.commerce.set_delivery_rule(DeliveryRule(fee_minor=800, free_from_minor=30_000))
    yield made
    await made.commerce.close()


async def coupon(shop: Shop, **given: Any) -> Coupon:
    template = await shop.template(**given)
    return await shop.commerce.claim_coupon(
        template.id, new_id("v"), source="arrival", source_ref="token"
    )


async def buy(
    shop: Shop, product: Product, one: Coupon, *, quantity: int = 1, expected: int | None = None
) -> Order | AppError:
    try:
        return await shop.commerce.create_order(
            one.visitor_id, "tea", product.id, quantity, one.id, new_id("k"),
            expected_minor=expected,
        )  # fmt: skip
    except AppError as error:
        return error


async def taken(shop: Shop, product: Product, one: Coupon, quantity: int = 1) -> tuple[int, ...]:
    order = await buy(shop, product, one, quantity=quantity)
    assert isinstance(order, Order), order
    return order.discount_minor, order.fee_minor, order.payable_minor


@pytest.mark.parametrize(
    ("price", "percent", "most", "off"),
    [
        (9_900, 15, 5_000, 1_485),
        (9_999, 15, 5_000, 1_499),
        (9_900, 99, 2_000, 2_000),
        (1, 50, 9, 0),
    ],
)
async def test_a_percentage_is_rounded_down_and_capped(
    shop: Shop, price: int, percent: int, most: int, off: int
) -> None:
    product = await shop.product(price_minor=price)
    one = await coupon(shop, kind="percent", percent=percent, amount_minor=most)
    assert (one.kind, one.percent) == ("percent", percent)
    assert await taken(shop, product, one) == (off, 800, price - off + 800)
    assert (await shop.audit()).holds


async def test_delivery_is_paid_by_its_coupon_up_to_its_amount(shop: Shop) -> None:
    product = await shop.product(price_minor=9_900)
    whole, part = (
        await coupon(shop, kind="shipping", amount_minor=2_000),
        await coupon(shop, kind="shipping", amount_minor=500),
    )
    assert await taken(shop, product, whole) == (800, 800, 9_900)
    assert await taken(shop, product, part) == (500, 800, 10_200)
    assert (await shop.audit()).holds


async def test_without_a_fee_a_coupon_for_it_is_refused_and_stays(shop: Shop) -> None:
    one = await coupon(shop, kind="shipping", amount_minor=800)
    dear, fetched = await shop.product(price_minor=30_000), await shop.product(delivery="pickup")
    for product in (dear, fetched):
        assert isinstance(await buy(shop, product, one), CouponNothing)
        assert await shop.stock(product) == 50
    (mine,) = await shop.commerce.coupons_of(one.visitor_id)
    assert mine.state == "claimed"
    assert await taken(shop, await shop.product(), one) == (800, 800, 9_900)


async def test_the_threshold_is_of_the_goods_alone(shop: Shop) -> None:
    product = await shop.product(price_minor=9_900)
    for kind, percent in (("percent", 10), ("shipping", None), ("amount", None)):
        one = await coupon(
            shop, kind=kind, percent=percent, amount_minor=500, threshold_minor=10_000
        )
        assert isinstance(
            await buy(shop, product, one), CouponTooSmallOrder
        )  # with the fee: 10,700
        assert isinstance(await buy(shop, product, one, quantity=2), Order)


async def test_a_percentage_can_bring_goods_below_free_delivery(shop: Shop) -> None:
    product = await shop.product(price_minor=30_000)
    one = await coupon(shop, kind="percent", percent=10, amount_minor=9_000)
    assert isinstance(await buy(shop, product, one, expected=27_000), PriceChanged)
    assert await taken(shop, product, one) == (3_000, 800, 27_800)


@pytest.mark.parametrize(("kind", "percent"), [("percent", 20), ("shipping", None)])
async def test_one_coupon_and_many_orders_at_once(
    shop: Shop, db: Database, kind: str, percent: int | None
) -> None:
    other, product = make_shop(db), await shop.product(stock=100)
    one = await coupon(shop, kind=kind, percent=percent, amount_minor=800)
    answers = await asyncio.gather(
        *[buy(where, product, one) for _ in range(20) for where in (shop, other)]
    )
    assert Counter(type(answer) for answer in answers) == {Order: 1, CouponSpent: 39}
    assert await shop.stock(product) == 99
    assert (await shop.audit()).holds


async def test_the_last_coupon_of_a_kind_goes_to_one(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    template = await shop.template(kind="percent", percent=20, amount_minor=800, total=3)

    async def claim(where: Shop) -> Coupon | AppError:
        try:
            return await where.commerce.claim_coupon(
                template.id, new_id("v"), source="arrival", source_ref="token"
            )
        except AppError as error:
            return error

    answers = await asyncio.gather(*[claim(w) for _ in range(30) for w in (shop, other)])
    assert Counter(type(answer) for answer in answers) == {Coupon: 3, CouponGone: 57}
    assert (await shop.audit()).holds


async def test_an_order_that_ends_gives_it_back(shop: Shop) -> None:
    product, one = await shop.product(), await coupon(shop, kind="shipping", amount_minor=800)
    order = await buy(shop, product, one)
    assert isinstance(order, Order)
    await shop.commerce.cancel_order(order.id, one.visitor_id)
    assert await taken(shop, product, one) == (800, 800, 9_900)


async def test_the_audit_sees_a_coupon_that_took_too_much(shop: Shop) -> None:
    product = await shop.product()
    one = await coupon(shop, kind="percent", percent=10, amount_minor=5_000)
    order = await buy(shop, product, one)
    assert isinstance(order, Order)
    change = """update commerce.orders set discount_minor = discount_minor + $2,
                       payable_minor = payable_minor - $2 where id = $1"""
    await shop.rows(change, order.id, 1)
    found = await shop.audit()
    assert [f["order"] for f in found.overclaimed] == [order.id]
    await shop.rows(change, order.id, -1)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "percent"}, {"percent": 10}, {"kind": "percent", "percent": 0},
     {"kind": "percent", "percent": 100}, {"kind": "shipping", "percent": 5}],
)  # fmt: skip
async def test_a_percentage_belongs_to_its_kind(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        await shop.template(**wrong)
