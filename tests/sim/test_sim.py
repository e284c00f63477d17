"""Seeded crowds over the real system on a real database, then an independent audit.

The seed decides who does what; how it interleaves is left to two doors, one database and the
machine. `YAOHE_SIM_SEEDS=7,20-40` runs others than the usual few.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.auditor import audit
from tests.sim.crowd import live_through, seeds, verdict
from tests.sim.recount import differences, recount
from tests.sim.world import World, open_world

from yaohe.app.auditing import audit_database

pytestmark = [pytest.mark.db, pytest.mark.slow]


@pytest.mark.parametrize("seed", seeds("1-3"))
async def test_a_crowd_leaves_everything_right(seed: int, pg: Server, tmp_path: Path) -> None:
    async with pg.clone() as url, open_world(url, tmp_path, random.Random(seed)) as world:
        await live_through(world, seed)
        findings = await audit(world.conn, world.told)
        world.told.broken += await unaccounted(world)
        world.told.broken += await wrong_reports(world)
        assert not findings, verdict(world, seed, findings)
        assert not world.told.broken, verdict(world, seed, findings)


async def unaccounted(world: World) -> list[str]:
    """What `yaohe audit` finds; that the gateway told of another amount was the gateway's doing."""
    found = await audit_database(world.conn)
    bent = "the gateway told of another amount"
    differences = [one for one in found.differences if one["what"] != bent]
    wrong = [*found.oversold, *found.overclaimed, *found.stuck, *differences]
    if found.ledger_sum or found.holds_open:
        wrong.append({"ledger_sum": found.ledger_sum, "holds_open": found.holds_open})
    return [f"audit: {one}" for one in wrong]


async def wrong_reports(world: World) -> list[str]:
    """Where the share report of the API is not what the rows say."""
    wrong = []
    for room in world.rooms:
        answer = await world.staff("GET", f"/api/v1/rooms/{room}/share-report")
        assert answer.ok, answer.word
        wrong += [
            f"report of {room}: {difference}"
            for difference in differences(await recount(world.conn, room), answer.json)
        ]
    return wrong
