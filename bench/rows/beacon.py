"""Beacons and watch ticks through HTTP: what every open page sends."""

from __future__ import annotations

import asyncio

from bench.load import drive
from bench.machine import Meter, median
from bench.people import Town
from bench.run import Bench, Row
from bench.shop import ROOM, Shop

VISITORS, ROUNDS, SECONDS = 12_000, 3, 2.0


async def _clicks(shop: Shop) -> int:
    conn = await shop.connect()
    try:
        return int(await conn.fetchval("select count(*) from sharing.clicks"))
    finally:
        await conn.close()


def _measure(bench: Bench, what: str, requests: list[bytes], note: str) -> list[Row]:
    shop = bench.shop()
    rates, costs_us, answers = [], [], 0
    part = len(requests) // (ROUNDS + 1)
    for number in range(ROUNDS + 1):
        meter = Meter(shop.pid)
        fresh = requests[number * part : (number + 1) * part]
        answered = bench.load(
            drive, shop.address, fresh, connections=128, seconds=SECONDS, once=True
        )
        cpu, _ = meter.read()
        assert set(answered.statuses) == {200}, f"{answered.statuses}: {answered.sample[:400]!r}"
        answers += answered.count
        if number:  # the first round warms up
            rates.append(answered.per_s)
            costs_us.append(cpu / answered.count * 1e6)
    cost = median(costs_us)
    return [
        Row(f"{what} through HTTP", median(rates), "/s", target="≥ 20,000", note=note),
        Row(f"{what}, server CPU each", cost, "µs", target="≤ 50",
            note=f"= {1e6 / cost:,.0f}/s on a core of its own"),
    ]  # fmt: skip


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    town = Town(shop)
    tokens = town.share(town.cookies(60))
    visitors = town.cookies(VISITORS)
    opened = [town.get(f"/s/{tokens[n % 60]}", cookie) for n, cookie in enumerate(visitors)]
    bench.load(drive, shop.address, opened, connections=128, seconds=60, once=True)
    beacons = [
        town.post("/api/v1/beacon", cookie, {"token": tokens[n % 60]})
        for n, cookie in enumerate(visitors)
    ]
    before = asyncio.run(_clicks(shop))
    rows = _measure(bench, "beacon", beacons, "each a first click, with its fact in the outbox")
    assert asyncio.run(_clicks(shop)) > before
    ticks = [
        town.post("/api/v1/watch", cookie, {"room": ROOM, "token": tokens[n % 60], "visible": True})
        for n, cookie in enumerate(visitors)
    ]
    return rows + _measure(bench, "watch tick", ticks, "each a visit's row, after the commit")
