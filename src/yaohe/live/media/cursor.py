"""A cursor: one viewer's place in a fragment log, instead of a queue.

It begins at the newest keyframe, hands out what came since, and jumps to the newest keyframe when
the viewer lags more than a GOP. It stays in one epoch: when the log moved on and this epoch is read
to its end, `over` is true and the reader either leaves or calls `restart()`.
"""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.live.media.log import Fragment, FragmentLog, Generation

# A lag below the first is never worth a jump, one above the second always is.
JUMP_LAG_MS_MIN = 1_000
JUMP_LAG_MS_MAX = 3_000

_NOWHERE = 1 << 62
_NOTHING: tuple[Fragment, ...] = ()


class Cursor:
    """`next()` is called when the log tells of a change and when the viewer can take more."""

    __slots__ = ("_log", "epoch", "jumps", "offset")

    def __init__(self, log: FragmentLog) -> None:
        self._log = log
        self.jumps = 0
        self.epoch = 0
        self.offset = 0
        self.restart()

    @property
    def log(self) -> FragmentLog:
        return self._log

    @property
    def generation(self) -> Generation | None:
        """Codecs and init of the epoch this cursor reads; None before the first epoch."""
        if self.epoch == self._log.epoch:
            return self._log.generation
        return self._log.generation_of(self.epoch)

    @property
    def over(self) -> bool:
        """True when nothing more will ever come for this cursor's epoch."""
        log = self._log
        position = max(self.offset, log.first_offset)
        if log.epoch != self.epoch:
            return log.generation is None or position >= log.generation.first_offset
        return log.ended and position >= log.next_offset

    def restart(self) -> None:
        """Begin (again) at the newest keyframe of the log's current epoch."""
        log = self._log
        self.epoch = log.epoch
        self._to_newest_keyframe()

    def next(self) -> Sequence[Fragment]:
        """Everything to send now, in order; often one fragment, shared by all viewers."""
        newest = self._log.newest
        if newest is None:
            return _NOTHING
        if newest.offset == self.offset and newest.epoch == self.epoch:
            self.offset += 1
            return (newest,)
        if newest.offset < self.offset and self.offset != _NOWHERE:
            return _NOTHING
        return self._catch_up()

    def lag(self) -> int:
        """Milliseconds of media between this cursor and the newest fragment; the time between two
        publishers is none of it."""
        log = self._log
        if log.newest is None or self.offset >= log.next_offset:
            return 0
        here = log.get(max(self.offset, log.first_offset))
        if here is None:
            return 0
        if here.epoch == log.newest.epoch:
            return log.newest.end_ms - here.dts_ms
        ends = dict[int, tuple[int, int]]()  # what every epoch on the way holds: from, to
        for fragment in log.span(here.offset, log.next_offset):
            begin, end = ends.get(fragment.epoch, (fragment.dts_ms, fragment.end_ms))
            ends[fragment.epoch] = begin, max(end, fragment.end_ms)
        return sum(end - begin for begin, end in ends.values())

    def _catch_up(self) -> Sequence[Fragment]:
        log = self._log
        if log.epoch != self.epoch:
            assert log.generation is not None
            end = log.generation.first_offset
            if self.offset < end <= log.last_keyframe_offset and self.lag() > JUMP_LAG_MS_MAX:
                self.offset = end
                self.jumps += 1
                return _NOTHING
            rest = [f for f in log.span(self.offset, end) if f.epoch == self.epoch]
            self.offset = max(self.offset, end)
            return rest
        if self.offset == _NOWHERE:
            self._to_newest_keyframe()
        elif self._lost():
            self._to_newest_keyframe()
            self.jumps += 1
        fragments = log.span(self.offset, log.next_offset)
        if fragments:
            self.offset = log.next_offset
        return fragments

    def _lost(self) -> bool:
        """Lagging more than a GOP with a newer keyframe to go to, or trimmed away."""
        log = self._log
        if self.offset < log.first_offset:
            return True
        if log.last_keyframe_offset <= self.offset:
            return False
        return self.lag() > min(max(log.gop_ms, JUMP_LAG_MS_MIN), JUMP_LAG_MS_MAX)

    def _to_newest_keyframe(self) -> None:
        log = self._log
        if log.last_keyframe_offset >= 0:
            self.offset = log.last_keyframe_offset
        elif log.generation is None or log.next_offset == log.generation.first_offset:
            self.offset = log.next_offset  # an epoch begins with a keyframe
        else:
            self.offset = _NOWHERE  # the keyframe is trimmed away: wait for the next
