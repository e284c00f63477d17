"""Orders under a rush: no stock sold twice, no coupon used twice, one key one order; and what an
order held comes back exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

import pytest
from tests.support.shop import Shop, make_shop, until

from yaohe.commerce import Coupon, Order, OrderFilter, ProductChange
from yaohe.commerce.errors import (
    CouponExpired,
    CouponNotFound,
    CouponSpent,
    CouponTooSmallOrder,
    ForbiddenMove,
    KeyReused,
    OrderLimit,
    OrderNotFound,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
)
from yaohe.commerce.orders.model import Buyer
from yaohe.kernel.db import Database, Unknown
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def buy(
    shop: Shop,
    product_id: str,
    *,
    visitor_id: str | None = None,
    quantity: int = 1,
    coupon_id: str | None = None,
    key: str | None = None,
    buyer: Buyer | None = None,
    expected_minor: int | None = None,
    note: str = "",
) -> Order | AppError:
    try:
        return await shop.commerce.create_order(
            visitor_id or new_id("v"),
            "tea",
            product_id,
            quantity,
            coupon_id,
            key or new_id("k"),
            buyer,
            expected_minor=expected_minor,
            note=note,
        )
    except AppError as error:
        return error


async def coupon_of(shop: Shop, visitor_id: str, template_id: str) -> Coupon:
    return await shop.commerce.claim_coupon(
        template_id, visitor_id, source="arrival", source_ref="token"
    )


async def coupon_state(shop: Shop, coupon_id: str) -> tuple[str, str | None]:
    row = (
        await shop.rows("select state, order_id from commerce.coupons where id = $1", coupon_id)
    )[0]
    return row["state"], row["order_id"]


async def held(shop: Shop, product_id: str) -> int:
    """Units in orders that hold stock."""
    return int(
        await shop.value(
            "select coalesce(sum(quantity), 0) from commerce.orders "
            "join commerce.order_lines on order_id = id "
            "where product_id = $1 and status in ('created', 'paid')",
            product_id,
        )
    )


async def test_three_hundred_want_fifty(shop: Shop) -> None:
    product = await shop.product(stock=50)
    answers = await asyncio.gather(*[buy(shop, product.id) for _ in range(300)])
    assert Counter(type(answer) for answer in answers) == {Order: 50, SoldOut: 250}
    after = await shop.commerce.product(product.id)
    assert (after.stock, after.sold, await held(shop, product.id)) == (0, 50, 50)


async def test_quantities_fill_the_stock_without_overselling(shop: Shop) -> None:
    chance = random.Random(7)
    product = await shop.product(stock=40)
    wishes = [chance.randint(1, 9) for _ in range(120)]
    answers = await asyncio.gather(*[buy(shop, product.id, quantity=q) for q in wishes])
    sold = sum(answer.quantity for answer in answers if isinstance(answer, Order))
    assert sold + await shop.stock(product) == 40
    assert await held(shop, product.id) == sold
    # Who was refused wanted more than what was left in the end.
    left = await shop.stock(product)
    refused = [q for q, answer in zip(wishes, answers, strict=True) if isinstance(answer, SoldOut)]
    assert min(refused) > left


async def test_a_big_wish_does_not_keep_small_ones_out(shop: Shop) -> None:
    product = await shop.product(stock=5)
    answers = await asyncio.gather(
        *[buy(shop, product.id, quantity=quantity) for quantity in (4, 3, 1)]
    )
    assert [type(answer) for answer in answers] == [Order, SoldOut, Order]
    assert await shop.stock(product) == 0


async def test_two_processes_share_the_stock(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    one, two = await shop.product(stock=30), await shop.product(stock=30)
    asks = [
        buy(where, product.id)
        for _ in range(50)
        for where in (shop, other)
        for product in (one, two)
    ]
    answers = await asyncio.gather(*asks)
    assert Counter(type(answer) for answer in answers) == {Order: 60, SoldOut: 140}
    assert [await shop.stock(one), await shop.stock(two)] == [0, 0]


async def test_the_same_key_in_parallel_is_one_order(shop: Shop, db: Database) -> None:
    other = make_shop(db)
    product = await shop.product(stock=50)
    visitor, key = new_id("v"), "press-1"
    answers = await asyncio.gather(
        *[
            buy(where, product.id, visitor_id=visitor, key=key)
            for _ in range(40)
            for where in (shop, other)
        ]
    )
    assert len({answer.id for answer in answers if isinstance(answer, Order)}) == 1
    assert all(isinstance(answer, Order) for answer in answers)
    assert await shop.stock(product) == 49
    another = await buy(shop, product.id, visitor_id=visitor, key=key, quantity=2)
    assert isinstance(another, KeyReused)
    there = Buyer(name="May", phone="13800000000", address="there")
    for buyer, note in ((there, ""), (None, "after six")):
        said = await buy(shop, product.id, visitor_id=visitor, key=key, buyer=buyer, note=note)
        assert isinstance(said, KeyReused), "it would go to the old address, or without the note"
    # The key belongs to the visitor, not to the world.
    assert isinstance(await buy(shop, product.id, key=key), Order)


async def test_one_key_for_two_products_at_once(shop: Shop) -> None:
    one, two = await shop.product(), await shop.product()
    visitor = new_id("v")
    answers = await asyncio.gather(
        buy(shop, one.id, visitor_id=visitor, key="k"),
        buy(shop, two.id, visitor_id=visitor, key="k"),
    )
    assert Counter(type(answer) for answer in answers) == {Order: 1, KeyReused: 1}


async def test_one_key_for_two_products_in_two_processes(shop: Shop, db: Database) -> None:
    """Different products share no lock: only the unique key stands between them."""
    other = make_shop(db)
    one, two = await shop.product(), await shop.product()
    for _ in range(20):
        visitor = new_id("v")
        answers = await asyncio.gather(
            buy(shop, one.id, visitor_id=visitor, key="k"),
            buy(other, two.id, visitor_id=visitor, key="k"),
        )
        assert Counter(type(answer) for answer in answers) == {Order: 1, KeyReused: 1}
    assert await shop.stock(one) + await shop.stock(two) == 80


async def test_a_coupon_is_used_once(shop: Shop) -> None:
    product, template = await shop.product(stock=100), await shop.template(amount_minor=1_000)
    visitor = new_id("v")
    coupon = await coupon_of(shop, visitor, template.id)
    answers = await asyncio.gather(
        *[buy(shop, product.id, visitor_id=visitor, coupon_id=coupon.id) for _ in range(20)]
    )
    (order,) = [answer for answer in answers if isinstance(answer, Order)]
    assert Counter(type(answer) for answer in answers) == {Order: 1, CouponSpent: 19}
    assert (order.discount_minor, order.payable_minor) == (1_000, 8_900)
    assert await coupon_state(shop, coupon.id) == ("locked", order.id)
    assert await shop.stock(product) == 99


async def test_a_coupon_lost_to_a_sold_out_order_serves_the_next(shop: Shop) -> None:
    """In one batch: the first wish for the coupon fails for another reason, the second gets it."""
    few, many = await shop.product(stock=1), await shop.product(stock=9)
    visitor, template = new_id("v"), await shop.template()
    coupon = await coupon_of(shop, visitor, template.id)
    answers = await asyncio.gather(
        buy(shop, few.id, visitor_id=visitor, coupon_id=coupon.id, quantity=2),
        buy(shop, many.id, visitor_id=visitor, coupon_id=coupon.id),
    )
    assert [type(answer) for answer in answers] == [SoldOut, Order]


async def test_coupons_that_do_not_fit(shop: Shop) -> None:
    product = await shop.product(price_minor=5_000)
    visitor = new_id("v")
    high = await coupon_of(shop, visitor, (await shop.template(threshold_minor=5_001)).id)
    over = await coupon_of(shop, visitor, (await shop.template()).id)
    await shop.rows(
        "update commerce.coupons set expires_at = now() - interval '1 s' where id = $1", over.id
    )
    dollars = await coupon_of(shop, visitor, (await shop.template(currency="USD")).id)
    foreign = await coupon_of(shop, new_id("v"), (await shop.template()).id)
    for coupon_id, error in (
        (high.id, CouponTooSmallOrder),
        (over.id, CouponExpired),
        (dollars.id, CouponNotFound),
        (foreign.id, CouponNotFound),
        ("cpn_nothing", CouponNotFound),
    ):
        answer = await buy(shop, product.id, visitor_id=visitor, coupon_id=coupon_id)
        assert isinstance(answer, error)
    # Two of them reach the threshold.
    answer = await buy(shop, product.id, visitor_id=visitor, coupon_id=high.id, quantity=2)
    assert isinstance(answer, Order)
    assert answer.payable_minor == 9_000
    assert await shop.stock(product) == 48


async def test_nothing_left_to_pay_is_paid_at_once(shop: Shop) -> None:
    product, visitor = await shop.product(price_minor=800), new_id("v")
    coupon = await coupon_of(shop, visitor, (await shop.template(amount_minor=1_000)).id)
    order = await buy(shop, product.id, visitor_id=visitor, coupon_id=coupon.id)
    assert isinstance(order, Order)
    assert (order.status, order.discount_minor, order.payable_minor) == ("paid", 800, 0)
    assert await coupon_state(shop, coupon.id) == ("used", order.id)
    facts = await shop.facts("order_paid.v1")
    assert [fact["aggregate"] for fact in facts].count(f"order:{order.id}") == 1


async def test_products_that_cannot_be_bought(shop: Shop) -> None:
    hidden = await shop.product(status="hidden")
    assert isinstance(await buy(shop, hidden.id), ProductHidden)
    assert isinstance(await buy(shop, "prd_nothing"), ProductNotFound)
    product = await shop.product(price_minor=9_900)
    assert isinstance(await buy(shop, product.id, expected_minor=9_800), PriceChanged)
    assert isinstance(await buy(shop, product.id, expected_minor=9_900), Order)
    for quantity in (0, -1, 100):
        assert isinstance(await buy(shop, product.id, quantity=quantity), BadInput)
    for key in ("", "x" * 81, "a b", "\x1f", "é"):
        with pytest.raises(BadInput):
            await shop.commerce.create_order(new_id("v"), None, product.id, 1, None, key)


async def test_nobody_empties_the_shelf_without_paying(shop: Shop) -> None:
    product, visitor = await shop.product(stock=50), new_id("v")
    answers = await asyncio.gather(*[buy(shop, product.id, visitor_id=visitor) for _ in range(12)])
    assert Counter(type(answer) for answer in answers) == {Order: 5, OrderLimit: 7}
    first = next(answer for answer in answers if isinstance(answer, Order))
    await shop.commerce.cancel_order(first.id, visitor)
    assert isinstance(await buy(shop, product.id, visitor_id=visitor), Order)


async def test_an_order_keeps_what_it_was_made_with(shop: Shop) -> None:
    product = await shop.product(picture_key="tea.jpg")
    buyer = Buyer(name=" 林\x07小姐 ", phone="+86 138 0000 0000", address="西湖区 1 号")
    visitor = new_id("v")
    made = await buy(shop, product.id, visitor_id=visitor, buyer=buyer)
    assert isinstance(made, Order)
    await shop.commerce.update_product(
        product.id, ProductChange(title="夏茶", price_minor=1, picture_key=None)
    )
    kept = await shop.commerce.order(made.id, visitor)
    assert (kept.title, kept.first.unit_price_minor, kept.first.picture_key) == (
        "春茶",
        9_900,
        "tea.jpg",
    )
    assert kept.buyer == Buyer(name="林小姐", phone="+86 138 0000 0000", address="西湖区 1 号")
    with pytest.raises(OrderNotFound):
        await shop.commerce.order(made.id, new_id("v"))
    wrong = Buyer(name="A", phone="call me", address="B")
    assert isinstance(await buy(shop, product.id, buyer=wrong), BadInput)


@pytest.fixture
def hasty(fresh_db: Database) -> Shop:
    """A shop whose orders are due at once."""
    return make_shop(fresh_db, deadline_s=0.0)


async def test_expiry_returns_stock_and_coupon_exactly_once(hasty: Shop) -> None:
    product, template = await hasty.product(stock=50), await hasty.template(total=500)
    orders: list[Order] = []
    for number in range(30):
        visitor = new_id("v")
        coupon = await coupon_of(hasty, visitor, template.id) if number % 2 else None
        made = await buy(
            hasty,
            product.id,
            visitor_id=visitor,
            quantity=1 + number % 2,
            coupon_id=coupon.id if coupon else None,
        )
        assert isinstance(made, Order)
        orders.append(made)
    assert await hasty.stock(product) == 5
    swept = await asyncio.gather(*[hasty.commerce.expire_orders() for _ in range(6)])
    assert sum(swept) == 30
    after = await hasty.commerce.product(product.id)
    assert (after.stock, after.sold) == (50, 0)
    states = await hasty.rows("select state, order_id from commerce.coupons")
    assert {(row["state"], row["order_id"]) for row in states} == {("claimed", None)}
    assert len(await hasty.facts("order_expired.v1")) == 30
    assert await hasty.commerce.expire_orders() == 0
    # The coupon may be used again.
    row = (await hasty.rows("select id, visitor_id from commerce.coupons limit 1"))[0]
    again = await buy(hasty, product.id, visitor_id=row["visitor_id"], coupon_id=row["id"])
    assert isinstance(again, Order)


async def test_a_coupon_that_comes_back_too_late_is_expired(hasty: Shop) -> None:
    product, visitor = await hasty.product(), new_id("v")
    coupon = await coupon_of(hasty, visitor, (await hasty.template()).id)
    order = await buy(hasty, product.id, visitor_id=visitor, coupon_id=coupon.id)
    assert isinstance(order, Order)
    await hasty.rows("update commerce.coupons set expires_at = now() - interval '1 s'")
    assert await hasty.commerce.expire_orders() == 1
    assert await coupon_state(hasty, coupon.id) == ("expired", None)


async def test_the_grace_keeps_an_order_open_past_its_deadline(fresh_db: Database) -> None:
    shop = make_shop(fresh_db, deadline_s=0.0, grace_s=60)
    assert isinstance(await buy(shop, (await shop.product()).id), Order)
    assert await shop.commerce.expire_orders() == 0


async def test_orders_and_sweeps_at_once_do_not_lock_each_other(hasty: Shop) -> None:
    """Many products, many coupons, sweeping all the time: no deadlock, and the books balance."""
    products = [await hasty.product(stock=20) for _ in range(6)]
    template = await hasty.template(total=10_000)
    chance = random.Random(3)
    done = asyncio.Event()

    async def person() -> None:
        visitor = new_id("v")
        for _ in range(4):
            coupon = (await coupon_of(hasty, visitor, template.id)).id
            answer = await buy(
                hasty,
                chance.choice(products).id,
                visitor_id=visitor,
                coupon_id=chance.choice([coupon, None]),
                quantity=chance.randint(1, 3),
            )
            assert isinstance(answer, Order | SoldOut | CouponSpent | OrderLimit), answer
            if isinstance(answer, Order) and chance.random() < 0.3:
                with contextlib.suppress(ForbiddenMove):  # the sweep was faster
                    await hasty.commerce.cancel_order(answer.id, visitor)

    async def sweeper() -> None:
        while not done.is_set():
            await hasty.commerce.expire_orders()
            await asyncio.sleep(0.002)

    sweepers = [asyncio.create_task(sweeper()) for _ in range(2)]
    await asyncio.gather(*[person() for _ in range(60)])
    done.set()
    await asyncio.gather(*sweepers)
    await hasty.commerce.expire_orders()
    for product in products:
        after = await hasty.commerce.product(product.id)
        assert (after.stock, after.sold) == (20, 0)
    locked = await hasty.value("select count(*) from commerce.coupons where state <> 'claimed'")
    assert locked == 0


async def test_canceling(shop: Shop) -> None:
    product, visitor = await shop.product(stock=3), new_id("v")
    coupon = await coupon_of(shop, visitor, (await shop.template()).id)
    order = await buy(shop, product.id, visitor_id=visitor, coupon_id=coupon.id, quantity=2)
    assert isinstance(order, Order)
    with pytest.raises(OrderNotFound):
        await shop.commerce.cancel_order(order.id, new_id("v"))
    answers = await asyncio.gather(
        *[shop.commerce.cancel_order(order.id, visitor) for _ in range(5)], return_exceptions=True
    )
    assert Counter(type(answer) for answer in answers) == {Order: 1, ForbiddenMove: 4}
    assert await shop.stock(product) == 3
    assert await coupon_state(shop, coupon.id) == ("claimed", None)


async def test_staff_see_orders_page_by_page(fresh_db: Database) -> None:
    shop = make_shop(fresh_db)
    product, template = await shop.product(stock=90), await shop.template(amount_minor=100)
    buyer, people = new_id("v"), [new_id("v") for _ in range(6)]
    coupon = await coupon_of(shop, buyer, template.id)
    made = [await buy(shop, product.id, visitor_id=person) for person in people]
    last = await buy(shop, product.id, visitor_id=buyer, coupon_id=coupon.id)
    assert isinstance(last, Order)
    page = await shop.commerce.shop_orders(OrderFilter(limit=4))
    assert len(page.items) == 4
    assert page.items[0].order.id == last.id
    assert page.items[0].coupon_title == "减十元"
    assert page.items[0].refund_state is None
    rest = await shop.commerce.shop_orders(OrderFilter(limit=4, before=page.next))
    assert (len(rest.items), rest.next) == (3, None)
    seen = {item.order.id for item in (*page.items, *rest.items)}
    assert seen == {order.id for order in (*made, last) if isinstance(order, Order)}
    for wanted, count in (
        (OrderFilter(status="paid"), 0),
        (OrderFilter(status="created", room_id="tea"), 7),
        (OrderFilter(room_id="other"), 0),
        (OrderFilter(product_id=product.id, visitor_id=buyer), 1),
    ):
        assert len((await shop.commerce.shop_orders(wanted)).items) == count
    sales = await shop.commerce.room_sales("tea")
    assert (sales.orders, sales.paid_minor, sales.buyers, sales.coupons) == (0, 0, 0, 0)
    assert len(await shop.commerce.orders_of(buyer)) == 1


async def test_a_cancel_whose_connection_is_cut_says_that_nobody_knows(shop: Shop) -> None:
    product = await shop.product()
    order = await buy(shop, product.id, visitor_id="v_cut")
    assert isinstance(order, Order)
    waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' limit 1"
    async with shop.db.raw() as holder, shop.db.raw() as knife, holder.transaction():
        await holder.execute("select 1 from commerce.orders where id = $1 for update", order.id)
        cancel = asyncio.create_task(shop.commerce.cancel_order(order.id, "v_cut"))
        pid = await until(lambda: knife.fetchval(waiting))
        await knife.execute("select pg_terminate_backend($1)", pid)
        with pytest.raises(Unknown):
            await cancel
    assert (await shop.commerce.order(order.id, "v_cut")).status == "created"
    assert (await shop.commerce.cancel_order(order.id, "v_cut")).status == "canceled"
