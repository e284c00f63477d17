"""The database is killed under the crowd, the shop lives on: pages go out, hits are kept beside it,
money says "try again", and once it is back everything is right.

(Everything killed at once, the shop included, is `tests/e2e/test_crash.py`; the same auditor.)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.sim import elements
from tests.sim.auditor import audit
from tests.sim.crowd import live_through, seeds, verdict
from tests.sim.test_sim import unaccounted
from tests.sim.world import World, open_world

from yaohe.kernel.db import migrate
from yaohe.kernel.postgres import EmbeddedPostgres

pytestmark = [pytest.mark.db, pytest.mark.slow]


@contextlib.asynccontextmanager
async def an_engine(home: Path) -> AsyncIterator[tuple[EmbeddedPostgres, str]]:
    """A database that is started again whenever it ends."""
    engine = EmbeddedPostgres(home / "data")
    url = await engine.start()
    keeper = asyncio.create_task(engine.run())
    try:
        await migrate(url)
        yield engine, url
    finally:
        await engine.stop()
        await keeper


@pytest.mark.parametrize("seed", seeds("11"))
async def test_a_database_that_is_killed_loses_nothing(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("away")
    killed: list[int] = []

    async def killer(world: World, _: random.Random) -> None:
        """SIGKILL in the middle of the show, once."""
        await world.pass_time(40)
        assert engine.pid is not None
        killed.append(engine.pid)
        os.kill(engine.pid, signal.SIGKILL)

    async with (
        an_engine(home) as (engine, url),
        open_world(url, home, random.Random(seed)) as world,
    ):
        await live_through(world, seed, [elements.clock, elements.sweeps, killer])
        assert killed
        assert engine.pid not in {None, killed[0]}
        findings = await audit(world.conn, world.told)
        world.told.broken += await unaccounted(world)
        assert not findings, verdict(world, seed, findings)
        assert not world.told.broken, verdict(world, seed, findings)
        refused = [step for step in world.told.trace if step.answer.startswith("503")]
        assert refused, "nobody noticed that the database was away"
