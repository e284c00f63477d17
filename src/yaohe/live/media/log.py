"""The fragment log: a room's video as an append-only list of CMAF fragments in memory.

Everything reads the same immutable bytes: live viewers (cursors), HLS, thumbnails. `offset` numbers
the fragments of one log for ever; `epoch` names one publisher session or codec generation and only
ever grows, also over a restart of the process (it begins at the wall clock's seconds). The log is
bounded by time, bytes and frames, and keeps the last two GOPs where those bounds allow it.

A log is touched from one event loop only. Subscribers are called in that loop on every append and
on every change of state; they must take note and return.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog

from yaohe.kernel.clock import Clock, SystemClock

logger = structlog.get_logger(__name__)

GOP_TOLERANCE_MS = 500
# Without a picture for longer than this, and than pictures usually are apart, a publisher paused.
PAUSE_MS = 2_000
_PAUSE_GAPS = 3


def is_pause(gap_ms: int, usual_ms: int) -> bool:
    """Whether `gap_ms` between two pictures is a pause, where `usual_ms` was the gap before."""
    return gap_ms > max(PAUSE_MS, _PAUSE_GAPS * usual_ms)


class LogLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a room is kept: `keep_ms` of it, or two GOPs when those are longer."""

    keep_ms: int = 30_000
    bytes_max: int = 64 * 1024 * 1024
    frames_max: int = 2_500


@dataclass(slots=True, frozen=True, eq=False, weakref_slot=True)
class Fragment:
    """One piece of the log, ready to send. Times are on the epoch's own timeline."""

    epoch: int
    offset: int
    keyframe: bool
    dts_ms: int
    duration_ms: int
    data: bytes
    frames: int
    created: float

    @property
    def end_ms(self) -> int:
        return self.dts_ms + self.duration_ms


class Keyframe(msgspec.Struct, frozen=True):
    """The newest keyframe, for thumbnails: the decoder's configuration and one access unit, exactly
    what `av.CodecContext.extradata` and a packet want. `entry` names the codec, as `avc1` does."""

    epoch: int
    dts_ms: int
    width: int
    height: int
    avcc: bytes
    sample: bytes
    entry: str = "avc1"


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """What a player must know before the fragments of one epoch."""

    epoch: int
    init: bytes
    codecs: str
    width: int
    height: int
    has_video: bool
    has_audio: bool
    avcc: bytes
    first_offset: int
    started_at: datetime
    entry: str = "avc1"
    # Epochs of the same timeline, also of other rungs, show the same moment at the same time.
    timeline: int = 0


class Subscription:
    """Ends with `close()`; closing twice is harmless."""

    __slots__ = ("_home", "_key")

    def __init__(self, home: dict[int, Callable[..., None]], key: int) -> None:
        self._home, self._key = home, key

    def close(self) -> None:
        self._home.pop(self._key, None)


