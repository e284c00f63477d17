"""Every day's bill beside the books, by itself: what differs is kept, said and explained, and never
mended; a bill that does not come is said too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce.bills.errors import BillNotKept, DifferenceNotFound
from yaohe.commerce.bills.model import days_due, ready_at
from yaohe.commerce.bills.service import carried_over
from yaohe.commerce.payments.reconciling import Difference
from yaohe.identity import SHOP_ID, Staff
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.platforms.payments import BillNotThere
from yaohe.platforms.wechat_pay.model import BEIJING

pytestmark = pytest.mark.db

BOSS = Staff(id="st_x", shop_id=SHOP_ID, email="l@x.cn", name="Lin", role="owner")


def test_a_day_is_due_when_it_is_over_and_its_bill_from_ten_on() -> None:
    night = datetime(2026, 11, 26, 16, 1, tzinfo=UTC)  # the 27th has just begun in Beijing
    assert days_due(night, since=date(2026, 11, 25)) == [date(2026, 11, 25), date(2026, 11, 26)]
    assert days_due(night - timedelta(minutes=2), since=date(2026, 11, 26)) == []
    assert len(days_due(night, since=date(2020, 1, 1))) == 30
    assert ready_at(date(2026, 11, 26)) == datetime(2026, 11, 27, 2, tzinfo=UTC)


def test_the_same_difference_keeps_its_note_and_another_figure_does_not() -> None:
    def found(theirs: int) -> Difference:
        return Difference(
            kind="amount", payment_id="p", refund_id=None, ours_minor=5, theirs_minor=theirs,
            currency="CNY",
        )  # fmt: skip

    [first] = carried_over([], [found(6)], {"p": "o"})
    assert (first.order_id, first.because) == ("o", None)
    assert carried_over([first], [found(6)], {"p": "o"}) == [first]
    [other] = carried_over([first], [found(7)], {})
    assert other.id != first.id
    twice = carried_over([first], [found(6)] * 2, {"p": "o"})
    assert twice[0] == first
    assert twice[1].id != first.id


@pytest.fixture
async def shop(fresh_db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made


async def buy(shop: Shop) -> str:
    visitor, product = new_id("v"), await shop.product()
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    payment = await shop.commerce.start_payment(order.id, visitor)
    await shop.pay(payment.id)
    return payment.id


DAY = SystemClock().now().astimezone(BEIJING).date() - timedelta(days=3)


async def move_to(shop: Shop, day: date) -> None:
    """All that has happened so far happened then."""
    noon = datetime.combine(day, time(12), BEIJING)
    await shop.rows("update commerce.payments set created_at = $1", noon)
    await shop.rows("update commerce.payments set captured_at = $1 where state <> 'open'", noon)
    await shop.rows("update sandbox_pay.payments set paid_at = $1 where state = 'paid'", noon)


async def bent_shop(shop: Shop) -> tuple[str, str, str]:
    """A day with a payment in order, one told with a cent too much, one that we never heard of."""
    good, more = await buy(shop), await buy(shop)
    while await shop.gateway.deliver():
        pass
    unheard = await buy(shop)
    await move_to(shop, DAY)
    await shop.rows(
        "update sandbox_pay.payments set amount_minor = amount_minor + 1 where id = $1", more
    )
    return good, more, unheard


async def open_differences(shop: Shop) -> set[tuple[Any, ...]]:
    rows = await shop.rows("select kind, payment_id, ours_minor, theirs_minor, order_id,"
                           " because from commerce.bill_differences")  # fmt: skip
    return {tuple(row) for row in rows}


async def order_of(shop: Shop, payment_id: str) -> str:
    found: str = await shop.value(
        "select order_id from commerce.payments where id = $1", payment_id
    )
    return found


async def test_a_day_is_compared_once_kept_and_explained(shop: Shop) -> None:
    _, more, unheard = await bent_shop(shop)
    bills = shop.commerce.bills
    # Two processes at once: one set of findings.
    done = await asyncio.gather(*(bills.compare_due() for _ in range(4)))
    assert sum(done) == 1
    found = {
        ("amount", more, 9_900, 9_901, await order_of(shop, more), None),
        ("only_theirs", unheard, None, 9_900, await order_of(shop, unheard), None),
    }
    assert await open_differences(shop) == found
    kept = {bill.day: bill for bill in await bills.newest(SHOP_ID)}
    assert len(kept) == 3
    assert (kept[DAY].payments, kept[DAY].moved) == (3, 2)
    assert (kept[DAY].differences, kept[DAY].unexplained) == (2, 2)
    # Nothing moved on the days after: no bill, and nothing is missing.
    quiet = kept[DAY + timedelta(days=1)]
    assert (quiet.compared_at, quiet.problem, quiet.moved) == (None, "bill_not_there", 0)
    assert (bills.unexplained, bills.missing) == ({"sandbox": 2}, {"sandbox": 0})
    assert await bills.compare_due() == 0

    told = [one for one in (await shop.audit()).differences if "kind" in one]
    assert {(one["kind"], one["payment"], one["day"]) for one in told} == {
        ("amount", more, DAY.isoformat()), ("only_theirs", unheard, DAY.isoformat()),
    }  # fmt: skip

    staff = BOSS
    listed = await bills.differences_of(kept[DAY])
    for one in listed:
        await bills.explain(one.id, "网关多收了一分，已写信", by=staff)
    with pytest.raises(DifferenceNotFound):
        await bills.explain("dif_none", "x", by=staff)
    with pytest.raises(BadInput):
        await bills.explain(listed[0].id, " \n ", by=staff)
    assert bills.unexplained == {"sandbox": 0}
    assert not [one for one in (await shop.audit()).differences if "kind" in one]

    # Looking again keeps what staff wrote, and what is mended elsewhere is gone; nothing of the
    # books has changed by any of it.
    await shop.rows("update sandbox_pay.payments set amount_minor = 9900 where id = $1", more)
    again = await bills.again("sandbox", DAY, shop_id=SHOP_ID)
    assert (again.differences, again.unexplained) == (1, 0)
    [left] = await bills.differences_of(again)
    assert (left.payment_id, left.because, left.explained_by) == (
        unheard, "网关多收了一分，已写信", staff.id,
    )  # fmt: skip
    assert await shop.value("select state from commerce.payments where id = $1", unheard) == "open"


async def test_compared_by_many_at_once_there_is_one_set_of_findings(shop: Shop) -> None:
    await bent_shop(shop)
    bills = shop.commerce.bills
    await bills.compare_due()
    before = await shop.rows("select id from commerce.bill_differences order by id")
    await asyncio.gather(*(bills.again("sandbox", DAY, shop_id=SHOP_ID) for _ in range(8)))
    assert await shop.rows("select id from commerce.bill_differences order by id") == before
    assert len(before) == 2


async def test_a_bill_that_does_not_come_is_asked_for_again_and_said(shop: Shop) -> None:
    await buy(shop)
    while await shop.gateway.deliver():
        pass
    await move_to(shop, DAY)
    # The gateway has forgotten all of that day.
    await shop.rows("update sandbox_pay.payments set paid_at = now()")
    bills = shop.commerce.bills
    assert await bills.compare_due() == 0
    bill = await bills.of_day("sandbox", DAY, shop_id=SHOP_ID)
    assert (bill.problem, bill.moved, bill.tries) == ("bill_not_there", 1, 1)
    assert bill.next_at > SystemClock().now()
    assert bills.missing == {"sandbox": 1}
    [missed] = [one for one in (await shop.audit()).differences if "tries" in one]
    assert (missed["day"], missed["moved"]) == (DAY.isoformat(), 1)
    with pytest.raises(BillNotThere):
        await bills.again("sandbox", DAY, shop_id=SHOP_ID)
    for gateway, day in (("other", DAY), ("sandbox", DAY - timedelta(days=9))):
        with pytest.raises(BillNotKept):
            await bills.again(gateway, day, shop_id=SHOP_ID)

    # Not before its time; then it comes, and all is well.
    assert await bills.compare_due() == 0
    await shop.rows("update commerce.bills set next_at = now() where day = $1", DAY)
    noon = datetime.combine(DAY, time(12), BEIJING)
    await shop.rows("update sandbox_pay.payments set paid_at = $1", noon)
    assert await bills.compare_due() == 1
    assert bills.missing == {"sandbox": 0}
    bill = await bills.of_day("sandbox", DAY, shop_id=SHOP_ID)
    assert (bill.problem, bill.differences, bill.payments) == (None, 0, 1)
    assert (await shop.audit()).holds


async def test_a_shop_that_took_no_money_waits_for_no_bill(shop: Shop) -> None:
    assert await shop.commerce.bills.compare_due() == 0
    assert await shop.commerce.bills.newest(SHOP_ID) == []
