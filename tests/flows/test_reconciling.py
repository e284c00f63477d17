"""The gateway's bill beside our books: a day in order shows nothing, every bend is one line, and
nothing is changed by looking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.commerce.payments.reconciling import differences
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.platforms.payments import BillLine, BillNotThere
from yaohe.platforms.wechat_pay.model import BEIJING

pytestmark = pytest.mark.db


def today() -> date:
    return SystemClock().now().astimezone(BEIJING).date()


def line(payment: str, minor: int, refund: str | None = None, currency: str = "CNY") -> BillLine:
    return BillLine(payment_id=payment, refund_id=refund, amount_minor=minor, currency=currency)


def test_each_way_of_not_agreeing() -> None:
    ours = [line("a", 5), line("b", 5), line("c", 5), line("c", 2, "r"), line("e", 5)]
    theirs = [line("a", 5), line("b", 6), line("c", 5), line("d", 1), line("e", 5, currency="USD")]
    found = [(one.kind, one.payment_id, one.refund_id) for one in differences(ours, theirs)]
    assert found == [
        ("amount", "b", None), ("only_ours", "c", "r"), ("only_theirs", "d", None),
        ("amount", "e", None),
    ]  # fmt: skip
    assert differences(ours, ours) == []
    assert [one.kind for one in differences([line("a", 5)], [line("a", 5)] * 2)] == ["only_theirs"]


@pytest.fixture
async def shop(fresh_db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made


async def buy(shop: Shop) -> tuple[str, str, str]:
    visitor, product = new_id("v"), await shop.product()
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    payment = await shop.commerce.start_payment(order.id, visitor)
    return visitor, order.id, payment.id


async def test_a_day_in_order_and_what_is_bent(shop: Shop) -> None:
    with pytest.raises(BillNotThere):
        await shop.commerce.reconcile(today())
    for never in (date(1999, 12, 31), today() + timedelta(days=2), date.max):
        with pytest.raises(BadInput):
            await shop.commerce.reconcile(never)
    _, _, paid = await buy(shop)
    await shop.pay(paid)
    visitor, given_up, late = await buy(shop)
    await shop.pay(late)
    await shop.commerce.cancel_order(given_up, visitor)

    async def settled() -> bool:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        states = await shop.rows("select state from commerce.payments order by 1")
        return [row["state"] for row in states] == ["paid", "refunded"]

    await until(settled)
    moved = """select captured_at as at from commerce.payments
               union select returned_at from commerce.refunds"""
    days = {row["at"].astimezone(BEIJING).date() for row in await shop.rows(moved)}
    found = [await shop.commerce.reconcile(day) for day in sorted(days)]
    assert [one.differences for one in found] == [[] for _ in found]
    assert sum(one.payments for one in found) == 2
    assert sum(one.refunds for one in found) == 1

    # Money the gateway has and we never heard of; a cent too much; a refund it does not know.
    _, _, unheard = await buy(shop)
    await shop.pay(unheard)
    await shop.rows(
        "update sandbox_pay.payments set amount_minor = amount_minor + 1 where id = $1", paid
    )
    await shop.rows("delete from sandbox_pay.refunds")
    day = today()
    now = datetime.combine(day, datetime.min.time(), BEIJING) + timedelta(hours=12)
    await shop.rows("update commerce.payments set captured_at = $1 where state <> 'open'", now)
    await shop.rows("update commerce.refunds set returned_at = $1", now)
    await shop.rows("update sandbox_pay.payments set paid_at = $1", now)
    bent = await shop.commerce.reconcile(day)
    assert {(one.kind, one.payment_id) for one in bent.differences} == {
        ("only_theirs", unheard), ("amount", paid), ("only_ours", late),
    }  # fmt: skip
    assert await shop.value("select state from commerce.payments where id = $1", unheard) == "open"
