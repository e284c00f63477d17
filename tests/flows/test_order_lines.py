"""An order has lines: all of them are taken or none is, each at its own price, and what a coupon
takes off is split over those it counts for."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import Shop, make_shop

from yaohe.commerce import Order, Product
from yaohe.commerce.delivery.model import DeliveryRule
from yaohe.commerce.errors import (
    CouponElsewhere,
    CouponSpent,
    CouponTooSmallOrder,
    KeyReused,
    LivePriceLimit,
    NotTogether,
    OrderSeparately,
    PriceChanged,
    ProductNotFound,
    SoldOut,
    VariantMissing,
)
from yaohe.commerce.orders.lines import LINES_MAX, WishLine
from yaohe.commerce.orders.splitting import shares
from yaohe.commerce.prices import LivePrice, NewLivePrice
from yaohe.commerce.variants.model import NewVariant
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


def of(product: Product, quantity: int = 1, **more: Any) -> WishLine:
    return WishLine(product_id=product.id, quantity=quantity, **more)


async def buy(
    shop: Shop, *lines: WishLine, visitor_id: str = "", key: str = "", **more: Any
) -> Order:
    given = {"room_id": "tea", "coupon_id": None} | more
    return await shop.commerce.create_order(
        visitor_id or new_id("v"), given.pop("room_id"), None, 1, given.pop("coupon_id"),
        key or new_id("k"), lines=lines, **given,
    )  # fmt: skip


async def answer(shop: Shop, *lines: WishLine, **more: Any) -> Order | AppError:
    try:
        return await buy(shop, *lines, **more)
    except AppError as error:
        return error


async def goods(shop: Shop, *prices: int, stock: int = 50) -> list[Product]:
    return [await shop.product(price_minor=price, stock=stock) for price in prices]


async def cheaper(shop: Shop, product: Product, price_minor: int, **more: Any) -> LivePrice:
    return await shop.commerce.start_live_price(
        NewLivePrice(
            room_id="tea", product_id=product.id, price_minor=price_minor, minutes=5, **more
        )
    )


async def coupon(shop: Shop, who: str, **more: Any) -> str:
    template = await shop.template(**more)
    claimed = await shop.commerce.claim_coupon(
        template.id, who, source="arrival", source_ref="token"
    )
    return claimed.id


async def in_order(shop: Shop) -> bool:
    found = await shop.audit()
    assert found.holds, found
    return True


async def test_an_order_of_three(shop: Shop) -> None:
    tea, cup, jar = await goods(shop, 9_900, 2_500, 100)
    order = await buy(shop, of(tea, 2), of(cup), of(jar, 7))
    assert [(line.product_id, line.quantity, line.goods_minor) for line in order.lines] == [
        (tea.id, 2, 19_800), (cup.id, 1, 2_500), (jar.id, 7, 700),
    ]  # fmt: skip
    assert (order.goods_minor, order.payable_minor, order.quantity) == (23_000, 23_000, 10)
    assert (order.title, order.title_en) == ("春茶 等 3 种", "Spring tea and 2 more")
    assert [await shop.stock(one) for one in (tea, cup, jar)] == [48, 49, 43]
    assert await shop.commerce.order(order.id, order.visitor_id) == order
    await shop.commerce.cancel_order(order.id, order.visitor_id)
    assert [await shop.stock(one) for one in (tea, cup, jar)] == [50, 50, 50]
    assert await in_order(shop)


async def test_all_or_nothing_and_the_refusal_names_its_line(shop: Shop) -> None:
    tea, cup = await goods(shop, 9_900, 2_500, stock=3)
    fan, _ = await shop.commerce.set_variants(
        (await shop.product()).id,
        [NewVariant(title=title, price_minor=900, stock=2) for title in ("红", "蓝")],
    )
    nothing = WishLine(product_id="prd_none")
    wrong: Sequence[tuple[tuple[WishLine, ...], type[AppError], str]] = (
        ((of(tea), of(cup, 4)), SoldOut, "lines[1]"),
        ((of(tea), of(cup), nothing), ProductNotFound, "lines[2]"),
        ((WishLine(product_id=fan.product_id), of(tea)), VariantMissing, "lines[0]"),
        ((of(tea), of(cup), of(tea)), BadInput, "lines[2]"),
        ((of(tea), of(cup, 0)), BadInput, "lines[1].quantity"),
        ((of(tea), of(cup, 100)), BadInput, "lines[1].quantity"),
        ((of(tea), WishLine(product_id="ä")), BadInput, "lines[1].product_id"),
        ((), BadInput, "lines"),
        ((of(tea),) * (LINES_MAX + 1), BadInput, "lines"),
    )
    for lines, error, field in wrong:
        found = await answer(shop, *lines)
        assert (type(found), getattr(found, "field", None)) == (error, field)
    ordered = "select count(*) from commerce.order_lines where product_id = any($1)"
    assert await shop.value(ordered, [tea.id, cup.id, fan.product_id]) == 0
    assert [await shop.stock(one) for one in (tea, cup)] == [3, 3]


async def test_one_product_or_lines_and_not_both(shop: Shop) -> None:
    (tea,) = await goods(shop, 9_900)
    for product_id, quantity, lines in (
        (tea.id, 1, [of(tea)]),
        (None, 2, [of(tea)]),
        (None, 1, None),
    ):
        with pytest.raises(BadInput) as refused:
            await shop.commerce.create_order(
                new_id("v"), None, product_id, quantity, None, "k", lines=lines
            )
        assert refused.value.field == "lines"


async def test_the_same_key_is_the_same_lines(shop: Shop) -> None:
    who = new_id("v")
    tea, cup = await goods(shop, 9_900, 2_500)
    first = await buy(shop, of(tea), of(cup), visitor_id=who, key="k")
    assert await buy(shop, of(tea), of(cup), visitor_id=who, key="k") == first
    for other in ([of(cup), of(tea)], [of(tea)], [of(tea), of(cup, 2)]):
        with pytest.raises(KeyReused):
            await buy(shop, *other, visitor_id=who, key="k")
    assert await shop.stock(tea) == 49


async def test_one_way_of_delivery(shop: Shop) -> None:
    who = new_id("v")
    tea = await shop.product()
    song = await shop.product(delivery="digital", digital_text="https://example.com/song")
    poem = await shop.product(delivery="digital", digital_text="a poem")
    dinner = await shop.product(delivery="pickup")
    for mixed in ([of(tea), of(song)], [of(dinner), of(tea)], [of(song), of(dinner)]):
        with pytest.raises(OrderSeparately):
            await buy(shop, *mixed)
    with pytest.raises(OrderSeparately):
        await buy(shop, of(tea), of(await shop.product(currency="USD")))
    everything = await coupon(shop, who, amount_minor=100_000)
    order = await buy(shop, of(song), of(poem), visitor_id=who, coupon_id=everything)
    assert (order.status, order.payable_minor) == ("paid", 0)
    async with shop.db.begin() as tx:
        await shop.commerce.deliver_digital(tx, [order.id])
    told = (await shop.commerce.order(order.id, who)).digital_text
    assert told == "春茶\nhttps://example.com/song\n\n春茶\na poem"


async def test_one_fee_for_the_whole_order(shop: Shop) -> None:
    who = new_id("v")
    token = await shop.identity.setup_token()
    assert token is not None
    staff, _ = await shop.identity.setup(token, "lin@example.com", "one long sentence", "小林")
    rule = DeliveryRule(fee_minor=800, free_from_minor=10_000)
    await shop.commerce.set_delivery_rule(rule, by=staff)
    tea, cup = await goods(shop, 7_500, 2_499)
    order = await buy(shop, of(tea), of(cup))
    assert (order.fee_minor, order.payable_minor) == (800, 10_799)
    more = await buy(shop, of(tea), of(cup, 2))
    assert (more.fee_minor, more.payable_minor) == (0, 12_498)
    free = await coupon(shop, who, kind="shipping", amount_minor=500)
    paid = await buy(shop, of(tea), of(cup), visitor_id=who, coupon_id=free)
    assert (paid.discount_minor, paid.payable_minor) == (500, 10_299)
    assert [line.discount_minor for line in paid.lines] == [0, 0]
    await shop.commerce.set_delivery_rule(DeliveryRule(), by=staff)
    assert await in_order(shop)


async def test_a_coupon_is_split_over_the_lines_it_counts_for(shop: Shop) -> None:
    who = new_id("v")
    tea, cup, jar = await goods(shop, 9_900, 2_500, 100)
    live = await cheaper(shop, cup, 2_000)
    one = await coupon(shop, who, amount_minor=1_000, threshold_minor=10_000)
    with pytest.raises(CouponTooSmallOrder):  # the cup is at a live price: it does not count
        await buy(shop, of(tea), of(cup, 3, live_price_id=live.id), visitor_id=who, coupon_id=one)
    lines = (of(tea), of(cup, live_price_id=live.id), of(jar, 3))
    order = await buy(shop, *lines, visitor_id=who, coupon_id=one)
    off = [line.discount_minor for line in order.lines]
    assert off == [971, 0, 29] == shares(1_000, [9_900, 0, 300])
    assert (order.discount_minor, order.payable_minor) == (1_000, 9_900 + 2_000 + 300 - 1_000)
    with pytest.raises(NotTogether):
        await buy(shop, of(cup, live_price_id=live.id), coupon_id=one)
    with pytest.raises(PriceChanged):
        await buy(shop, *lines, expected_minor=11_200)
    assert await in_order(shop)
    swap = """update commerce.order_lines set discount_minor = discount_minor + case place
                 when 0 then $2::int else -$2 end where order_id = $1 and place in (0, 2)"""
    await shop.rows(swap, order.id, 1)
    found = await shop.audit()
    assert [one["order"] for one in found.overclaimed] == [order.id]
    await shop.rows(swap, order.id, -1)


async def test_a_coupon_for_certain_products(shop: Shop) -> None:
    tea, cup, jar = await goods(shop, 9_900, 2_500, 100)
    who, scope = new_id("v"), {"product_ids": [cup.id, jar.id]}
    half = await coupon(shop, who, kind="percent", percent=50, amount_minor=9_000, **scope)
    assert (await shop.commerce.coupons_of(who))[0].product_ids == sorted([cup.id, jar.id])
    with pytest.raises(CouponElsewhere):
        await buy(shop, of(tea), visitor_id=who, coupon_id=half)
    order = await buy(shop, of(tea), of(jar, 3), of(cup), visitor_id=who, coupon_id=half)
    assert [line.discount_minor for line in order.lines] == [0, 150, 1_250]
    much = await coupon(shop, who, amount_minor=5_000, threshold_minor=2_600, **scope)
    with pytest.raises(CouponTooSmallOrder):
        await buy(shop, of(tea), of(cup), visitor_id=who, coupon_id=much)
    all_of_it = await buy(shop, of(tea), of(cup), of(jar), visitor_id=who, coupon_id=much)
    assert [line.discount_minor for line in all_of_it.lines] == [0, 2_500, 100]
    assert await in_order(shop)
    for nothing in ([], ["prd_none"], [tea.id, "prd_none"], ["ä"]):
        with pytest.raises((BadInput, ProductNotFound)) as refused:
            await shop.template(product_ids=nothing)
        assert refused.value.field == "product_ids"


async def test_some_at_the_live_price_and_some_at_the_regular_one(shop: Shop) -> None:
    who = new_id("v")
    (tea,) = await goods(shop, 9_900)
    live = await cheaper(shop, tea, 7_900, per_person=1, total=5)
    order = await buy(shop, of(tea, live_price_id=live.id), of(tea, 2), visitor_id=who)
    assert order.payable_minor == 7_900 + 2 * 9_900
    with pytest.raises(LivePriceLimit) as refused:
        await buy(shop, of(tea, 2), of(tea, live_price_id=live.id), visitor_id=who)
    assert refused.value.field == "lines[1]"
    assert await shop.stock(tea) == 47
    (few,) = await goods(shop, 900, stock=3)
    lower = await cheaper(shop, few, 800)
    found = await answer(shop, of(few, 2), of(few, 2, live_price_id=lower.id))
    assert isinstance(found, SoldOut)


async def test_the_limit_of_a_person_counts_over_variants(shop: Shop) -> None:
    red, blue = await shop.commerce.set_variants(
        (await shop.product()).id,
        [NewVariant(title=title, price_minor=9_900, stock=9) for title in ("红", "蓝")],
    )
    product = await shop.commerce.product(red.product_id)
    live = await cheaper(shop, product, 7_900, per_person=2)
    at = {"live_price_id": live.id}
    found = await answer(
        shop, of(product, 2, variant_id=red.id, **at), of(product, 1, variant_id=blue.id, **at)
    )
    assert isinstance(found, LivePriceLimit)
    await buy(shop, of(product, variant_id=red.id, **at), of(product, variant_id=blue.id, **at))
    assert await in_order(shop)


async def test_carts_that_cross_each_other(shop: Shop, db: Database) -> None:
    """Two processes, carts with the same things in all orders: nothing is stuck, nothing oversold,
    and whoever was refused did not fit."""
    chance = random.Random(3)
    other = make_shop(db)
    shelf = await goods(shop, 900, 1_900, 2_900, 3_900, stock=25)

    def cart() -> list[WishLine]:
        chosen = chance.sample(shelf, chance.randint(1, 4))
        return [of(product, chance.randint(1, 3)) for product in chosen]

    carts = [cart() for _ in range(160)]
    answers = await asyncio.gather(
        *[answer((shop, other)[n % 2], *lines) for n, lines in enumerate(carts)]
    )
    assert {type(one) for one in answers} == {Order, SoldOut}
    sold = Counter[str]()
    for one in answers:
        if isinstance(one, Order):
            sold.update({line.product_id: line.quantity for line in one.lines})
    left = {product.id: await shop.stock(product) for product in shelf}
    assert all(sold[key] + count == 25 for key, count in left.items())
    for lines, one in zip(carts, answers, strict=True):
        if isinstance(one, SoldOut):
            assert any(left[line.product_id] < line.quantity for line in lines)
    open_ones = [one for one in answers if isinstance(one, Order)]
    await asyncio.gather(
        *[
            (shop, other)[n % 2].commerce.cancel_order(one.id, one.visitor_id)
            for n, one in enumerate(open_ones)
        ],
        *[answer((shop, other)[n % 2], *cart()) for n in range(40)],
    )
    assert await in_order(shop)


async def test_the_last_piece_is_in_two_carts(shop: Shop) -> None:
    last, plenty = await shop.product(stock=1), await shop.product(stock=500)
    carts = [[of(last), of(plenty)], [of(plenty), of(last)]] * 50
    answers = await asyncio.gather(*[answer(shop, *lines) for lines in carts])
    assert Counter(type(one) for one in answers) == {Order: 1, SoldOut: 99}
    assert await shop.stock(plenty) == 499
    assert {
        one.field for one, lines in zip(answers, carts, strict=True)
        if isinstance(one, SoldOut) and lines[0].product_id == last.id
    } <= {"lines[0]"}  # fmt: skip


async def test_one_coupon_in_many_carts(shop: Shop) -> None:
    who = new_id("v")
    tea, cup = await goods(shop, 9_900, 2_500)
    one = await coupon(shop, who)
    asks = [answer(shop, of(tea), of(cup), visitor_id=who, coupon_id=one) for _ in range(20)]
    answers = await asyncio.gather(*asks)
    assert Counter(type(one) for one in answers) == {Order: 1, CouponSpent: 19}
    assert await shop.stock(tea) == 49
    assert await in_order(shop)


async def test_a_live_price_per_person_in_many_carts(shop: Shop) -> None:
    tea, cup = await goods(shop, 9_900, 2_500)
    live = await cheaper(shop, tea, 7_900, per_person=2, total=3)
    lines = [of(cup), of(tea, live_price_id=live.id)]
    asks = [
        answer(shop, *lines, visitor_id=who) for who in (new_id("v"), new_id("v")) for _ in range(4)
    ]
    made = [one for one in await asyncio.gather(*asks) if isinstance(one, Order)]
    assert len(made) == 3
    assert max(Counter(one.visitor_id for one in made).values()) == 2
    assert await in_order(shop)


@given(
    amount=st.integers(0, 10**13),
    weights=st.lists(st.integers(0, 10**13), max_size=LINES_MAX),
)
def test_shares_add_up_and_stay_below_their_line(amount: int, weights: list[int]) -> None:
    amount = min(amount, sum(weights))
    split = shares(amount, weights)
    assert sum(split) == amount
    assert all(0 <= one <= weight for one, weight in zip(split, weights, strict=True))
    for one, weight in zip(split, weights, strict=True):
        assert abs(one * sum(weights) - amount * weight) < max(1, sum(weights))
