"""After so many days nobody is in the rows any more, and every number is what it was."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.support.town import Town
from tests.unit.sharing.test_recount import street

from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.sharing.recount import Recounted, recount
from yaohe.sharing.retention import store
from yaohe.sharing.retention.service import SWEEPS_A_DAY, Retention

pytestmark = pytest.mark.db

__all__ = ["street"]

TABLES = ("hits", "clicks", "visits", "landings", "credits", "paid_orders")
TIMES = {
    "hits": ("at",), "clicks": ("first_at", "last_at"), "visits": ("first_at", "last_at"),
    "landings": ("first_at", "last_at"), "credits": ("at",), "paid_orders": ("at",),
}  # fmt: skip


async def age(town: Town, days: int, where: str = "true") -> None:
    async with town.db.raw(writes=True) as conn:
        for table, columns in TIMES.items():
            moved = ", ".join(f"{c} = {c} - make_interval(days => {days})" for c in columns)
            await conn.execute(f"update sharing.{table} set {moved} where {where}")  # noqa: S608


async def counted(town: Town) -> Recounted:
    async with town.db.raw() as conn:
        told = await recount(conn)
    assert told.equal, told.differences()
    return told


async def people(town: Town) -> set[str]:
    found: set[str] = set()
    for table in TABLES:
        rows = await town.rows(f"select distinct visitor_id from sharing.{table}")  # noqa: S608
        found |= {row["visitor_id"] for row in rows}
    return {one for one in found if one and not one.startswith("x_")}


async def test_old_traces_are_nobodys_and_every_number_stays(street: Town) -> None:
    street.sharing.land(street.room, street.person("Cy").id, "ad", "spring")
    report = await street.sharing.share_report(street.room)
    before = await counted(street)
    assert len(await people(street)) >= 3
    retention = Retention(street.db, keep_days=30, hits=2, people=1)
    assert await retention.sweep() == 0, "nothing is old yet"
    await age(street, 31)
    assert await retention.sweep() > 0
    assert await people(street) == set()
    kept = await street.rows(
        "select from sharing.hits where ua <> '' or referer <> '' or address_hash <> ''"
    )
    assert kept == []
    assert await counted(street) == before
    now = await street.sharing.share_report(street.room)
    assert (now.totals, now.funnel, now.by_channel) == (
        report.totals, report.funnel, report.by_channel,
    )  # fmt: skip
    assert await retention.sweep() == 0
    assert await Retention(street.db, keep_days=30).sweep() == 0


async def test_a_hit_that_was_passed_over_is_found_within_a_day(street: Town) -> None:
    await age(street, 31)
    retention = Retention(street.db, keep_days=30)
    await retention.sweep()
    async with street.db.raw(writes=True) as conn:
        await conn.execute(
            "update sharing.hits set ua = 'late' where at = (select min(at) from sharing.hits)"
        )
    assert sum([await retention.sweep() for _ in range(SWEEPS_A_DAY)]) == 1
    assert await street.rows("select from sharing.hits where ua <> ''") == []


async def test_who_came_again_lately_is_kept_whole(street: Town) -> None:
    await age(street, 31)
    (visitor,) = (await street.rows("select visitor_id from sharing.visits limit 1"))[0]
    async with street.db.raw(writes=True) as conn:
        await conn.execute(
            "update sharing.visits set last_at = now() where visitor_id = $1", visitor
        )
    await Retention(street.db, keep_days=30).sweep()
    assert await people(street) == {visitor}
    await counted(street)


async def test_what_is_cut_short_did_nothing_and_is_done_by_the_next(
    street: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies inside the second batch, as it does with the process."""
    before = await counted(street)
    await age(street, 31)
    whole, batches = store.rename, 0

    async def dies(conn: Any, whom: Any, **when: Any) -> Any:
        nonlocal batches
        done = await whole(conn, whom, **when)
        batches += 1
        if batches == 2:
            conn.terminate()
        return done

    monkeypatch.setattr(store, "rename", dies)
    with pytest.raises((AppError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await Retention(street.db, keep_days=30, people=1).sweep()
    assert await counted(street) == before
    assert len(await people(street)) > 0
    monkeypatch.undo()
    await Retention(street.db, keep_days=30, people=1).sweep()
    assert await people(street) == set()
    assert await counted(street) == before


async def test_who_comes_again_after_they_were_found_due_stays_whole(
    street: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await age(street, 31)
    lin, mei = street.person("Lin"), street.person("Mei")
    share = await street.share(lin)
    await street.open(share.token, mei)
    await age(street, 31)
    found = store.people

    async def late(conn: Any, **how: Any) -> Any:
        due = await found(conn, **how)
        await street.tick(mei, share.token)
        return due

    monkeypatch.setattr(store, "people", late)
    await Retention(street.db, keep_days=30).sweep()
    assert await people(street) == {mei.id}
    await counted(street)


async def test_two_processes_at_once_beside_traffic(street: Town, fresh_db: Database) -> None:
    await age(street, 31)
    mei, lin = street.person("Mei"), street.person("Lin")
    share = await street.share(lin)

    async def traffic() -> None:
        for _ in range(5):
            await street.open(share.token, mei)
            await street.tick(mei, share.token)

    sweeps = [Retention(fresh_db, keep_days=30, hits=1, people=1).sweep() for _ in range(3)]
    await asyncio.gather(traffic(), *sweeps)
    await Retention(fresh_db, keep_days=30).sweep()
    assert await people(street) == {mei.id}
    await counted(street)
