"""The rungs of a show: the same moments in pictures of several sizes.

A room's own log is the top rung, which every reader gets who asks for nothing else. A lower rung is
named by the height of its picture, such as `480`, and is a log of its own. All rungs stand on one
timeline, the `ShowClock` of whoever leads, so that a player may go from one to another at a
keyframe and go on in the buffer it has. While the top rung's publisher is away, a `StandIn` copies
the best of the others into the room's own log: recordings, pictures and viewers fall to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from yaohe.live.media.errors import RungWrong
from yaohe.live.media.log import Fragment, FragmentLog

TOP = ""
# Besides the top one.
RUNGS_MAX = 4
# Two publishers whose frames arrive this evenly by their own clocks share a clock: the stamps are
# then better than the arrival.
SAME_CLOCK_MS = 150

_NAME = re.compile(r"[1-9][0-9]{1,3}\Z")


def rung_named(name: str) -> str:
    """`name` when it can name a lower rung; raises `RungWrong`."""
    if _NAME.match(name) is None:
        raise RungWrong
    return name


def is_rung(name: str) -> bool:
    return _NAME.match(name) is not None


class ShowClock(msgspec.Struct, frozen=True, kw_only=True):
    """How one publisher's clock stands to the show's timeline.

    `timeline` is the number of the epoch that began it, at `started_at`; `zero_ms` is its beginning
    on the publisher's clock, and `lateness_ms` our monotonic clock minus theirs, at best; None
    where both count on the timeline itself.
    """

    timeline: int
    started_at: datetime
    zero_ms: int
    lateness_ms: float | None

    def zero_for(self, lateness_ms: float) -> int:
        """The same beginning on the clock of another publisher, whose frames come so late."""
        if self.lateness_ms is None:
            return self.zero_ms
        apart = lateness_ms - self.lateness_ms
        return self.zero_ms if abs(apart) <= SAME_CLOCK_MS else self.zero_ms - round(apart)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One rung as players choose among them; `rung` is empty for the top one."""

    rung: str
    width: int
    height: int
    kbps: int
    codecs: str


def offer_of(log: FragmentLog) -> Offer:
    """What `log` holds now."""
    held = measured(log)
    kbps = kbps_of(held, sum(len(f.data) for f in held))
    return Offer(rung=log.rung, width=log.width, height=log.height, kbps=kbps, codecs=log.codecs)


def measured(log: FragmentLog) -> list[Fragment]:
    """What a bitrate is counted over: whole groups of pictures where there are any, since one
    keyframe may weigh as much as all that follows it."""
    held = [f for f in log.span(log.first_offset, log.next_offset) if f.epoch == log.epoch]
    keys = [place for place, fragment in enumerate(held) if fragment.keyframe]
    return held[keys[0] : keys[-1]] if len(keys) > 1 else held


def kbps_of(fragments: list[Fragment], size: int) -> int:
    """The rate of `size` bytes over the time of these fragments."""
    lasts_ms = fragments[-1].end_ms - fragments[0].dts_ms if fragments else 0
    return size * 8 // max(lasts_ms, 1)


def same_bytes(data: bytes) -> bytes:
    return data


class StandIn:
    """Copies `source` into `target`, from its newest keyframe on, until `close`.

    The bytes are shared unless `shape` makes others of them; a fragment of which it leaves nothing
    is left out.
    """

    def __init__(
        self,
        source: FragmentLog,
        target: FragmentLog,
        *,
        init: Callable[[bytes], bytes] = same_bytes,
        shape: Callable[[bytes], bytes] = same_bytes,
    ) -> None:
        self.source, self.target = source, target
        self._init, self._shape = init, shape
        self._epoch = 0
        key = source.last_keyframe_offset
        self._seen = key if key >= 0 else source.next_offset
        self._open(source.epoch)
        self._subscription = source.subscribe(self._follow)
        self._follow(source)

    def close(self) -> None:
        self._subscription.close()

    def _follow(self, source: FragmentLog) -> None:
        for fragment in source.span(self._seen, source.next_offset):
            if fragment.epoch != self._epoch:
                self._open(fragment.epoch)
            data = self._shape(fragment.data)
            if not data:
                continue
            newest = source.latest_keyframe()
            self.target.append(
                data,
                keyframe=fragment.keyframe,
                dts_ms=fragment.dts_ms,
                duration_ms=fragment.duration_ms,
                frames=fragment.frames,
                picture=newest.sample
                if newest and (newest.epoch, newest.dts_ms) == (fragment.epoch, fragment.dts_ms)
                else None,
            )
        self._seen = source.next_offset

    def _open(self, epoch: int) -> None:
        generation = self.source.generation_of(epoch)
        assert generation is not None, "a held fragment without its epoch"
        self._epoch = epoch
        self.target.open_epoch(
            init=self._init(generation.init),
            codecs=generation.codecs,
            width=generation.width,
            height=generation.height,
            avcc=generation.avcc,
            entry=generation.entry,
            has_video=generation.has_video,
            has_audio=generation.has_audio,
            timeline=generation.timeline,
            started_at=generation.started_at,
        )
