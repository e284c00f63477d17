"""The latest still of every room: decoded when somebody looks, at most every other second.

Nobody looking costs nothing. The last still outlives the publisher and the process (it is kept in
the object store), so an ended room still has a face.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
import obstore
import structlog

from yaohe.content.errors import DrawingLate, PictureUnreadable
from yaohe.content.stills.service import KeyframeDecoder
from yaohe.kernel.clock import Clock
from yaohe.live.media import Keyframe, MediaOrigin

FRESH_S: Final = 2.0
KEEP_EVERY_S: Final = 20.0

log = structlog.get_logger(__name__)


class Still(msgspec.Struct, frozen=True):
    """`sharp` ≤ 40 KB and `tiny` ≤ 1.5 KB, JPEG; `mark` changes with the picture."""

    mark: str
    width: int
    height: int
    sharp: bytes
    tiny: bytes


class _Room:
    __slots__ = ("asked_at", "kept_at", "loaded", "refreshing", "still")

    def __init__(self) -> None:
        self.still: Still | None = None
        self.loaded = False
        self.asked_at = self.kept_at = float("-inf")
        self.refreshing: asyncio.Task[None] | None = None


class LatestStills:
    def __init__(
        self, origin: MediaOrigin, decoder: KeyframeDecoder, store: Any, clock: Clock
    ) -> None:
        self._origin, self._decoder, self._store, self._clock = origin, decoder, store, clock
        self._rooms: dict[str, _Room] = {}

    async def of(self, room_id: str) -> Still | None:
        """The room's still. Waits only when there is none yet; else a newer one comes next time."""
        room = self._rooms.setdefault(room_id, _Room())
        now = self._clock.monotonic()
        if room.refreshing is None and now - room.asked_at >= FRESH_S:
            room.asked_at = now
            room.refreshing = asyncio.create_task(self._refresh(room_id, room))
        if room.still is None and room.refreshing is not None:
            await asyncio.shield(room.refreshing)
        return room.still

    async def _refresh(self, room_id: str, room: _Room) -> None:
        try:
            if not room.loaded:
                room.still = await self._load(room_id)
                room.loaded = True
            log_ = self._origin.log(room_id)
            keyframe = log_.latest_keyframe() if log_ is not None else None
            if keyframe is None or (room.still and room.still.mark == _mark(keyframe)):
                return
            stills = await self._decoder.stills(keyframe.avcc, keyframe.sample, keyframe.entry)
            room.still = Still(
                _mark(keyframe), keyframe.width, keyframe.height, stills.sharp, stills.tiny
            )
            if self._clock.monotonic() - room.kept_at >= KEEP_EVERY_S:
                room.kept_at = self._clock.monotonic()
                await obstore.put_async(
                    self._store, _path(room_id), msgspec.msgpack.encode(room.still)
                )
        except (PictureUnreadable, DrawingLate):
            log.warning("still_not_decoded", room=room_id)
        except Exception:
            # A missing picture is a lesser evil than a missing page.
            log.exception("still_failed", room=room_id)
        finally:
            room.refreshing = None

    async def _load(self, room_id: str) -> Still | None:
        try:
            kept = await obstore.get_async(self._store, _path(room_id))
            return msgspec.msgpack.decode(await kept.bytes_async(), type=Still)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            return None


def _path(room_id: str) -> str:
    return f"stills/{room_id}"


def _mark(keyframe: Keyframe) -> str:
    return f"{keyframe.epoch:x}-{keyframe.dts_ms:x}"
