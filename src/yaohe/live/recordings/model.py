"""A recording, its reels, and the rules of cutting and keeping them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from yaohe.live.media import Fragment

REEL_MS_MIN: Final = 5_000
# Reels nearer to each other than this are one stretch of time to a viewer.
_SEAM_MS: Final = 1_500


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """What a player must know before the reels of one epoch; its init is a file beside them."""

    epoch: int
    codecs: str
    width: int
    height: int
    started_at: datetime


class Reel(msgspec.Struct, kw_only=True):
    """One file. `breaks` counts the discontinuities up to and with its beginning."""

    number: int
    epoch: int
    dts_ms: int
    duration_ms: int
    bytes: int
    breaks: int


class Span(msgspec.Struct, frozen=True):
    """A stretch without a gap: it begins at `at`, lasts `ms`, and `from_ms` of replay go before."""

    at: datetime
    from_ms: int
    ms: int


class Recording(msgspec.Struct, kw_only=True):
    """One show of one room; `show` is the first epoch's number, unique within its room."""

    room_id: str
    show: int
    epochs: dict[int, Epoch] = msgspec.field(default_factory=dict)
    reels: deque[Reel] = msgspec.field(default_factory=deque)
    next_number: int = 0
    ended_at: datetime | None = None
    dropped: int = 0
    """How many of the oldest reels went because space or time ran out."""

    def at(self, reel: Reel) -> datetime:
        """When the reel's first picture was taken, by this machine's clock."""
        return self.epochs[reel.epoch].started_at + timedelta(milliseconds=reel.dts_ms)

    def ends(self, reel: Reel) -> datetime:
        return self.at(reel) + timedelta(milliseconds=reel.duration_ms)

    @property
    def complete(self) -> Sequence[Reel]:
        """The reels that are whole: all of them once the show is over, else all but the last."""
        reels = list(self.reels)
        return reels if self.ended_at is not None else reels[:-1]

    def since(self, at: datetime | None) -> list[Reel]:
        """The complete reels that end after `at`."""
        return [reel for reel in self.complete if at is None or self.ends(reel) > at]

    def position_ms(self, at: datetime, *, oldest: datetime | None) -> int | None:
        """Where on the time line of `since(oldest)` the moment `at` stands; None where that shows
        nothing of it."""
        moments = {number: _ms_into(epoch, at) for number, epoch in self.epochs.items()}
        oldests = {
            number: -1 if oldest is None else _ms_into(epoch, oldest)
            for number, epoch in self.epochs.items()
        }
        before_ms = 0
        for reel in self.complete:
            end_ms = reel.dts_ms + reel.duration_ms
            if end_ms <= oldests[reel.epoch]:
                continue
            if reel.dts_ms <= moments[reel.epoch] < end_ms:
                return before_ms + moments[reel.epoch] - reel.dts_ms
            before_ms += reel.duration_ms
        return None

    def apply(self, growth: Growth) -> bool:
        """Note what is on the disk now; True when it is a new reel."""
        if growth.opens is not None:
            self.epochs[growth.opens.epoch] = growth.opens
        is_new = not self.reels or self.reels[-1].number != growth.reel.number
        if not is_new:
            self.reels.pop()
        self.reels.append(growth.reel)
        self.next_number = growth.reel.number + 1
        return is_new


def _ms_into(epoch: Epoch, at: datetime) -> int:
    return (at - epoch.started_at) // timedelta(milliseconds=1)


class Growth(msgspec.Struct, kw_only=True):
    """What one write adds: bytes of one reel, and `reel` as it is afterwards."""

    reel: Reel
    data: list[bytes]
    opens: Epoch | None = None


def growths(recording: Recording, fragments: Sequence[Fragment], *, gap: bool) -> list[Growth]:
    """How `fragments` go on in the recording's reels; what leads to no keyframe is left out.

    A reel begins at a keyframe, five seconds after the one before or with an epoch. `gap` says that
    fragments before these are missing.
    """
    last = recording.reels[-1] if recording.reels else None
    reel = None if gap else last
    number = recording.next_number
    found: list[Growth] = []
    for fragment in fragments:
        if _begins_reel(reel, fragment):
            broken = last is not None and (reel is None or reel.epoch != fragment.epoch)
            reel = Reel(
                number=number,
                epoch=fragment.epoch,
                dts_ms=fragment.dts_ms,
                duration_ms=0,
                bytes=0,
                breaks=(last.breaks if last is not None else 0) + broken,
            )
            number += 1
            found.append(Growth(reel=reel, data=[]))
        elif reel is None or reel.epoch != fragment.epoch:
            continue
        elif not found:
            reel = msgspec.structs.replace(reel)
            found.append(Growth(reel=reel, data=[]))
        reel.duration_ms = max(reel.duration_ms, fragment.end_ms - reel.dts_ms)
        reel.bytes += len(fragment.data)
        found[-1].data.append(fragment.data)
        last = reel
    return found


def _begins_reel(open_reel: Reel | None, fragment: Fragment) -> bool:
    if open_reel is None or open_reel.epoch != fragment.epoch:
        return fragment.keyframe
    return fragment.keyframe and fragment.dts_ms - open_reel.dts_ms >= REEL_MS_MIN


def spans(recording: Recording, reels: Iterable[Reel]) -> list[Span]:
    """The time line of some reels of a recording: replay position against the time of day."""
    found: list[Span] = []
    position = 0
    for reel in reels:
        at = recording.at(reel)
        last = found[-1] if found else None
        if last is not None:
            gap_ms = (at - last.at).total_seconds() * 1000 - last.ms
            if abs(gap_ms) < _SEAM_MS:
                found[-1] = Span(last.at, last.from_ms, last.ms + reel.duration_ms)
                position += reel.duration_ms
                continue
        found.append(Span(at, position, reel.duration_ms))
        position += reel.duration_ms
    return found
