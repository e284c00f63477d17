"""Live prices under a rush: never more at the lower price than there are, never more for one
person than one may have, and what an unpaid order had can be had again, once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.app.auditing import audit_database
from yaohe.commerce import Order, Product, ProductChange
from yaohe.commerce.errors import (
    KeyReused,
    LivePriceGone,
    LivePriceLimit,
    LivePriceNotFound,
    LivePriceOver,
    NotTogether,
    OrderRoomNotFound,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
)
from yaohe.commerce.prices import LivePrice, NewLivePrice
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

LOW = 7_900


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def lower(
    shop: Shop,
    product: Product,
    *,
    room_id: str = "tea",
    price_minor: int = LOW,
    minutes: int = 10,
    total: int | None = None,
    per_person: int | None = None,
) -> LivePrice:
    return await shop.commerce.start_live_price(
        NewLivePrice(
            room_id=room_id,
            product_id=product.id,
            price_minor=price_minor,
            minutes=minutes,
            total=total,
            per_person=per_person,
        )
    )


async def buy(
    shop: Shop,
    product: Product,
    live: LivePrice | None,
    *,
    who: str | None = None,
    quantity: int = 1,
    room_id: str = "tea",
    coupon_id: str | None = None,
    key: str | None = None,
    expected_minor: int | None = None,
) -> Order | AppError:
    try:
        return await shop.commerce.create_order(
            who or new_id("v"),
            room_id,
            product.id,
            quantity,
            coupon_id,
            key or new_id("k"),
            expected_minor=expected_minor,
            live_price_id=None if live is None else live.id,
        )
    except AppError as error:
        return error


async def taken(shop: Shop, live: LivePrice) -> int:
    return int(await shop.value("select taken from commerce.live_prices where id = $1", live.id))


async def running(shop: Shop, product: Product, *, room_id: str = "tea") -> list[str]:
    """Which of this product's run there; other tests have their own in the same room."""
    found = await shop.commerce.live_prices(room_id)
    return [price.id for price in found if price.product_id == product.id]


async def in_order(shop: Shop) -> bool:
    async with shop.db.raw() as conn:
        return (await audit_database(conn)).holds


async def end(shop: Shop, live: LivePrice) -> None:
    """As if its minutes were over."""
    await shop.rows(
        "update commerce.live_prices set starts_at = starts_at - interval '1 day', "
        "ends_at = statement_timestamp() where id = $1",
        live.id,
    )


