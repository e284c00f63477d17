"""A clip shows what was shown, from the picture that stood there on, and never trusts the bytes."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.media import RATE, Clip, clip

from yaohe.content.clips.errors import ClipEmpty, ClipUnreadable
from yaohe.content.clips.reading import read_tracks
from yaohe.content.clips.writing import cut
from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.avc import parse_avc_config
from yaohe.live.media.fmp4.boxes import walk
from yaohe.live.media.fmp4.fragment import VideoSample, audio_fragment, video_fragment
from yaohe.live.media.fmp4.init import init_segment

LATE_MS = 5_000_000  # an hour and more into a show
PICTURES = 6  # in a fragment


def recorded(made: Clip, *, late_ms: int = LATE_MS, sound_late: int = 0) -> tuple[bytes, bytes]:
    """What `live.media` would have written: its init and its fragments."""
    samples = [VideoSample(late_ms + f.dts_ms, f.offset_ms, f.keyframe, f.data) for f in made.video]
    parts, begin, number = [], 0, 0
    while begin < len(samples):
        end = begin + 1
        while end < len(samples) and end - begin < PICTURES and not samples[end].keyframe:
            end += 1
        closes = samples[end].dts if end < len(samples) else samples[-1].dts + 33
        parts += video_fragment(number, samples[begin:end], closes)
        begin, number = end, number + 1
    frames = [f.data for f in made.audio][sound_late:]
    start = late_ms * RATE // 1000 + sound_late * 1024
    for place in range(0, len(frames), 10):
        some = frames[place : place + 10]
        parts += audio_fragment(number, some, start + place * 1024, [1024] * len(some))
        number += 1
    init = init_segment(parse_avc_config(made.avcc), parse_aac_config(made.asc))
    return init, b"".join(parts)


def shown(data: bytes) -> tuple[list[int], list[bytes], list[int]]:
    """(ms of each picture, the pictures, ms of each sound) as a player shows them."""
    times, pictures, sounds = [], [], []
    with av.open(io.BytesIO(data), format="mp4") as container:
        for stream in container.streams:
            stream.codec_context.options = {"err_detect": "explode"}
        for frame in container.decode():
            assert frame.pts is not None
            assert frame.time_base is not None
            ms = round(float(frame.pts * frame.time_base) * 1000)
            if isinstance(frame, av.VideoFrame):
                times.append(ms)
                pictures.append(bytes(frame.planes[0]))
            else:
                sounds.append(ms)
    return times, pictures, sounds


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize(("start", "end"), [(0, 900), (700, 1_650), (1_000, 2_000), (1_234, 1_890)])
def test_it_shows_what_was_shown_from_the_moment_on(b_frames: int, start: int, end: int) -> None:
    made = clip(3.0, b_frames=b_frames, gop=30)
    init, fragments = recorded(made)
    _, all_pictures, _ = shown(init + fragments)
    order = sorted(
        range(len(made.video)), key=lambda i: made.video[i].dts_ms + made.video[i].offset_ms
    )
    at_ms = [made.video[i].dts_ms + made.video[i].offset_ms for i in order]

    found = cut(read_tracks(init, [fragments]), LATE_MS + start, LATE_MS + end)

    start = max([ms for ms in at_ms if ms <= start], default=at_ms[0])  # the picture that stood

    assert (found.start_ms, found.end_ms) == (LATE_MS + start, LATE_MS + end)
    times, pictures, sounds = shown(found.mp4)
    wanted = [place for place, ms in enumerate(at_ms) if start <= ms < end]
    seen = [place for place, ms in enumerate(times) if 0 <= ms < end - start]
    assert [times[place] for place in seen] == [at_ms[place] - start for place in wanted]
    assert [pictures[p] for p in seen] == [all_pictures[p] for p in wanted]
    assert sounds[0] <= 0 or sounds[0] < 22, "sound from the first moment on"
    assert abs(sounds[-1] - (end - start)) < 45


def test_tables_come_first_and_the_length_is_told() -> None:
    init, fragments = recorded(clip(2.0))
    found = cut(read_tracks(init, [fragments]), LATE_MS + 500, LATE_MS + 1_500)
    assert [kind for kind, _ in walk(found.mp4)] == [b"ftyp", b"moov", b"mdat"]
    with av.open(io.BytesIO(found.mp4), format="mp4") as container:
        assert container.duration == pytest.approx(1_000_000, abs=40_000)
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"


def test_sound_that_begins_later_stays_later() -> None:
    init, fragments = recorded(clip(2.0), sound_late=20)  # 427 ms
    found = cut(read_tracks(init, [fragments]), LATE_MS + 200, LATE_MS + 1_500)
    _, _, sounds = shown(found.mp4)
    assert sounds[0] == pytest.approx(LATE_MS + 427 - found.start_ms, abs=3)


def test_what_is_not_there_shortens_it() -> None:
    init, fragments = recorded(clip(2.0))
    found = cut(read_tracks(init, [fragments]), LATE_MS - 9_000, LATE_MS + 90_000)
    assert found.start_ms == LATE_MS + clip(2.0).video[0].dts_ms
    assert 1_900 < found.duration_ms <= 2_100


@pytest.mark.parametrize(("start", "end"), [(9_000, 12_000), (-5_000, -10), (700, 700), (900, 100)])
def test_where_there_is_nothing_no_clip_is_made(start: int, end: int) -> None:
    init, fragments = recorded(clip(2.0))
    with pytest.raises(ClipEmpty):
        cut(read_tracks(init, [fragments]), LATE_MS + start, LATE_MS + end)


def test_sound_alone_is_a_clip_too() -> None:
    made = clip(2.0)
    frames = [f.data for f in made.audio]
    init = init_segment(None, parse_aac_config(made.asc))
    data = b"".join(audio_fragment(0, frames, 0, [1024] * len(frames)))
    found = cut(read_tracks(init, [data]), 500, 1_500)
    assert found.duration_ms == pytest.approx(1_000, abs=22)  # a frame of sound
    assert shown(found.mp4)[2]


@given(st.integers(0, 1 << 30), st.binary(min_size=1, max_size=6), st.booleans())
def test_damaged_bytes_are_refused_or_cut(at: int, noise: bytes, in_init: bool) -> None:
    init, fragments = recorded(clip(0.5, gop=15))
    torn = bytearray(init if in_init else fragments)
    # The tables are at the front of every fragment; pictures themselves may be anything.
    place = at % (len(torn) if in_init else min(len(torn), 400))
    torn[place : place + len(noise)] = noise
    pieces = (bytes(torn), fragments) if in_init else (init, bytes(torn))
    try:
        found = cut(read_tracks(pieces[0], [pieces[1]]), LATE_MS + 100, LATE_MS + 400)
    except (ClipUnreadable, ClipEmpty):
        return
    assert len(found.mp4) < 2 * (len(init) + len(fragments)) + 4_096


@given(st.binary(max_size=200), st.binary(max_size=400))
def test_garbage_is_refused(init: bytes, fragments: bytes) -> None:
    with pytest.raises((ClipUnreadable, ClipEmpty)):
        cut(read_tracks(init, [fragments]), 0, 1_000)
