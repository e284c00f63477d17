"""Recordings as files, written by one thread, only ever appended to, right again after a crash.

    {room}/{show}/journal           a line of JSON for everything that happened
    {room}/{show}/init-{epoch}.mp4  written whole before the epoch's first line
    {room}/{show}/{number}.m4s      a reel: its line in the journal says how much of it is whole
    {room}/{show}/{number}.jpg      its first picture, small
    {room}/{show}/ended             the show is over; holds when

A reel grows, then the journal says by how much; so after a kill at any point the journal speaks of
bytes that are there, and what lies beyond is cut off. After a power cut some of them may not be
there: then the last line that is true counts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from yaohe.live.recordings.model import Epoch, Recording, Reel

JOURNAL: Final = "journal"
ENDED: Final = "ended"


class Opened(msgspec.Struct, frozen=True, tag="epoch", tag_field="t"):
    epoch: Epoch


class Grew(msgspec.Struct, frozen=True, tag="grew", tag_field="t"):
    """A reel as it is now; the last line of its number counts."""

    reel: Reel


class Dropped(msgspec.Struct, frozen=True, tag="dropped", tag_field="t"):
    """The reels before this number are gone."""

    before: int


Line = Opened | Grew | Dropped
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Tape:
    """One recording being written. Every method blocks: call it in the writer's thread.

    A write that fails (a full disk) leaves everything as it was before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = _appending(folder / JOURNAL)
        self._reel: tuple[int, int] | None = None  # number and file descriptor

    def open_epoch(self, epoch: Epoch, init: bytes) -> None:
        _whole(init_path(self.folder, epoch.epoch), init)
        _append(self._journal, _line(Opened(epoch)))

    def grow(self, reel: Reel, data: bytes) -> None:
        """Add `data` to the reel's file; `reel` says what it is afterwards."""
        if self._reel is None or self._reel[0] != reel.number:
            self._close_reel()
            self._reel = (reel.number, _appending(reel_path(self.folder, reel.number)))
        before = _append(self._reel[1], data)
        try:
            _append(self._journal, _line(Grew(reel)))
        except OSError:
            os.ftruncate(self._reel[1], before)
            raise

    def drop(self, before: int, numbers: list[int]) -> None:
        for number in numbers:
            reel_path(self.folder, number).unlink(missing_ok=True)
            thumb_path(self.folder, number).unlink(missing_ok=True)
        # Files first: on a full disk only their space makes room for this line.
        _append(self._journal, _line(Dropped(before)))

    def sync(self) -> None:
        """On the disk itself: what a power cut leaves."""
        if self._reel is not None:
            os.fdatasync(self._reel[1])
        os.fdatasync(self._journal)

    def end(self, at: datetime) -> None:
        self.sync()
        self.close()
        _whole(self.folder / ENDED, at.isoformat().encode())

    def close(self) -> None:
        self._close_reel()
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _close_reel(self) -> None:
        if self._reel is not None:
            os.close(self._reel[1])
            self._reel = None


def _line(line: Line) -> bytes:
    return _encode(line) + b"\n"


def _appending(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)


def _append(fd: int, data: bytes) -> int:
    """Write all of it or nothing; the size before."""
    before = os.fstat(fd).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        os.ftruncate(fd, before)
        raise
    return before


def _whole(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def reel_path(folder: Path, number: int) -> Path:
    return folder / f"{number}.m4s"


def thumb_path(folder: Path, number: int) -> Path:
    return folder / f"{number}.jpg"


def init_path(folder: Path, epoch: int) -> Path:
    return folder / f"init-{epoch}.mp4"


def shows(home: Path) -> Iterator[tuple[str, int, datetime | None]]:
    """Every recording there is, oldest first: room, show, and when it ended."""
    found = []
    for folder in home.glob("*/*"):
        if folder.name.isdigit() and (folder / JOURNAL).exists():
            found.append((int(folder.name), folder.parent.name, _ended_at(folder)))
    for show, room_id, ended_at in sorted(found, key=lambda one: one[:2]):
        yield room_id, show, ended_at


def read(home: Path, room_id: str, show: int) -> Recording:
    """A recording as its journal tells it. One that was not ended is made whole: its last reel is
    cut to what is true."""
    folder = home / room_id / str(show)
    recording = Recording(room_id=room_id, show=show, ended_at=_ended_at(folder))
    grown: list[Reel] = []  # what the journal says of the newest reel, line by line
    for line in _lines(folder / JOURNAL):
        match line:
            case Opened(epoch):
                recording.epochs[epoch.epoch] = epoch
            case Grew(reel):
                if grown and grown[-1].number != reel.number:
                    recording.reels.append(grown[-1])
                    grown.clear()
                grown.append(reel)
            case Dropped(before):
                recording.dropped = before
    last = _last_true(folder, grown)
    if last is not None:
        recording.reels.append(last)
    while recording.reels and recording.reels[0].number < recording.dropped:
        recording.reels.popleft()
    recording.next_number = grown[-1].number + 1 if grown else recording.dropped
    return recording


def remove(home: Path, room_id: str, show: int) -> None:
    shutil.rmtree(home / room_id / str(show), ignore_errors=True)


def _last_true(folder: Path, grown: list[Reel]) -> Reel | None:
    if not grown:
        return None
    path = reel_path(folder, grown[-1].number)
    size = path.stat().st_size if path.exists() else 0
    true = next((reel for reel in reversed(grown) if reel.bytes <= size), None)
    if true is not None and size > true.bytes:
        os.truncate(path, true.bytes)
    return true


def _lines(journal: Path) -> Iterator[Line]:
    """The journal's lines; a crash may have torn the last one, and nothing after it counts."""
    whole = 0
    data = journal.read_bytes()
    for raw in data.splitlines(keepends=True):
        try:
            line = _decode(raw)
        except msgspec.DecodeError:
            break
        if not raw.endswith(b"\n"):
            break
        whole += len(raw)
        yield line
    if whole < len(data):
        os.truncate(journal, whole)


def _ended_at(folder: Path) -> datetime | None:
    try:
        return datetime.fromisoformat((folder / ENDED).read_text())
    except (FileNotFoundError, ValueError):
        return None
