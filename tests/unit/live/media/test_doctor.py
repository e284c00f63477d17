"""The publish doctor: what is measured of a publication, and what is said about it."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace
from tests.support.media import clip
from tests.support.tags import AUDIO, VIDEO, Tag, tags

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import Finding, FragmentLog
from yaohe.live.media.doctor import examine
from yaohe.live.media.publication import Publication
from yaohe.live.media.pulse import Pulse, Vitals
from yaohe.live.media.rtmp.flv import FlvIngest

GOOD = Vitals(
    settled=True,
    codec="avc1.64001f",
    width=720,
    height=1280,
    fps=30.0,
    bitrate_kbps=2_500,
    bitrate_peak=1.1,
    gop_ms=2_000,
    pace=1.0,
    audio_rate=48_000,
    audio_age_ms=20,
    sound_ahead_ms=30,
)


def codes(vitals: Vitals) -> list[tuple[str, str]]:
    return [(finding.level, finding.code) for finding in examine(vitals)]


def test_nothing_is_wrong_with_a_good_show() -> None:
    assert examine(GOOD) == []


@pytest.mark.parametrize(
    ("change", "level", "code", "setting"),
    [
        ({"frame_age_ms": 4_000}, "bad", "no_frames", "4 s"),
        ({"pace": 0.8, "behind_ms": 900}, "bad", "upload_slow", "Bitrate to 1800 kbps"),
        ({"behind_ms": 2_500}, "bad", "upload_slow", "2.5 s late"),
        ({"missing_percent": 8.0}, "weak", "frames_missing", "Dynamically change bitrate"),
        ({"drift_ms_per_hour": -1_500}, "hint", "clock_drift", "1.5 s off"),
        ({"audio_rate": None}, "weak", "no_audio", "Mic/Auxiliary"),
        ({"audio_age_ms": 5_000}, "bad", "audio_stopped", "microphone"),
        ({"audio_age_ms": None}, "bad", "audio_stopped", "microphone"),
        ({"audio_rate": 22_050}, "weak", "audio_rate", "48 kHz"),
        ({"sound_ahead_ms": -900}, "weak", "sound_apart", "Sync Offset"),
        ({"gop_ms": 3_000}, "weak", "gop_long", "Keyframe Interval to 2 s"),
        ({"gop_ms": 8_333}, "bad", "gop_long", "every 8.3 s"),
        ({"gop_ms": 200}, "hint", "gop_short", "1 or 2 s"),
        ({"b_frames": True, "reorder_ms": 66}, "hint", "b_frames", "B-frames to 0"),
        ({"codec": "hvc1.1.6.L93.B0"}, "weak", "codec_rare", "plays H.265"),
        ({"codec": "av01.0.04M.08"}, "weak", "codec_rare", "H.264"),
        ({"fps": 12.0}, "weak", "fps_low", "FPS to 30"),
        ({"bitrate_kbps": 9_000}, "weak", "bitrate_high", "4000 kbps"),
        ({"bitrate_kbps": 400}, "hint", "bitrate_low", "Bitrate to 1900 kbps"),
        ({"bitrate_peak": 3.5}, "hint", "bitrate_uneven", "CBR"),
    ],
)
def test_each_problem_is_one_sentence_with_its_setting(
    change: dict[str, object], level: str, code: str, setting: str
) -> None:
    (found,) = examine(replace(GOOD, **change))
    assert (found.level, found.code) == (level, code)
    assert setting in found.text_en
    assert found.text
    assert found.text.endswith("。")
    assert "  " not in found.text_en


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"frame_age_ms": 4_000}, "no_frames", "No picture for 4 s"),
        ({"behind_ms": 2_500}, "upload_slow", "2.5 s late"),
        ({"missing_percent": 8.0}, "frames_missing", "8 %"),
        ({"audio_rate": None}, "no_audio", "microphone"),
        ({"audio_age_ms": 5_000}, "audio_stopped", "microphone"),
        ({"sound_ahead_ms": -900}, "sound_apart", "0.9 s apart"),
        ({"gop_ms": 8_333}, "gop_long", "after 8.3 s"),
        ({"fps": 12.0}, "fps_low", "light"),
        ({"bitrate_kbps": 400}, "bitrate_low", "only 400 kbps"),
        ({"gop_ms": 200}, "", ""),
        ({"b_frames": True, "reorder_ms": 66}, "", ""),
        ({"drift_ms_per_hour": -1_500}, "", ""),
        ({"bitrate_peak": 3.5}, "", ""),
    ],
)
def test_a_page_is_told_what_its_people_can_change(
    change: dict[str, object], code: str, words: str
) -> None:
    """No encoder's settings, and nothing at all where there is nothing to do."""
    found = examine(replace(GOOD, by_page=True, **change))
    assert [one.code for one in found] == ([code] if code else [])
    for one in found:
        assert words in one.text_en
        assert "OBS" not in one.text + one.text_en
        assert "{" not in one.text + one.text_en
        assert one.text.endswith("。")


def test_the_worst_comes_first_and_no_picture_says_it_all() -> None:
    ill = replace(GOOD, b_frames=True, gop_ms=9_000, audio_rate=None, fps=10.0)
    assert codes(ill) == [
        ("bad", "gop_long"),
        ("weak", "no_audio"),
        ("weak", "fps_low"),
        ("hint", "b_frames"),
    ]
    assert codes(replace(ill, frame_age_ms=20_000)) == [("bad", "no_frames")]


