"""kill -9 of everything in the middle of a busy show: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Browser, expect
from tests.sim.auditor import LASTING, audit
from tests.sim.told import Told
from tests.support.browser import phone
from tests.support.demo import Demo, start_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.ledger import Ledger, crowd, database_of
from tests.support.patience import PATIENCE_S
from tests.support.phone import Desk, Room, owner_of, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
STOCK = 20_000
PAID_MIN = 25
WATCHED_S_MAX = 600.0
# A crowd behind one address is what limits are for; here it is the point.
NO_LIMIT = {"YAOHE_WRITES_PER_ADDRESS_S": "100000"}
# What a browser says while the server is dead or the host is not back yet.
DEAD = (
    r"ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)",
    r"WebSocket connection",
    r"404 .*/live/",
)


async def busy(demo: Demo, room: Room, ledger: Ledger) -> None:
    """The crowd, until enough is paid; then everything is killed under it."""
    people = asyncio.create_task(crowd(demo.url, room, ledger, seats=10))
    deadline = time.monotonic() + PATIENCE_S
    while len(ledger.paid) < PAID_MIN:
        assert not people.done(), people.exception()
        assert time.monotonic() < deadline, f"too slow: {ledger.size} acknowledged"
        await asyncio.sleep(0.02)
    demo.kill()
    await demo.process.wait()
    async with asyncio.timeout(PATIENCE_S):
        await people


async def test_nothing_acknowledged_is_lost_or_doubled(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data: Path = tmp_path_factory.mktemp("crash") / "data"
    options, ledger = ("--no-crowd", "--no-host"), Ledger()
    demo = await start_demo(data, *options, environment=NO_LIMIT)
    try:
        async with owner_of(demo) as desk, phone(browser, demo.url, expected=DEAD) as viewer:
            room = await desk.room(stock=STOCK)
            async with publishing(room.publish_url, **PORTRAIT):
                await desk.status(room.id, "live")
                await viewer.page.goto(room.path)
                await viewer.frames()
                await busy(demo, room, ledger)
            demo = await start_demo(
                data, *options, ports=(demo.port, demo.rtmp_port), environment=NO_LIMIT
            )
            assert demo.setup_url is None  # the owner is still there, and still signed in
            async with publishing(room.publish_url, **PORTRAIT):
                await everything_is_there_once(demo, desk, room, ledger)
                await viewer_is_back(viewer, desk, room)
        await demo.end()
    except BaseException:
        demo.kill()
        await demo.process.wait()
        raise


async def viewer_is_back(viewer: Any, desk: Desk, room: Room) -> None:
    """Without a touch: the picture goes on, and chat is heard again."""
    await viewer.frames(25)
    await expect(viewer.page.locator(".y-slate")).to_be_hidden()
    await desk.post(f"/api/v1/rooms/{room.id}/chat", {"text": "我们回来了"})
    line = viewer.page.locator(".y-line", has_text="我们回来了")
    await expect(line).to_be_visible()


async def everything_is_there_once(demo: Demo, desk: Desk, room: Room, ledger: Ledger) -> None:
    async with database_of(demo.data) as conn:
        await the_notices_arrive(conn, ledger)
        await shares_and_hits(conn, room, ledger)
        await coupons(conn, ledger)
        await orders(conn, room, ledger)
        await the_report_agrees(conn, desk, room)
        await the_auditor_is_content(conn, room, ledger)


async def the_notices_arrive(conn: asyncpg.Connection, ledger: Ledger) -> None:
    """Whoever saw "paid" at the cashier is paid in the shop, also when the notice came late."""

    async def unpaid() -> list[str]:
        rows = await conn.fetch(
            "select id from commerce.orders where id = any($1) and status <> 'paid'",
            sorted(ledger.paid),
        )
        return [row["id"] for row in rows]

    await until(unpaid, lambda left: not left)

    async def unequal() -> list[asyncpg.Record]:
        return list(
            await conn.fetch(
                """select coalesce(g.id, p.id) id, g.state gateway, p.state shop
                   from sandbox_pay.payments g full join commerce.payments p on p.id = g.id
                   where coalesce(g.state = 'paid', false) <> coalesce(p.state = 'paid', false)"""
            )
        )

    # The gateway's books and the shop's agree, also about what nobody was told before the end. A
    # payment that the shop noted and the gateway never heard of is simply not paid.
    await until(unequal, lambda left: not left)
    twice = await conn.fetch(
        "select order_id from commerce.payments where state = 'paid' group by 1 having count(*) > 1"
    )
    assert twice == []


async def shares_and_hits(conn: asyncpg.Connection, room: Room, ledger: Ledger) -> None:
    rows = await conn.fetch("select token from sharing.shares where room_id = $1", room.id)
    assert ledger.shares <= {row["token"] for row in rows}

    async def landed() -> dict[tuple[str, str], int]:
        hits = await conn.fetch(
            "select token, visitor_id, count(*) n from sharing.hits where room_id = $1"
            " group by 1, 2",
            room.id,
        )
        return {(row["token"], row["visitor_id"]): row["n"] for row in hits}

    # What was written beside the database while that was slow is brought in after the start.
    kept = await until(landed, lambda got: ledger.hits.keys() <= got.keys())
    for at, count in kept.items():
        assert ledger.hits[at] <= count <= ledger.hits_tried[at], at
    totals = await conn.fetchval(
        """select count(*) from sharing.hit_totals t where t.hits <>
           (select count(*) from sharing.hits h where h.token = t.token and h.method = 'GET')"""
    )
    assert totals == 0
    clicks = await conn.fetch("select token, visitor_id from sharing.clicks")
    assert ledger.clicks <= {(row["token"], row["visitor_id"]) for row in clicks}


async def coupons(conn: asyncpg.Connection, ledger: Ledger) -> None:
    rows = await conn.fetch(
        "select id, visitor_id from commerce.coupons where id = any($1)", list(ledger.coupons)
    )
    assert {row["id"]: row["visitor_id"] for row in rows} == ledger.coupons
    # Everybody who arrived has the friend's coupon: once, however often it was asked for.
    arrived = sorted({visitor for _, visitor in ledger.clicks})

    async def held() -> dict[str, int]:
        found = await conn.fetch(
            "select visitor_id, count(*) n from commerce.coupons where visitor_id = any($1)"
            " group by 1",
            arrived,
        )
        return {row["visitor_id"]: row["n"] for row in found}

    await until(held, lambda got: got == dict.fromkeys(arrived, 1))
    off = await conn.fetch(
        """select t.id from commerce.coupon_templates t where t.claimed <>
           (select count(*) from commerce.coupons c where c.template_id = t.id)"""
    )
    assert off == []


async def orders(conn: asyncpg.Connection, room: Room, ledger: Ledger) -> None:
    rows = await conn.fetch(
        "select id, visitor_id, idempotency_key, status, coupon_id from commerce.orders"
        " where room_id = $1",
        room.id,
    )
    kept = {row["id"]: row["idempotency_key"] for row in rows}
    assert ledger.orders.items() <= kept.items()
    keys = [(row["visitor_id"], row["idempotency_key"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= ledger.keys_tried
    stock = await conn.fetchval(
        "select stock from commerce.products where id = $1", room.product["id"]
    )
    assert stock == STOCK - len(rows)
    spent = await conn.fetchval("select count(*) from commerce.coupons where state = 'used'")
    assert spent == sum(row["status"] == "paid" and row["coupon_id"] is not None for row in rows)


async def the_report_agrees(conn: asyncpg.Connection, desk: Desk, room: Room) -> None:
    """Every paid order of a friend is credited once, and the report says the same as the rows."""
    paid = await conn.fetchrow(
        """select count(*) n, coalesce(sum(paid_minor), 0)::bigint paid from commerce.orders o
           where room_id = $1 and status = 'paid' and exists (
             select from sharing.clicks c where c.visitor_id = o.visitor_id and c.room_id = $1)""",
        room.id,
    )
    assert paid is not None
    report = await desk.report_with(room.id, orders=paid["n"], paid_minor=paid["paid"])
    clicks = await conn.fetchval("select count(*) from sharing.clicks where room_id = $1", room.id)
    hits = await conn.fetchval("select count(*) from sharing.hits where room_id = $1", room.id)
    assert (report["totals"]["clicks"], report["totals"]["hits"]) == (clicks, hits)


async def the_auditor_is_content(conn: asyncpg.Connection, room: Room, ledger: Ledger) -> None:
    """The independent auditor of the simulation, on what the crowd was told before the end."""
    who = {key: visitor for visitor, key in ledger.keys_tried}
    told = Told(
        stock={room.product["id"]: STOCK},
        clicks=ledger.clicks,
        coupons=ledger.coupons,
        orders={order: (who[key], key) for order, key in ledger.orders.items()},
        keys=ledger.keys_tried,
        passed_ms=int(WATCHED_S_MAX * 1_000),
    )
    await until(lambda: audit(conn, told, LASTING), lambda findings: not findings)
