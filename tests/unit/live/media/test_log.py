"""The log and its cursors: bounds, joining at keyframes, lag, epochs."""

from __future__ import annotations

import weakref

import pytest
from structlog.testing import capture_logs

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import Cursor, FragmentLog
from yaohe.live.media.log import LogLimits


class Writer:
    """Appends fragments of 200 ms, a keyframe every `gop` of them."""

    def __init__(self, limits: LogLimits | None = None, *, gop: int = 5, size: int = 100) -> None:
        self.clock = ManualClock()
        self.log = FragmentLog("tea", clock=self.clock, limits=limits)
        self.gop, self.size, self.count = gop, size, 0

    def epoch(self) -> int:
        self.count = 0
        generation = self.log.open_epoch(
            init=b"init", codecs="avc1.64001f,mp4a.40.2", width=720, height=1280, avcc=b"avcc"
        )
        return generation.epoch

    def write(self, fragments: int = 1) -> None:
        for _ in range(fragments):
            keyframe = self.count % self.gop == 0
            self.clock.advance(0.2)
            self.log.append(
                bytes([self.count % 256]) * self.size,
                keyframe=keyframe,
                dts_ms=self.count * 200,
                duration_ms=200,
                frames=6,
                picture=b"key%d" % self.count if keyframe else None,
            )
            self.count += 1


def test_a_log_keeps_its_time_and_two_gops() -> None:
    writer = Writer(LogLimits(keep_ms=3_000))
    writer.epoch()
    writer.write(100)
    log = writer.log
    assert log.next_offset == 100
    assert log.newest is not None
    oldest = log.get(log.first_offset)
    assert oldest is not None
    assert 2_800 <= log.newest.end_ms - oldest.dts_ms <= 3_000
    assert log.get(log.first_offset - 1) is None
    assert log.get(100) is None
    assert log.bytes_held == sum(len(f.data) for f in log.span(0, 1000))
    assert log.gop_ms == 1_000


def test_long_gops_are_kept_beyond_the_time() -> None:
    writer = Writer(LogLimits(keep_ms=1_000), gop=50)
    writer.epoch()
    writer.write(120)
    assert writer.log.first_offset == 50  # the last two keyframes are 50 and 100
    assert writer.log.last_keyframe_offset == 100
    assert writer.log.gop_ms == 10_000


def test_without_keyframes_the_frame_limit_holds() -> None:
    writer = Writer(LogLimits(keep_ms=1_000, frames_max=600), gop=10**6)
    writer.epoch()
    writer.write(300)
    assert writer.log.frames_held <= 600
    assert writer.log.last_keyframe_offset == -1
    cursor = Cursor(writer.log)
    assert list(cursor.next()) == []


def test_the_byte_limit_is_hard() -> None:
    writer = Writer(LogLimits(bytes_max=1_000), size=300)
    writer.epoch()
    writer.write(20)
    assert writer.log.bytes_held <= 1_000
    assert writer.log.get(19) is not None


def test_a_cursor_starts_at_the_last_keyframe_and_follows() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(8)
    cursor = Cursor(writer.log)
    assert [f.offset for f in cursor.next()] == [5, 6, 7]
    assert list(cursor.next()) == []
    writer.write()
    (newest,) = cursor.next()
    assert newest is writer.log.newest
    assert cursor.lag() == 0
    assert newest.data is writer.log.get(8).data  # type: ignore[union-attr]
    assert weakref.ref(newest)() is newest


def test_a_lagging_cursor_jumps_to_the_newest_keyframe() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(1)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(4)  # 0.8 s behind within the same GOP: nothing is skipped
    assert [f.offset for f in cursor.next()] == [1, 2, 3, 4]
    writer.write(13)
    assert cursor.lag() == 2_600
    assert [f.offset for f in cursor.next()] == [15, 16, 17]
    assert cursor.jumps == 1


def test_the_time_between_two_publishers_is_no_lag() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(5)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(3)
    writer.clock.advance(50)
    writer.epoch()
    writer.write(4)
    assert cursor.lag() == 7 * 200
    assert [f.offset for f in cursor.next()] == [5, 6, 7]
    assert cursor.over


