"""The small parts of the WebRTC child: H.264 units, the common timeline, Opus to AAC."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.webrtc import opus_packets

from yaohe.kernel.webrtc.sound import FRAME_SAMPLES, OpusToAac
from yaohe.kernel.webrtc.times import Timeline, Unwrap
from yaohe.kernel.webrtc.units import UnitReader, nal_units
from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.avc import is_well_formed, parse_avc_config

SPS = bytes.fromhex("6742c01fd900a03da10000030001000003003c8f183248")
PPS = bytes.fromhex("68cb8cb2")
CODE = b"\0\0\0\1"


def test_a_keyframe_becomes_a_sample_and_a_record() -> None:
    reader = UnitReader()
    unit = reader.read(CODE + SPS + CODE + PPS + CODE + b"\x65\x88\x84" + b"\0\0\1\x65\x01")
    assert unit is not None
    assert unit.keyframe
    assert unit.data == b"\0\0\0\3\x65\x88\x84\0\0\0\2\x65\x01"
    config = parse_avc_config(reader.record)
    assert (config.width, config.height, config.length_size) == (640, 480, 4)
    later = reader.read(CODE + b"\x41\x9a\x02")
    assert later is not None
    assert not later.keyframe
    assert parse_avc_config(reader.record) == config


def test_what_shows_nothing_is_no_frame() -> None:
    reader = UnitReader()
    assert reader.read(b"") is None
    assert reader.read(CODE + b"\x09\xf0") is None
    assert reader.read(CODE + SPS) is None
    assert reader.record == b""


@given(st.binary(max_size=300))
def test_any_bytes_become_whole_units_or_nothing(data: bytes) -> None:
    reader = UnitReader()
    unit = reader.read(data)
    assert unit is None or is_well_formed(memoryview(unit.data), 4)
    assert all(nal_units(CODE + part) for part in nal_units(data))


def test_an_rtp_clock_goes_on_beyond_its_wrap() -> None:
    clock = Unwrap()
    assert [clock.map(t) for t in (2**32 - 90, 2**32 - 30, 60, 30)] == [
        2**32 - 90, 2**32 - 30, 2**32 + 60, 2**32 + 30,
    ]  # fmt: skip


def test_sound_follows_the_picture_once_reports_came() -> None:
    times = Timeline(100.0)
    assert times.video_ms(900_000, 100.2) == 200
    # The sound's first packet came 80 ms late: what arrival says is wrong by that much.
    assert times.audio_ms(48_000, 100.28) == 280
    times.report(is_video=True, wall=5_000.0, timestamp=900_000)
    times.report(is_video=False, wall=5_000.0, timestamp=48_000)
    assert times.audio_ms(48_000, 101.0) == 200
    assert times.audio_ms(96_000, 101.0) == 1_200
    assert times.video_ms(990_000, 103.0) == 1_200


def test_a_report_after_the_wrap_means_the_same_clock() -> None:
    times = Timeline(0.0)
    times.video_ms(2**32 - 90, 0.0)
    times.audio_ms(0, 0.0)
    times.report(is_video=True, wall=10.0, timestamp=89_910)  # 90,000 ticks on
    times.report(is_video=False, wall=10.0, timestamp=48_000)
    assert times.audio_ms(48_000, 1.0) == 1_000


def test_opus_comes_out_as_aac_in_its_own_time() -> None:
    heard: list[tuple[int, bytes]] = []
    machine = OpusToAac(lambda at, frame: heard.append((at, frame)))
    config = parse_aac_config(machine.record)
    assert (config.rate, config.channels, config.frame_samples) == (48_000, 2, 1_024)
    for number, packet in enumerate(opus_packets(50)):
        machine.hear(10_000 + number * 960, packet)
    starts = [at for at, _ in heard]
    assert starts[:2] == [10_000 - FRAME_SAMPLES, 10_000]
    assert all(b - a == FRAME_SAMPLES for a, b in itertools.pairwise(starts))
    assert 48_000 - 4 * FRAME_SAMPLES < starts[-1] - 10_000 < 48_000


@pytest.mark.parametrize(("lost", "restarts"), [(5, False), (500, True)])
def test_a_gap_keeps_its_place(lost: int, restarts: bool) -> None:
    heard: list[int] = []
    machine = OpusToAac(lambda at, _: heard.append(at))
    packets = opus_packets(40)
    for number, packet in enumerate(packets):
        machine.hear((number if number < 20 else number + lost) * 960, packet)
    steps = {b - a for a, b in itertools.pairwise(heard)}
    assert (steps != {FRAME_SAMPLES}) is restarts
    assert heard[-1] > (38 + lost) * 960 - 3 * FRAME_SAMPLES


@given(st.binary(max_size=200), st.integers(-(2**40), 2**40))
def test_any_packet_is_heard_or_left_out(packet: bytes, at: int) -> None:
    OpusToAac(lambda _at, _frame: None).hear(at, packet)
