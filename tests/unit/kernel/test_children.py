"""Children die with their parent, come back after a fall and stay within their bounds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.patience import PATIENCE_S

from yaohe.kernel import children
from yaohe.kernel.children import Child, ChildFailed, Children, ChildSpec, spawn, wait_exit


def script(code: str, name: str = "script", **options: object) -> ChildSpec:
    return ChildSpec(name=name, argv=[sys.executable, "-c", code], **options)  # type: ignore[arg-type]


SLEEP = "import time; time.sleep(60)"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.01)


async def test_a_fallen_child_comes_back_and_a_stopped_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "BACKOFF_S_MIN", 0.01)
    house = Children()
    child = house.add(Child(script(SLEEP, "sleeper")))
    keeping = asyncio.create_task(house.run())
    await until(lambda: child.state == "ready")
    assert house.health() == {"sleeper": "ready"}
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.starts == 2 and child.state == "ready")
    await house.stop()
    await keeping
    assert house.health() == {"sleeper": "stopped"}
    assert not alive(child.process.pid)


async def test_quick_falls_are_answered_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "BACKOFF_S_MIN", 0.05)
    child = Child(script("raise SystemExit(3)"))
    keeping = asyncio.create_task(child.run())
    await asyncio.sleep(0.6)
    assert 2 <= child.starts <= 5
    await child.stop()
    await asyncio.wait_for(keeping, 1)


async def test_a_child_that_never_gets_ready_is_ended() -> None:
    async def never() -> bool:
        return False

    child = Child(script(SLEEP, ready=never, ready_timeout_s=0.1))
    with pytest.raises(ChildFailed, match="did not become ready"):
        await child.start()
    assert child.process is not None
    assert child.process.poll() is not None
    ended = Child(script("raise SystemExit(7)", ready=never))
    with pytest.raises(ChildFailed, match="code 7"):
        await ended.start()


async def test_a_child_that_ignores_the_polite_signal_is_killed() -> None:
    child = Child(
        script(
            "import signal, time\n"
            "for n in (signal.SIGTERM, signal.SIGQUIT): signal.signal(n, signal.SIG_IGN)\n"
            "open('/proc/self/comm', 'w').write('deaf')\n"
            "time.sleep(60)",
            stop_timeout_s=0.1,
        )
    )
    await child.start()
    assert child.process is not None
    pid = child.process.pid
    await until(lambda: Path(f"/proc/{pid}/comm").read_text() == "deaf\n")
    await child.stop()
    assert child.process.returncode == -signal.SIGKILL


async def test_memory_is_bounded() -> None:
    process = spawn(
        script("x = bytearray(600 << 20)", memory_bytes_max=400 << 20, log_file=Path(os.devnull))
    )
    assert await wait_exit(process) == 1


async def test_an_output_file_takes_what_the_child_says(tmp_path: Path) -> None:
    said = tmp_path / "said.log"
    await wait_exit(spawn(script("print('hello')", log_file=said)))
    assert said.read_text() == "hello\n"


async def test_a_child_dies_with_its_parent_however_it_dies() -> None:
    code = (
        "import time\nfrom yaohe.kernel.children import ChildSpec, spawn\n"
        f"p = spawn(ChildSpec(name='x', argv=[{sys.executable!r}, '-c', {SLEEP!r}]))\n"
        "print(p.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert parent.stdout is not None
    try:
        line = await asyncio.to_thread(parent.stdout.readline)
        assert alive(int(line))
        parent.kill()
        await until(lambda: not alive(int(line)))
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        parent.wait()
        parent.stdout.close()