def test_who_lags_far_behind_the_next_epoch_goes_there_at_once() -> None:
    """Else a slow viewer gets half a minute of what is over, in one piece."""
    writer = Writer()
    writer.epoch()
    writer.write(5)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(20)
    writer.epoch()
    writer.write(4)
    assert list(cursor.next()) == []
    assert cursor.over
    assert cursor.jumps == 1
    cursor.restart()
    assert [f.offset for f in cursor.next()] == [25, 26, 27, 28]


def test_in_a_long_gop_a_cursor_waits_for_a_newer_keyframe() -> None:
    writer = Writer(gop=50)
    writer.epoch()
    writer.write(1)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(30)  # 6 s behind, but there is no keyframe to jump to
    assert cursor.next()[0].offset == 1
    writer.write(20)
    writer.write(15)
    assert cursor.next()[0].offset == 50


def test_a_trimmed_cursor_jumps() -> None:
    writer = Writer(LogLimits(keep_ms=2_000))
    writer.epoch()
    writer.write(1)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(60)
    fragments = cursor.next()
    assert fragments[0].keyframe
    assert cursor.jumps == 1


def test_an_epoch_ends_its_cursors_after_their_last_fragment() -> None:
    writer = Writer()
    first = writer.epoch()
    writer.write(3)
    cursor = Cursor(writer.log)
    cursor.next()
    writer.write(1)
    second = writer.epoch()
    writer.write(2)
    assert second > first
    assert not cursor.over
    assert [(f.epoch, f.offset) for f in cursor.next()] == [(first, 3)]
    assert cursor.over
    assert list(cursor.next()) == []
    cursor.restart()
    assert not cursor.over
    assert [(f.epoch, f.offset) for f in cursor.next()] == [(second, 4), (second, 5)]
    assert cursor.generation is writer.log.generation


def test_a_cursor_made_before_the_first_epoch() -> None:
    writer = Writer()
    cursor = Cursor(writer.log)
    assert not cursor.over
    assert list(cursor.next()) == []
    assert cursor.generation is None
    writer.epoch()
    assert cursor.over
    cursor.restart()
    writer.write(1)
    assert [f.offset for f in cursor.next()] == [0]


def test_generations_live_as_long_as_their_fragments() -> None:
    writer = Writer(LogLimits(keep_ms=1_000))
    first = writer.epoch()
    writer.write(5)
    assert writer.log.generation_of(first) is not None
    writer.epoch()
    writer.write(30)
    assert writer.log.generation_of(first) is None
    assert writer.log.generation_of(writer.log.epoch) is writer.log.generation


def test_epochs_grow_over_a_restart() -> None:
    one, two = Writer(), Writer()
    before = [one.epoch() for _ in range(3)]
    assert before == sorted(set(before))
    two.clock.advance(5)
    assert two.epoch() > before[-1]


def test_an_empty_epoch_is_harmless() -> None:
    writer = Writer(LogLimits(keep_ms=1_000))
    writer.epoch()
    writer.epoch()
    writer.write(30)
    assert writer.log.generation_of(writer.log.epoch) is writer.log.generation


def test_subscribers_hear_of_everything_and_cannot_hurt() -> None:
    writer = Writer()
    heard: list[tuple[int, bool, bool]] = []

    def broken(log: FragmentLog) -> None:
        raise RuntimeError("a bad reader")

    bad = writer.log.subscribe(broken)
    good = writer.log.subscribe(lambda log: heard.append((log.next_offset, log.live, log.ended)))
    writer.epoch()
    with capture_logs():
        writer.write(1)
    bad.close()
    writer.log.set_live(False)
    writer.log.set_live(False)
    writer.log.end()
    good.close()
    good.close()
    writer.epoch()
    writer.write(1)
    assert heard == [(1, True, False), (1, False, False), (1, False, True)]


def test_forgetting_keeps_numbers_and_picture() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(12)
    writer.log.set_live(False)
    cursor = Cursor(writer.log)
    writer.log.forget()
    assert writer.log.bytes_held == 0
    assert writer.log.next_offset == 12
    assert list(cursor.next()) == []
    picture = writer.log.latest_keyframe()
    assert picture is not None
    assert (picture.sample, picture.avcc, picture.width) == (b"key10", b"avcc", 720)
    writer.epoch()
    writer.write(1)
    assert cursor.over
    cursor.restart()
    assert [f.offset for f in cursor.next()] == [12]


def test_append_needs_an_epoch() -> None:
    with pytest.raises(AssertionError):
        FragmentLog("tea").append(b"x", keyframe=True, dts_ms=0, duration_ms=1)
