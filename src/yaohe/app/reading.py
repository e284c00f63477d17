"""The database of an installation, only to be read, whether the installation runs or not.

Commands that look without touching (an audit, a recount) go through here. Where somebody runs the
installation, its PostgreSQL is read beside them; where nobody does, it is started for as long as
the reading takes. What is opened refuses every write.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import structlog

from yaohe.app.settings import Settings
from yaohe.kernel.datadir import DataDirectory, DataDirectoryInUse
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.migrating import newest_revision, revision_at, script_folder
from yaohe.kernel.postgres import EmbeddedPostgres, url_of
from yaohe.kernel.raw import connect_raw, is_lost

log = structlog.get_logger(__name__)

STARTING_S_MAX: Final = 15.0  # how long whoever holds the directory may take to start


class NoInstallation(AppError):
    code = "no_installation"
    status = 404


class OtherVersion(AppError):
    code = "other_version"
    status = 409


@contextlib.asynccontextmanager
async def reading(
    settings: Settings, say: Callable[[str], None], *, any_revision: bool = False
) -> AsyncIterator[str]:
    """The URL of the installation's database; whoever connects by it can read and not write.

    With `any_revision` the tables may be those of an older program: a copy needs not know them.
    """

    async def readable(url: str) -> str:
        return read_only(url) if any_revision else await _readable(url)

    if settings.database_url:
        yield await readable(settings.database_url)
        return
    home = settings.data
    if not (home / "pg").exists():
        raise NoInstallation(f"There is no installation in {home}. Name its folder with --data.")
    directory = DataDirectory(home)
    try:
        directory.lock()
    except DataDirectoryInUse:
        say("Reading beside the running installation")
        yield await readable(await _running(directory.path))
        return
    postgres = EmbeddedPostgres(home, directory=directory)
    try:
        say("Starting PostgreSQL to read")
        yield await readable(await postgres.start())
    finally:
        await postgres.stop()
        directory.release()


def read_only(url: str) -> str:
    """The same database, with every transaction read-only unless it says otherwise."""
    return f"{url}{'&' if '?' in url else '?'}default_transaction_read_only=on"


async def _readable(url: str) -> str:
    """`url` for reading, once its tables are found to be the ones this program knows."""
    present, newest = await revision_at(url), newest_revision(script_folder())
    if present != newest:
        raise OtherVersion(
            f"The database is at {present or 'no revision'}, this program knows {newest}. "
            "Bring it up to date with `yaohe migrate`, or use the program it belongs to."
        )
    return read_only(url)


async def _running(home: Path) -> str:
    """The URL of a server that somebody else runs, as soon as it answers."""
    deadline = time.monotonic() + STARTING_S_MAX
    while True:
        try:
            url = url_of(home)
            conn = await connect_raw(url)
            await conn.close()
            return url
        except Exception as error:
            if not is_lost(error) and not isinstance(error, TryAgain):
                raise
            if time.monotonic() > deadline:
                raise TryAgain(
                    "The installation is in use, but its database does not answer."
                ) from error
        await asyncio.sleep(0.2)
