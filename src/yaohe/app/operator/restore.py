"""`yaohe restore FILE`: an installation as it was, in an empty folder or an empty database.

All or nothing: the file is checked whole before anything is made of it, the database is filled in
one transaction, and what a failed restore has made is taken away again. Until the last step the
folder carries a mark that keeps every other command out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from yaohe.app.operator.archive import DATABASE, FILES, About, BackupUnusable, read_about, unpack
from yaohe.app.settings import Settings
from yaohe.kernel.datadir import HALF_RESTORED, DataDirectory
from yaohe.kernel.db import migrate
from yaohe.kernel.dumps import undump
from yaohe.kernel.migrating import known_revisions, revision_at, script_folder
from yaohe.kernel.postgres import EmbeddedPostgres


class NotEmpty(BackupUnusable):
    code = "restore_not_empty"
    status = 409


async def restore(settings: Settings, source: Path, say: Callable[[str], None]) -> About:
    """Bring back what `source` holds; says what it was. Raises before anything is made of it."""
    home = settings.data
    about = await asyncio.to_thread(read_about, source)
    if about.revision not in known_revisions(script_folder()):
        raise BackupUnusable(
            f"{source} was made by version {about.version}, which is newer than this program. "
            "Restore it with that version."
        )
    made = not home.exists()
    if not made and any(home.iterdir()):
        raise NotEmpty(f"{home} is not empty. Name an empty or a new folder with --data.")
    directory = DataDirectory(home)
    directory.lock()
    part = home / HALF_RESTORED
    try:
        part.mkdir(mode=0o700)
        say("Checking the backup and unpacking it")
        await asyncio.to_thread(unpack, source, part)
        async with _empty_database(settings, directory, say) as url:
            say("Filling the database")
            await undump(url, part / DATABASE, scratch=part)
            say("Bringing it up to date")
            await migrate(url)
        await asyncio.to_thread(_settle, part, home)
    except BaseException:
        _clear(home)
        directory.release()
        if made:
            with contextlib.suppress(OSError):
                home.rmdir()
        raise
    directory.release()
    return about


@contextlib.asynccontextmanager
async def _empty_database(
    settings: Settings, directory: DataDirectory, say: Callable[[str], None]
) -> AsyncIterator[str]:
    if settings.database_url:
        if await revision_at(settings.database_url) is not None:
            raise NotEmpty("The database of YAOHE_DATABASE_URL is not empty. Name an empty one.")
        yield settings.database_url
        return
    say("Starting PostgreSQL")
    postgres = EmbeddedPostgres(settings.data, directory=directory)
    try:
        yield await postgres.start()
    finally:
        await postgres.stop()


def _settle(part: Path, home: Path) -> None:
    """Put the files at their places; the mark goes last, and only then the folder can be used."""
    files = part / FILES
    if files.is_dir():
        for path in sorted(files.iterdir()):
            path.rename(home / path.name)
    fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    shutil.rmtree(part)
    os.fsync(fd)
    os.close(fd)


def _clear(home: Path) -> None:
    """Take away what was made; the mark goes last."""
    for path in sorted(home.iterdir(), key=lambda path: path.name == HALF_RESTORED):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
