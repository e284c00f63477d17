"""`yaohe backup FILE`: the database and the files of an installation, running or not, in one file.

What waits in the spool is taken first, then the database, then the files: a hit that leaves the
spool for the database meanwhile is in both and counts once, and no row speaks of a file that is
not there. A recording that grows is taken as long as it was.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from yaohe import __version__
from yaohe.app.operator.archive import DATABASE, FILES, FORMAT, About, BackupUnusable, Writer
from yaohe.app.reading import reading
from yaohe.app.settings import Settings
from yaohe.kernel.dumps import dump
from yaohe.kernel.migrating import revision_at
from yaohe.kernel.postgres import is_of_the_engine

SPOOL = "spool"


async def back_up(settings: Settings, target: Path, say: Callable[[str], None]) -> int:
    """Write the backup to `target`, replacing an older one when it is whole; its size in bytes."""
    home = settings.data
    target = _place(target, home)
    async with reading(settings, say, any_revision=True) as url:
        writer = Writer(target)
        try:
            revision = await revision_at(url) or ""
            writer.about(About(
                format=FORMAT, version=__version__, revision=revision,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            ))  # fmt: skip
            say("Saving what waits in the spool")
            await asyncio.to_thread(_add_files, writer, home, [home / SPOOL])
            say("Saving the database")
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".yaohe-backup-") as scratch:
                dumped = Path(scratch) / DATABASE
                await dump(url, dumped, scratch=Path(scratch))
                await asyncio.to_thread(writer.add, DATABASE, dumped)
            say("Saving the files")
            await asyncio.to_thread(_add_files, writer, home, _kept(home))
            return await asyncio.to_thread(writer.finish)
        finally:
            writer.discard()


def _place(target: Path, home: Path) -> Path:
    place = target.absolute()
    if place.is_dir() or not place.parent.is_dir():
        raise BackupUnusable(f"{place} is no place for a file. Name a file in a folder there is.")
    if place.is_relative_to(home):
        raise BackupUnusable(f"{place} lies in what is to be saved. Name a file elsewhere.")
    return place


def _kept(home: Path) -> list[Path]:
    """What lies in the data directory and is neither the engine's nor saved already."""
    return [
        path
        for path in sorted(home.iterdir())
        if not is_of_the_engine(path.name) and path.name != SPOOL
    ]


def _add_files(writer: Writer, home: Path, places: list[Path]) -> None:
    for place in places:
        for path in _files_in(place):
            writer.add(f"{FILES}/{path.relative_to(home).as_posix()}", path)


def _files_in(place: Path) -> Iterator[Path]:
    """Every plain file at or below `place`, in order; links are not followed."""
    if place.is_symlink():
        return
    if place.is_file():
        yield place
    elif place.is_dir():
        for path in sorted(place.iterdir()):
            yield from _files_in(path)
