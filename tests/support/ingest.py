"""A running RTMP server for tests: one good key per room, everything that happens written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.patience import PATIENCE_S

from yaohe.live.media import Fragment, FragmentLog, MediaOrigin, PublishEvent, RtmpServer
from yaohe.live.media.log import LogLimits
from yaohe.live.media.rtmp import RtmpLimits

KEYS = {"key-tea": "tea", "key-silk": "silk"}


@dataclass
class Ingest:
    origin: MediaOrigin
    server: RtmpServer
    events: list[PublishEvent] = field(default_factory=list)

    @property
    def log(self) -> FragmentLog:
        return self.origin.open("tea")

    @property
    def url(self) -> str:
        return f"rtmp://127.0.0.1:{self.server.port}/live/key-tea"

    @property
    def fragments(self) -> list[Fragment]:
        return self.log.span(0, self.log.next_offset)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def of(self, epoch: int) -> bytes:
        """The whole epoch as a file."""
        generation = self.log.generation_of(epoch)
        assert generation is not None
        return generation.init + b"".join(f.data for f in self.fragments if f.epoch == epoch)

    async def until(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; events: {self.events}"
            await asyncio.sleep(0.02)

    async def until_event(self, kind: str, timeout_s: float = PATIENCE_S) -> PublishEvent:
        await self.until(lambda: kind in self.kinds, timeout_s)
        return next(event for event in self.events if event.kind == kind)


async def authorize(stream_key: str) -> str | None:
    return KEYS.get(stream_key)


@asynccontextmanager
async def ingesting(
    *, limits: RtmpLimits | None = None, log_limits: LogLimits | None = None
) -> AsyncIterator[Ingest]:
    # Tests read whole streams back, so nothing is trimmed away under them.
    origin = MediaOrigin(limits=log_limits or LogLimits(keep_ms=600_000))
    server = RtmpServer(origin, authorize, host="127.0.0.1", port=0, limits=limits)
    made = Ingest(origin, server)
    origin.on_event(made.events.append)
    await server.start()
    try:
        yield made
    finally:
        await server.close()
        await asyncio.sleep(0)
