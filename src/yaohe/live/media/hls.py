"""HLS as a view of the fragment log, for players without media source extensions.

Segments are cut at keyframes, one to two seconds long when GOPs allow it, and numbered once and for
all. Numbers begin at the wall clock's seconds and segments last about a second or more, so they do
not fall back over a restart either. The bytes of a segment are its fragments, one after the other.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta

import msgspec

from yaohe.live.media.log import Fragment, FragmentLog

SEGMENT_MS_MIN = 1_000
TARGET_S_MIN = 2
# The playlist offers about this much; the log keeps more, so that a listed segment is still there.
WINDOW_MS = 14_000
WINDOW_SEGMENTS_MIN = 3


class Segment(msgspec.Struct):
    """A listed segment: fragments `first` up to (not including) `end` of one epoch."""

    number: int
    epoch: int
    first: int
    end: int
    duration_ms: int
    begins_epoch: bool
    at: datetime


class HlsView:
    """Follows one log. `playlist()`, `init()` and `segment()` answer from memory at once."""

    def __init__(self, log: FragmentLog) -> None:
        self._log = log
        self._segments: deque[Segment] = deque()
        self._discontinuities = 0  # among the segments that left the playlist
        self._target_s = TARGET_S_MIN
        self._next_number = 0
        self._seen = log.next_offset
        self._open: Fragment | None = None  # the first fragment of the segment being made
        self._newest: Fragment | None = None
        self._last_epoch = 0
        self._joined: tuple[int, bytes] | None = None
        self._subscription = log.subscribe(self._follow)

    @property
    def segments(self) -> list[Segment]:
        return list(self._segments)

    def playlist(self) -> str | None:
        """The media playlist; None until there is something to play."""
        if not self._segments:
            return None
        first = self._segments[0]
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{self._target_s}",
            f"#EXT-X-MEDIA-SEQUENCE:{first.number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        epoch = 0
        for segment in self._segments:
            if segment.begins_epoch:
                lines.append("#EXT-X-DISCONTINUITY")
            if segment.epoch != epoch:
                epoch = segment.epoch
                lines.append(f'#EXT-X-MAP:URI="init-{epoch}.mp4"')
            stamp = segment.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{stamp}Z")
            lines.append(f"#EXTINF:{segment.duration_ms / 1000:.3f},")
            lines.append(f"seg-{epoch}-{segment.number}.m4s")
        if self._log.ended:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"

    def init(self, epoch: int) -> bytes | None:
        generation = self._log.generation_of(epoch)
        return generation.init if generation else None

    def segment(self, epoch: int, number: int) -> bytes | None:
        """The segment's bytes; None when it is unknown or no longer held."""
        if self._joined is not None and self._joined[0] == number:
            return self._joined[1]
        found = next(
            (s for s in self._segments if s.number == number and s.epoch == epoch),
            None,
        )
        if found is None or found.first < self._log.first_offset:
            return None
        joined = b"".join(f.data for f in self._log.span(found.first, found.end))
        self._joined = (number, joined)
        return joined

    def _follow(self, log: FragmentLog) -> None:
        for fragment in log.span(self._seen, log.next_offset):
            self._take(fragment)
        self._seen = log.next_offset
        if not log.live:
            self._close()
        if self._segments and self._segments[0].first < log.first_offset:
            self._shorten()

    def _take(self, fragment: Fragment) -> None:
        begin = self._open
        if begin is not None and begin.epoch != fragment.epoch:
            self._close()
            begin = None
        if begin is None:
            if fragment.keyframe:
                self._open = fragment
        elif fragment.keyframe and fragment.dts_ms - begin.dts_ms >= SEGMENT_MS_MIN:
            self._add(begin, fragment.offset, fragment.dts_ms)
            self._open = fragment
        self._newest = fragment

    def _close(self) -> None:
        """The publisher is gone or another epoch began: what is there is the last segment."""
        begin, newest = self._open, self._newest
        self._open = None
        if begin is not None and newest is not None and begin.offset >= self._log.first_offset:
            end_ms = max(f.end_ms for f in self._log.span(begin.offset, newest.offset + 1))
            self._add(begin, newest.offset + 1, end_ms)

    def _add(self, begin: Fragment, end: int, end_ms: int) -> None:
        generation = self._log.generation_of(begin.epoch)
        if generation is None or begin.offset < self._log.first_offset:
            return
        duration_ms = max(end_ms - begin.dts_ms, 1)
        if not self._next_number:
            self._next_number = int(generation.started_at.timestamp())
        self._segments.append(
            Segment(
                self._next_number,
                begin.epoch,
                begin.offset,
                end,
                duration_ms,
                bool(self._last_epoch) and begin.epoch != self._last_epoch,
                generation.started_at + timedelta(milliseconds=begin.dts_ms),
            )
        )
        self._last_epoch = begin.epoch
        self._next_number += 1
        # A player may refuse a segment longer than the target, rounded.
        self._target_s = max(self._target_s, math.floor(duration_ms / 1000 + 0.5))
        self._shorten()

    def _shorten(self) -> None:
        listed_ms = sum(segment.duration_ms for segment in self._segments)
        while self._segments:
            oldest = self._segments[0]
            enough = len(self._segments) > WINDOW_SEGMENTS_MIN
            enough = enough and listed_ms - oldest.duration_ms >= WINDOW_MS
            if oldest.first >= self._log.first_offset and not enough:
                return
            listed_ms -= oldest.duration_ms
            self._segments.popleft()
            # The tag leaves the playlist together with the segment it stood before.
            self._discontinuities += oldest.begins_epoch
