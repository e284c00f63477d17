"""Migrations, run in this process: one chain of scripts, one migrating process at a time.

The scripts stand in `migrations/` of the repository, in an installed wheel in `yaohe/migrations`.
Each script runs in its own transaction under a lock and a statement timeout, so that a migration
never queues in front of a live shop.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from yaohe.kernel.errors import TryAgain
from yaohe.kernel.raw import connect_raw

log = structlog.get_logger(__name__)

_LOCK = 0x9A0_4E00_0001
_REVISION = re.compile(r'^(down_)?revision(?:\s*:[^=]+)?\s*=\s*(?:"([^"]+)"|None)', re.MULTILINE)


def script_folder() -> Path:
    """Where the migration scripts are."""
    package = Path(__file__).parents[1]
    for folder in (package.parents[1] / "migrations", package / "migrations"):
        if (folder / "env.py").exists():
            return folder
    raise FileNotFoundError("the migration scripts are not installed")


def newest_revision(scripts: Path) -> str | None:
    """The last revision of the chain, read without running the scripts."""
    revisions, parents = _chain(scripts)
    heads = revisions - parents
    assert len(heads) <= 1, f"the chain of migrations has {len(heads)} ends: {sorted(heads)}"
    return heads.pop() if heads else None


def known_revisions(scripts: Path) -> frozenset[str]:
    """Every revision of the chain: a database at one of them can be brought up to date."""
    return frozenset(_chain(scripts)[0])


def _chain(scripts: Path) -> tuple[set[str], set[str]]:
    """All revisions, and those that another one follows."""
    revisions: set[str] = set()
    parents: set[str] = {""}
    for path in (scripts / "versions").glob("*.py"):
        for down, name in _REVISION.findall(path.read_text(encoding="utf-8")):
            (parents if down else revisions).add(name)
    return revisions, parents


async def revision_at(url: str) -> str | None:
    """The revision the database at `url` is on; None when it was never migrated."""
    conn = await connect_raw(url)
    try:
        if await conn.fetchval("SELECT to_regclass('kernel.alembic_version')") is None:
            return None
        found: str | None = await conn.fetchval(
            "SELECT max(version_num) FROM kernel.alembic_version"
        )
        return found
    finally:
        await conn.close()


async def migrate(url: str, *, scripts: Path | None = None) -> None:
    """Bring the database at `url` to the newest revision; does nothing when it is there."""
    folder = scripts or script_folder()
    newest = newest_revision(folder)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect_raw(url, statement_timeout="600000", lock_timeout="5000"),
        poolclass=NullPool,
    )
    try:
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            if await conn.run_sync(_present) == newest:
                return
            for _ in range(600):
                if await conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
                    break
                await asyncio.sleep(0.1)
            else:
                raise TryAgain("Another process has been migrating the database for a minute.")
            if await conn.run_sync(_present) == newest:
                return  # the process we waited for has done it
            async with engine.connect() as work:
                await work.run_sync(_upgrade, folder)
            log.info("migrated", revision=newest)
    finally:
        await engine.dispose()


def _present(conn: Connection) -> str | None:
    if conn.scalar(text("SELECT to_regclass('kernel.alembic_version')")) is None:
        return None
    revision: str | None = conn.scalar(text("SELECT max(version_num) FROM kernel.alembic_version"))
    return revision


def _upgrade(conn: Connection, folder: Path) -> None:
    # Alembic is only loaded when there is something to migrate: it costs a third of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
