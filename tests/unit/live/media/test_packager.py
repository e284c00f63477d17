"""The packager's clockwork: time, cuts, silence."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.media import clip, decode, demux

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import Fragment, FragmentLog
from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.avc import parse_avc_config
from yaohe.live.media.fmp4.init import init_segment
from yaohe.live.media.packager import FRAGMENT_MS, STALL_S, Packager

CLIP = clip(1.0)
AAC = parse_aac_config(CLIP.asc)
KEY, DELTA = CLIP.video[0].data, CLIP.video[1].data
SOUND = CLIP.audio[5].data
AUDIO_MS = 1024 / 48


@dataclass
class Bench:
    log: FragmentLog
    packager: Packager
    clock: ManualClock

    @property
    def fragments(self) -> list[Fragment]:
        return self.log.span(0, self.log.next_offset)

    @property
    def bytes(self) -> bytes:
        return self.log.init + b"".join(f.data for f in self.fragments)


def bench(*, video: bool = True, audio: bool = True) -> Bench:
    clock = ManualClock()
    log = FragmentLog("tea", clock=clock)
    config = parse_avc_config(CLIP.avcc)
    init = init_segment(config if video else None, AAC if audio else None)
    log.open_epoch(init=init, codecs="x", avcc=CLIP.avcc)
    packager = Packager(
        log, has_video=video, audio=AAC if audio else None, monotonic=clock.monotonic
    )
    return Bench(log, packager, clock)


def frame_times(fps: int, count: int) -> list[int]:
    return [round(n * 1000 / fps) for n in range(count)]


@pytest.mark.parametrize(
    ("fps", "per_fragment"), [(15, 3), (24, 4), (25, 5), (30, 6), (50, 10), (60, 12)]
)
def test_fragments_fill_200_ms_and_leave_with_their_last_frame(fps: int, per_fragment: int) -> None:
    made = bench(audio=False)
    left_with: list[int] = []
    for number, at in enumerate(frame_times(fps, fps * 4)):
        before = made.log.next_offset
        made.packager.add_video(at, 0, number % fps == 0, KEY if number % fps == 0 else DELTA)
        left_with += [number] * (made.log.next_offset - before)
    # Once the frame duration is known every fragment leaves with its last frame, not the next;
    # only the rest of a GOP waits for the keyframe that ends it.
    for number in left_with[2:]:
        in_gop = number % fps
        assert in_gop % per_fragment == per_fragment - 1 or in_gop == 0
    assert all(f.duration_ms <= FRAGMENT_MS + 2 for f in made.fragments)
    keys = [f for f in made.fragments if f.keyframe]
    assert [f.dts_ms for f in keys[:4]] == pytest.approx([0, 1000, 2000, 3000], abs=3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.booleans(), st.integers(0, 120)),
        min_size=1,
        max_size=60,
    )
)
def test_whatever_the_clock_does_decode_times_are_unbroken(
    steps: list[tuple[int, bool, int]],
) -> None:
    made = bench(audio=False)
    at, shown = 100, []
    for number, (step, key, offset) in enumerate(steps):
        at += step
        shown.append(at + offset)
        made.packager.add_video(at, offset, key or number == 0, KEY if key else DELTA)
    made.packager.flush()
    heard = demux(made.bytes)
    for packet, wanted in zip(heard, shown, strict=True):
        assert wanted <= packet.pts_ms <= wanted + 100 + len(steps)
    times = [packet.dts_ms for packet in heard]
    assert times == sorted(set(times))
    for before, after in pairwise(made.fragments):
        assert after.dts_ms == before.end_ms
    # Decode times stay close to the publisher's own.
    assert abs(made.fragments[-1].end_ms - at) <= 400 + len(steps)
    for fragment in made.fragments:
        assert not fragment.keyframe or fragment.frames >= 1


def test_fragments_never_cross_a_keyframe() -> None:
    made = bench(audio=False)
    for number, at in enumerate(frame_times(30, 60)):
        made.packager.add_video(at, 0, number % 7 == 0, KEY if number % 7 == 0 else DELTA)
    made.packager.flush()
    heard = demux(made.bytes)
    position = 0
    for fragment in made.fragments:
        flags = [packet.keyframe for packet in heard[position : position + fragment.frames]]
        position += fragment.frames
        assert flags[0] == fragment.keyframe
        assert not any(flags[1:])
    assert position == 60


def test_a_dropped_frame_leaves_no_gap_and_moves_no_picture() -> None:
    made = bench(audio=False)
    times = [at for at in frame_times(30, 90) if not 1_000 < at < 1_500]
    for at in times:
        made.packager.add_video(at, 0, at == 0, KEY if at == 0 else DELTA)
    made.packager.flush()
    heard = demux(made.bytes)
    assert [packet.pts_ms for packet in heard] == times
    for before, after in pairwise(made.fragments):
        assert after.dts_ms == before.end_ms


def test_sound_rides_along_in_equal_frames() -> None:
    made = bench()
    sounds = 0
    for number, at in enumerate(frame_times(30, 90)):
        made.packager.add_video(at, 0, number % 30 == 0, KEY if number % 30 == 0 else DELTA)
        while sounds * AUDIO_MS <= at:
            # RTMP rounds, and this encoder trembles by 15 ms besides.
            made.packager.add_audio(round(sounds * AUDIO_MS) + (15 if sounds % 3 else 0), SOUND)
            sounds += 1
    made.packager.flush()
    heard = [packet for packet in demux(made.bytes) if packet.kind == "audio"]
    assert len(heard) == sounds
    for number, packet in enumerate(heard):
        assert packet.dts_ms == pytest.approx(number * AUDIO_MS, abs=0.1)
    assert made.packager.audio is not None
    assert made.packager.audio.filled_frames == 0


def test_lost_sound_is_filled_and_its_return_fits() -> None:
    made = bench()
    sounds = 0
    for number, at in enumerate(frame_times(30, 150)):
        made.packager.add_video(at, 0, number % 30 == 0, KEY if number % 30 == 0 else DELTA)
        if at >= 1_000 and made.log.newest is not None and at < 3_000:
            # The sound reaches at most 300 ms plus a fragment less far than the picture.
            line = made.packager.audio
            assert line is not None
            assert made.log.newest.end_ms - line.end_ms <= 300 + FRAGMENT_MS
        while sounds * AUDIO_MS <= at:
            if not 1_000 <= sounds * AUDIO_MS < 3_000:
                made.packager.add_audio(round(sounds * AUDIO_MS), SOUND)
            sounds += 1
    made.packager.flush()
    heard = [packet for packet in demux(made.bytes) if packet.kind == "audio"]
    assert len(heard) == pytest.approx(sounds, abs=1)
    steps = [b.dts_ms - a.dts_ms for a, b in pairwise(heard)]
    assert all(step == pytest.approx(AUDIO_MS, abs=0.1) for step in steps)
    real = [packet for packet in heard if packet.size == len(SOUND)]
    back = next(packet for packet in real if packet.dts_ms > 2_900)
    assert back.dts_ms == pytest.approx(3_008, abs=AUDIO_MS + 1)  # within a frame of its time
    decode(made.bytes)


def test_sound_that_never_comes_is_silence_from_the_start() -> None:
    made = bench()
    for number, at in enumerate(frame_times(30, 60)):
        made.packager.add_video(at, 0, number % 30 == 0, KEY if number % 30 == 0 else DELTA)
    line = made.packager.audio
    assert line is not None
    assert line.end_ms == pytest.approx(2_000, abs=FRAGMENT_MS)


def test_sound_that_is_always_late_is_waited_for_not_replaced() -> None:
    made = bench()
    sounds = 0
    for number, at in enumerate(frame_times(30, 150)):
        made.packager.add_video(at, 0, number % 30 == 0, KEY if number % 30 == 0 else DELTA)
        while sounds * AUDIO_MS + 250 <= at:
            made.packager.add_audio(round(sounds * AUDIO_MS), SOUND)
            sounds += 1
    line = made.packager.audio
    assert line is not None
    assert (line.filled_frames, line.late) == (0, 0)


def test_small_losses_are_filled_and_a_drifting_clock_is_followed() -> None:
    made = bench(video=False)
    line = made.packager.audio
    assert line is not None
    for number in range(2_000):  # this clock gains 0.5 %
        made.packager.add_audio(round(number * AUDIO_MS * 1.005), SOUND)
    assert line.end_ms == pytest.approx(2_000 * AUDIO_MS * 1.005, abs=2 * AUDIO_MS)
    gap = round(2_000 * AUDIO_MS * 1.005) + 150
    made.packager.add_audio(gap, SOUND)
    assert line.end_ms == pytest.approx(gap, abs=3 * AUDIO_MS)
    slow = bench(video=False)
    slow_line = slow.packager.audio
    assert slow_line is not None
    for number in range(2_000):  # and this one loses as much
        slow.packager.add_audio(round(number * AUDIO_MS * 0.995), SOUND)
    assert slow_line.end_ms == pytest.approx(2_000 * AUDIO_MS * 0.995, abs=2 * AUDIO_MS)


def test_hopelessly_late_sound_asks_for_a_new_epoch() -> None:
    made = bench()
    for number, at in enumerate(frame_times(30, 30)):
        made.packager.add_video(at, 0, number == 0, KEY if number == 0 else DELTA)
    for number in range(150):
        made.packager.add_audio(round(number * 0.1), SOUND)
    assert made.packager.is_audio_lost


def test_audio_only_is_cut_by_time_with_an_entry_every_second() -> None:
    made = bench(video=False)
    for number in range(300):
        made.packager.add_audio(round(number * AUDIO_MS), SOUND)
    made.packager.flush()
    assert all(f.duration_ms <= FRAGMENT_MS for f in made.fragments)
    entries = [f.dts_ms for f in made.fragments if f.keyframe]
    assert len(entries) == 6
    assert all(1_000 <= b - a <= 1_200 for a, b in pairwise(entries))
    assert len(demux(made.bytes)) == 300


def test_stalled_frames_leave_on_the_timer() -> None:
    made = bench()
    made.packager.add_video(0, 0, True, KEY)
    made.packager.add_audio(0, SOUND)
    made.packager.flush_stalled()
    assert made.fragments == []
    made.clock.advance(STALL_S)
    made.packager.flush_stalled()
    assert [f.frames for f in made.fragments] == [1]
    made.packager.flush_stalled()
    assert len(made.fragments) == 1


def test_sound_goes_on_while_the_picture_stands_still() -> None:
    made = bench()
    made.packager.add_video(0, 0, True, KEY)
    for number in range(100):
        made.packager.add_audio(round(number * AUDIO_MS), SOUND)
    assert made.packager.audio is not None
    assert made.packager.audio.pending_ms <= 2 * FRAGMENT_MS
    assert made.log.next_offset >= 8
    made.packager.add_video(2_133, 0, False, DELTA)
    made.packager.flush()
    pictures = [packet for packet in demux(made.bytes) if packet.kind == "video"]
    assert [packet.pts_ms for packet in pictures] == [0, 2_133]


def test_slides_leave_at_once() -> None:
    made = bench(audio=False)
    for second in range(6):
        made.packager.add_video(second * 1000, 0, second % 3 == 0, KEY)
        # The first frame cannot know how slow the stream is; the timer sends it.
        assert len(made.fragments) == second + (second > 0)
    times = [packet.pts_ms for packet in demux(made.bytes)]
    assert times == [0, 1000, 2000, 3000, 4000, 5000]


def test_a_flood_of_frames_at_one_instant_is_cut() -> None:
    made = bench(audio=False)
    for number in range(1_000):
        made.packager.add_video(0, 0, number == 0, DELTA)
    made.packager.flush()
    assert sum(f.frames for f in made.fragments) == 1_000
    assert all(f.frames <= 128 for f in made.fragments)
