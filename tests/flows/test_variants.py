"""Variants under a rush: each has its own stock and price, sold never twice and given back once;
a product without them sells as it always did."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.app.auditing import audit_database
from yaohe.commerce import Order, Product, ProductChange
from yaohe.commerce.errors import (
    ProductNotFound,
    SoldOut,
    StockTooLow,
    VariantMissing,
    VariantNotFound,
    VariantsDiffer,
)
from yaohe.commerce.prices import NewLivePrice
from yaohe.commerce.variants import NewVariant, Variant
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def varied(
    shop: Shop, *, red: int = 10, blue: int = 10, blue_minor: int = 11_900
) -> tuple[Product, Variant, Variant]:
    """A product that comes in red for 99 and in blue for 119, or as much as is said."""
    product = await shop.product(stock=3, price_minor=5_000, list_price_minor=12_900)
    one, two = await shop.commerce.set_variants(
        product.id,
        [
            NewVariant(title="红罐", title_en="Red tin", price_minor=9_900, stock=red),
            NewVariant(title="蓝罐", price_minor=blue_minor, stock=blue),
        ],
    )
    return await shop.commerce.product(product.id), one, two


async def buy(
    shop: Shop, product: Product, variant: Variant | str | None, *, quantity: int = 1,
    who: str | None = None, key: str | None = None, expected_minor: int | None = None,
    live_price_id: str | None = None,
) -> Order | AppError:  # fmt: skip
    try:
        return await shop.commerce.create_order(
            who or new_id("v"), "tea", product.id, quantity, None, key or new_id("k"),
            expected_minor=expected_minor,
            variant_id=variant.id if isinstance(variant, Variant) else variant,
            live_price_id=live_price_id,
        )  # fmt: skip
    except AppError as error:
        return error


async def stocks(shop: Shop, product: Product) -> dict[str, int]:
    found = await shop.commerce.product(product.id)
    return {variant.title: variant.stock for variant in found.variants}


async def in_order(shop: Shop) -> bool:
    async with shop.db.raw() as conn:
        return (await audit_database(conn)).holds


async def test_two_hundred_want_two_variants(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    product, red, blue = await varied(shop, red=15, blue=5)
    answers = await asyncio.gather(
        *[buy(at, product, one) for _ in range(50) for at in (shop, other) for one in (red, blue)]
    )
    assert Counter(type(answer) for answer in answers) == {Order: 20, SoldOut: 180}
    orders = [answer for answer in answers if isinstance(answer, Order)]
    assert Counter((o.first.variant_id, o.payable_minor) for o in orders) == {
        (red.id, 9_900): 15, (blue.id, 11_900): 5,
    }  # fmt: skip
    after = await shop.commerce.product(product.id)
    assert (after.stock, after.sold) == (0, 20)
    assert await in_order(shop)


async def test_a_big_wish_for_one_does_not_keep_the_other_out(shop: Shop) -> None:
    product, red, blue = await varied(shop, red=5, blue=2)
    wishes = ((red, 4), (red, 3), (red, 1), (blue, 2))
    answers = await asyncio.gather(*[buy(shop, product, one, quantity=n) for one, n in wishes])
    assert [type(answer) for answer in answers] == [Order, SoldOut, Order, Order]
    assert await stocks(shop, product) == {"红罐": 0, "蓝罐": 0}


async def test_what_is_given_up_goes_back_to_its_variant_once(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    product, red, blue = await varied(shop, red=3, blue=3)
    mei = new_id("v")
    order = await buy(shop, product, red, quantity=2, who=mei)
    assert isinstance(order, Order)
    await buy(shop, product, blue, quantity=3)
    assert await stocks(shop, product) == {"红罐": 1, "蓝罐": 0}

    async def give_up(at: Shop) -> bool:
        try:
            await at.commerce.cancel_order(order.id, mei)
        except AppError:
            return False
        return True

    assert sum(await asyncio.gather(*[give_up(at) for _ in range(5) for at in (shop, other)])) == 1
    assert await stocks(shop, product) == {"红罐": 3, "蓝罐": 0}
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 hour'")
    await asyncio.gather(*[at.commerce.expire_orders() for at in (shop, other)])
    assert await stocks(shop, product) == {"红罐": 3, "蓝罐": 3}
    assert await in_order(shop)


async def test_the_order_says_which_one(shop: Shop) -> None:
    product, red, blue = await varied(shop)
    assert (product.price_minor, product.list_price_minor, product.stock) == (9_900, None, 20)
    order = await buy(shop, product, red, quantity=2, expected_minor=19_800)
    assert isinstance(order, Order)
    assert (order.title, order.title_en) == ("春茶 · 红罐", "Spring tea · Red tin")
    other = await buy(shop, product, blue)
    assert isinstance(other, Order)
    assert other.title_en == "Spring tea · 蓝罐"
    assert isinstance(await buy(shop, product, None), VariantMissing)
    assert isinstance(await buy(shop, product, "var_none"), VariantNotFound)
    another, its, _ = await varied(shop)
    assert isinstance(await buy(shop, product, its), VariantNotFound)
    plain = await shop.product()
    assert isinstance(await buy(shop, plain, red), VariantNotFound)
    sold = await buy(shop, plain, None)
    assert isinstance(sold, Order)
    assert (sold.title, sold.first.variant_id) == ("春茶", None)
    assert await shop.stock(another) == 20


async def test_the_same_key_for_another_variant_is_another_order(shop: Shop) -> None:
    product, red, blue = await varied(shop)
    mei = new_id("v")
    first = await buy(shop, product, red, who=mei, key="press")
    again = await buy(shop, product, red, who=mei, key="press")
    assert isinstance(first, Order)
    assert first == again
    refused = await buy(shop, product, blue, who=mei, key="press")
    assert isinstance(refused, AppError)
    assert refused.code == "idempotency_key_reused"


async def test_a_live_price_holds_for_every_variant(shop: Shop) -> None:
    product, red, blue = await varied(shop, blue_minor=9_900)
    live = await shop.commerce.start_live_price(
        NewLivePrice(room_id="tea", product_id=product.id, price_minor=7_900, minutes=5, total=3)
    )
    orders = [await buy(shop, product, one, live_price_id=live.id) for one in (red, blue)]
    assert [order.payable_minor for order in orders if isinstance(order, Order)] == [7_900, 7_900]
    too_much = NewLivePrice(room_id="tea", product_id=product.id, price_minor=9_900, minutes=5)
    with pytest.raises(BadInput):
        await shop.commerce.start_live_price(too_much)


async def test_one_live_price_is_not_for_variants_of_different_prices(shop: Shop) -> None:
    product, red, blue = await varied(shop)
    lower = NewLivePrice(room_id="tea", product_id=product.id, price_minor=900, minutes=5)
    with pytest.raises(VariantsDiffer):
        await shop.commerce.start_live_price(lower)
    same = [NewVariant(id=one.id, title=one.title, price_minor=9_900) for one in (red, blue)]
    await shop.commerce.set_variants(product.id, same)
    live = await shop.commerce.start_live_price(lower)

    dearer = [*same, NewVariant(title="大罐", price_minor=19_900, stock=1)]
    with pytest.raises(VariantsDiffer):
        await shop.commerce.set_variants(product.id, dearer)
    assert await stocks(shop, product) == {"红罐": 10, "蓝罐": 10}
    await shop.commerce.stop_live_price(live.id)
    assert len(await shop.commerce.set_variants(product.id, dearer)) == 3


async def test_staff_change_variants_while_they_sell(shop: Shop) -> None:
    product, red, blue = await varied(shop)
    await buy(shop, product, red, quantity=4)
    kept, new = await shop.commerce.set_variants(
        product.id,
        [
            NewVariant(id=red.id, title="红罐", price_minor=8_800, stock_change=2),
            NewVariant(title="绿罐", price_minor=7_700, stock=1),
        ],
    )
    assert (kept.id, kept.stock, kept.price_minor, new.stock) == (red.id, 8, 8_800, 1)
    after = await shop.commerce.product(product.id)
    assert (after.price_minor, after.stock) == (7_700, 9)
    assert isinstance(await buy(shop, product, blue), VariantNotFound)
    with pytest.raises(StockTooLow):
        await shop.commerce.set_variants(
            product.id, [NewVariant(id=red.id, title="红", price_minor=1, stock_change=-9)]
        )
    assert await stocks(shop, product) == {"红罐": 8, "绿罐": 1}, "nothing is half written"
    assert await shop.commerce.set_variants(product.id, []) == []
    plain = await shop.commerce.product(product.id)
    assert (plain.stock, plain.variants) == (3, ())
    assert isinstance(await buy(shop, product, None), Order)
    assert await in_order(shop)


async def test_price_and_stock_of_the_product_are_its_variants(shop: Shop) -> None:
    product, _, _ = await varied(shop)
    for change in (
        ProductChange(price_minor=1), ProductChange(stock=1), ProductChange(stock_change=1),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            await shop.commerce.update_product(product.id, change)
    renamed = await shop.commerce.update_product(product.id, ProductChange(title="明前"))
    assert (renamed.title, renamed.stock, len(renamed.variants)) == ("明前", 20, 2)


@pytest.mark.parametrize(
    "given",
    [
        [NewVariant(title="", price_minor=1)],
        [NewVariant(title="红", price_minor=0)],
        [NewVariant(title="红", price_minor=10**15)],
        [NewVariant(title="红", price_minor=1, stock=-1)],
        [NewVariant(title="红", price_minor=1, stock=10**9)],
        [NewVariant(title="红", price_minor=1, stock_change=1)],
        [NewVariant(id="var_1", title="红", price_minor=1, stock=1)],
        [NewVariant(title="红", price_minor=1), NewVariant(title="红 ", price_minor=2)],
        [NewVariant(title=f"{n}", price_minor=1) for n in range(41)],
    ],
)
async def test_what_cannot_be(shop: Shop, given: list[NewVariant]) -> None:
    product = await shop.product()
    with pytest.raises(BadInput):
        await shop.commerce.set_variants(product.id, given)
    assert (await shop.commerce.product(product.id)).variants == ()


async def test_what_is_not_there(shop: Shop) -> None:
    product = await shop.product()
    with pytest.raises(ProductNotFound):
        await shop.commerce.set_variants("prd_none", [])
    with pytest.raises(VariantNotFound):
        await shop.commerce.set_variants(
            product.id, [NewVariant(id="var_none", title="红", price_minor=1)]
        )
