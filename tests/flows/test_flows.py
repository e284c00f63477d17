"""Flows: what follows from a fact follows once, in order, also when the relay tells it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.market import Market, make_market, open_market

from yaohe.flows import all_steps
from yaohe.identity import friendly_name
from yaohe.kernel.db import Database

pytestmark = pytest.mark.db


@pytest.fixture
async def market(fresh_db: Database) -> AsyncIterator[Market]:
    async with open_market(fresh_db) as opened:
        yield opened


async def test_steps_are_named_after_their_fact_and_once_each(fresh_db: Database) -> None:
    made = make_market(fresh_db)
    steps = all_steps(
        sharing=made.sharing,
        commerce=made.shop.commerce,
        campaigns=made.campaigns,
        hub=made.hub,  # type: ignore[arg-type]
        shelf=made.shelf,
    )
    assert [step.name for step in steps] == [
        "click_confirmed.friend_coupon",
        "click_confirmed.tell_sharer",
        "assist_counted.mirror_coupon",
        "assist_counted.thank",
        "order_paid.credit_share",
        "order_paid.deliver",
        "order_paid.cheer",
        "order_expired.tell_buyer",
        "order_canceled.tell_buyer",
        "order_shipped.tell_buyer",
        "order_completed.tell_buyer",
        "order_refunded.reverse_credit",
        "order_refunded.end_request",
        "order_refunded.tell_buyer",
        "product_changed.show",
        "product_changed.tell_waiting",
        "coupon_supply_changed.show",
        "back_in_stock.tell",
        "message_written.tell_buyer",
        "aftersale_moved.tell_buyer",
        "room_ended.close_help",
        "room_ended.end_prices",
        "room_went_live.open_help",
        "room_went_live.show_supply",
    ]
    for step in steps:
        assert step.fact.type_name().removesuffix(".v1") == step.name.partition(".")[0]


async def test_a_paid_order_is_credited_and_cheered(market: Market) -> None:
    async with market.room() as stall:
        product = await market.shop.product()
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.open(share.token, mei)
        paid = await stall.pay(mei, product, 8_900)
        (credit,) = (await market.sharing.credits_of([paid.order_id])).values()
        assert (credit.token, credit.amount_minor) == (share.token, 8_900)
        (line,) = [line for _, line in market.hub.said if line["kind"] == "order"]
        assert (line["name"], line["text"]) == (friendly_name(mei.id), "买了 春茶")
        assert (line["name_en"], line["text_en"]) == (
            friendly_name(mei.id, "en"),
            "bought Spring tea",
        )
        assert market.hub.heard_by(mei, "order_paid") == [
            {"type": "order_paid", "order_id": paid.order_id}
        ]


async def test_an_order_outside_of_rooms_or_of_a_vanished_product_cheers_nobody(
    market: Market,
) -> None:
    async with market.room() as stall:
        product = await market.shop.product()
        gone = type(product)(
            **{name: getattr(product, name) for name in product.__struct_fields__}
            | {"id": "p_gone"}
        )
        buyer = stall.person()
        await stall.pay(buyer, gone)
        assert market.hub.said == []
        assert len(market.hub.heard_by(buyer, "order_paid")) == 1


async def test_everything_told_twice_happens_once(market: Market) -> None:
    """The inbox is emptied and the relay begins again at the first fact, as after a restore of an
    old copy: each step is applied to each fact a second time."""
    async with market.room() as stall:
        product = await market.shop.product()
        lin, friends = stall.person("Lin"), [stall.person() for _ in range(5)]
        share = await stall.share(lin)
        for friend in friends:
            await stall.arrive(share, friend)
            await stall.help(share, friend)
            await stall.pay(friend, product)
        await market.relay.drained()
        before = await market.insights.room_report(stall.room)
        coupons = await stall.rows("select id from commerce.coupons order by id")

    steps = all_steps(
        sharing=market.sharing,
        commerce=market.shop.commerce,
        campaigns=market.campaigns,
        hub=market.hub,  # type: ignore[arg-type]
        shelf=market.shelf,
    )
    facts = await replayed(market, {step.fact.type_name(): step.fact for step in steps})
    for step in steps:
        batch = [fact for fact in facts if isinstance(fact.fact, step.fact)]
        async with market.db.begin() as tx:
            await step.apply(tx, batch)

    after = await market.insights.room_report(stall.room)
    assert (after.totals, after.by_channel, after.shares) == (
        before.totals,
        before.by_channel,
        before.shares,
    )
    assert before.totals.assists == before.totals.orders == 5
    assert before.totals.coupons == 10
    assert await stall.rows("select id from commerce.coupons order by id") == coupons


async def replayed(market: Market, types: dict[str, type]) -> list:  # type: ignore[type-arg]
    """Every fact of these types, as the relay would tell it."""
    import msgspec

    from yaohe.kernel.events import Recorded

    async with market.db.raw() as conn:
        rows = await conn.fetch(
            "select event_id, position, at, type, body::text from kernel.outbox order by position"
        )
    return [
        Recorded(
            row["event_id"],
            row["position"],
            row["at"],
            msgspec.json.decode(row["body"], type=types[row["type"]]),
        )
        for row in rows
        if row["type"] in types
    ]


async def test_a_crowd_through_all_flows_adds_up(market: Market) -> None:
    """Forty friends of eight sharers come, help and buy at once; the sums fit each other."""
    async with market.room() as stall:
        product = await market.shop.product()
        sharers = [stall.person(f"S{n}") for n in range(8)]
        shares = [await stall.share(sharer) for sharer in sharers]

        async def friend(number: int) -> None:
            who, share = stall.person(), shares[number % 8]
            await stall.open(share.token, who)
            await stall.watch(who, share.token, 35)
            await stall.help(share, who)
            if number % 2:
                await stall.pay(who, product, 1_000)

        await asyncio.gather(*(friend(n) for n in range(40)))
        await market.relay.drained()
        totals = (await market.insights.room_report(stall.room)).totals
        assert (totals.effective, totals.productive, totals.clicks) == (8, 8, 40)
        assert (totals.assists, totals.coupons) == (40, 40 + 8 * 5)
        assert (totals.orders, totals.paid_minor, totals.buyers) == (20, 20_000, 20)
        held = await stall.rows("select count(*) as n from commerce.coupons")
        assert held[0]["n"] == 80
