"""HLS as a view of the fragment log: low latency by parts, and plain for CDNs and old players.

A segment begins at a keyframe and lasts one to two seconds when GOPs allow it; its parts are the
log's fragments themselves, named by their offsets, so that the next part's name is always known.
Segments are numbered once and for all. Numbers begin at the wall clock's seconds and segments last
about a second or more, so they do not fall back over a restart either. A segment ends where the
picture pauses; the next one begins with the first keyframe after it, behind a discontinuity.

What the lists look like is in `playlists.py`; this file keeps the books and knows who waits.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from yaohe.live.media.fmp4.audio import audio_init, audio_only
from yaohe.live.media.log import Fragment, FragmentLog, Generation, is_pause

SEGMENT_MS_MIN = 1_000
TARGET_S_MIN = 2
# The playlist offers about this much; the log keeps more, so that a listed segment is still there.
WINDOW_MS = 14_000
WINDOW_SEGMENTS_MIN = 3
_PART_ROUNDING_MS = 10


class Segment(msgspec.Struct):
    """A listed segment: fragments `first` up to (not including) `end` of one epoch."""

    number: int
    epoch: int
    first: int
    end: int
    duration_ms: int
    breaks: bool  # a discontinuity stands before it
    at: datetime


class HlsView:
    """Follows one log. What is there is answered from memory at once; `until` waits for more."""

    def __init__(self, log: FragmentLog) -> None:
        self.log = log
        self.segments: deque[Segment] = deque()
        self.discontinuities = 0  # among the segments that left the playlist
        self.target_s = TARGET_S_MIN
        self._target_epoch = 0  # the last one with a segment that long
        self.part_target_ms = 0
        self.version = 0  # grows with every change, so that a list is written once for all
        self._next_number = 0
        self._seen = log.next_offset
        self._open: Fragment | None = None  # the first fragment of the segment being made
        self._newest: Fragment | None = None
        self._picture: Fragment | None = None  # the newest of the epoch that holds one
        self._paused = False  # since the last listed segment
        self._last_epoch = 0
        self._joined: tuple[tuple[int, int, bool], bytes] | None = None
        self._waiting: set[asyncio.Event] = set()
        self._subscription = log.subscribe(self._follow)

    # ── what is there ────────────────────────────────────────────────────────────────────────

    @property
    def open_number(self) -> int:
        """The number of the segment being made."""
        if not self._next_number and self._open is not None:
            generation = self.log.generation_of(self._open.epoch)
            assert generation is not None
            self._next_number = int(generation.started_at.timestamp())
        return self._next_number

    @property
    def open_segment(self) -> Segment | None:
        """The segment being made, as far as it is; None between two publishers."""
        begin = self._open
        generation = self.log.generation_of(begin.epoch) if begin is not None else None
        if begin is None or generation is None or begin.offset < self.log.first_offset:
            return None
        return self._segment(begin, generation, self.log.next_offset, 0)

    def parts(self, segment: Segment) -> list[Fragment]:
        """The segment's parts; none when they are no longer held."""
        if segment.first < self.log.first_offset:
            return []
        return self.log.span(segment.first, segment.end)

    def has(self, number: int, part: int | None) -> bool:
        """Whether segment `number` is complete, or its part `part` is there. A part beyond a
        segment's last one is the first of the next."""
        if number != self.open_number:
            return number < self.open_number
        begin = self._open
        return part is not None and begin is not None and part < self._seen - begin.offset

    # ── bytes ────────────────────────────────────────────────────────────────────────────────

    def init(self, epoch: int, *, audio: bool = False) -> bytes | None:
        generation = self.log.generation_of(epoch)
        if generation is None or (audio and not generation.has_audio):
            return None
        return audio_init(generation.init) if audio else generation.init

    def segment(self, epoch: int, number: int, *, audio: bool = False) -> bytes | None:
        """The segment's bytes; None when it is unknown or no longer held."""
        if self._joined is not None and self._joined[0] == (epoch, number, audio):
            return self._joined[1]
        found = next(
            (s for s in self.segments if s.number == number and s.epoch == epoch),
            None,
        )
        if found is None or found.first < self.log.first_offset:
            return None
        joined = b"".join(f.data for f in self.log.span(found.first, found.end))
        if audio:
            joined = audio_only(joined)
        self._joined = ((epoch, number, audio), joined)
        return joined

    def part(self, epoch: int, offset: int) -> bytes | None:
        fragment = self.log.get(offset)
        return fragment.data if fragment is not None and fragment.epoch == epoch else None

    # ── waiting ──────────────────────────────────────────────────────────────────────────────

    async def until(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a change that makes `ready` true; False when it did not come in time."""
        if ready():
            return True
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(timeout_s):
                while not ready():
                    changed.clear()
                    await changed.wait()
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(changed)

    # ── following the log ────────────────────────────────────────────────────────────────────

    def _follow(self, log: FragmentLog) -> None:
        for fragment in log.span(self._seen, log.next_offset):
            self._take(fragment)
        self._seen = log.next_offset
        if not log.live:
            self._close()
        if self.segments and self.segments[0].first < log.first_offset:
            self._shorten()
        self.version += 1
        for changed in self._waiting:
            changed.set()

    def _take(self, fragment: Fragment) -> None:
        begin = self._open
        if begin is not None and begin.epoch != fragment.epoch:
            self._close()
            begin = None
        if begin is not None and self._pauses(fragment):
            self._close()
            self._paused = True
            begin = None
        if begin is None:
            if fragment.keyframe:
                self._open = fragment
        elif fragment.keyframe and fragment.dts_ms - begin.dts_ms >= SEGMENT_MS_MIN:
            self._add(begin, fragment.offset, fragment.dts_ms)
            self._open = fragment
        self._newest = fragment
        if fragment.frames:
            self._picture = fragment
        if self._open is not None:
            self.part_target_ms = max(self.part_target_ms, _part_target_ms(fragment))

    def _pauses(self, fragment: Fragment) -> bool:
        """Whether no picture came for longer than a list can bear, up to the fragment's end."""
        picture = self._picture
        if picture is None or fragment.keyframe or picture.epoch != fragment.epoch:
            return False
        return is_pause(fragment.end_ms - picture.end_ms, picture.duration_ms)

    def _close(self) -> None:
        """The publisher is gone or another epoch began: what is there is the last segment."""
        begin, newest = self._open, self._newest
        if begin is not None and newest is not None and begin.offset >= self.log.first_offset:
            end_ms = max(f.end_ms for f in self.log.span(begin.offset, newest.offset + 1))
            self._add(begin, newest.offset + 1, end_ms)
        self._open = None

    def _add(self, begin: Fragment, end: int, end_ms: int) -> None:
        generation = self.log.generation_of(begin.epoch)
        if generation is None or begin.offset < self.log.first_offset:
            return
        duration_ms = max(end_ms - begin.dts_ms, 1)
        self.segments.append(self._segment(begin, generation, end, duration_ms))
        self._last_epoch, self._paused = begin.epoch, False
        self._next_number = self.open_number + 1
        # A player may refuse a segment longer than the target, rounded.
        needed_s = _target_s(duration_ms)
        if needed_s >= self.target_s:
            self.target_s, self._target_epoch = needed_s, begin.epoch
        self._shorten()

    def _segment(
        self, begin: Fragment, generation: Generation, end: int, duration_ms: int
    ) -> Segment:
        return Segment(
            self.open_number,
            begin.epoch,
            begin.offset,
            end,
            duration_ms,
            self._paused or (bool(self._last_epoch) and begin.epoch != self._last_epoch),
            generation.started_at + timedelta(milliseconds=begin.dts_ms),
        )

    def _shorten(self) -> None:
        before = len(self.segments)
        self._drop_old()
        if self.segments and len(self.segments) < before:
            self._relax()

    def _relax(self) -> None:
        """What only segments needed that are no longer listed keeps players behind no longer. The
        target duration may not change while a publisher goes on, so it waits for the next one."""
        first = self.segments[0]
        listed = [part for segment in self.segments for part in self.parts(segment)]
        if self._open is not None:
            listed += self.log.span(self._open.offset, self.log.next_offset)
        self.part_target_ms = max((_part_target_ms(part) for part in listed), default=0)
        if first.epoch > self._target_epoch:
            needed = (_target_s(segment.duration_ms) for segment in self.segments)
            self.target_s, self._target_epoch = max(TARGET_S_MIN, *needed), first.epoch

    def _drop_old(self) -> None:
        listed_ms = sum(segment.duration_ms for segment in self.segments)
        while self.segments:
            oldest = self.segments[0]
            enough = len(self.segments) > WINDOW_SEGMENTS_MIN
            enough = enough and listed_ms - oldest.duration_ms >= WINDOW_MS
            if oldest.first >= self.log.first_offset and not enough:
                return
            listed_ms -= oldest.duration_ms
            self.segments.popleft()
            # The tag leaves the playlist together with the segment it stood before.
            self.discontinuities += oldest.breaks


def _part_target_ms(part: Fragment) -> int:
    return -(-part.duration_ms // _PART_ROUNDING_MS) * _PART_ROUNDING_MS


def _target_s(duration_ms: int) -> int:
    return math.floor(duration_ms / 1000 + 0.5)
