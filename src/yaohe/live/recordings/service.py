"""Recording every live room, keeping what may be kept, and giving it back.

The fragment log is the buffer: twice a second everything new in it is handed to one writer thread.
A disk that hangs costs a gap in the recording, never a frame of the live show.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from yaohe.kernel.clock import Clock
from yaohe.live.media import FragmentLog, Keyframe, MediaOrigin
from yaohe.live.recordings import journal
from yaohe.live.recordings.disk import Disk, DiskState
from yaohe.live.recordings.model import Epoch, Growth, Recording, growths

FLUSH_EVERY_S: Final = 0.5
SYNC_EVERY_S: Final = 2.0
SWEEP_EVERY_S: Final = 60.0
DISK_EVERY_S: Final = 5.0
READ_KEPT: Final = 32
THUMB_BYTES_MAX: Final = 32_768

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

__all__ = ["DiskState", "NewReel", "Recordings"]


class NewReel(msgspec.Struct, frozen=True):
    """A file was begun; `keyframe` is a picture of about its first moment."""

    room_id: str
    show: int
    number: int
    keyframe: Keyframe | None


class _Taping:
    """One show being recorded."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.tape: journal.Tape | None = None
        self.log: FragmentLog | None = None
        self.seen = 0
        self.gap = True
        self.synced_at = 0.0

    def follow(self, room_log: FragmentLog, first: int) -> None:
        """Read `room_log` from `first` on; what it held before is missing here."""
        self.log, self.seen, self.gap = room_log, first, True

    def tape_in(self, home: Path) -> journal.Tape:
        if self.tape is None:
            recording = self.recording
            self.tape = journal.Tape(home / recording.room_id / str(recording.show))
        return self.tape


