"""What the doctor looks at where the shop is kept: folder, disk, keys, database."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

from yaohe.app.operator.finding import Finding, bad, good
from yaohe.app.reading import reading
from yaohe.app.settings import Settings
from yaohe.kernel.datadir import HALF_RESTORED
from yaohe.kernel.errors import AppError
from yaohe.kernel.migrating import known_revisions, newest_revision, revision_at, script_folder
from yaohe.kernel.raw import connect_raw

VERSION_MIN = 16
CLOCKS_APART_S_MAX = 2.0


def folder(settings: Settings) -> Finding:
    home = settings.data
    if not home.exists():
        place = _nearest(home)
        if os.access(place, os.W_OK | os.X_OK):
            return good(f"{home} is not there yet; `yaohe serve` makes it")
        return bad(f"{home} cannot be made: {place} may not be written by this user",
                   f"Make {home} for this user, or name another folder with --data.")  # fmt: skip
    if (home / HALF_RESTORED).exists():
        return bad(f"A restore into {home} was cut short", "Empty the folder and restore again.")
    if not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return bad(f"{home} may not be read and written by this user",
                   f"Start as the user it belongs to: {_owner(home)}.")  # fmt: skip
    if home.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IXGRP & ~stat.S_IXOTH:
        return bad(f"{home} can be looked into by other users of this machine",
                   f"chmod 700 {home}")  # fmt: skip
    return good(f"{home} is this user's own")


def disk(settings: Settings) -> Finding:
    place = _nearest(settings.data)
    free_mb, wanted_mb = shutil.disk_usage(place).free >> 20, settings.disk_free_mb_min + 512
    if free_mb < wanted_mb:
        return bad(f"{free_mb:,} MB are free, {wanted_mb:,} are wanted: recordings will be dropped",
                   "Free some space, move the folder to a larger disk, or lower "
                   "YAOHE_RECORDINGS_KEEP_DAYS and YAOHE_DISK_FREE_MB_MIN.")  # fmt: skip
    return good(f"{free_mb:,} MB are free")


def keys(settings: Settings) -> Finding:
    place = settings.data / "keys"
    if not place.exists():
        return good("no keys yet; the first start makes them")
    for path in sorted(place.iterdir()):
        private = path.suffix != ".pem"
        if private and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return bad(f"{path} can be read by other users of this machine", f"chmod 600 {path}")
        if path.stat().st_size == 0:
            return bad(f"{path} is empty",
                       "Take it from a backup. Without one remove it: a new one is made, and "
                       "everybody has to log in again.")  # fmt: skip
    return good("the keys are there and only their owner's")


async def database(settings: Settings) -> Finding:
    if not settings.database_url and not (settings.data / "pg").exists():
        return good("no database yet; the first start makes it")
    try:
        async with reading(settings, _silent, any_revision=True) as url:
            return await _database_at(url)
    except (AppError, OSError) as error:
        hint = ("Is PostgreSQL up, and is YAOHE_DATABASE_URL right?" if settings.database_url
                else f"{settings.data / 'postgres.log'} says why.")  # fmt: skip
        return bad(f"The database does not answer: {error}", hint)


async def _database_at(url: str) -> Finding:
    conn = await connect_raw(url)
    try:
        version = int(await conn.fetchval("show server_version_num")) // 10_000
        fsync = await conn.fetchval("show fsync") == "on"
        asked = time.time()
        theirs = float(await conn.fetchval("select extract(epoch from clock_timestamp())"))
        apart_s = abs(theirs - (asked + time.time()) / 2)
    finally:
        await conn.close()
    present, newest = await revision_at(url), newest_revision(script_folder())
    if version < VERSION_MIN:
        return bad(f"PostgreSQL {version} is too old", f"Use version {VERSION_MIN} or newer.")
    if not fsync:
        return bad("fsync is off: a power cut loses orders", "Set fsync = on in postgresql.conf.")
    if apart_s > CLOCKS_APART_S_MAX:
        return bad(f"The database's clock is {apart_s:.0f} s away from this machine's",
                   "Set both clocks by NTP (for instance: timedatectl set-ntp true).")  # fmt: skip
    if present is not None and present not in known_revisions(script_folder()):
        return bad(f"The database is at {present}, which this version does not know",
                   "Start the version it was last used with, or a newer one.")  # fmt: skip
    if present != newest:
        return good(f"PostgreSQL {version}; the next start brings it from {present} to {newest}")
    return good(f"PostgreSQL {version}, up to date")


def _silent(_: str) -> None:
    """The doctor tells at the end."""


def _nearest(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)