def test_the_first_seconds_are_not_judged_by_their_rates() -> None:
    fresh = Vitals(codec="avc1.64001f", width=720, height=1280, audio_rate=48_000)
    assert examine(fresh) == []


def test_sound_alone_is_not_asked_for_keyframes() -> None:
    assert examine(replace(GOOD, codec="", fps=0.0, gop_ms=0, bitrate_kbps=64)) == []


# ── measuring ────────────────────────────────────────────────────────────────────────────────


def run(
    pulse: Pulse,
    seconds: float,
    *,
    start_s: float = 100.0,
    fps: int = 30,
    gop: int = 60,
    b_frames: bool = False,
    late: float = 0.0,
    speed: float = 1.0,
    sizes: tuple[int, ...] = (8_000,),
    lost: int = 0,
) -> float:
    """Feed a show; gives the wall time at its end."""
    chosen = random.Random(1)
    wall = start_s
    for index in range(round(seconds * fps)):
        at = round(index * 1000 / fps)
        wall = start_s + at / 1000 * speed + (late if index > fps * seconds / 2 else 0)
        if lost and index % lost == 3:
            continue
        offset = (66 if index % 2 else 0) if b_frames else 0
        size = sizes[index // (fps * 2) % len(sizes)]
        pulse.video(wall + chosen.random() / 500, at, offset, index % gop == 0, size)
        pulse.audio(wall, at + 10, 160)
    return wall


def test_a_steady_show_is_measured_as_it_is() -> None:
    pulse = Pulse()
    found = pulse.vitals(run(pulse, 20))
    assert found.settled
    assert found.fps == pytest.approx(30, abs=0.3)
    assert found.bitrate_kbps == pytest.approx(30 * 8_160 * 8 / 1000, rel=0.02)
    assert found.bitrate_peak == pytest.approx(1, abs=0.05)
    assert found.gop_ms == 2_000
    assert (found.b_frames, found.missing_percent) == (False, 0.0)
    assert found.behind_ms < 5
    assert found.pace == pytest.approx(1, abs=0.01)
    assert found.sound_ahead_ms == 10
    assert found.drift_ms_per_hour is None


@pytest.mark.parametrize(
    ("how", "name", "low", "high"),
    [
        ({"gop": 250}, "gop_ms", 8_300, 8_400),
        ({"gop": 10_000}, "gop_ms", 19_000, 20_000),
        ({"b_frames": True}, "reorder_ms", 30, 34),
        ({"speed": 1.25}, "pace", 0.79, 0.81),
        ({"late": 3.0}, "behind_ms", 2_900, 3_100),
        ({"lost": 10}, "missing_percent", 9, 11),
        ({"sizes": (2_000, 2_000, 14_000, 2_000)}, "bitrate_peak", 2.2, 3.5),
    ],
)
def test_what_goes_wrong_is_seen(
    how: dict[str, object], name: str, low: float, high: float
) -> None:
    pulse = Pulse()
    found = pulse.vitals(run(pulse, 20, **how))  # type: ignore[arg-type]
    assert low <= getattr(found, name) <= high


def test_a_clock_that_runs_away_is_seen_after_minutes_and_congestion_is_not_taken_for_it() -> None:
    pulse = Pulse()
    end = run(pulse, 420, fps=10, speed=1.0005)
    drift = pulse.vitals(end).drift_ms_per_hour
    assert drift == pytest.approx(1_800, abs=60)
    calm = Pulse()
    assert abs(calm.vitals(run(calm, 420, fps=10)).drift_ms_per_hour or 0) < 20


def test_old_trouble_is_forgotten() -> None:
    pulse = Pulse()
    end = run(pulse, 10, b_frames=True, lost=5)
    assert pulse.vitals(end).b_frames
    pulse.restart()
    found = pulse.vitals(run(pulse, 12, start_s=end))
    assert (found.b_frames, found.missing_percent) == (False, 0.0)


def test_nothing_yet() -> None:
    assert not Pulse().vitals(5.0).settled


def said_of(made: list[Tag], seconds: int) -> list[Finding]:
    clock = ManualClock()
    publication = Publication(
        FragmentLog("tea", clock=clock),
        remote="",
        clock=clock,
        on_started=lambda _: None,
        on_finished=lambda *_: None,
        on_replaced=lambda _: None,
    )
    flv = FlvIngest(publication)
    now = 0
    for turn in range(seconds // 2):
        for tag in made:
            at = turn * 2_000 + tag.timestamp
            if at > now:
                clock.advance((at - now) / 1000)
                now = at
            if tag.kind == VIDEO:
                flv.video(at, tag.payload)
            elif tag.kind == AUDIO:
                flv.audio(at, tag.payload)
    return examine(publication.vitals())


def test_a_real_encoder_is_examined_as_it_publishes() -> None:
    assert said_of(list(tags("libx264", "aac")), 12) == []
    found = [f.code for f in said_of(list(tags("libx265", None)), 12)]
    assert found == ["no_audio", "codec_rare"]


def test_b_frames_of_a_real_encoder() -> None:
    pulse, made = Pulse(), clip(2.0, b_frames=2)
    for frame in made.video:
        pulse.video(frame.dts_ms / 1000, frame.dts_ms, frame.offset_ms, frame.keyframe, 1)
    found = pulse.vitals(2.0)
    assert found.b_frames
    assert 30 <= found.reorder_ms <= 140
