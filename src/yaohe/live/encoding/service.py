"""Which shows are encoded: as many as the settings allow, and none whose sender offers a smaller
picture itself, or sends a small one.

A child that falls is started again after a while, longer each time. Where the machine is too slow
the rung is dropped for some minutes and the publish doctor says so; the show itself goes on.
"""

from __future__ import annotations

import asyncio

import structlog

from yaohe.kernel.children import BACKOFF_S_MAX, BACKOFF_S_MIN
from yaohe.kernel.clock import Clock
from yaohe.live.encoding.encoder import RUNG, Encoder, EncoderOver, EncoderSlow
from yaohe.live.media import Finding, FragmentLog, MediaOrigin, PublishRefused

log = structlog.get_logger(__name__)

LOOK_S = 0.5
# Below this the sender's own picture is small enough.
SHORT_SIDE_MIN = 540
SLOW_PAUSE_S = 300.0
_STEADY_S = 30.0

SLOW = Finding(
    "small_slow",
    "weak",
    0,
    "服务器太忙，480p 小画面已停，五分钟后再试；直播不受影响。"
    "减少 YAOHE_ENCODE_480_SHOWS，或在 OBS 里自己推一路小画面。",
    "The server is too busy: the 480p picture was dropped and is tried again in five minutes; the"
    " show is not touched. Lower YAOHE_ENCODE_480_SHOWS, or send a smaller stream from OBS.",
)


class Encoding:
    def __init__(self, origin: MediaOrigin, clock: Clock, *, shows_max: int) -> None:
        self._origin, self._clock, self._shows_max = origin, clock, shows_max
        self._encoders: dict[str, Encoder] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.dropped = 0

    @property
    def shows(self) -> int:
        """How many shows are encoded now."""
        return len(self._encoders)

    def pids(self) -> dict[str, int]:
        """The child of each room."""
        return {
            room_id: encoder.process.pid
            for room_id, encoder in self._encoders.items()
            if encoder.process is not None and encoder.is_ready
        }

    async def run(self) -> None:
        """Look after all shows, for good."""
        if self._shows_max == 0:
            return
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            for room_id in tuple(self._tasks):
                await self._stop(room_id)

    async def _look(self) -> None:
        live = {room_id: self._wanted(room_id) for room_id in self._origin.live_rooms()}
        wanted = {room_id: source for room_id, source in live.items() if source is not None}
        for room_id in [room_id for room_id in self._tasks if room_id not in wanted]:
            await self._stop(room_id)
        for room_id, source in wanted.items():
            if room_id not in self._tasks and len(self._tasks) < self._shows_max:
                self._tasks[room_id] = asyncio.get_running_loop().create_task(
                    self._keep(room_id, source), name=f"encoder {room_id}"
                )

    def _wanted(self, room_id: str) -> FragmentLog | None:
        """The room's own log, where a smaller picture of it is to be made."""
        source, statistics = self._origin.log(room_id), self._origin.statistics(room_id)
        if source is None or statistics is None or not source.live:
            return None
        if min(source.width, source.height) < SHORT_SIDE_MIN:
            return None
        return None if self._origin.sent_rungs(room_id) else source

    async def _stop(self, room_id: str) -> None:
        task = self._tasks[room_id]
        task.cancel()
        await asyncio.wait([task])
        del self._tasks[room_id]
        self._origin.note(room_id, RUNG, None)

    async def _keep(self, room_id: str, source: FragmentLog) -> None:
        """One show's encoder, started again whenever it falls."""
        backoff_s = BACKOFF_S_MIN
        while True:
            began, is_slow = self._clock.monotonic(), False
            self._origin.note(room_id, RUNG, None)
            try:
                await self._live(room_id, source)
            except* EncoderSlow:
                is_slow = True
                self.dropped += 1
                log.warning("encoder_slow", room=room_id)
                self._origin.note(room_id, RUNG, SLOW)
            except* EncoderOver:
                pass
            except* (EOFError, OSError, PublishRefused) as fallen:
                log.error("encoder_fell", room=room_id, reason=repr(fallen.exceptions[0]))
            if self._clock.monotonic() - began > _STEADY_S:
                backoff_s = BACKOFF_S_MIN
            await asyncio.sleep(SLOW_PAUSE_S if is_slow else backoff_s)
            backoff_s = min(backoff_s * 2, BACKOFF_S_MAX)

    async def _live(self, room_id: str, source: FragmentLog) -> None:
        encoder = self._encoders[room_id] = Encoder(self._origin, self._clock, source)
        try:
            await encoder.run()
        finally:
            self._encoders.pop(room_id, None)
