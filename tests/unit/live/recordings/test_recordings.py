"""Recordings: what was live is on disk a moment later, also after a kill, and goes when it must."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.media import Clip, clip, decode

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import MediaOrigin
from yaohe.live.recordings import (
    NewReel,
    Recording,
    Recordings,
    init_path,
    playlist,
    reel_path,
    spans,
    thumb_path,
)

WINDOW_S = 600


class House:
    """An origin that is written to by hand, and the recordings of it."""

    def __init__(self, home: Path, **settings: int) -> None:
        self.home, self.clock = home, ManualClock()
        self.live: set[str] = {"tea"}
        self.start(**settings)

    def start(self, *, keep_days: int = 30, free_bytes_min: int = 0) -> None:
        """A process that begins, on whatever the one before left behind."""
        self.origin = MediaOrigin(clock=self.clock)

        async def is_live(room_id: str) -> bool:
            return room_id in self.live

        self.recordings = Recordings(
            self.home,
            self.origin,
            self.clock,
            window_s=WINDOW_S,
            keep_days=keep_days,
            free_bytes_min=free_bytes_min,
            is_live=is_live,
        )

    def epoch(self, room: str = "tea") -> None:
        self.count = 0
        self.clock.advance(1)
        self.origin.open(room).open_epoch(init=b"init", codecs="avc1.64001f", width=9, height=16)

    def write(self, seconds: float, room: str = "tea") -> bytes:
        """`seconds` of video, a keyframe each, told apart by its words."""
        written = b""
        for _ in range(round(seconds * 5)):
            data = b"<%d>" % self.count
            self.clock.advance(0.2)
            self.origin.open(room).append(
                data, keyframe=self.count % 5 == 0, dts_ms=self.count * 200, duration_ms=200
            )
            self.count += 1
            written += data
        return written

    async def show(self, seconds: float, room: str = "tea") -> None:
        """A whole show from its beginning to its end."""
        self.epoch(room)
        for _ in range(int(seconds)):
            self.write(1, room)
            await self.recordings.flush()
        self.origin.end(room)
        await self.recordings.finish(room)

    def files(self) -> list[str]:
        return [path.name for path in self.home.glob("tea/*/*")]

    async def found(self, room: str = "tea") -> Recording:
        recording = await self.recordings.find(room)
        assert recording is not None
        return recording

    async def bytes_of(self, recording: Recording) -> bytes:
        parts = [
            await self.recordings.file(recording.room_id, recording.show, reel_path, reel.number)
            for reel in recording.reels
        ]
        return b"".join(part or b"?" for part in parts)


async def test_a_show_is_on_disk_as_it_happens(tmp_path: Path) -> None:
    house = House(tmp_path)
    told: list[NewReel] = []
    house.recordings.on_reel.append(told.append)
    await house.recordings.open()
    house.epoch()
    written = house.write(12.4)
    await house.recordings.flush()
    recording = await house.found()
    assert await house.bytes_of(recording) == written
    assert [reel.duration_ms for reel in recording.reels] == [5_000, 5_000, 2_400]
    assert [reel.number for reel in told] == [0, 1, 2]
    # While it is live, the reel that grows is not offered.
    assert [reel.number for reel in recording.complete] == [0, 1]
    text = playlist(recording, recording.complete)
    assert text is not None
    assert text.count("#EXTINF:5.000,") == 2
    assert "ENDLIST" not in text
    written += house.write(1)
    house.origin.end("tea")
    await house.recordings.finish("tea")
    recording = await house.found()
    assert await house.bytes_of(recording) == written
    text = playlist(recording, recording.complete)
    assert text is not None
    assert text.count("#EXTINF:") == 3
    assert "#EXT-X-PLAYLIST-TYPE:VOD\n" in text
    assert text.endswith("#EXT-X-ENDLIST\n")
    (epoch,) = recording.epochs
    assert await house.recordings.file("tea", recording.show, init_path, epoch) == b"init"


async def test_a_kill_loses_what_was_not_flushed_and_nothing_else(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    written = house.write(7)
    await house.recordings.flush()
    show = (await house.found()).show
    house.write(0.4)  # never flushed
    folder = tmp_path / "tea" / str(show)
    # The kill comes in the middle of the next writing: bytes without a line, and half a line.
    with reel_path(folder, 1).open("ab") as reel, (folder / "journal").open("ab") as journal:
        reel.write(b"torn")
        journal.write(b'{"t":"grew","reel":{"num')
    house.start()
    await house.recordings.open()
    recording = await house.found()
    assert recording.show == show
    assert await house.bytes_of(recording) == written
    # The publisher returns: the same recording goes on, with a break the players are told of.
    house.epoch()
    written += house.write(6)
    await house.recordings.flush()
    house.origin.end("tea")
    await house.recordings.finish("tea")
    recording = await house.found()
    assert recording.show == show
    assert await house.bytes_of(recording) == written
    assert [reel.breaks for reel in recording.reels] == [0, 0, 1, 1]
    text = playlist(recording, recording.complete)
    assert text is not None
    assert text.count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1
    # What the next process reads is what this one held.
    house.start()
    await house.recordings.open()
    again = await house.found()
    assert (again.reels, again.epochs, again.ended_at) == (
        recording.reels,
        recording.epochs,
        recording.ended_at,
    )


async def test_a_show_that_ended_while_nobody_ran_is_closed(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    house.write(7)
    await house.recordings.flush()
    house.start()
    house.live.clear()
    await house.recordings.open()
    await house.recordings.settle()
    assert (await house.found()).ended_at is not None


async def test_a_moment_stands_where_the_time_line_shows_it(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    await house.recordings.flush()
    nothing = await house.recordings.moment("tea", house.clock.now())
    assert nothing == (None, 0)
    house.epoch()
    began = house.clock.now()
    house.write(11)
    await house.recordings.flush()
    house.clock.advance(30)  # the host is away
    house.epoch()
    house.write(11)
    await house.recordings.flush()
    recording = await house.found()
    line = spans(recording, recording.complete)
    for seconds in range(-1, 60):
        at = began + timedelta(seconds=seconds)
        place, ago_ms = await house.recordings.moment("tea", at)
        shown = [
            span.from_ms + (at - span.at) // timedelta(milliseconds=1)
            for span in line
            if span.at <= at < span.at + timedelta(milliseconds=span.ms)
        ]
        assert place == (shown[0] if shown else None), seconds
        assert ago_ms == (house.clock.now() - at) // timedelta(milliseconds=1)
    # What has slid out of the window is not offered, and the rest stands where it stands now.
    for _ in range(WINDOW_S):
        house.write(1)
        await house.recordings.flush()
    assert (await house.recordings.moment("tea", began))[0] is None
    oldest = recording.at(recording.since(house.recordings.since(recording))[0])
    assert (await house.recordings.moment("tea", oldest))[0] == 0


async def test_only_the_window_is_offered_while_live(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    for _ in range(WINDOW_S + 120):
        house.write(1)
        await house.recordings.flush()
    recording = await house.found()
    offered = recording.since(house.recordings.since(recording))
    assert sum(reel.duration_ms for reel in offered) == pytest.approx(WINDOW_S * 1000, abs=10_000)
    assert len(recording.complete) > len(offered)
    numbers = [reel.number for reel in offered]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    text = playlist(recording, offered)
    delta = playlist(recording, offered, skip=True)
    assert text is not None
    assert delta is not None
    (skipped,) = re.findall(r"SKIPPED-SEGMENTS=(\d+)", delta)
    names = [line for line in text.splitlines() if line.startswith("reel-")]
    assert [line for line in delta.splitlines() if line.startswith("reel-")] == names[
        int(skipped) :
    ]
    assert len(delta) < len(text) / 5


async def test_old_shows_go_and_without_keeping_only_the_window_stays(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    await house.show(7)
    await house.recordings.sweep()
    assert await house.recordings.find("tea") is not None
    house.clock.advance(timedelta(days=31).total_seconds())
    await house.recordings.sweep()
    assert await house.recordings.find("tea") is None
    assert house.files() == []
    house.start(keep_days=0)
    house.epoch()
    for _ in range(WINDOW_S + 60):
        house.write(1)
        await house.recordings.flush()
    await house.recordings.sweep()
    kept = [name for name in house.files() if name.endswith(".m4s")]
    assert len(kept) == pytest.approx(WINDOW_S / 5, abs=3)
    house.origin.end("tea")
    await house.recordings.finish("tea")
    assert house.files() == []


def a_disk(monkeypatch: pytest.MonkeyPatch, home: Path, size: int) -> None:
    """A disk with room for `size` bytes of reels."""

    def usage(_: object) -> tuple[int, int, int]:
        used = sum(path.stat().st_size for path in home.glob("*/*/*.m4s"))
        return shutil._ntuple_diskusage(size, used, max(0, size - used))

    monkeypatch.setattr(shutil, "disk_usage", usage)


async def test_on_a_full_disk_the_oldest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, free_bytes_min=100)
    await house.recordings.open()
    await house.show(20)
    first = (await house.found()).show
    await house.show(20, "silk")
    a_disk(monkeypatch, tmp_path, 1_000)
    house.epoch()
    for _ in range(20):
        house.write(1)
        await house.recordings.flush()
        await house.recordings.make_room()
    # The older show gave way, the other one and what is live are there.
    assert not (tmp_path / "tea" / str(first)).exists()
    assert await house.recordings.find("silk") is not None
    assert house.recordings.disk.state.dropped == 1
    for _ in range(120):
        house.write(1)
        await house.recordings.flush()
        await house.recordings.make_room()
    assert await house.recordings.find("silk") is None
    recording = await house.found()
    assert recording.dropped > 0
    assert house.recordings.disk.state.low
    assert not house.recordings.disk.paused
    assert await house.bytes_of(recording) != b""
    assert b"?" not in await house.bytes_of(recording)
    # The list goes on where it was: what left it is never named again.
    house.start()
    await house.recordings.open()
    again = await house.found()
    assert [reel.number for reel in again.reels] == [reel.number for reel in recording.reels]


async def test_a_write_that_fails_costs_a_gap_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    before = house.write(7)
    await house.recordings.flush()
    real: Callable[[int, bytes], int] = os.write
    full = True

    def write(fd: int, data: bytes) -> int:
        if not full:
            return real(fd, data)
        if len(data) > 4:
            return real(fd, data[:4])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    house.write(3)
    await house.recordings.flush()
    recording = await house.found()
    assert await house.bytes_of(recording) == before
    assert house.origin.open("tea").live
    full = False
    house.count = 51
    house.write(0.6)  # no keyframe yet
    house.count = 60
    after = house.write(6)
    await house.recordings.flush()
    recording = await house.found()
    assert await house.bytes_of(recording) == before + after
    assert [reel.breaks for reel in recording.reels] == [0, 0, 1, 1]


async def test_a_show_that_ends_on_a_full_disk_is_closed_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    written = house.write(7)
    await house.recordings.flush()
    real: Callable[[int], None] = os.fdatasync

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", refuse)
    house.origin.end("tea")
    house.live.clear()
    house.recordings.follow("tea", live=False)
    for _ in range(3):
        await house.recordings.flush()
    assert (await house.found()).ended_at is None
    assert open_files_below(tmp_path) == []
    monkeypatch.setattr(os, "fdatasync", real)
    await house.recordings.flush()
    recording = await house.found()
    assert recording.ended_at is not None
    assert house.recordings.recording_rooms == []
    assert await house.bytes_of(recording) == written


def open_files_below(folder: Path) -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own is gone by now
            found.append(os.readlink(descriptor))
    return [name for name in found if name.startswith(str(folder))]


async def test_nothing_left_to_give_pauses_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, free_bytes_min=100)
    await house.recordings.open()
    house.epoch()
    house.write(2)
    await house.recordings.flush()
    a_disk(monkeypatch, tmp_path, 0)
    await house.recordings.make_room()
    assert house.recordings.disk.paused
    house.write(8)
    await house.recordings.flush()
    assert len((await house.found()).reels) == 1
    a_disk(monkeypatch, tmp_path, 1_000_000)
    await house.recordings.make_room()
    assert not house.recordings.disk.paused
    house.write(1)
    await house.recordings.flush()
    assert [reel.breaks for reel in (await house.found()).reels] == [0, 1]


async def test_small_pictures_lie_beside_their_reels(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    house.write(2)
    await house.recordings.flush()
    show = (await house.found()).show
    reel = NewReel("tea", show, 0, None)
    await house.recordings.put_thumb(reel, b"jpeg")
    assert await house.recordings.file("tea", show, thumb_path, 0) == b"jpeg"
    assert await house.recordings.file("tea", show, thumb_path, 1) is None
    await house.recordings.put_thumb(NewReel("tea", 1, 0, None), b"jpeg")  # a show that is gone
    assert not (tmp_path / "tea" / "1").exists()


async def test_a_time_line_of_day_and_position(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    house.epoch()
    house.write(12)
    await house.recordings.flush()
    house.clock.advance(30)
    house.epoch()
    house.write(6)
    await house.recordings.flush()
    recording = await house.found()
    first, second = spans(recording, recording.reels)
    assert (first.from_ms, first.ms) == (0, 12_000)
    assert (second.from_ms, second.ms) == (12_000, 6_000)
    assert (second.at - first.at).total_seconds() == pytest.approx(43, abs=0.5)


def publish(house: House, made: Clip) -> None:
    publication = house.origin.publish("tea", remote="", on_replaced=lambda _: None)
    publication.configure_video(made.avcc)
    publication.configure_audio(made.asc)
    for frame in made.frames:
        if frame.is_video:
            publication.video(frame.dts_ms, frame.offset_ms, frame.keyframe, frame.data)
        else:
            publication.audio(frame.dts_ms, frame.data)
    publication.finish("closed")


async def test_what_is_recorded_plays(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.recordings.open()
    made = clip(8.0)
    publish(house, made)
    house.origin.open("tea").set_live(True)
    await house.recordings.flush()
    recording = await house.found()
    (epoch,) = recording.epochs
    init = await house.recordings.file("tea", recording.show, init_path, epoch)
    assert init is not None
    assert decode(init + await house.bytes_of(recording))[0] == len(made.video)
    for reel in recording.reels:
        data = await house.recordings.file("tea", recording.show, reel_path, reel.number)
        assert decode(init + (data or b""))[0] > 0
