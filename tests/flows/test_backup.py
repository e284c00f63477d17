"""A backup brings everything back, from a running or a stopped installation, or nothing at all."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.conftest import Server

from yaohe.app.operator.archive import ABOUT, BackupUnusable, read_about
from yaohe.app.operator.backup import back_up
from yaohe.app.operator.restore import NotEmpty, restore
from yaohe.app.settings import Settings, load
from yaohe.kernel.datadir import HALF_RESTORED, DataDirectory, DataDirectoryUnusable
from yaohe.kernel.db import migrate
from yaohe.kernel.postgres import EmbeddedPostgres
from yaohe.kernel.raw import connect_raw

pytestmark = pytest.mark.db

FILES = {
    "keys/secret": b"thirty-two bytes of a secret key",
    "recordings/tea/1/0.m4s": b"\0" * 70_000,
    "files/drawn/ab/写真.jpg": b"jpeg",
    "spool/000.seg": b"YAOHESP1",
    "empty/file": b"",
}


def settings_of(data: Path) -> Settings:
    return load({}, data=str(data))


def silent(_: str) -> None:
    """Nobody listens."""


def files_of(home: Path) -> dict[str, bytes]:
    own = {"pg", "run", "lock", "postgres.log", "postgres.password"}
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.relative_to(home).parts[0] not in own
    }


async def rows_of(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    conn = await connect_raw(url)
    try:
        tables = await conn.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema') order by 1"
        )
        return {
            row["name"]: sorted(
                [
                    r["said"]
                    for r in await conn.fetch(f"select t::text as said from {row['name']} t")  # noqa: S608
                ]
            )
            for row in tables
        }
    finally:
        await conn.close()


async def fill(url: str) -> None:
    conn = await connect_raw(url)
    await conn.execute(
        "insert into sharing.address_salts (day, salt) "
        "select current_date - n, decode(md5(n::text), 'hex') from generate_series(1, 300) n"
    )
    await conn.close()


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped installation with rows and files."""
    home = tmp_path_factory.mktemp("shop") / "data"
    engine = EmbeddedPostgres(home)
    url = await engine.start()
    await migrate(url)
    await fill(url)
    await engine.stop()
    for name, content in FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home


@pytest.fixture(scope="module")
async def saved(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("saved") / "shop.tar"
    size = await back_up(settings_of(shop), target, silent)
    assert size == target.stat().st_size
    return target


async def opened_rows(home: Path) -> dict[str, list[str]]:
    engine = EmbeddedPostgres(home)
    try:
        return await rows_of(await engine.start())
    finally:
        await engine.stop()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_was_saved_comes_back_to_the_row_and_the_byte(
    shop: Path, saved: Path, tmp_path: Path
) -> None:
    about = await restore(settings_of(tmp_path / "new"), saved, silent)
    assert about.revision
    assert files_of(tmp_path / "new") == FILES == files_of(shop)
    rows = await opened_rows(tmp_path / "new")
    assert rows == await opened_rows(shop)
    assert len(rows["sharing.address_salts"]) >= 300
    assert names_in(saved.parent) == [saved.name], "nothing lies beside it"
    assert HALF_RESTORED not in names_in(tmp_path / "new")


def test_only_its_owner_reads_a_backup(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600, "it holds keys"


async def test_a_running_shop_is_saved_while_it_writes(shop: Path, tmp_path: Path) -> None:
    """Rows of one transaction are all in the backup or none, and writers do not wait for it."""
    engine = EmbeddedPostgres(shop)
    url = await engine.start()
    conn = await connect_raw(url)
    await conn.execute("create table if not exists public.pairs (n int, side text)")
    written = 0

    async def write() -> None:
        nonlocal written
        while True:
            async with conn.transaction():
                await conn.execute("insert into public.pairs values ($1, 'left')", written)
                await conn.execute("insert into public.pairs values ($1, 'right')", written)
            written += 1

    writing = asyncio.create_task(write())
    try:
        before = written
        await back_up(settings_of(shop), tmp_path / "b.tar", silent)
        assert written > before
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await conn.close()
        await engine.stop()
    await restore(settings_of(tmp_path / "new"), tmp_path / "b.tar", silent)
    pairs = (await opened_rows(tmp_path / "new"))["public.pairs"]
    assert len([p for p in pairs if "left" in p]) == len([p for p in pairs if "right" in p])


async def test_a_full_folder_is_left_alone(shop: Path, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"mine")
    with pytest.raises(NotEmpty):
        await restore(settings_of(tmp_path / "photos"), saved, silent)
    assert names_in(tmp_path / "photos") == ["me.jpg"]


async def test_a_backup_cut_anywhere_makes_nothing(saved: Path, tmp_path: Path) -> None:
    whole = await asyncio.to_thread(saved.read_bytes)
    rng = random.Random(7)
    cuts = {0, 1, 511, 512, 1024, len(whole) - 12_000} | {
        rng.randrange(len(whole) - 12_000) for _ in range(25)
    }
    cut = tmp_path / "cut.tar"
    for length in sorted(cuts):
        cut.write_bytes(whole[:length])
        with pytest.raises(BackupUnusable):
            await restore(settings_of(tmp_path / "new"), cut, silent)
        assert not (tmp_path / "new").exists(), length


async def test_a_flipped_bit_is_found(saved: Path, tmp_path: Path) -> None:
    whole = bytearray(await asyncio.to_thread(saved.read_bytes))
    place = whole.index(FILES["keys/secret"])
    whole[place] ^= 1
    (tmp_path / "bad.tar").write_bytes(whole)
    with pytest.raises(BackupUnusable, match="keys/secret is not what was saved"):
        await restore(settings_of(tmp_path / "new"), tmp_path / "bad.tar", silent)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "files/../../evil", "files/x/../../../e"])
