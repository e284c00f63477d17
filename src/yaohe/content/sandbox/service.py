"""The parent's side: children in a row, one job at a time each, a clock beside every job.

A job that is late or kills its child fails alone; the child is replaced before the next job. A job
that lost its child through no fault of its own (an operator's kill) is done once more. At most
`waiting_max` jobs wait; more answer `busy`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import structlog

import yaohe
from yaohe.content.errors import REFUSALS, DrawingLate, PictureUnreadable
from yaohe.content.sandbox.jobs import (
    LENGTH_BYTES,
    MESSAGE_BYTES_MAX,
    READS,
    Answer,
    Job,
    decode_answer,
    encode_job,
)
from yaohe.kernel.children import ChildSpec, State, spawn, wait_exit
from yaohe.kernel.errors import Busy

log = structlog.get_logger(__name__)

MEMORY_BYTES_MAX = 1 << 30
READY_TIMEOUT_S = 20.0
RETRY_START_S = 1.0


class _Lost(Exception):
    """The child ended while it had the job."""


class _Worker:
    """One child and the line to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: State = "stopped"
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._failed_at = -RETRY_START_S

    async def start(self) -> None:
        """Start a fresh child and wait until it is warm."""
        if time.monotonic() - self._failed_at < RETRY_START_S:
            raise DrawingLate
        self.state = "starting"
        self.starts += 1
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        root = str(Path(yaohe.__file__).parents[1])
        try:
            with theirs:
                self.process = spawn(
                    ChildSpec(
                        name=self.name,
                        argv=(
                            *(sys.executable, "-P", "-m", "yaohe.content.sandbox.child"),
                            str(theirs.fileno()),
                        ),
                        env={"PYTHONPATH": root, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                        pass_fds=(theirs.fileno(),),
                        memory_bytes_max=MEMORY_BYTES_MAX,
                    )
                )
            self._reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=2**20)
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._receive()
        except (OSError, EOFError, TimeoutError) as error:
            self._failed_at = time.monotonic()
            log.error("sandbox_not_started", child=self.name, reason=repr(error))
            ours.close()
            await self.end()
            raise DrawingLate from error
        self.state = "ready"

    async def ask(self, message: bytes, timeout_s: float) -> Answer:
        if self.state != "ready" or self.process is None or self.process.poll() is not None:
            await self.end()
            await self.start()
        assert self._writer is not None
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
                await self._writer.drain()
                return decode_answer(await self._receive())
        except (OSError, EOFError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise _Lost from error

    async def _receive(self) -> bytes:
        assert self._reader is not None
        size = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
        if size > MESSAGE_BYTES_MAX:
            raise EOFError("the child does not speak the protocol")
        return await self._reader.readexactly(size)

    async def end(self) -> None:
        """Kill what is left of the child; the next job gets a fresh one."""
        self.state = "down"
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await wait_exit(self.process)
            self.process = None


class Sandbox:
    """`await run(job)` gives the job's images. Open it before the first job to start warm."""

    def __init__(self, *, workers: int = 1, waiting_max: int = 256) -> None:
        self._workers = [_Worker(f"drawing-{number + 1}") for number in range(workers)]
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._tasks_max = workers + waiting_max
        self._tasks: set[asyncio.Task[tuple[bytes, ...]]] = set()
        self._closed = False

    async def open(self) -> None:
        """Start all children; they draw their first card in a fifth of a second."""
        for worker in self._workers:
            if worker.state != "ready":
                await worker.start()

    async def close(self) -> None:
        """End the children; jobs under way fail."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            await worker.end()
            worker.state = "stopped"

    def health(self) -> dict[str, State]:
        """State by name, for `/readyz`."""
        return {worker.name: worker.state for worker in self._workers}

    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers if worker.process is not None]

    async def run(self, job: Job, *, timeout_s: float = 4.0) -> tuple[bytes, ...]:
        """The images of `job`; its clock starts when a child takes it."""
        if self._closed or len(self._tasks) >= self._tasks_max:
            raise Busy
        # A caller that goes away must not leave half an answer on the line.
        task = asyncio.get_running_loop().create_task(self._run(job, timeout_s))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[tuple[bytes, ...]]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when the caller has gone

    async def _run(self, job: Job, timeout_s: float) -> tuple[bytes, ...]:
        worker = await self._idle.get()
        try:
            return self._images(await self._ask(worker, job, timeout_s))
        finally:
            self._idle.put_nowait(worker)

    async def _ask(self, worker: _Worker, job: Job, timeout_s: float) -> Answer:
        message = encode_job(job)
        reads = isinstance(job, READS)
        for attempt in (1, 2):
            try:
                return await worker.ask(message, timeout_s)
            except (TimeoutError, _Lost, asyncio.CancelledError) as error:
                await worker.end()
                if isinstance(error, asyncio.CancelledError):
                    raise
                log.warning("sandbox_job_lost", job=type(job).__name__, reason=repr(error))
                if reads:
                    raise PictureUnreadable from error
                if attempt == 2 or isinstance(error, TimeoutError):
                    raise DrawingLate from error
        raise AssertionError("the loop returns or raises")

    @staticmethod
    def _images(answer: Answer) -> tuple[bytes, ...]:
        if answer.fault:
            raise RuntimeError(f"an image could not be drawn:\n{answer.fault}")
        if answer.error:
            raise REFUSALS.get(answer.error, PictureUnreadable)
        return answer.images
