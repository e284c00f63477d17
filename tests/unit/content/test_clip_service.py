"""Clips of a room: from memory while fresh, from the reels after, at a seam the longer side."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore
from tests.support import footage
from tests.support.media import decode

from yaohe.content.clips.errors import ClipEmpty, ClipGone, ClipTooLong
from yaohe.content.clips.service import CLIP_S_MAX, Clips
from yaohe.kernel.clock import ManualClock
from yaohe.live.media import MediaOrigin
from yaohe.live.media.log import LogLimits
from yaohe.live.recordings import Recordings


class Studio:
    """A room that is live with real pictures, and its clips."""

    def __init__(self, home: Path, *, keep_ms: int = 30_000) -> None:
        self.clock = ManualClock()
        self.origin = MediaOrigin(clock=self.clock, limits=LogLimits(keep_ms=keep_ms))

        async def is_live(_: str) -> bool:
            return True

        self.recordings = Recordings(
            home / "recordings", self.origin, self.clock,
            window_s=600, keep_days=30, free_bytes_min=0, is_live=is_live,
        )  # fmt: skip
        self.clips = Clips(self.origin, self.recordings, LocalStore(prefix=home / "f", mkdir=True))

    def publish(self) -> datetime:
        """A publisher comes; the time of its first picture."""
        self.clock.advance(1)
        footage.begin(self.origin.open("tea"))
        self.at_ms = 0
        return self.clock.now()

    def two_seconds(self) -> None:
        room_log = self.origin.open("tea")
        self.at_ms = footage.show(room_log, self.at_ms, lambda: self.clock.advance(0.5))

    async def show(self, seconds: int) -> None:
        """The same two seconds of pictures again and again, recorded as they come."""
        for _ in range(seconds // 2):
            self.two_seconds()
            await self.recordings.flush()


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


async def test_the_last_seconds_come_from_memory(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    begun = studio.publish()
    await studio.show(20)
    made = await studio.clips.make("tea", begun + s(5), begun + s(20))
    assert made.begin == begun + s(5)
    assert made.duration_ms == pytest.approx(15_000, abs=40)
    mp4 = await studio.clips.read(made.key, 0, made.size)
    assert len(mp4) == made.size
    assert decode(mp4)[0] == 450
    assert await studio.clips.read(made.key, 4, 8) == b"ftyp"


async def test_what_is_long_ago_comes_from_the_reels(tmp_path: Path) -> None:
    studio = Studio(tmp_path, keep_ms=4_000)
    begun = studio.publish()
    await studio.show(40)
    made = await studio.clips.make("tea", begun + s(7.3), begun + s(13.3))
    assert begun + s(7.2) < made.begin <= begun + s(7.3)
    assert made.duration_ms == pytest.approx(6_000, abs=40)
    pictures, sounds = decode(await studio.clips.read(made.key, 0, made.size))
    assert 180 <= pictures <= 182
    assert sounds > 270
    studio.origin.end("tea")
    await studio.recordings.finish("tea")
    assert await studio.clips.make("tea", begun + s(7.3), begun + s(13.3)) == made


async def test_over_a_seam_the_longer_side_is_kept(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    first = studio.publish()
    await studio.show(10)
    second = studio.publish()
    await studio.show(4)
    made = await studio.clips.make("tea", first + s(2), second + s(4))
    assert made.begin == first + s(2)
    assert made.duration_ms == pytest.approx(8_000, abs=40)
    after = await studio.clips.make("tea", first + s(9), second + s(4))
    assert after.begin == second


async def test_the_same_stretch_is_the_same_file_and_many_may_ask(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    begun = studio.publish()
    await studio.show(10)
    made = await asyncio.gather(
        *(studio.clips.make("tea", begun + s(1), begun + s(4)) for _ in range(5))
    )
    assert len({one.key for one in made}) == 1


async def test_bad_stretches_and_unknown_rooms_make_nothing(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    begun = studio.publish()
    await studio.show(4)
    with pytest.raises(ClipEmpty):
        await studio.clips.make("nowhere", begun, begun + s(2))
    with pytest.raises(ClipEmpty):
        await studio.clips.make("tea", begun + s(3), begun + s(3))
    with pytest.raises(ClipEmpty):
        await studio.clips.make("tea", begun - s(90), begun - s(80))
    with pytest.raises(ClipEmpty):
        await studio.clips.make("tea", begun + s(60), begun + s(70))
    with pytest.raises(ClipTooLong):
        await studio.clips.make("tea", begun, begun + s(CLIP_S_MAX + 1))
    with pytest.raises(ClipGone):
        await studio.clips.read("0" * 40, 0, 10)
    assert not list((tmp_path / "f").rglob("*.mp4"))


async def test_without_recording_the_memory_still_gives_clips(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    begun = studio.publish()
    studio.two_seconds()
    studio.two_seconds()
    made = await studio.clips.make("tea", begun + s(1), begun + s(3))
    assert made.duration_ms == pytest.approx(2_000, abs=40)
    assert not (tmp_path / "recordings").exists()