async def test_two_hundred_want_the_twenty_at_the_lower_price(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    product = await shop.product(stock=500)
    live = await lower(shop, product, total=20)
    answers = await asyncio.gather(
        *[buy(where, product, live) for _ in range(100) for where in (shop, other)]
    )
    assert Counter(type(answer) for answer in answers) == {Order: 20, LivePriceGone: 180}
    orders = [answer for answer in answers if isinstance(answer, Order)]
    assert {(o.first.unit_price_minor, o.payable_minor, o.discount_minor) for o in orders} == {
        (LOW, LOW, 0)
    }
    assert await taken(shop, live) == 20
    assert await shop.stock(product) == 480
    # The rest is still there, at its own price.
    regular = await buy(shop, product, None, expected_minor=product.price_minor)
    assert isinstance(regular, Order)
    assert await in_order(shop)


async def test_quantities_fill_the_lower_price_exactly(shop: Shop) -> None:
    chance = random.Random(11)
    product = await shop.product(stock=500)
    live = await lower(shop, product, total=40)
    wishes = [chance.randint(1, 9) for _ in range(80)]
    answers = await asyncio.gather(*[buy(shop, product, live, quantity=q) for q in wishes])
    sold = sum(answer.quantity for answer in answers if isinstance(answer, Order))
    refused = [q for q, a in zip(wishes, answers, strict=True) if isinstance(a, LivePriceGone)]
    assert sold == await taken(shop, live) <= 40
    assert min(refused) > 40 - sold


async def test_one_person_with_many_windows_gets_what_one_may_have(
    shop: Shop, db: Database
) -> None:
    other = make_shop(db)
    product = await shop.product(stock=50)
    live = await lower(shop, product, total=30, per_person=2)
    mei = new_id("v")
    answers = await asyncio.gather(
        *[buy(where, product, live, who=mei) for _ in range(10) for where in (shop, other)]
    )
    assert Counter(type(answer) for answer in answers) == {Order: 2, LivePriceLimit: 18}
    two_at_once = await buy(shop, product, live, quantity=2)
    assert isinstance(two_at_once, Order)
    assert isinstance(await buy(shop, product, live, quantity=3), LivePriceLimit)
    assert await taken(shop, live) == 4


async def test_the_last_of_the_stock_goes_first_to_nobody_twice(shop: Shop) -> None:
    product = await shop.product(stock=5)
    live = await lower(shop, product, total=20)
    answers = await asyncio.gather(*[buy(shop, product, live) for _ in range(40)])
    assert Counter(type(answer) for answer in answers) == {Order: 5, SoldOut: 35}
    assert await taken(shop, live) == 5


async def test_what_was_not_paid_can_be_had_again_once(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    product = await shop.product(stock=50)
    live = await lower(shop, product, total=3, per_person=1)
    mei = new_id("v")
    orders = [await buy(shop, product, live, who=who) for who in (mei, None, None)]
    assert all(isinstance(order, Order) for order in orders)
    assert isinstance(await buy(shop, product, live), LivePriceGone)
    mine = orders[0]
    assert isinstance(mine, Order)

    async def give_up(where: Shop) -> bool:
        try:
            await where.commerce.cancel_order(mine.id, mei)
        except AppError:
            return False
        return True

    given_up = await asyncio.gather(*[give_up(where) for _ in range(10) for where in (shop, other)])
    assert sum(given_up) == 1
    assert await taken(shop, live) == 2
    again = await buy(shop, product, live, who=mei)
    assert isinstance(again, Order), "what was given up does not count for the person either"
    assert await taken(shop, live) == 3

    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 hour'")
    await asyncio.gather(*[where.commerce.expire_orders() for where in (shop, other)])
    assert await taken(shop, live) == 0
    assert await shop.stock(product) == 50
    assert await in_order(shop)


async def test_it_holds_only_here_and_now(shop: Shop) -> None:
    product, another = await shop.product(), await shop.product()
    live = await lower(shop, product)
    assert isinstance(await buy(shop, product, live, room_id="pots"), LivePriceOver)
    assert isinstance(await buy(shop, another, live), LivePriceOver)
    unknown = await lower(shop, another, room_id="pots")
    assert isinstance(await buy(shop, product, unknown), LivePriceOver)
    assert isinstance(await buy(shop, product, live), Order)
    await shop.commerce.stop_live_price(live.id)
    assert isinstance(await buy(shop, product, live), LivePriceOver)
    later = await lower(shop, product)
    await end(shop, later)
    assert isinstance(await buy(shop, product, later), LivePriceOver)
    assert await running(shop, product) == []


async def test_the_price_that_was_shown_is_the_price_that_is_paid(shop: Shop) -> None:
    product = await shop.product()
    live = await lower(shop, product)
    # Who saw the lower price and does not ask for it is not charged more in silence ...
    assert isinstance(await buy(shop, product, None, expected_minor=LOW), PriceChanged)
    # ... and who saw another sum at the lower price is asked to look again.
    assert isinstance(await buy(shop, product, live, expected_minor=9_900), PriceChanged)
    order = await buy(shop, product, live, quantity=2, expected_minor=2 * LOW)
    assert isinstance(order, Order)
    assert (order.payable_minor, order.first.live_price_id) == (2 * LOW, live.id)


async def test_a_live_price_and_a_coupon_do_not_go_together(shop: Shop) -> None:
    product, template = await shop.product(), await shop.template()
    live, mei = await lower(shop, product), new_id("v")
    coupon = await shop.commerce.claim_coupon(
        template.id, mei, source="arrival", source_ref="token"
    )
    refused = await buy(shop, product, live, who=mei, coupon_id=coupon.id)
    assert isinstance(refused, NotTogether)
    # The choice is the buyer's: the regular price with the coupon is there.
    assert isinstance(await buy(shop, product, None, who=mei, coupon_id=coupon.id), Order)


async def test_the_same_key_keeps_its_live_price(shop: Shop) -> None:
    product = await shop.product()
    live, mei = await lower(shop, product, total=5), new_id("v")
    first = await buy(shop, product, live, who=mei, key="press")
    again = await buy(shop, product, live, who=mei, key="press")
    assert isinstance(first, Order)
    assert isinstance(again, Order)
    assert first.id == again.id
    assert await taken(shop, live) == 1
    other = await buy(shop, product, None, who=mei, key="press")
    assert isinstance(other, KeyReused)


async def test_the_next_one_takes_the_place_of_the_last(shop: Shop) -> None:
    product, there = await shop.product(), await shop.product()
    elsewhere = await lower(shop, product, room_id="pots")
    beside = await lower(shop, there)
    made = await asyncio.gather(
        *[lower(shop, product, price_minor=price) for price in range(7_000, 7_020)]
    )
    (left,) = await running(shop, product)
    assert left in {price.id for price in made}
    assert await running(shop, there) == [beside.id]
    assert await running(shop, product, room_id="pots") == [elsewhere.id]


async def test_a_price_that_is_no_longer_lower_is_none(shop: Shop) -> None:
    product = await shop.product()
    live = await lower(shop, product)
    await shop.commerce.update_product(product.id, ProductChange(price_minor=LOW))
    assert await running(shop, product) == []
    await shop.commerce.update_product(product.id, ProductChange(price_minor=9_900))
    assert await running(shop, product) == [live.id]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price_minor": 9_900}, "price_minor"),
        ({"price_minor": 10**30}, "price_minor"),
        ({"price_minor": 0}, "price_minor"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1_441}, "minutes"),
        ({"total": 0}, "total"),
        ({"total": 10**12}, "total"),
        ({"per_person": 0}, "per_person"),
        ({"total": 2, "per_person": 3}, "per_person"),
        ({"room_id": "te a\x00"}, "room_id"),
    ],
)
async def test_what_cannot_be(shop: Shop, change: dict[str, int], field: str) -> None:
    product = await shop.product()
    with pytest.raises(BadInput) as wrong:
        await lower(shop, product, **change)  # type: ignore[arg-type]
    assert wrong.value.field == field
    assert not await shop.rows(
        "select 1 from commerce.live_prices where product_id = $1", product.id
    )


async def test_a_late_end_leaves_the_prices_of_the_next_show(shop: Shop) -> None:
    product, other = await shop.product(), await shop.product()
    first = await lower(shop, product, room_id="late")
    second = await lower(shop, other, room_id="late")
    async with shop.db.begin() as tx:
        await shop.commerce.end_live_prices(tx, {"late": first.starts_at, "tea": second.starts_at})
    assert await running(shop, product, room_id="late") == []
    assert await running(shop, other, room_id="late") == [second.id]


async def test_what_is_not_there(db: Database) -> None:
    async def no_room(_: str) -> bool:
        return False

    shop = make_shop(db)
    product = await shop.product()
    with pytest.raises(OrderRoomNotFound):
        await lower(make_shop(db, room_exists=no_room), product)
    with pytest.raises(LivePriceNotFound):
        await shop.commerce.stop_live_price("lvp_none")
    await shop.commerce.update_product(product.id, ProductChange(status="hidden"))
    with pytest.raises(ProductHidden):
        await lower(shop, product)
    with pytest.raises(ProductNotFound):
        await shop.commerce.start_live_price(
            NewLivePrice(room_id="tea", product_id="prd_none", price_minor=1, minutes=1)
        )
