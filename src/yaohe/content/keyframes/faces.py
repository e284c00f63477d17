"""A small picture of every reel, for time lines: decoded in the sandbox, a few seconds apart.

Pictures wait in no queue: a room that begins another reel before its last one was drawn loses the
older picture, and the time line shows a neighbour.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from yaohe.content.errors import DrawingLate, PictureUnreadable
from yaohe.content.stills.service import KeyframeDecoder
from yaohe.kernel.errors import Busy
from yaohe.live.recordings import NewReel, Recordings

WIDTH: Final = 144
BYTES_MAX: Final = 6_000

log = structlog.get_logger(__name__)


class Faces:
    def __init__(self, recordings: Recordings, decoder: KeyframeDecoder) -> None:
        self._recordings, self._decoder = recordings, decoder
        self._waiting: dict[str, NewReel] = {}
        self._wake = asyncio.Event()
        recordings.on_reel.append(self._note)

    def _note(self, reel: NewReel) -> None:
        if reel.keyframe is not None:
            self._waiting[reel.room_id] = reel
            self._wake.set()

    async def run(self) -> None:
        """Draw until cancelled, one picture at a time."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._draw(self._waiting.pop(next(iter(self._waiting))))

    async def _draw(self, reel: NewReel) -> None:
        keyframe = reel.keyframe
        assert keyframe is not None
        try:
            face = await self._decoder.face(
                keyframe.avcc, keyframe.sample, keyframe.entry, width=WIDTH, bytes_max=BYTES_MAX
            )
            await self._recordings.put_thumb(reel, face)
        except (PictureUnreadable, DrawingLate, Busy):
            log.info("face_not_drawn", room=reel.room_id, reel=reel.number)
        except OSError as error:
            log.warning("face_not_kept", room=reel.room_id, reason=repr(error))
