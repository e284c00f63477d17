"""Pieces of an order's lines are given back: each at what it cost, however many are at once, and
with the last of them all that is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.app.auditing import audit_database
from yaohe.commerce import Order
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.errors import ForbiddenMove
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.payments.model import Pieces, RefundWish
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

TEA_MINOR, CUP_MINOR, FEE_MINOR = 9_900, 2_500, 800
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
    await shop.commerce.set_delivery_rule(DeliveryRule(fee_minor=FEE_MINOR), by=staff)
    return staff


async def paid(shop: Shop, *, coupon: bool = False) -> Order:
    """Three teas and two cups, sent for a fee; a coupon of 1,000 does not divide."""
    visitor = new_id("v")
    tea = await shop.product(stock=10, price_minor=TEA_MINOR)
    cup = await shop.product(stock=10, price_minor=CUP_MINOR)
    coupon_id = None
    if coupon:
        template = await shop.template()
        claimed = await shop.commerce.claim_coupon(
            template.id, visitor, source="arrival", source_ref="token"
        )
        coupon_id = claimed.id
    order = await shop.commerce.create_order(
        visitor, None, None, 1, coupon_id, new_id("k"),
        lines=[WishLine(product_id=tea.id, quantity=3), WishLine(product_id=cup.id, quantity=2)],
    )  # fmt: skip
    assert order.fee_minor == FEE_MINOR
    payment = await shop.commerce.start_payment(order.id, visitor)
    await shop.pay(payment.id)

    async def there() -> Order | None:
        await shop.gateway.deliver()
        found = await shop.commerce.order(order.id, visitor)
        return found if found.status == "paid" else None

    found: Order = await until(there)
    return found


async def told(shop: Shop, order: Order, *, refunded_minor: int) -> Order:
    """Notices are delivered until so much of the order went back."""

    async def there() -> Order | None:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        found = await shop.commerce.order(order.id, order.visitor_id)
        return found if found.refunded_minor == refunded_minor else None

    found: Order = await until(there)
    return found


async def stocks(shop: Shop, order: Order) -> list[tuple[int, int]]:
    found = [await shop.commerce.product(line.product_id) for line in order.lines]
    return [(one.stock, one.sold) for one in found]


async def holds(shop: Shop) -> bool:
    conn = await asyncpg.connect(shop.db.url)
    try:
        return (await audit_database(conn)).holds
    finally:
        await conn.close()


async def owed(shop: Shop, order: Order) -> list[int]:
    rows = await shop.rows(
        "select amount_minor from commerce.refunds where order_id = $1", order.id
    )
    return sorted(row["amount_minor"] for row in rows)


def some(*pieces: tuple[int, int], amount_minor: int | None = None) -> RefundWish:
    given = tuple(Pieces(place=place, quantity=quantity) for place, quantity in pieces)
    return RefundWish(pieces=given, amount_minor=amount_minor)


async def test_pieces_at_once_are_what_the_line_cost(shop: Shop, owner: Staff) -> None:
    """Who waits for the order reads its lines from before the wait: the price of a piece may not
    come from there."""
    order = await paid(shop, coupon=True)
    assert order.lines[0].cost_minor == 28_844
    await asyncio.gather(
        *[shop.commerce.refund_order(order.id, some((0, 1)), by=owner) for _ in range(3)]
    )
    assert await owed(shop, order) == [9_614, 9_615, 9_615]


async def test_with_every_piece_the_fee_goes_back(shop: Shop, owner: Staff) -> None:
    order = await paid(shop, coupon=True)
    await shop.commerce.refund_order(order.id, some((0, 3), (1, 2)), by=owner)
    back = await told(shop, order, refunded_minor=order.paid_minor)
    assert back.status == "refunded"
    assert await stocks(shop, order) == [(10, 0), (10, 0)]
    (coupon,) = await shop.commerce.coupons_of(order.visitor_id)
    assert coupon.state == "claimed"
    assert await holds(shop)


async def test_what_was_sent_was_sent_for_its_fee(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    await shop.commerce.refund_order(order.id, some((0, 3), (1, 2)), by=owner)
    assert await owed(shop, order) == [order.paid_minor - FEE_MINOR]


async def test_an_order_with_no_piece_left_is_not_sent(shop: Shop, owner: Staff) -> None:
    """Some of its money is still the shop's, its goods are nobody's any more."""
    order = await paid(shop)
    await shop.commerce.refund_order(order.id, some((0, 3), (1, 1)), by=owner)
    await shop.commerce.refund_order(order.id, some((1, 1), amount_minor=100), by=owner)
    with pytest.raises(ForbiddenMove):
        await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    await shop.commerce.refund_order(order.id, by=owner)
    back = await told(shop, order, refunded_minor=order.paid_minor)
    assert (back.status, back.shipped_at) == ("refunded", None)
    assert await stocks(shop, order) == [(10, 0), (10, 0)]