async def test_a_member_cannot_leave_its_folder(saved: Path, tmp_path: Path, name: str) -> None:
    bad = tmp_path / "bad.tar"
    with tarfile.open(saved) as source, tarfile.open(bad, "w") as target:
        about = source.getmember(ABOUT)
        target.addfile(about, source.extractfile(about))
        target.addfile(tarfile.TarInfo(name))
    with pytest.raises(BackupUnusable, match="no backup has"):
        await restore(settings_of(tmp_path / "new"), bad, silent)
    assert names_in(tmp_path) == ["bad.tar"]


async def test_what_is_no_backup_is_said_so(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"PK\3\4", os.urandom(4_096))):
        (tmp_path / f"{number}").write_bytes(content)
        with pytest.raises(BackupUnusable):
            read_about(tmp_path / f"{number}")
    with pytest.raises(BackupUnusable, match="No such file"):
        read_about(tmp_path / "missing.tar")


async def test_a_target_inside_the_shop_is_refused(shop: Path) -> None:
    with pytest.raises(BackupUnusable, match="elsewhere"):
        await back_up(settings_of(shop), shop / "backup.tar", silent)


def kill_while_it_fills(saved: Path, home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "yaohe", "restore", str(saved), "--data", str(home)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Filling" in line:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


async def test_a_restore_that_was_killed_keeps_everybody_out(saved: Path, tmp_path: Path) -> None:
    home = tmp_path / "new"
    await asyncio.to_thread(kill_while_it_fills, saved, home)
    with pytest.raises(DataDirectoryUnusable, match="cut short"):
        DataDirectory(home).lock()
    with pytest.raises(NotEmpty):
        await restore(settings_of(home), saved, silent)


async def test_a_backup_of_a_newer_program_is_refused(saved: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.tar"
    with tarfile.open(saved) as source, tarfile.open(newer, "w") as target:
        member = source.getmember(ABOUT)
        told = source.extractfile(member)
        assert told is not None
        about = told.read().replace(b'"revision": "', b'"revision": "9')
        member.size = len(about)
        target.addfile(member, io.BytesIO(about))
    with pytest.raises(BackupUnusable, match="newer than this program"):
        await restore(settings_of(tmp_path / "new"), newer, silent)


async def test_an_outside_database_is_saved_and_filled(
    pg: Server, saved: Path, tmp_path: Path
) -> None:
    await pg.execute("CREATE DATABASE outside")
    outside = load({}, data=str(tmp_path / "new"), database_url=pg.url("outside"))
    await restore(outside, saved, silent)
    rows = await rows_of(pg.url("outside"))
    assert len(rows["sharing.address_salts"]) >= 300
    await back_up(outside, tmp_path / "again.tar", silent)
    third = load({}, data=str(tmp_path / "third"), database_url=pg.url("outside"))
    with pytest.raises(NotEmpty):
        await restore(third, saved, silent)
    assert await rows_of(pg.url("outside")) == rows, "a refusal takes nothing away"
    await pg.execute("DROP DATABASE outside WITH (FORCE)")
