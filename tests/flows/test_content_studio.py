"""The studio with its real child: one drawing for all who ask, kept in memory and on disk, drawn
again by a fresh child when the old one falls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from obstore.store import LocalStore
from tests.support.cards import EN, SHARE_URL, ZH, opened
from tests.support.keyframes import keyframe

from yaohe.content import (
    CardStudio,
    DrawingLate,
    KeyframeDecoder,
    LinkTooLong,
    PictureUnreadable,
    Sandbox,
    draw_card,
)
from yaohe.content.sandbox import DrawAvatar, DrawCard, DrawProduct
from yaohe.kernel.errors import Busy


@pytest_asyncio.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.open()
    yield sandbox
    await sandbox.close()
    assert sandbox.health() == {"drawing-1": "stopped"}


def store(folder: Path) -> LocalStore:
    return LocalStore(prefix=folder, mkdir=True)


def kept(folder: Path) -> list[Path]:
    return list(folder.rglob("*.jpg"))


def proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_one_drawing_for_all_who_ask(sandbox: Sandbox) -> None:
    studio = CardStudio(sandbox)
    answers = await asyncio.gather(*(studio.card(ZH) for _ in range(50)))
    assert studio.drawn == 1
    assert len({answer.etag for answer in answers}) == 1
    assert answers[0].etag.startswith('"')
    assert answers[0].jpeg == draw_card(ZH), "the child draws what this process would draw"
    assert (await studio.card(msgspec.structs.replace(ZH))).jpeg is answers[0].jpeg
    assert (await studio.card(EN)).etag != answers[0].etag
    assert studio.drawn == 2


async def test_all_kinds_of_images(sandbox: Sandbox) -> None:
    studio = CardStudio(sandbox)
    assert opened((await studio.card(ZH, "thumb")).jpeg).size == (300, 300)
    assert opened((await studio.card(ZH, format="wide54")).jpeg).size == (1000, 800)
    assert opened((await studio.poster(ZH, SHARE_URL)).jpeg).size == (750, 1334)
    assert opened((await studio.product_picture("tea_tin", 1)).jpeg).size == (800, 800)
    assert opened((await studio.avatar("小林")).jpeg).size == (128, 128)
    with pytest.raises(LinkTooLong):
        await studio.poster(ZH, "https://" + "x" * 90)


async def test_kept_on_disk_beyond_a_restart(sandbox: Sandbox, tmp_path: Path) -> None:
    first = CardStudio(sandbox, store(tmp_path))
    drawn = await first.card(ZH)
    await first.close()
    files = kept(tmp_path)
    assert len(files) == 1
    second = CardStudio(sandbox, store(tmp_path))
    assert await second.card(ZH) == drawn
    assert second.drawn == 0
    files[0].write_bytes(drawn.jpeg[:1000])
    third = CardStudio(sandbox, store(tmp_path))
    assert await third.card(ZH) == drawn
    assert third.drawn == 1, "a torn file is drawn again"
    await third.close()
    assert files[0].read_bytes() == drawn.jpeg


async def test_memory_and_disk_are_bounded(sandbox: Sandbox, tmp_path: Path) -> None:
    theirs = tmp_path / "products" / "old.jpg"
    theirs.parent.mkdir()
    theirs.write_bytes(b"x" * 50_000)
    os.utime(theirs, (0, 0))
    studio = CardStudio(sandbox, store(tmp_path), memory_bytes_max=40_000, store_bytes_max=60_000)
    for viewers in range(20, 32):
        await studio.card(msgspec.structs.replace(ZH, viewers=viewers), "thumb")
        await studio.close()
    assert studio._gallery.memory_bytes <= 40_000
    assert 0 < sum(path.stat().st_size for path in kept(tmp_path / "drawn")) <= 60_000
    assert theirs.stat().st_size == 50_000, "the store has other tenants"


async def test_a_store_that_cannot_be_written_costs_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    studio = CardStudio(sandbox, store(tmp_path / "images"))
    (tmp_path / "images").rmdir()
    (tmp_path / "images").write_bytes(b"a file where the folder was")
    assert (await studio.card(ZH)).jpeg
    await studio.close()


async def test_a_fallen_child_is_replaced(sandbox: Sandbox) -> None:
    await sandbox.run(DrawCard(ZH, "thumb"))
    before = descriptors()
    for _ in range(2):
        (pid,) = sandbox.pids()
        os.kill(pid, signal.SIGKILL)
        assert await sandbox.run(DrawCard(ZH, "thumb"))
        assert sandbox.pids() != [pid]
    assert descriptors() == before


async def test_a_job_that_loses_its_child_is_done_again(sandbox: Sandbox) -> None:
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGSTOP)
    job = asyncio.create_task(sandbox.run(DrawCard(ZH, "card")))
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    assert (await job)[0] == draw_card(ZH)


async def test_a_late_job_fails_alone(sandbox: Sandbox) -> None:
    await sandbox.run(DrawCard(ZH, "thumb"))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(DrawingLate):
        await sandbox.run(DrawCard(ZH, "card"), timeout_s=0.2)
    assert await sandbox.run(DrawCard(ZH, "card"))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(PictureUnreadable):
        await KeyframeDecoder(sandbox).tiny(*keyframe())
    assert await KeyframeDecoder(sandbox).tiny(*keyframe())


async def test_a_caller_that_leaves_disturbs_nobody(sandbox: Sandbox) -> None:
    task = asyncio.create_task(sandbox.run(DrawProduct("parcel", 5)))
    await asyncio.sleep(0.02)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    (jpeg,) = await sandbox.run(DrawAvatar("小林", 1))
    assert opened(jpeg).size == (128, 128)


async def test_a_full_queue_is_busy() -> None:
    sandbox = Sandbox(waiting_max=2)
    await sandbox.open()
    jobs = [asyncio.create_task(sandbox.run(DrawAvatar(f"n{n}", n))) for n in range(6)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert any(isinstance(answer, Busy) for answer in answers)
    assert any(isinstance(answer, tuple) for answer in answers)
    await sandbox.close()
    with pytest.raises(Busy):
        await sandbox.run(DrawAvatar("late", 0))


async def test_keyframes(sandbox: Sandbox) -> None:
    decoder = KeyframeDecoder(sandbox)
    avcc, sample = keyframe()
    stills = await decoder.stills(avcc, sample)
    assert len(stills.sharp) <= 40_000
    assert len(stills.tiny) <= 1_500
    assert await decoder.sharp(avcc, sample) == stills.sharp
    jpeg = await decoder.jpeg(avcc, sample, width=480, quality=80, max_bytes=90_000)
    assert opened(jpeg).width == 480
    for bad in (b"", sample[:-7], b"\xff" * 5000, sample[:4] + bytes(len(sample) - 4)):
        with pytest.raises(PictureUnreadable):
            await decoder.sharp(avcc, bad)
    assert (await decoder.sharp(avcc, sample)) == stills.sharp


async def test_the_child_has_given_up_its_rights(sandbox: Sandbox) -> None:
    await sandbox.run(DrawAvatar("x", 0))
    (pid,) = sandbox.pids()
    status = proc(pid, "status")
    assert "NoNewPrivs:\t1" in status
    assert "Threads:\t1" in status
    if os.geteuid() == 0:
        assert "Uid:\t65534\t65534\t65534\t65534" in status
    lines = proc(pid, "limits").splitlines()[1:]
    limits = {line[:26].strip(): line[26:].split() for line in lines}
    for name in ("Max open files", "Max processes", "Max file size"):
        assert limits[name][:2] == ["0", "0"]
    assert limits["Max address space"][1] == str(1 << 30)
    assert limits["Max cpu time"][0] != "unlimited"


def test_the_child_loads_only_what_it_needs() -> None:
    """One careless import would cost 60 MB and a second of every start."""
    code = (
        "import sys, yaohe.content.sandbox.child\n"
        "heavy = {'litestar', 'sqlalchemy', 'asyncpg', 'cryptography', 'yaohe.live', 'httpx'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    """Also shows that a plain script can start it, without tricks around `__main__`."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio\n"
        "from yaohe.content import Sandbox\n"
        "async def main():\n"
        "    sandbox = Sandbox()\n"
        "    await sandbox.open()\n"
        "    print(*sandbox.pids(), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in proc(pid, "status")
    except FileNotFoundError:
        return False
