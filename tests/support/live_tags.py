"""An encoder whose every byte a test decides, sending in real time on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.rtmp_encoder import Encoder, connected, media, opening, publishing
from tests.support.tags import AUDIO, DATA, VIDEO, Tag

START = "NetStream.Publish.Start"


class LiveEncoder:
    """Sends tags at the pace of their timestamps, on a clock that begins at `begin_ms`."""

    def __init__(self, encoder: Encoder, begin_ms: int) -> None:
        self.encoder = encoder
        self.now_ms = begin_ms

    @asynccontextmanager
    async def performing(
        self, made: Sequence[Tag], keep: Callable[[Tag], bool] = lambda _: True
    ) -> AsyncIterator[None]:
        """Send `made` again and again while the block runs; the clock goes on from act to act."""
        acting = asyncio.create_task(self._act(made, keep))
        try:
            yield
        finally:
            acting.cancel()
            (ended,) = await asyncio.gather(acting, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended

    async def _act(self, made: Sequence[Tag], keep: Callable[[Tag], bool]) -> None:
        loop = asyncio.get_running_loop()
        started, begin_ms = loop.time(), self.now_ms
        # The last frame lasts about as long as the one before.
        pictures = [tag.timestamp for tag in made if tag.kind == VIDEO]
        length_ms, round_ms = pictures[-1] + 33, self.now_ms
        while True:
            for tag in made:
                if tag.kind == DATA or not keep(tag):
                    continue
                at_ms = round_ms + tag.timestamp
                due = started + (at_ms - begin_ms) / 1000
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                self.now_ms = at_ms + 33
                await self.encoder.send(media(tag.kind, at_ms, tag.payload))
            round_ms += length_ms


def silent(tag: Tag) -> bool:
    """For `keep`: the picture alone."""
    return tag.kind != AUDIO


@asynccontextmanager
async def live(url: str, *, begin_ms: int = 0) -> AsyncIterator[LiveEncoder]:
    """Publishing to `rtmp://host:port/live/key`."""
    parts = urlsplit(url)
    async with connected(parts.port or 1935) as encoder:
        await encoder.send(opening() + publishing(parts.path.rpartition("/")[2]))
        await encoder.listen(until=START)
        yield LiveEncoder(encoder, begin_ms)
