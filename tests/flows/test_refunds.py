"""The shop gives an order's money back: once, whoever asks; goods that never left go back on the
shelf; the ledger and the audit agree at every step."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.support.market import open_market
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.app.auditing import Audit, audit_database
from yaohe.commerce import Order, OrderFilter
from yaohe.commerce.errors import (
    ForbiddenMove,
    KeyReused,
    OrderNotFound,
    RefundTooMuch,
    RefundUnderWay,
)
from yaohe.commerce.orders import OrderRefunded
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.payments.model import Pieces, RefundWish
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id
from yaohe.platforms.sandbox_pay import Fault
from yaohe.platforms.wechat_pay.model import BEIJING

pytestmark = pytest.mark.db

PARCEL = Shipment(carrier="SF", tracking="SF1")


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made
    await made.commerce.close()


@pytest.fixture(scope="module")
async def owner(shop: Shop) -> Staff:
    token = await shop.identity.setup_token()
    assert token is not None
    staff, _ = await shop.identity.setup(token, "lin@example.com", "one long sentence", "小林")
    return staff


async def settled(shop: Shop, order: Order, status: str) -> Order:
    """Notices are delivered until the order stands there."""

    async def there() -> Order | None:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        found = await shop.commerce.order(order.id, order.visitor_id)
        return found if found.status == status else None

    found: Order = await until(there)
    return found


async def paid(shop: Shop, *, coupon: bool = False, room: str | None = None) -> Order:
    visitor = new_id("v")
    product = await shop.product(stock=10)
    coupon_id = None
    if coupon:
        template = await shop.template()
        coupon_id = (
            await shop.commerce.claim_coupon(
                template.id, visitor, source="arrival", source_ref="token"
            )
        ).id
    order = await shop.commerce.create_order(visitor, room, product.id, 3, coupon_id, new_id("k"))
    payment = await shop.commerce.start_payment(order.id, visitor)
    await shop.pay(payment.id)
    return await settled(shop, order, "paid")


async def left(shop: Shop, order: Order) -> tuple[int, int]:
    product = await shop.commerce.product(order.first.product_id)
    return product.stock, product.sold


async def judged(shop: Shop) -> Audit:
    conn = await asyncpg.connect(shop.db.url)
    try:
        return await audit_database(conn)
    finally:
        await conn.close()


async def test_before_shipping_stock_and_coupon_go_back(shop: Shop, owner: Staff) -> None:
    order = await paid(shop, coupon=True)
    await shop.commerce.refund_order(order.id, by=owner)
    under_way = await judged(shop)
    assert (under_way.holds, under_way.holds_open) == (True, 1)
    assert await left(shop, order) == (7, 3)
    await settled(shop, order, "refunded")
    assert await left(shop, order) == (10, 0)
    (coupon,) = await shop.commerce.coupons_of(order.visitor_id)
    assert (coupon.state, coupon.order_id) == ("claimed", None)
    done = await judged(shop)
    assert (done.holds, done.holds_open) == (True, 0), done
    told = [f for f in await shop.facts("order_refunded.v1")
            if f["aggregate"] == f"order:{order.id}"]  # fmt: skip
    assert len(told) == 1


@pytest.mark.parametrize("received", [False, True])
async def test_after_shipping_the_goods_are_gone(shop: Shop, owner: Staff, received: bool) -> None:
    order = await paid(shop, coupon=True)
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    if received:
        await shop.commerce.complete_order(order.id, order.visitor_id)
    await shop.commerce.refund_order(order.id, by=owner)
    await settled(shop, order, "refunded")
    assert await left(shop, order) == (7, 3)
    (coupon,) = await shop.commerce.coupons_of(order.visitor_id)
    assert (coupon.state, coupon.order_id) == ("used", order.id)
    assert (await judged(shop)).holds


async def test_of_many_refunds_one_is_made(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    wishes = (shop.commerce.refund_order(order.id, by=owner) for _ in range(12))
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(result, Order) for result in results) == 1
    assert sum(isinstance(result, RefundUnderWay) for result in results) == 11
    await settled(shop, order, "refunded")
    with pytest.raises(ForbiddenMove):
        await shop.commerce.refund_order(order.id, by=owner)
    refunds = await shop.value(
        "select count(*) from commerce.refunds where order_id = $1", order.id
    )
    assert refunds == 1
    assert (await judged(shop)).holds


async def test_parts_never_more_than_was_paid(shop: Shop, owner: Staff) -> None:
    """Twenty refunds of a sixth of the price at once: six are made, and together they are what was
    paid to the cent."""
    order = await paid(shop)
    part = order.paid_minor // 6
    wishes = [
        shop.commerce.refund_order(order.id, RefundWish(amount_minor=part), by=owner)
        for _ in range(20)
    ]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(result, Order) for result in results) == 6
    refused = [result for result in results if not isinstance(result, Order)]
    assert all(isinstance(result, RefundTooMuch | RefundUnderWay) for result in refused)
    assert (await judged(shop)).holds_open == 6
    done = await settled(shop, order, "refunded")
    assert done.refunded_minor == order.paid_minor == part * 6
    assert await left(shop, order) == (10, 0)
    found = await judged(shop)
    assert (found.holds, found.holds_open) == (True, 0), found


async def of_two_lines(shop: Shop) -> Order:
    """Three of one thing and two of another, and a coupon that does not divide: 9,900 × 3 and
    2,500 × 2, less 1,000."""
    visitor = new_id("v")
    tea, cup = await shop.product(stock=10), await shop.product(stock=10, price_minor=2_500)
    template = await shop.template()
    coupon = await shop.commerce.claim_coupon(
        template.id, visitor, source="arrival", source_ref="token"
    )
    order = await shop.commerce.create_order(
        visitor, None, None, 1, coupon.id, new_id("k"),
        lines=[WishLine(product_id=tea.id, quantity=3), WishLine(product_id=cup.id, quantity=2)],
    )  # fmt: skip
    payment = await shop.commerce.start_payment(order.id, visitor)
    await shop.pay(payment.id)
    return await settled(shop, order, "paid")


def some(*pieces: tuple[int, int], **more: Any) -> RefundWish:
    given = tuple(Pieces(place=place, quantity=quantity) for place, quantity in pieces)
    return RefundWish(pieces=given, **more)


async def owed(shop: Shop, order: Order) -> list[int]:
    rows = await shop.rows(
        "select amount_minor from commerce.refunds where order_id = $1 order by id", order.id
    )
    return [row["amount_minor"] for row in rows]


async def test_pieces_of_lines_go_back_at_what_they_cost(shop: Shop, owner: Staff) -> None:
    order = await of_two_lines(shop)
    assert [line.cost_minor for line in order.lines] == [28_844, 4_856]
    asked = await shop.commerce.refund_order(order.id, some((0, 1), key="press"), by=owner)
    assert [line.refunded_quantity for line in asked.lines] == [1, 0]
    await shop.commerce.refund_order(order.id, some((0, 1), key="press"), by=owner)
    with pytest.raises(KeyReused):
        await shop.commerce.refund_order(order.id, some((0, 2), key="press"), by=owner)
    with pytest.raises(RefundTooMuch) as refused:
        await shop.commerce.refund_order(order.id, some((1, 2), (0, 3)), by=owner)
    assert refused.value.field == "lines[0]"
    for wrong in (some((2, 1)), some((-1, 1)), some((0, 0)), some(), some((0, 1), (0, 1))):
        with pytest.raises(BadInput):
            await shop.commerce.refund_order(order.id, wrong, by=owner)
    answers = await asyncio.gather(
        *[shop.commerce.refund_order(order.id, some((0, 1)), by=owner) for _ in range(6)],
        return_exceptions=True,
    )
    assert Counter(type(one) for one in answers) == {Order: 2, RefundTooMuch: 4}
    assert await owed(shop, order) == [9_614, 9_615, 9_615]
    await shop.commerce.refund_order(order.id, some((1, 1), amount_minor=100), by=owner)
    await shop.commerce.refund_order(order.id, some((1, 1)), by=owner)
    # Less was given for the one before: with the last piece goes all that is left.
    assert await owed(shop, order) == [9_614, 9_615, 9_615, 100, 2_328 + 2_428]
    back = await settled(shop, order, "refunded")
    assert back.refunded_minor == order.paid_minor
    stocks = [await shop.commerce.product(line.product_id) for line in order.lines]
    assert [(one.stock, one.sold) for one in stocks] == [(10, 0), (10, 0)]
    assert (await judged(shop)).holds


async def test_some_goes_back_and_the_rest_is_shipped(shop: Shop, owner: Staff) -> None:
    room = new_id("r")
    order = await paid(shop, coupon=True, room=room)
    wish = RefundWish(amount_minor=100, key="press-1")
    for _ in range(3):  # pressed once, sent three times
        await shop.commerce.refund_order(order.id, wish, by=owner)
    with pytest.raises(KeyReused):
        await shop.commerce.refund_order(
            order.id, RefundWish(amount_minor=101, key="press-1"), by=owner
        )

    async def back() -> Order | None:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        found = await shop.commerce.order(order.id, order.visitor_id)
        return found if found.refunded_minor else None

    kept = await until(back)
    assert (kept.status, kept.refunded_minor) == ("paid", 100)
    assert (await shop.commerce.room_sales(room)).paid_minor == order.paid_minor - 100
    assert await left(shop, order) == (7, 3)
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    for amount_minor, error in (
        (0, BadInput), (-1, BadInput), (order.paid_minor - 99, RefundTooMuch),
    ):  # fmt: skip
        with pytest.raises(error):
            await shop.commerce.refund_order(
                order.id, RefundWish(amount_minor=amount_minor), by=owner
            )
    # The rest, all of it: the order is refunded, its goods stay where they are.
    await shop.commerce.refund_order(order.id, by=owner)
    done = await settled(shop, order, "refunded")
    assert done.refunded_minor == order.paid_minor
    assert await left(shop, order) == (7, 3)
    facts = [f for f in await shop.facts("order_refunded.v1")
             if f["aggregate"] == f"order:{order.id}"]  # fmt: skip
    amounts = [msgspec.json.decode(fact["body"])["amount_minor"] for fact in facts]
    assert amounts == [100, order.paid_minor - 100]
    # Who sends a key again after the end still hears that its refund was made.
    assert (await shop.commerce.refund_order(order.id, wish, by=owner)).status == "refunded"
    told = "select distinct r.reason from sandbox_pay.refunds r join commerce.refunds o using (id)"
    assert await shop.value(f"{told} where o.order_id = $1", order.id) == ""  # buyers would see it
    assert (await judged(shop)).holds


@pytest.mark.parametrize("fault", ["refund_pending", "refund_failed", "early"])
async def test_refunds_the_gateway_makes_difficult(shop: Shop, owner: Staff, fault: Fault) -> None:
    """Under way for long, failed and then done by hand, told before it was answered: once each."""
    order = await paid(shop)
    payment = "select id from commerce.payments where order_id = $1"
    await shop.gateway.script(await shop.value(payment, order.id), fault)
    await shop.commerce.refund_order(order.id, by=owner)
    await shop.commerce.ask_for_refunds()
    await shop.gateway.deliver()
    state = "select state from commerce.refunds where order_id = $1"
    wanted = {"refund_pending": "requested", "refund_failed": "failed", "early": "done"}
    assert await shop.value(state, order.id) == wanted[fault]
    (seen,) = [item for item in (await shop.commerce.shop_orders(OrderFilter())).items
               if item.order.id == order.id]  # fmt: skip
    assert seen.refund_state == wanted[fault]
    assert seen.going_back_minor == (0 if fault == "early" else order.paid_minor)
    assert (await judged(shop)).holds
    await shop.rows("update sandbox_pay.refunds set due_at = now() where state <> 'done'")
    if fault == "refund_failed":  # the notice of its end is lost, too: the shop asks by itself
        await shop.gateway.settle_refunds()
        await shop.rows(
            "update sandbox_pay.notices set given_up_at = now() where delivered_at is null"
        )
        await shop.rows("update commerce.refunds set next_at = now() where state <> 'done'")
    await settled(shop, order, "refunded")
    assert (await judged(shop)).holds


@pytest.mark.parametrize("faults", [("refund_closed",), ("refund_closed", "early")])
async def test_a_refund_the_gateway_closes_is_asked_for_under_another_number(
    shop: Shop, owner: Staff, faults: tuple[Fault, ...]
) -> None:
    order = await paid(shop)
    payment_id = await shop.value("select id from commerce.payments where order_id = $1", order.id)
    await shop.gateway.script(payment_id, *faults)
    await shop.commerce.refund_order(order.id, RefundWish(amount_minor=100), by=owner)
    await shop.commerce.ask_for_refunds()
    # Told three times, it is one round more.
    await shop.gateway.deliver()
    await shop.rows("update sandbox_pay.notices set delivered_at = null, due_at = now()")
    await shop.gateway.deliver()
    told = "select (state, round)::text from commerce.refunds where order_id = $1"
    assert await shop.value(told, order.id) == "(due,2)"
    assert (await judged(shop)).holds
    await shop.rows("update commerce.refunds set next_at = now() where state <> 'done'")
    await shop.commerce.ask_for_refunds()
    await shop.gateway.deliver()
    assert await shop.value(told, order.id) == "(done,2)"
    numbers = "select array_agg(state order by id) from sandbox_pay.refunds where payment_id = $1"
    assert await shop.value(numbers, payment_id) == ["closed", "done"]
    assert (await shop.commerce.order(order.id, order.visitor_id)).refunded_minor == 100
    bill = await shop.commerce.reconcile(datetime.now(BEIJING).date())
    assert payment_id not in {difference.payment_id for difference in bill.differences}
    assert (await judged(shop)).holds


async def test_refund_against_shipping_one_wins_and_the_goods_are_in_one_place(
    shop: Shop, owner: Staff
) -> None:
    for _ in range(6):
        order = await paid(shop)
        verbs = (
            shop.commerce.ship_order(order.id, PARCEL, by=owner),
            shop.commerce.refund_order(order.id, by=owner),
        )
        shipped, refunded = await asyncio.gather(*verbs, return_exceptions=True)
        assert isinstance(refunded, Order)  # what is on its way can be refunded, too
        assert isinstance(shipped, Order | ForbiddenMove)
        await settled(shop, order, "refunded")
        assert await left(shop, order) == ((7, 3) if isinstance(shipped, Order) else (10, 0))
    assert (await judged(shop)).holds


async def test_what_is_refunded_is_not_shipped_any_more(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    await shop.commerce.refund_order(order.id, by=owner)
    with pytest.raises(ForbiddenMove):
        await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    await settled(shop, order, "refunded")


async def test_only_money_that_came_can_go_back(shop: Shop, owner: Staff) -> None:
    visitor = new_id("v")
    product = await shop.product(price_minor=0)
    free = await shop.commerce.create_order(visitor, None, product.id, 1, None, "a")
    product = await shop.product()
    unpaid = await shop.commerce.create_order(visitor, None, product.id, 1, None, "b")
    for order in (free, unpaid):
        with pytest.raises(ForbiddenMove):
            await shop.commerce.refund_order(order.id, by=owner)
    await shop.commerce.cancel_order(unpaid.id, visitor)
    for order_id, error in ((unpaid.id, ForbiddenMove), ("ord_none", OrderNotFound)):
        refused: type[AppError] = error
        with pytest.raises(refused):
            await shop.commerce.refund_order(order_id, by=owner)


async def test_its_share_earned_nothing(fresh_db: Database) -> None:
    """The relay carries the news: the credit goes with the money."""
    async with open_market(fresh_db) as market, market.room() as stall:
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.open(share.token, mei)
        product = await market.shop.product()
        fact = await stall.pay(mei, product)
        credit = (await market.sharing.credits_of([fact.order_id]))[fact.order_id]
        assert credit.reversed_at is None
        async with fresh_db.begin() as tx:
            await tx.record(
                OrderRefunded(
                    shop_id=fact.shop_id, order_id=fact.order_id, visitor_id=mei.id,
                    refund_id=new_id("ref"), amount_minor=fact.paid_minor, currency="CNY",
                )
            )  # fmt: skip
        await market.relay.drained()
        credit = (await market.sharing.credits_of([fact.order_id]))[fact.order_id]
        assert credit.reversed_at is not None
        assert market.hub.heard_by(mei, "order_moved")
