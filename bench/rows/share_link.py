"""The share link: the real landing page, its hit on disk before the answer leaves."""

from __future__ import annotations

import asyncio
import gzip
import time

from bench import bare
from bench.load import Answered, drive
from bench.machine import Meter, median, percentile
from bench.people import Town
from bench.run import Bench, Row
from bench.shop import Shop

TOKENS, REQUESTS = 400, 24_000


def requests_of(town: Town) -> list[bytes]:
    """Half of the people were here before, half are new; each opens one of many links."""
    tokens = town.share(town.cookies(TOKENS))
    return [
        town.get(f"/s/{tokens[n * 7 % TOKENS]}", town.cookie() if n % 2 else None)
        for n in range(REQUESTS)
    ]


async def _hits(shop: Shop, wanted: int = 0, patience_s: float = 20.0) -> int:
    """The rows there are, once there are `wanted`: what was spooled arrives a second later."""
    conn = await shop.connect()
    until = time.monotonic() + patience_s
    try:
        while True:
            kept = int(await conn.fetchval("select count(*) from sharing.hits"))
            if kept >= wanted or time.monotonic() > until:
                return kept
            await asyncio.sleep(0.5)
    finally:
        await conn.close()


def _measured(bench: Bench, requests: list[bytes], seconds: float, rate: float) -> Answered:
    """One run, and the proof: as many rows in PostgreSQL as pages answered with 200."""
    shop = bench.shop()
    before = asyncio.run(_hits(shop))
    answered = bench.load(drive, shop.address, requests, connections=64, seconds=seconds, rate=rate)
    pages = answered.statuses[200]
    kept = asyncio.run(_hits(shop, before + pages)) - before
    assert kept == pages == answered.count, f"{kept} hits kept, {dict(answered.statuses)} answered"
    return answered


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    bench.publishing()  # the page of a live room: a poster inline, counts that move
    requests = requests_of(Town(shop))
    _measured(bench, requests, 1.5, 0)
    rates, costs_us = [], []
    for _ in range(3):
        meter = Meter(shop.pid)
        answered = _measured(bench, requests, 3.0, 0)
        cpu, _ = meter.read()
        rates.append(answered.per_s)
        costs_us.append(cpu / answered.count * 1e6)
    _, _, body = answered.sample.partition(b"\r\n\r\n")
    page = gzip.decompress(body)
    assert b"og:image" in page
    paced = _measured(bench, requests, 4.0, 10_000)
    with bare.serving(body) as yard:
        yard_rates, yard_costs = [], []
        for _ in range(3):
            meter = Meter(yard.pid)
            plain = bench.load(drive, yard.address, requests, connections=64, seconds=2.0)
            cpu, _ = meter.read()
            yard_rates.append(plain.per_s)
            yard_costs.append(cpu / plain.count * 1e6)
    cost, kb = median(costs_us), len(body) / 1024
    peer = "uvicorn alone, no hit"
    return [
        Row("share link answered, hit durable", median(rates), "/s", median(yard_rates), peer,
            "more", "≥ 20,000", f"64 connections, {kb:.1f} KB gzip, hits in PostgreSQL = answers"),
        Row("share link, server CPU per answer", cost, "µs", median(yard_costs), peer, "less",
            "≤ 50", f"= {1e6 / cost:,.0f}/s on a core of its own"),
        Row("share link p50 at 10,000/s", percentile(paced.latencies_ms, 0.5), "ms",
            note=f"{paced.per_s:,.0f}/s reached"),
        Row("share link p99 at 10,000/s", percentile(paced.latencies_ms, 0.99), "ms",
            target="≤ 5", note="open loop, from when each request was due"),
    ]  # fmt: skip
