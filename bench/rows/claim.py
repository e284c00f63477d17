"""A contended claim: many people, one coupon that runs out; nobody gets one too many."""

from __future__ import annotations

import asyncio
import time

from bench.load import drive
from bench.machine import Meter, median
from bench.people import Town
from bench.run import Bench, Row
from bench.shop import ROOM, Shop
from yaohe.app.build import build
from yaohe.app.settings import load as load_settings
from yaohe.commerce import CouponGone, NewTemplate
from yaohe.kernel.ids import new_ids

PEOPLE, TOTAL, IN_FLIGHT = 30_000, 20_000, 2_000
HTTP_PEOPLE, HTTP_ROUNDS = 6_000, 4


def claim_in_process(data: str, database_url: str) -> tuple[list[float], list[float], int, int]:
    """(claims per second, CPU µs per claim, granted, rows kept), in this very process."""
    return asyncio.run(_claim_in_process(data, database_url))


async def _claim_in_process(
    data: str, database_url: str
) -> tuple[list[float], list[float], int, int]:
    settings = load_settings({}, data=data)
    system = build(settings, database_url=database_url, notify_url="http://127.0.0.1:9")
    rates, costs_us, granted, kept = [], [], 0, 0
    for _ in range(4):
        template = await system.commerce.create_template(
            NewTemplate(title="抢券", amount_minor=500, total=TOTAL, valid_days=1)
        )
        people = iter(new_ids("v", PEOPLE))
        won = 0

        async def claim(people=people, template=template) -> None:
            nonlocal won
            for visitor in people:
                try:
                    await system.commerce.claim_coupon(
                        template.id, visitor, source="room", source_ref=ROOM
                    )
                    won += 1
                except CouponGone:
                    continue

        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*(claim() for _ in range(IN_FLIGHT)))
        rates.append(PEOPLE / (time.perf_counter() - began))
        costs_us.append((time.process_time() - cpu) / PEOPLE * 1e6)
        granted += won
        async with system.db.raw() as conn:
            kept += await conn.fetchval(
                "select count(*) from commerce.coupons where template_id = $1", template.id
            )
    await system.commerce.close()
    await system.db.close()
    return rates[1:], costs_us[1:], granted, kept


async def _coupons(shop: Shop) -> tuple[int, int]:
    """(coupons of the room's template, how many there may be)."""
    conn = await shop.connect()
    try:
        return await conn.fetchrow(
            "select count(c.id), max(t.total) from commerce.coupon_templates t"
            " left join commerce.coupons c on c.template_id = t.id where t.title = '好友券'"
        )
    finally:
        await conn.close()


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    rates, costs_us, granted, kept = bench.aside(
        claim_in_process, str(shop.data), shop.database_url
    )
    assert granted == kept == TOTAL * 4, f"{granted} granted, {kept} kept"
    rows = [
        Row("contended claim, in process", median(rates), "/s", target="≥ 40,000",
            note=f"{PEOPLE:,} people for {TOTAL:,} coupons; granted = rows"),
        Row("contended claim, CPU each", median(costs_us), "µs", target="≤ 25"),
    ]  # fmt: skip
    town = Town(shop)
    http_rates, http_costs, statuses = [], [], {200: 0}
    before, _ = asyncio.run(_coupons(shop))
    for number in range(HTTP_ROUNDS):
        requests = [
            town.post(f"/api/v1/rooms/{ROOM}/coupon", cookie, {})
            for cookie in town.cookies(HTTP_PEOPLE // HTTP_ROUNDS)
        ]
        meter = Meter(shop.pid)
        answered = bench.load(drive, shop.address, requests, connections=128, seconds=3, once=True)
        cpu, _ = meter.read()
        assert set(answered.statuses) <= {200, 409}, answered.statuses
        statuses[200] += answered.statuses[200]
        if number:
            http_rates.append(answered.per_s)
            http_costs.append(cpu / answered.count * 1e6)
    after, most = asyncio.run(_coupons(shop))
    assert after - before == statuses[200], "a coupon more or less than was answered"
    assert after <= most, "oversold"
    cost = median(http_costs)
    return [
        *rows,
        Row("contended claim through HTTP", median(http_rates), "/s", target="≥ 12,000",
            note=f"{after} of {most} given, 0 oversold"),
        Row("contended claim through HTTP, server CPU each", cost, "µs", target="≤ 83",
            note=f"= {1e6 / cost:,.0f}/s on a core of its own"),
    ]  # fmt: skip
