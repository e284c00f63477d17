"""The parent's end of the WebRTC child: started when needed, gone when idle, replaced when it fell.

All peers of a child that falls are told that they are gone; the next offer starts a fresh one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

import yaohe
from yaohe.kernel.children import ChildSpec, State, spawn, wait_exit
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.webrtc import messages
from yaohe.kernel.webrtc.messages import (
    LENGTH_BYTES,
    MESSAGE_BYTES_MAX,
    CodecMissing,
    Network,
    OfferUnusable,
)

log = structlog.get_logger(__name__)

MEMORY_BYTES_MAX = 2 << 30
READY_S_MAX = 20.0
ANSWER_S_MAX = 8.0
IDLE_S = 600.0
RETRY_START_S = 1.0
# Orders a healthy child has taken long ago. Above it sound is left out, for so long at most.
UNREAD_BYTES_MAX = 2**20
HANGING_S_MAX = 3.0


class GatewayDown(TryAgain):
    code = "engine_down"
    message = "The part of the server that takes WebRTC is starting again. Try again."


class PeerListener(Protocol):
    """Who hears of one peer; called in the loop, must not wait."""

    def connected(self, *, video: bool, audio: bool) -> None: ...

    def video(self, at_ms: int, *, keyframe: bool, unit: bytes, record: bytes) -> None:
        """`record` is an avcC where it changed with this unit, else empty."""

    def sound(self, at_ms: int, frame: bytes, record: bytes) -> None:
        """`record` is an AudioSpecificConfig with the first frame, else empty."""

    def gone(self, reason: str) -> None:
        """Nothing follows: `closed` by the peer, or `engine_down`."""


class Gateway:
    """`open` takes an offer, `hear` Opus that came another way; `run` lets an idle child go."""

    def __init__(self, network: Network, *, idle_s: float = IDLE_S) -> None:
        self._network, self._idle_s = network, idle_s
        self._listeners: dict[int, PeerListener] = {}
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._failed_at = -RETRY_START_S
        self._behind_since: float | None = None
        self._used_at = time.monotonic()
        self.state: State = "stopped"
        self.starts = 0

    @property
    def peers(self) -> int:
        return len(self._listeners)

    @property
    def unread(self) -> int:
        """Bytes the child has not taken yet."""
        return self._writer.transport.get_write_buffer_size() if self._writer is not None else 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def open(
        self, offer: str, listener: PeerListener, *, probe: bool = False
    ) -> tuple[int, str]:
        """The peer's number and the SDP answer; raises `OfferUnusable` or `GatewayDown`."""
        number = await self.attach(listener)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._send(messages.Open(number, offer, probe))
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return number, await answer
        except BaseException as error:
            self.shut(number)
            if isinstance(error, TimeoutError):
                raise GatewayDown from error
            raise
        finally:
            self._answers.pop(number, None)

    async def attach(self, listener: PeerListener) -> int:
        """A number for a peer that has no connection of its own, only sound to be heard."""
        await self._start()
        self._number += 1
        self._listeners[self._number] = listener
        return self._number

    def trickle(self, number: int, candidates: tuple[str, ...]) -> None:
        self._send(messages.Trickle(number, candidates))

    def hear(self, number: int, at: int, packet: bytes) -> None:
        """Left out while the child is behind: sound that comes late is of no use."""
        if number in self._listeners and not self._is_behind():
            self._send(messages.Hear(number, at, packet))

    def shut(self, number: int) -> None:
        """Let the peer go; its listener hears nothing more."""
        if self._listeners.pop(number, None) is not None:
            self._send(messages.Shut(number))
        self._used_at = time.monotonic()

    async def run(self) -> None:
        """End a child that nobody needed for a while."""
        while True:
            await asyncio.sleep(self._idle_s / 4)
            idle_s = time.monotonic() - self._used_at
            if self._process is not None and not self._listeners and idle_s > self._idle_s:
                async with self._starting:
                    await self._end("stopped")

    async def close(self) -> None:
        async with self._starting:
            await self._end("stopped")

    # ── the child ────────────────────────────────────────────────────────────────────────────

    async def _start(self) -> None:
        async with self._starting:
            self._used_at = time.monotonic()
            if self.state == "ready":
                return
            if time.monotonic() - self._failed_at < RETRY_START_S:
                raise GatewayDown
            await self._end("starting")
            self.starts += 1
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            try:
                with theirs:
                    self._process = spawn(self._spec(theirs.fileno()))
                reader, writer = await asyncio.open_unix_connection(sock=ours, limit=2**20)
                self._writer = writer
                async with asyncio.timeout(READY_S_MAX):
                    await reader.readexactly(LENGTH_BYTES)
            except (OSError, EOFError) as error:
                self._failed_at = time.monotonic()
                log.error("webrtc_not_started", reason=repr(error))
                ours.close()
                await self._end("down")
                raise GatewayDown from error
            self.state = "ready"
            self._behind_since = None
            self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    def _spec(self, fd: int) -> ChildSpec:
        return ChildSpec(
            name="webrtc",
            argv=(
                *(sys.executable, "-P", "-m", "yaohe.kernel.webrtc.child", str(fd)),
                msgspec.json.encode(self._network).decode(),
            ),
            env={
                "PYTHONPATH": str(Path(yaohe.__file__).parents[1]),
                "LANG": "C.UTF-8",
                "MALLOC_ARENA_MAX": "2",
            },
            pass_fds=(fd,),
            memory_bytes_max=MEMORY_BYTES_MAX,
        )

    async def _end(self, state: State) -> None:
        self.state = state
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await wait_exit(process)
        self._lose_all()

    def _lose_all(self) -> None:
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(GatewayDown())
        listeners, self._listeners = self._listeners, {}
        for listener in listeners.values():
            listener.gone("engine_down")

    def _send(self, order: messages.Order) -> None:
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.write(messages.encode(order))
            self._is_behind()

    def _is_behind(self) -> bool:
        """Whether the child does not take what it is told; one that goes on so is given up, and
        its peers hear that it is gone."""
        unread = self.unread
        if unread <= UNREAD_BYTES_MAX:
            self._behind_since = None
            return False
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > HANGING_S_MAX:
            log.error("webrtc_child_hangs", unread=unread)
            if self._writer is not None:
                self._writer.transport.abort()
        return True

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
                if size > MESSAGE_BYTES_MAX:
                    raise EOFError("the child does not speak the protocol")
                self._take(messages.decode_report(await reader.readexactly(size)))
        except (EOFError, OSError, msgspec.DecodeError) as error:
            log.error("webrtc_child_lost", reason=repr(error))
            self.state = "down"
            self._lose_all()

    def _take(self, report: messages.Report) -> None:
        if isinstance(report, messages.Fault):
            log.error("webrtc_fault", trace=report.text)
            return
        answer = self._answers.get(report.peer)
        if isinstance(report, messages.Answered):
            if answer is not None and not answer.done():
                answer.set_result(report.sdp)
            return
        if isinstance(report, messages.Refused):
            if answer is not None and not answer.done():
                kind = CodecMissing if report.code == CodecMissing.code else OfferUnusable
                answer.set_exception(kind(report.text))
            return
        listener = self._listeners.get(report.peer)
        if listener is None:
            return
        try:
            self._tell(listener, report)
        except Exception:
            # One peer's defect must not cost the others their connection.
            log.exception("webrtc_listener_failed")
            self.shut(report.peer)
            listener.gone("closed")

    def _tell(self, listener: PeerListener, report: messages.Report) -> None:
        match report:
            case messages.Video():
                listener.video(
                    report.at_ms,
                    keyframe=report.keyframe,
                    unit=report.unit,
                    record=report.record,
                )
            case messages.Sound():
                listener.sound(report.at_ms, report.frame, report.record)
            case messages.Connected():
                listener.connected(video=report.video, audio=report.audio)
            case messages.Gone():
                self._listeners.pop(report.peer, None)
                listener.gone(report.reason)
            case _:
                raise AssertionError("answers were taken before")