class FragmentLog:
    """One room's log. Writers use `open_epoch`, `append`, `set_live`, `end`; readers the rest."""

    def __init__(
        self,
        room_id: str,
        *,
        rung: str = "",
        clock: Clock | None = None,
        limits: LogLimits | None = None,
    ) -> None:
        self.room_id, self.rung = room_id, rung
        self.live = False
        self.ended = False
        self.newest: Fragment | None = None
        self.generation: Generation | None = None
        self.epoch = 0
        self.next_offset = 0
        self.last_keyframe_offset = -1
        self.cuts = 0
        self.has_captions = False  # inside the pictures themselves
        self.bytes_held = 0
        self.frames_held = 0
        self._clock = clock or SystemClock()
        self._limits = limits or LogLimits()
        self._fragments: dict[int, Fragment] = {}
        self._first = 0
        self._keyframes: deque[int] = deque()
        self._generations: dict[int, Generation] = {}
        self._picture: Keyframe | None = None
        self._subscribers: dict[int, Callable[[FragmentLog], None]] = {}
        self._subscriber_key = 0

    # ── what readers ask ─────────────────────────────────────────────────────────────────────

    @property
    def init(self) -> bytes:
        """The current epoch's `ftyp` and `moov`; empty before the first epoch."""
        return self.generation.init if self.generation else b""

    @property
    def codecs(self) -> str:
        """The current epoch's codec string, e.g. `avc1.64001f,mp4a.40.2`."""
        return self.generation.codecs if self.generation else ""

    @property
    def width(self) -> int:
        return self.generation.width if self.generation else 0

    @property
    def height(self) -> int:
        return self.generation.height if self.generation else 0

    @property
    def program_ms(self) -> int | None:
        """Where the live video stands, in milliseconds of EXT-X-PROGRAM-DATE-TIME's clock; None
        when nothing is on. It says the same moment in every player and over every epoch."""
        if not self.live or self.newest is None or self.generation is None:
            return None
        if self.newest.epoch != self.generation.epoch:
            return None
        return round(self.generation.started_at.timestamp() * 1000) + self.newest.end_ms

    @property
    def first_offset(self) -> int:
        """The oldest offset still held (equal to `next_offset` when nothing is)."""
        return self._first

    @property
    def gop_ms(self) -> int:
        """The length of the last whole GOP of this epoch, or of the open one when that is longer
        by more than what waits for its keyframe."""
        if self.newest is None or self.last_keyframe_offset < 0:
            return 0
        last = self._fragments.get(self.last_keyframe_offset)
        if last is None:
            return 0
        running = self.newest.end_ms - last.dts_ms
        if len(self._keyframes) < 2:
            return running
        previous = self._fragments.get(self._keyframes[-2])
        if previous is None or previous.epoch != last.epoch:
            return running
        whole = last.dts_ms - previous.dts_ms
        return running if running > whole + GOP_TOLERANCE_MS else whole

    def get(self, offset: int) -> Fragment | None:
        """The fragment at `offset`, or None when it is not there (yet, or any more)."""
        return self._fragments.get(offset)

    def span(self, first: int, end: int) -> list[Fragment]:
        """The held fragments with `first <= offset < end`, in order."""
        held = self._fragments
        return [held[n] for n in range(max(first, self._first), min(end, self.next_offset))]

    def generation_of(self, epoch: int) -> Generation | None:
        """The generation of `epoch` as long as one of its fragments is held."""
        return self._generations.get(epoch)

    @property
    def is_read(self) -> bool:
        """Whether anybody subscribes."""
        return bool(self._subscribers)

    def latest_keyframe(self) -> Keyframe | None:
        """The newest keyframe's access unit; it outlives the fragments."""
        return self._picture

    def subscribe(self, callback: Callable[[FragmentLog], None]) -> Subscription:
        """Call `callback(log)` on every append and change of state."""
        self._subscriber_key += 1
        self._subscribers[self._subscriber_key] = callback
        return Subscription(self._subscribers, self._subscriber_key)

    # ── what the publisher's side does ───────────────────────────────────────────────────────

    def open_epoch(
        self,
        *,
        init: bytes,
        codecs: str,
        width: int = 0,
        height: int = 0,
        avcc: bytes = b"",
        entry: str = "avc1",
        has_video: bool = True,
        has_audio: bool = True,
        timeline: int = 0,
        started_at: datetime | None = None,
    ) -> Generation:
        """Begin a new epoch: other bytes follow, so readers need the new init first. It begins a
        timeline of its own unless it stands on one that began before."""
        now = self._clock.now()
        self.epoch = max(self.epoch + 1, int(now.timestamp()))
        self.generation = Generation(
            epoch=self.epoch,
            init=init,
            codecs=codecs,
            width=width,
            height=height,
            has_video=has_video,
            has_audio=has_audio,
            avcc=avcc,
            entry=entry,
            first_offset=self.next_offset,
            started_at=started_at or now,
            timeline=timeline or self.epoch,
        )
        self._generations[self.epoch] = self.generation
        self.last_keyframe_offset = -1
        self.live, self.ended = True, False
        return self.generation

    def append(
        self,
        data: bytes,
        *,
        keyframe: bool,
        dts_ms: int,
        duration_ms: int,
        frames: int = 1,
        picture: bytes | None = None,
    ) -> Fragment:
        """Add the next fragment of the current epoch and tell everyone."""
        generation = self.generation
        assert generation is not None, "append before open_epoch"
        offset = self.next_offset
        fragment = Fragment(
            self.epoch,
            offset,
            keyframe,
            dts_ms,
            duration_ms,
            data,
            frames,
            self._clock.monotonic(),
        )
        self._fragments[offset] = fragment
        self.next_offset = offset + 1
        self.bytes_held += len(data)
        self.frames_held += frames
        if keyframe:
            self.last_keyframe_offset = offset
            self._keyframes.append(offset)
            if picture is not None:
                self._picture = Keyframe(
                    self.epoch,
                    dts_ms,
                    generation.width,
                    generation.height,
                    generation.avcc,
                    picture,
                    generation.entry,
                )
        self.newest = fragment
        self._trim()
        self._tell()
        return fragment

    def set_live(self, live: bool) -> None:
        """The publisher came or went. A log that is not live stays readable."""
        if live != self.live:
            self.live = live
            self._tell()

    def end(self) -> None:
        """The show is over: readers finish what is held and leave."""
        if not self.ended:
            self.live, self.ended = False, True
            self._tell()

    def cut(self) -> None:
        """Send away whoever reads a stream of this log, of whatever epoch."""
        self.cuts += 1
        self._tell()

    def forget(self) -> None:
        """Release the fragments of a room nobody publishes to; numbers and picture stay."""
        self._fragments.clear()
        self._keyframes.clear()
        self._generations.clear()
        if self.generation is not None and self.live:
            self._generations[self.epoch] = self.generation
        self._first = self.next_offset
        self.last_keyframe_offset = -1
        self.bytes_held = self.frames_held = 0
        self.newest = None

    # ── bounds ───────────────────────────────────────────────────────────────────────────────

    def _trim(self) -> None:
        limits = self._limits
        while self.next_offset - self._first > 1:
            over_bytes = self.bytes_held > limits.bytes_max
            if not over_bytes and self._held_ms() <= limits.keep_ms:
                return
            in_two_gops = len(self._keyframes) <= 2 and (
                not self._keyframes or self._first >= self._keyframes[0]
            )
            if in_two_gops and not over_bytes and self.frames_held <= limits.frames_max:
                return
            self._drop_oldest()

    def _held_ms(self) -> float:
        """Time held, by arrival: epochs have timelines of their own."""
        assert self.newest is not None
        oldest = self._fragments[self._first]
        if oldest.epoch == self.newest.epoch:
            return self.newest.end_ms - oldest.dts_ms
        return (self.newest.created - oldest.created) * 1000

    def _drop_oldest(self) -> None:
        oldest = self._fragments.pop(self._first)
        self._first += 1
        self.bytes_held -= len(oldest.data)
        self.frames_held -= oldest.frames
        if self._keyframes and self._keyframes[0] == oldest.offset:
            self._keyframes.popleft()
            if oldest.offset == self.last_keyframe_offset:
                self.last_keyframe_offset = -1
        if self._fragments[self._first].epoch != oldest.epoch:
            for epoch in [e for e in self._generations if e <= oldest.epoch]:
                del self._generations[epoch]

    def _tell(self) -> None:
        for callback in tuple(self._subscribers.values()):
            try:
                callback(self)
            except Exception:
                # One bad reader must not stop the others, nor the publisher.
                logger.exception("fragment_reader_failed", room=self.room_id)
