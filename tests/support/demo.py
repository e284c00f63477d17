"""The whole system as people start it: `yaohe demo` in a process of its own, on free ports.

It is ended by SIGTERM and must end well: exit code 0, nothing of it left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import PATIENCE_S

START_S = 180.0


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _stat(pid: int) -> tuple[int, int] | None:
    """Parent and start time of a living process; together with the number they name it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[19]))


def family(pid: int) -> dict[int, int]:
    """The process, its children and theirs, each with its start time."""
    known = {
        int(entry.name): found
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (found := _stat(int(entry.name))) is not None
    }
    members, new = set[int](), {pid} & known.keys()
    while new:
        members |= new
        new = {child for child, (parent, _) in known.items() if parent in new} - members
    return {member: known[member][1] for member in members}


def still_there(members: Mapping[int, int]) -> list[int]:
    return [pid for pid, began in members.items() if (_stat(pid) or (0, -1))[1] == began]


@dataclass(kw_only=True)
class Demo:
    """A running demo and what its first line on stdout said."""

    process: asyncio.subprocess.Process
    data: Path
    log: Path
    port: int
    rtmp_port: int
    url: str
    setup_url: str | None
    rtmp_url: str
    room: str
    stream_key: str

    @property
    def setup_token(self) -> str:
        assert self.setup_url is not None, "this shop has an owner"
        return self.setup_url.partition("token=")[2]

    @property
    def publish_url(self) -> str:
        return f"{self.rtmp_url}/{self.stream_key}"

    def members(self) -> dict[int, int]:
        return family(self.process.pid)

    async def end(self) -> None:
        """SIGTERM, as an operator does it; fails when anything is left or it ends badly."""
        members = self.members()
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE_S):
                code = await self.process.wait()
        except TimeoutError:
            self.kill()
            raise AssertionError(f"did not end within {PATIENCE_S} s\n{self.tail()}") from None
        assert code == 0, f"ended with {code}\n{self.tail()}"
        deadline = time.monotonic() + PATIENCE_S
        while left := still_there(members):
            assert time.monotonic() < deadline, f"processes {left} stayed\n{self.tail()}"
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """kill -9 of every process at once: stopped first, so that none sees another die."""
        members = self.members()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in still_there(members):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


async def start_demo(
    data: Path,
    *options: str,
    ports: tuple[int, int] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Demo:
    """Start `yaohe demo --json` on `data` and wait until it serves."""
    port, rtmp_port = ports or free_ports(2)
    log = data.with_suffix(".log")
    argv = [sys.executable, "-m", "yaohe", "demo", "--json", "--data", str(data)]
    argv += ["--port", str(port), "--rtmp-port", str(rtmp_port), *options]
    with log.open("ab") as words:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=words,
            env=os.environ | dict(environment or {}),
            start_new_session=True,
        )
    assert process.stdout is not None
    told: dict[str, str] = {}
    with contextlib.suppress(TimeoutError, ValueError):
        async with asyncio.timeout(START_S):
            told = json.loads(await process.stdout.readline())
    demo = Demo(
        process=process,
        data=data,
        log=log,
        port=port,
        rtmp_port=rtmp_port,
        url=told.get("url", ""),
        setup_url=told.get("setup_url"),
        rtmp_url=told.get("rtmp_url", ""),
        room=told.get("room", ""),
        stream_key=told.get("stream_key", ""),
    )
    if not told:
        demo.kill()
        await process.wait()
        raise AssertionError(f"the demo did not start\n{demo.tail()}")
    return demo


@asynccontextmanager
async def running_demo(
    data: Path, *options: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Demo]:
    demo = await start_demo(data, *options, environment=environment)
    try:
        yield demo
    except BaseException:
        demo.kill()
        await demo.process.wait()
        raise
    await demo.end()
