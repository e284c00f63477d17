"""Clips of a room: found in its log or its recording, cut in a thread, kept by their content.

What was on in the last half minute is in memory; what lies further back is read from the reels.
Where a show has a seam between the two moments (a publisher came back, a codec changed) the longer
side of it becomes the clip: two sides do not fit one file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec
import obstore
import structlog
from obstore.store import ObjectStore

from yaohe.content.clips.errors import ClipEmpty, ClipGone, ClipTooLong
from yaohe.content.clips.reading import read_tracks
from yaohe.content.clips.writing import Clip, cut
from yaohe.live.media import Fragment, MediaOrigin
from yaohe.live.recordings import Recording, Recordings, Reel, init_path, reel_path

CLIP_S_MAX: Final = 300.0
FOLDER: Final = "clips"
_CUTTING_MAX: Final = 2  # at once: each holds its stretch in memory

log = structlog.get_logger(__name__)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that is kept: what it shows, and where its bytes are."""

    key: str
    begin: datetime
    duration_ms: int
    size: int


class _Stretch(msgspec.Struct, kw_only=True):
    """One epoch's part of what is asked for; its zero is `started_at`."""

    init: bytes
    started_at: datetime
    pieces: list[bytes]

    def ms(self, at: datetime) -> int:
        return round((at - self.started_at) / timedelta(milliseconds=1))


class Clips:
    """`store` keeps finished clips; the same stretch asked for again is the same file."""

    def __init__(self, origin: MediaOrigin, recordings: Recordings, store: ObjectStore) -> None:
        self._origin, self._recordings, self._store = origin, recordings, store
        self._cutting = asyncio.Semaphore(_CUTTING_MAX)

    async def make(self, room_id: str, begin: datetime, end: datetime) -> Made:
        """The clip of what the room showed between two moments; on the disk when this returns."""
        if (end - begin).total_seconds() > CLIP_S_MAX:
            raise ClipTooLong
        if begin >= end:
            raise ClipEmpty
        async with self._cutting:
            stretch = self._in_memory(room_id, begin, end)
            if stretch is None:
                stretch = await self._on_disk(room_id, begin, end)
            clip = await asyncio.to_thread(_cut, stretch, stretch.ms(begin), stretch.ms(end))
        key = blake2b(clip.mp4, digest_size=20).hexdigest()
        await obstore.put_async(self._store, _path(key), clip.mp4)
        return Made(
            key=key,
            begin=stretch.started_at + timedelta(milliseconds=clip.start_ms),
            duration_ms=clip.duration_ms,
            size=len(clip.mp4),
        )

    async def begun(self, room_id: str) -> datetime | None:
        """When the show's first picture came: the one that is on, or the last that was."""
        recording = await self._recordings.find(room_id)
        if recording is not None and recording.epochs:
            return recording.epochs[min(recording.epochs)].started_at
        room_log = self._origin.log(room_id)
        generation = room_log.generation if room_log is not None else None
        return None if generation is None else generation.started_at

    async def read(self, key: str, first: int, end: int) -> bytes:
        """The bytes `first` to before `end` of a clip; raises `ClipGone`."""
        try:
            return bytes(
                await obstore.get_range_async(self._store, _path(key), start=first, end=end)
            )
        except FileNotFoundError:
            raise ClipGone from None

    def _in_memory(self, room_id: str, begin: datetime, end: datetime) -> _Stretch | None:
        """From the room's log, when all that is asked for is still there."""
        room_log = self._origin.log(room_id)
        generation = room_log.generation if room_log is not None else None
        if room_log is None or generation is None:
            return None
        start_ms = round((begin - generation.started_at) / timedelta(milliseconds=1))
        end_ms = round((end - generation.started_at) / timedelta(milliseconds=1))
        held = [
            fragment
            for fragment in room_log.span(generation.first_offset, room_log.next_offset)
            if fragment.dts_ms < end_ms
        ]
        first = _keyframe_before(held, start_ms)
        if first is None:
            return None
        return _Stretch(
            init=generation.init,
            started_at=generation.started_at,
            pieces=[fragment.data for fragment in held[first:]],
        )

    async def _on_disk(self, room_id: str, begin: datetime, end: datetime) -> _Stretch:
        """From the recording that was on then."""
        await self._recordings.flush()
        recording = await self._recordings.find(room_id)
        reels = [] if recording is None else _overlapping(recording, begin, end)
        if recording is None or not reels:
            raise ClipEmpty
        read = self._recordings.file
        epoch = recording.epochs[reels[0].epoch]
        init = await read(room_id, recording.show, init_path, epoch.epoch)
        pieces = []
        for reel in reels:
            piece = await read(room_id, recording.show, reel_path, reel.number)
            if piece is not None:
                pieces.append(piece[: reel.bytes])
        if init is None or not pieces:
            raise ClipEmpty
        return _Stretch(init=init, started_at=epoch.started_at, pieces=pieces)


def _cut(stretch: _Stretch, start_ms: int, end_ms: int) -> Clip:
    return cut(read_tracks(stretch.init, stretch.pieces), start_ms, end_ms)


def _keyframe_before(fragments: Sequence[Fragment], start_ms: int) -> int | None:
    """Where to begin reading so that `start_ms` can be decoded; None when that is gone."""
    found = None
    for place, fragment in enumerate(fragments):
        if fragment.keyframe:
            if fragment.dts_ms > start_ms:
                break
            found = place
    return found


def _overlapping(recording: Recording, begin: datetime, end: datetime) -> list[Reel]:
    """The reels between the moments, of the one epoch that shows most of what is asked for."""
    by_epoch: dict[int, list[Reel]] = {}
    shown: dict[int, timedelta] = {}
    for reel in recording.reels:
        least, most = max(recording.at(reel), begin), min(recording.ends(reel), end)
        if least < most:
            by_epoch.setdefault(reel.epoch, []).append(reel)
            shown[reel.epoch] = shown.get(reel.epoch, timedelta()) + (most - least)
    return by_epoch[max(shown, key=lambda epoch: shown[epoch])] if shown else []


def _path(key: str) -> str:
    return f"{FOLDER}/{key[:2]}/{key[2:]}.mp4"
