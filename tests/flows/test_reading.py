"""An installation's database is read beside whoever runs it, and started when nobody does."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from yaohe.app.reading import NoInstallation, OtherVersion, read_only, reading
from yaohe.app.settings import Settings, load
from yaohe.kernel.datadir import DataDirectory
from yaohe.kernel.db import Database, migrate
from yaohe.kernel.postgres import EmbeddedPostgres, processes_in

pytestmark = pytest.mark.db


def settings_of(data: Path, **more: object) -> Settings:
    return load({}, data=str(data), **more)


def silent(_: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped installation."""
    data = tmp_path_factory.mktemp("reading") / "data"
    engine = EmbeddedPostgres(data)
    await migrate(await engine.start())
    await engine.stop()
    return data


async def looks_like_a_shop(url: str) -> None:
    """It can be read by whatever way in, and not be written by any."""
    database = Database(url)
    async with database.raw() as conn:
        assert await conn.fetchval("select count(*) from commerce.orders") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await conn.execute("create table public.scratch ()")
    await database.close()


async def test_a_stopped_installation_is_started_for_the_reading(installation: Path) -> None:
    async with reading(settings_of(installation), silent) as url:
        await looks_like_a_shop(url)
        assert processes_in(installation / "pg")
    assert not processes_in(installation / "pg")
    directory = DataDirectory(installation)
    directory.lock()  # nobody holds it
    directory.release()


async def test_a_running_installation_is_read_beside_its_owner(installation: Path) -> None:
    engine = EmbeddedPostgres(installation)
    await engine.start()
    try:
        pid = engine.pid
        async with reading(settings_of(installation), silent) as url:
            await looks_like_a_shop(url)
        assert pid is not None
        assert engine.pid == pid
    finally:
        await engine.stop()


async def test_an_external_database_is_read_as_it_is(installation: Path) -> None:
    engine = EmbeddedPostgres(installation)
    external = await engine.start()
    try:
        given = settings_of(installation.parent / "elsewhere", database_url=external)
        async with reading(given, silent) as url:
            await looks_like_a_shop(url)
    finally:
        await engine.stop()
    assert not (installation.parent / "elsewhere").exists()


async def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NoInstallation, match="no installation"):
        async with reading(settings_of(tmp_path / "nothing"), silent):
            raise AssertionError("opened")
    assert not (tmp_path / "nothing").exists()


async def test_tables_of_another_version_are_refused(installation: Path) -> None:
    engine = EmbeddedPostgres(installation)
    conn = await asyncpg.connect(await engine.start())
    try:
        was = await conn.fetchval("update kernel.alembic_version set version_num = 'x' returning 1")
        assert was == 1
        with pytest.raises(OtherVersion, match="yaohe migrate"):
            async with reading(settings_of(installation), silent):
                raise AssertionError("opened")
    finally:
        await conn.close()
        await engine.stop()


def test_a_url_keeps_its_own_options() -> None:
    flag = "default_transaction_read_only=on"
    assert read_only("postgresql://a@/b?host=c") == f"postgresql://a@/b?host=c&{flag}"
    assert read_only("postgresql://a@h/b") == f"postgresql://a@h/b?{flag}"
