"""Credits: first and last touch, the window, one per order, and back after a refund."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.town import Town

from yaohe.identity import Visitor
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.ids import new_id
from yaohe.sharing import Sharing
from yaohe.sharing.attribution import Credit, PaidOrder

pytestmark = pytest.mark.db


def order(buyer: Visitor, amount_minor: int = 9_900, *, days_later: float = 0) -> PaidOrder:
    return PaidOrder(
        order_id=new_id("ord"),
        shop_id="shop_main",
        visitor_id=buyer.id,
        amount_minor=amount_minor,
        currency="CNY",
        at=datetime.now(UTC) + timedelta(days=days_later, seconds=1),
    )


async def credit(town: Town, *orders: PaidOrder, sharing: Sharing | None = None) -> list[Credit]:
    async with town.db.begin() as tx:
        found = await (sharing or town.sharing).credit_orders(tx, orders)
    return [found[o.order_id] for o in orders if o.order_id in found]


async def test_an_order_is_owed_to_the_share_that_led_to_it(town: Town) -> None:
    lin, mei = town.person("Lin"), town.person("Mei")
    share = await town.share(lin, channel="weibo")
    await town.open(share.token, mei)
    bought = order(mei, 5_900)
    (found,) = await credit(town, bought)
    assert (found.token, found.sharer_name, found.channel) == (share.token, "Lin", "weibo")
    assert (found.amount_minor, found.currency, found.room_id) == (5_900, "CNY", town.room)
    assert (await town.sharing.fresh_share(share.token)).state == "productive"
    assert await town.facts("share_productive.v1", share.token) == [mei.id]
    assert await town.sharing.credits_of([bought.order_id, "ord_none"]) == {bought.order_id: found}
    assert await town.sharing.credits_of([]) == {}


async def test_first_and_last_touch_are_pinned_and_the_model_picks(town: Town) -> None:
    mei = town.person("Mei")
    first, middle, last = [await town.share(town.person()) for _ in range(3)]
    for share in (first, middle, last):
        await town.open(share.token, mei)
    by_first = Sharing(town.db, SystemClock(), "https://shop.example", credit_model="first")
    (one,) = await credit(town, order(mei))
    (other,) = await credit(town, order(mei), sharing=by_first)
    assert (one.first_token, one.last_token, one.token) == (first.token, last.token, last.token)
    assert (other.token, other.model) == (first.token, "first")


async def test_opening_an_old_link_again_is_the_last_touch(town: Town) -> None:
    mei = town.person("Mei")
    old, new = await town.share(town.person()), await town.share(town.person())
    for token in (old.token, new.token, old.token):
        await town.open(token, mei)
    (found,) = await credit(town, order(mei))
    assert (found.first_token, found.last_token) == (old.token, old.token)


async def test_seven_days_and_not_an_hour_more(town: Town) -> None:
    mei = town.person("Mei")
    await town.open((await town.share(town.person())).token, mei)
    assert await credit(town, order(mei, days_later=6.9))
    assert not await credit(town, order(mei, days_later=7.1))


async def test_a_click_after_the_order_is_no_touch(town: Town) -> None:
    mei = town.person("Mei")
    await town.open((await town.share(town.person())).token, mei)
    assert not await credit(town, order(mei, days_later=-1))


async def test_direct_buyers_and_sharers_themselves_credit_nobody(town: Town) -> None:
    lin = town.person("Lin")
    share = await town.share(lin)
    await town.open(share.token, lin)
    assert not await credit(town, order(lin), order(town.person()))
    assert not await credit(town)


async def test_the_same_order_told_twice_is_credited_once(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.open(share.token, mei)
    bought = order(mei, 5_900)
    results = await asyncio.gather(*(credit(town, bought) for _ in range(6)))
    assert all(result == results[0] for result in results)
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.orders, totals.buyers, totals.paid_minor) == (1, 1, 5_900)
    assert await town.facts("share_productive.v1", share.token) == [mei.id]


async def test_a_batch_of_orders_through_the_same_share(town: Town) -> None:
    share = await town.share(town.person())
    buyers = [town.person() for _ in range(5)]
    for buyer in buyers:
        await town.open(share.token, buyer)
    found = await credit(town, *(order(buyer) for buyer in buyers), order(buyers[0]))
    assert len(found) == 6
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.orders, totals.buyers, totals.paid_minor) == (6, 5, 6 * 9_900)
    assert len(await town.facts("share_productive.v1", share.token)) == 1


async def test_a_refund_takes_the_credit_back_once(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.open(share.token, mei)
    bought = order(mei)
    await credit(town, bought)
    async with town.db.begin() as tx:
        assert await town.sharing.reverse_credit(tx, bought.order_id)
        assert not await town.sharing.reverse_credit(tx, bought.order_id)
        assert not await town.sharing.reverse_credit(tx, "ord_none")
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.orders, totals.buyers, totals.paid_minor) == (0, 0, 0)
    assert (await town.sharing.credits_of([bought.order_id]))[bought.order_id].reversed_at
