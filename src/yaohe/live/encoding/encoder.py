"""One room's encoder: the child, the fragments it is given, and the rung made of what comes back.

An `Encoder` lives until `close`, its child's end, or until the child cannot keep up. The rung is
there only while the room's own log is live; a new epoch of the log is a new one of the rung, on
the same timeline.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path

import msgspec
import structlog

import yaohe
from yaohe.kernel.children import ChildSpec, spawn, wait_exit
from yaohe.kernel.clock import Clock
from yaohe.kernel.encoder import messages
from yaohe.kernel.encoder.messages import LENGTH_BYTES, MESSAGE_BYTES_MAX
from yaohe.live.media import FragmentLog, MediaOrigin, PublishRefused
from yaohe.live.media.log import Generation
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import ShowClock

log = structlog.get_logger(__name__)

RUNG = "480"
MEMORY_BYTES_MAX = 1 << 30
READY_S_MAX = 20.0
# A piece that is not finished after so long: the machine has not enough to spare.
BEHIND_S_MAX = 3.0
LOOK_S = 0.25
REMOTE = "480p"


class EncoderSlow(Exception):
    """The child cannot keep up with the show."""


class EncoderOver(Exception):
    """A sender offers this rung itself, or the show is over."""


class Encoder:
    def __init__(self, origin: MediaOrigin, clock: Clock, source: FragmentLog) -> None:
        self.room_id = source.room_id
        self.process: subprocess.Popen[bytes] | None = None
        self.is_ready = False
        self._origin, self._clock, self._source = origin, clock, source
        self._writer: asyncio.StreamWriter | None = None
        self._publication: Publication | None = None
        self._generation: Generation | None = None
        self._seen = 0
        self._over = False
        self._sent: deque[float] = deque()  # when each unfinished piece was

    async def run(self) -> None:
        """Encode until the child ends (`EOFError`), is too slow, or there is no need for it."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                self.process = spawn(_spec(self.room_id, theirs.fileno()))
            reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=2**20)
            async with asyncio.timeout(READY_S_MAX):
                await reader.readexactly(LENGTH_BYTES)
            self.is_ready = True
            self._seen = self._source.next_offset
            with contextlib.closing(self._source.subscribe(self._follow)):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._watch())
                    await self._read(reader)
        finally:
            if self._writer is None:
                ours.close()
            await self._end()

    async def _end(self) -> None:
        self.is_ready = False
        self._leave()
        if self._writer is not None:
            self._writer.transport.abort()  # what it was not given yet is of no use any more
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            try:
                await wait_exit(self.process)
            finally:
                self.process.wait()  # cancelled once more: it is killed, this takes no time
        if self._writer is not None:
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._publication is not None:
                self._publication.tick()
            if self._sent and self._clock.monotonic() - self._sent[0] > BEHIND_S_MAX:
                raise EncoderSlow
            if self._over:
                raise EncoderOver

    # ── to the child ─────────────────────────────────────────────────────────────────────────

    def _follow(self, source: FragmentLog) -> None:
        if self._over:
            return
        if not source.live:
            self._generation = None
            self._leave()
            self._seen = source.next_offset
            return
        for fragment in source.span(self._seen, source.next_offset):
            if self._generation is None or fragment.epoch != self._generation.epoch:
                generation = source.generation_of(fragment.epoch)
                if not fragment.keyframe or generation is None or not generation.has_video:
                    continue
                self._generation = generation
                self._send(messages.Begin(generation.epoch, generation.init))
            self._send(messages.Piece(fragment.data))
            self._sent.append(self._clock.monotonic())
        self._seen = source.next_offset

    def _send(self, order: messages.Order) -> None:
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.write(messages.encode(order))

    # ── from the child ───────────────────────────────────────────────────────────────────────

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
            if size > MESSAGE_BYTES_MAX:
                raise EOFError("the child does not speak the protocol")
            try:
                report = messages.decode_report(await reader.readexactly(size))
            except msgspec.DecodeError as error:
                raise EOFError("the child does not speak the protocol") from error
            self._take(report)

    def _take(self, report: messages.Report) -> None:
        if isinstance(report, messages.Fault):
            log.error("encoder_fault", room=self.room_id, trace=report.text)
        elif isinstance(report, messages.Done):
            self._sent.popleft()
        elif self._over or self._generation is None:
            return
        elif report.epoch == self._generation.epoch:
            publication = self._publication or self._publish(self._generation)
            if publication is None:
                return
            if isinstance(report, messages.Picture):
                if report.record:
                    publication.realign()
                    publication.configure_video(report.record)
                publication.video(report.at_ms, 0, report.keyframe, report.unit)
            else:
                if report.record:
                    publication.configure_audio(report.record, report.codec)
                publication.audio(report.at_ms, report.frame)

    # ── the rung ─────────────────────────────────────────────────────────────────────────────

    def _publish(self, generation: Generation) -> Publication | None:
        if RUNG in self._origin.sent_rungs(self.room_id):
            self._over = True
            return None
        self._publication = self._origin.publish(
            self.room_id,
            remote=REMOTE,
            on_replaced=self._replaced,
            rung=RUNG,
            clock=self._timeline,
        )
        self._publication.expect(video=True, audio=generation.has_audio)
        return self._publication

    def _timeline(self) -> ShowClock | None:
        generation = self._generation
        if generation is None:
            return None
        return ShowClock(
            timeline=generation.timeline,
            started_at=generation.started_at,
            zero_ms=0,
            lateness_ms=None,
        )

    def _replaced(self, refusal: PublishRefused) -> None:
        log.info("encoder_replaced", room=self.room_id, reason=refusal.code)
        self._publication, self._over = None, True

    def _leave(self) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            publication.finish("closed")


def _spec(room_id: str, fd: int) -> ChildSpec:
    return ChildSpec(
        name=f"encoder {room_id}",
        argv=(sys.executable, "-P", "-m", "yaohe.kernel.encoder.child", str(fd)),
        env={
            "PYTHONPATH": str(Path(yaohe.__file__).parents[1]),
            "LANG": "C.UTF-8",
            "MALLOC_ARENA_MAX": "1",
        },
        pass_fds=(fd,),
        memory_bytes_max=MEMORY_BYTES_MAX,
    )
