"""Child processes, supervised: each dies with its parent, comes back after a fall, stays in bounds.

`Child` is one process: started in its own session (so a Ctrl-C at the terminal reaches only the
parent, which stops its children in order), killed by the kernel when the parent dies however it
dies, bounded in memory when asked, restarted with back-off by `run()`. `Children` holds them all
and answers for their health in `/readyz`.

Start children from the main thread: the kernel's death signal follows the *thread* that forked.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from yaohe.kernel import launch
from yaohe.kernel.errors import AppError, TryAgain

log = structlog.get_logger(__name__)

State = Literal["stopped", "starting", "ready", "down"]

BACKOFF_S_MIN = 0.1
BACKOFF_S_MAX = 10.0
_STEADY_S = 30.0  # a child that lived this long has earned a fresh back-off


class ChildFailed(TryAgain):
    code = "engine_down"
    message = "An engine of the server is starting again. Nothing was written; try again."


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The operating system user a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    user: Identity | None = None
    cwd: str = "/"
    pass_fds: Sequence[int] = ()
    log_file: Path | None = None  # stdout and stderr; inherited when absent
    death_signal: signal.Signals = signal.SIGKILL
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 8.0
    memory_bytes_max: int | None = None
    ready: Callable[[], Awaitable[bool]] | None = None  # polled until true
    ready_timeout_s: float = 60.0
    prepare: Callable[[], Awaitable[None]] | None = None  # before every start


def spawn(spec: ChildSpec) -> subprocess.Popen[bytes]:
    """Start one process by `spec`; raises OSError when there is no such program."""
    assert threading.current_thread() is threading.main_thread(), "start children in main thread"
    if shutil.which(spec.argv[0]) is None:
        raise FileNotFoundError(errno.ENOENT, "no such program", spec.argv[0])
    user = (spec.user.uid, spec.user.gid) if spec.user else (-1, -1)
    bounds = (os.getpid(), int(spec.death_signal), spec.memory_bytes_max or 0, *user)
    with contextlib.ExitStack() as stack:
        output = None
        if spec.log_file is not None:
            output = stack.enter_context(spec.log_file.open("ab"))
        return subprocess.Popen(
            [sys.executable, "-I", "-S", launch.__file__, *map(str, bounds), *spec.argv],
            env=None if spec.env is None else dict(spec.env),
            cwd=spec.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=tuple(spec.pass_fds),
            start_new_session=True,
            umask=0o077,
        )


async def wait_exit(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of `process` without a thread and without polling."""
    if (code := process.poll()) is not None:
        return code
    fd = os.pidfd_open(process.pid)
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        if not gone.done():
            gone.set_result(None)

    loop.add_reader(fd, note)
    try:
        await gone
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return process.wait()


@dataclass
class Child:
    """One supervised process."""

    spec: ChildSpec
    state: State = "stopped"
    starts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def start(self) -> None:
        """Start and wait until ready; raises `ChildFailed` when it ends before that."""
        self.state = "starting"
        if self.spec.prepare is not None:
            await self.spec.prepare()
        if self._stopping.is_set():
            raise ChildFailed(f"{self.spec.name} is being stopped.")
        self.starts += 1
        self.process = process = spawn(self.spec)
        deadline = time.monotonic() + self.spec.ready_timeout_s
        try:
            while self.spec.ready is not None and not await self.spec.ready():
                if process.poll() is not None:
                    raise ChildFailed(f"{self.spec.name} ended with code {process.returncode}.")
                if time.monotonic() > deadline:
                    raise ChildFailed(f"{self.spec.name} did not become ready.")
                await asyncio.sleep(0.01)
        except BaseException:
            await self._end(process)
            self.state = "down"
            raise
        self.state = "ready"

    async def run(self) -> None:
        """Keep the child alive until `stop()`; waits longer after each quick fall."""
        backoff_s = BACKOFF_S_MIN
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if self.process is None or self.process.poll() is not None:
                    await self.start()
                assert self.process is not None
                code = await wait_exit(self.process)
                if not self._stopping.is_set():
                    log.error("child_ended", child=self.spec.name, code=code)
            except (AppError, OSError) as error:
                log.error("child_not_started", child=self.spec.name, reason=str(error))
            if self._stopping.is_set():
                return
            self.state = "down"
            if time.monotonic() - began > _STEADY_S:
                backoff_s = BACKOFF_S_MIN
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff_s):
                    await self._stopping.wait()
            backoff_s = min(backoff_s * 2, BACKOFF_S_MAX)

    async def stop(self) -> None:
        """End the child for good: politely, then by force; returns when it is gone."""
        self._stopping.set()
        if self.process is not None:
            await self._end(self.process)
        self.state = "stopped"

    async def _end(self, process: subprocess.Popen[bytes]) -> None:
        for number in (self.spec.stop_signal, signal.SIGQUIT, signal.SIGKILL):
            if process.poll() is not None:
                return
            process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.spec.stop_timeout_s):
                    await wait_exit(process)


class Children:
    """All children of this process, ended in the opposite order of their adding."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def add(self, child: Child) -> Child:
        self._children.append(child)
        return child

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(child.run(), name=f"child {child.spec.name}")

    async def stop(self) -> None:
        for child in reversed(self._children):
            await child.stop()

    def health(self) -> dict[str, State]:
        """State by name, for `/readyz`."""
        return {child.spec.name: child.state for child in self._children}
