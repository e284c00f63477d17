"""Fixtures on a real PostgreSQL: one server per test process, one database per test module.

`pg` starts the embedded engine on a folder of its own and migrates a template once; `db` is a
`Database` on a clone of that template, fresh for each module; `fresh_db` is a clone for one test.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest_asyncio
from hypothesis import settings

from yaohe.kernel.db import Database, migrate
from yaohe.kernel.postgres import EmbeddedPostgres

# A green run is green again: the examples come from the test's own text. New ones are looked for
# with HYPOTHESIS_PROFILE=search.
settings.register_profile("again", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "again"))


class Server:
    """The test server: clones of the migrated template, by name."""

    def __init__(self, engine: EmbeddedPostgres) -> None:
        self.engine = engine
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        return urlsplit(self.engine.url)._replace(path=f"/{database}").geturl()

    async def execute(self, statement: str) -> None:
        conn = await asyncpg.connect(self.url("postgres"))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    @asynccontextmanager
    async def clone(self) -> AsyncIterator[str]:
        """The URL of a fresh, migrated database."""
        name = f"test_{next(self._numbers)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE yaohe_template")
        try:
            yield self.url(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session")
async def pg() -> AsyncIterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="yaohe-test-"))
    engine = EmbeddedPostgres(home / "data")
    try:
        await engine.start()
        server = Server(engine)
        await server.execute("CREATE DATABASE yaohe_template")
        await migrate(server.url("yaohe_template"))
        yield server
    finally:
        await engine.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest_asyncio.fixture(scope="module")
async def db(pg: Server) -> AsyncIterator[Database]:
    async with pg.clone() as url:
        database = Database(url)
        await database.open()
        yield database
        await database.close()


@pytest_asyncio.fixture
async def fresh_db(pg: Server) -> AsyncIterator[Database]:
    async with pg.clone() as url:
        database = Database(url)
        await database.open()
        yield database
        await database.close()