class Recordings:
    """`window_s` may be rewound while live (0 records nothing), `keep_days` it stays after."""

    def __init__(
        self,
        home: Path,
        origin: MediaOrigin,
        clock: Clock,
        *,
        window_s: int,
        keep_days: int,
        free_bytes_min: int,
        is_live: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._home, self._origin, self._clock = home, origin, clock
        self._window_s, self._keep_days, self._is_live = window_s, keep_days, is_live
        self.disk = Disk(home, free_bytes_min, clock.monotonic)
        self.on_reel: list[Callable[[NewReel], None]] = []
        self._taping: dict[str, _Taping] = {}
        self._ending: set[str] = set()
        self._ended: dict[tuple[str, int], datetime] = {}
        self._read: OrderedDict[tuple[str, int], Recording] = OrderedDict()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._lock = asyncio.Lock()

    # ── what is there ────────────────────────────────────────────────────────────────────────

    @property
    def recording_rooms(self) -> list[str]:
        return list(self._taping)

    async def find(self, room_id: str, show: int | None = None) -> Recording | None:
        """The show that is on, or the last one that ended, or the one that is asked for."""
        taping = self._taping.get(room_id)
        if taping is not None and show in {None, taping.recording.show}:
            return taping.recording
        if show is None:
            show = max((one for room, one in self._ended if room == room_id), default=None)
        if show is None or (room_id, show) not in self._ended:
            return None
        kept = self._read.get((room_id, show))
        if kept is None:
            kept = await asyncio.to_thread(journal.read, self._home, room_id, show)
            self._read[room_id, show] = kept
            if len(self._read) > READ_KEPT:
                self._read.popitem(last=False)
        return kept

    def since(self, recording: Recording) -> datetime | None:
        """How far back it may be watched now: the window while it is live, all of it after."""
        if recording.ended_at is not None:
            return None
        return self._clock.now() - timedelta(seconds=self._window_s)

    async def moment(self, room_id: str, at: datetime) -> tuple[int | None, int]:
        """Where `at` stands in what may be watched (None nowhere), and how many ms ago it was."""
        found = await self.find(room_id)
        position = None if found is None else found.position_ms(at, oldest=self.since(found))
        return position, (self._clock.now() - at) // timedelta(milliseconds=1)

    async def file(
        self, room_id: str, show: int, path: Callable[[Path, int], Path], number: int
    ) -> bytes | None:
        """One file of a recording (`reel_path`, `thumb_path` or `init_path`); None when gone."""
        found = path(self._home / room_id / str(show), number)
        try:
            return await asyncio.to_thread(found.read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None

    async def put_thumb(self, reel: NewReel, jpeg: bytes) -> None:
        folder = self._home / reel.room_id / str(reel.show)
        if len(jpeg) <= THUMB_BYTES_MAX and folder.is_dir():
            path = journal.thumb_path(folder, reel.number)
            await self._write(lambda: path.write_bytes(jpeg))

    # ── recording ────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """Find what was recorded before; shows that a crash cut short are made whole."""
        await self._write(lambda: self._home.mkdir(parents=True, exist_ok=True))
        for room_id, show, ended_at in await self._write(lambda: list(journal.shows(self._home))):
            if ended_at is not None:
                self._ended[room_id, show] = ended_at
                continue
            before = self._taping.get(room_id)
            if before is not None:
                await self._finish(before)
            recording = await self._write(partial(journal.read, self._home, room_id, show))
            if recording.reels:
                self._taping[room_id] = _Taping(recording)
            else:
                await self._write(partial(journal.remove, self._home, room_id, show))

    async def run(self) -> None:
        """Record until cancelled; what is in memory then is still written."""
        swept = looked = -SWEEP_EVERY_S
        try:
            await self.settle()
            while True:
                now = self._clock.monotonic()
                if now - looked >= DISK_EVERY_S:
                    looked = now
                    await self.make_room()
                if now - swept >= SWEEP_EVERY_S:
                    swept = now
                    await self.sweep()
                await self.flush()
                await asyncio.sleep(FLUSH_EVERY_S)
        finally:
            await self.flush()

    async def settle(self) -> None:
        """Close the recordings of shows that ended while nobody ran."""
        for room_id in list(self._taping):
            if not await self._is_live(room_id):
                await self.finish(room_id)

    async def close(self) -> None:
        """Files are closed, not ended: a show goes on after a restart."""
        async with self._lock:
            for taping in self._taping.values():
                if taping.tape is not None:
                    await self._write(taping.tape.close)
        self._writer.shutdown()

    def follow(self, room_id: str, *, live: bool) -> None:
        """The room changed; of a show that is over the recording is closed at the next writing."""
        if not live and room_id in self._taping:
            self._ending.add(room_id)

    async def flush(self) -> None:
        """Write everything new of every room."""
        async with self._lock:
            for room_id in self._origin.rooms() if self._window_s else ():
                room_log = self._origin.log(room_id)
                if room_log is not None:
                    await self._flush_room(room_id, room_log)
        for room_id in tuple(self._ending):
            self._ending.discard(room_id)
            await self.finish(room_id)

    async def finish(self, room_id: str) -> None:
        """The show is over: write what is left and close its recording. A disk that cannot take
        that now is asked again with the next writing."""
        async with self._lock:
            room_log = self._origin.log(room_id)
            if room_log is not None and self._window_s:
                await self._flush_room(room_id, room_log)
            taping = self._taping.get(room_id)
            if taping is None:
                return
            if await self._finish(taping):
                del self._taping[room_id]
            else:
                self._ending.add(room_id)

    async def _flush_room(self, room_id: str, room_log: FragmentLog) -> None:
        taping = self._taping.get(room_id)
        if taping is None:
            if not room_log.live or room_log.generation is None:
                return
            # What is left in the log of the show before belongs to that one.
            taping = _Taping(Recording(room_id=room_id, show=room_log.epoch))
            taping.follow(room_log, room_log.generation.first_offset)
            self._taping[room_id] = taping
        elif taping.log is not room_log:
            taping.follow(room_log, room_log.first_offset)
        if taping.seen < room_log.first_offset:
            taping.gap = True
        fragments = room_log.span(taping.seen, room_log.next_offset)
        taping.seen = room_log.next_offset
        if self.disk.paused:
            taping.gap = True
            return
        found = growths(taping.recording, fragments, gap=taping.gap)
        inits = self._open_epochs(taping.recording, room_log, found)
        if found and not await self._append(taping, found, inits):
            return
        if found:
            taping.gap = False
        for growth in found:
            if taping.recording.apply(growth):
                self._tell(taping.recording, growth, room_log)

    @staticmethod
    def _open_epochs(
        recording: Recording, room_log: FragmentLog, found: list[Growth]
    ) -> dict[int, bytes]:
        """Give the first growth of each new epoch what a player must know; the inits by epoch."""
        inits: dict[int, bytes] = {}
        for growth in found:
            epoch = growth.reel.epoch
            generation = room_log.generation_of(epoch)
            if epoch in recording.epochs or epoch in inits or generation is None:
                continue
            inits[epoch] = generation.init
            growth.opens = Epoch(
                epoch=epoch,
                codecs=generation.codecs,
                width=generation.width,
                height=generation.height,
                started_at=generation.started_at,
            )
        return inits

    async def _append(self, taping: _Taping, found: list[Growth], inits: dict[int, bytes]) -> bool:
        now = self._clock.monotonic()
        is_due = now - taping.synced_at >= SYNC_EVERY_S

        def work() -> None:
            tape = taping.tape_in(self._home)
            for growth in found:
                if growth.opens is not None:
                    tape.open_epoch(growth.opens, inits[growth.opens.epoch])
                tape.grow(growth.reel, b"".join(growth.data))
            if is_due:
                tape.sync()

        try:
            await self._write(work)
        except OSError as error:
            # What was planned and not written must not be written again with a hole before it.
            taping.gap = True
            self.disk.refused(error)
            await self._reread(taping)
            return False
        if is_due:
            taping.synced_at = now
        return True

    async def _reread(self, taping: _Taping) -> None:
        """After a failed write the journal knows best what is there."""
        await self._put_down(taping)
        room_id, show = taping.recording.room_id, taping.recording.show
        if (self._home / room_id / str(show) / journal.JOURNAL).exists():
            taping.recording = await self._write(lambda: journal.read(self._home, room_id, show))

    def _tell(self, recording: Recording, growth: Growth, room_log: FragmentLog) -> None:
        keyframe = room_log.latest_keyframe()
        told = NewReel(recording.room_id, recording.show, growth.reel.number, keyframe)
        for listener in self.on_reel:
            listener(told)

    async def _put_down(self, taping: _Taping) -> None:
        tape, taping.tape = taping.tape, None
        if tape is not None:
            await self._write(tape.close)

    async def _finish(self, taping: _Taping) -> bool:
        """Close a recording for good; False when the disk did not take it."""
        try:
            await self._end(taping)
        except OSError as error:
            self.disk.refused(error)
            await self._put_down(taping)
            return False
        return True

    async def _end(self, taping: _Taping) -> None:
        recording = taping.recording
        last = recording.reels[-1] if recording.reels else None
        room_id, show = recording.room_id, recording.show
        if last is not None and self._keep_days:
            ended_at = recording.ends(last)
            await self._write(lambda: taping.tape_in(self._home).end(ended_at))
            recording.ended_at = ended_at
            self._ended[room_id, show] = ended_at
            return
        if taping.tape is not None:
            await self._write(taping.tape.close)
        await self._write(lambda: journal.remove(self._home, room_id, show))

    # ── what must go ─────────────────────────────────────────────────────────────────────────

    async def sweep(self) -> None:
        """Remove what is older than it may be."""
        oldest = self._clock.now() - timedelta(days=self._keep_days)
        for (room_id, show), ended_at in list(self._ended.items()):
            if ended_at < oldest:
                await self._remove(room_id, show)
        if not self._keep_days:
            for taping in list(self._taping.values()):
                await self._drop(taping, self.since(taping.recording))

    async def make_room(self) -> None:
        """A disk that fills: the oldest goes first, whole shows before what is live."""
        if not await self._write(self.disk.look):
            return
        async with self._lock:
            for room_id, show in sorted(self._ended, key=lambda one: self._ended[one]):
                await self._remove(room_id, show)
                self.disk.dropped(f"{room_id}/{show}")
                if not await self._write(self.disk.look):
                    return
            for taping in sorted(self._taping.values(), key=lambda one: one.recording.show):
                while len(taping.recording.reels) > 2:
                    reels = taping.recording.reels
                    at = taping.recording.ends(reels[min(12, len(reels) - 2) - 1])
                    await self._drop(taping, at)
                    self.disk.dropped(f"{taping.recording.room_id}/{taping.recording.show}")
                    if not await self._write(self.disk.look):
                        return
            self.disk.give_up()

    async def _remove(self, room_id: str, show: int) -> None:
        self._ended.pop((room_id, show), None)
        self._read.pop((room_id, show), None)
        await self._write(lambda: journal.remove(self._home, room_id, show))

    async def _drop(self, taping: _Taping, before: datetime | None) -> None:
        """Let go of the reels that ended by `before`, never of the one being written."""
        recording, numbers = taping.recording, list[int]()
        while len(recording.reels) > 1 and before is not None:
            if recording.ends(recording.reels[0]) > before:
                break
            numbers.append(recording.reels.popleft().number)
        if not numbers:
            return
        recording.dropped = numbers[-1] + 1
        try:
            await self._write(lambda: taping.tape_in(self._home).drop(recording.dropped, numbers))
        except OSError as error:
            self.disk.refused(error)

    async def _write(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
