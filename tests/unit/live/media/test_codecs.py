"""Codec configurations: real ones are read right, unfit ones refused by name, garbage refused."""

from __future__ import annotations

from array import array
from contextlib import suppress

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.media import clip

from yaohe.live.media.codecs.aac import parse_aac_config, silent_frame
from yaohe.live.media.codecs.avc import is_well_formed, parse_avc_config, parse_sps
from yaohe.live.media.codecs.bits import BitReader, BitWriter
from yaohe.live.media.errors import BadBytes, CodecUnsupported, PublishRefused


@pytest.mark.parametrize(
    ("width", "height", "profile", "b_frames"),
    [(160, 96, "baseline", 0), (180, 320, "main", 2), (202, 358, "high", 0)],
)
def test_real_avc_configurations(width: int, height: int, profile: str, b_frames: int) -> None:
    made = clip(0.2, width=width, height=height, profile=profile, b_frames=b_frames)
    config = parse_avc_config(made.avcc)
    assert (config.width, config.height) == (width, height)
    assert config.codec == "avc1." + made.avcc[1:4].hex()
    assert config.length_size == 4
    assert all(is_well_formed(memoryview(frame.data), 4) for frame in made.video)


def test_what_browsers_cannot_play_is_refused_with_the_setting() -> None:
    made = clip(0.2, pixels="yuv444p", profile="high444")
    with pytest.raises(CodecUnsupported, match=r"4:4:4.*yuv420p"):
        parse_avc_config(made.avcc)


def test_real_aac_configuration() -> None:
    config = parse_aac_config(clip(0.2).asc)
    assert (config.codec, config.rate, config.channels) == ("mp4a.40.2", 48_000, 2)
    assert config.frame_samples == 1024
    assert config.frame_ms == pytest.approx(21.333, abs=0.001)


def test_aac_configurations_by_hand() -> None:
    def record(kind: int, index: int, layout: int) -> bytes:
        return BitWriter().write(kind, 5).write(index, 4).write(layout, 4).write(0, 3).to_bytes()

    assert parse_aac_config(record(2, 4, 1)).rate == 44_100
    assert parse_aac_config(record(2, 4, 7)).channels == 8
    with pytest.raises(CodecUnsupported, match="HE-AAC"):
        parse_aac_config(record(5, 4, 2))
    with pytest.raises(CodecUnsupported, match="layout"):
        parse_aac_config(record(2, 4, 0))
    with pytest.raises(BadBytes):
        parse_aac_config(record(2, 14, 2))
    spelled = BitWriter().write(2, 5).write(15, 4).write(44_056, 24).write(2, 4).write(0, 3)
    assert parse_aac_config(spelled.to_bytes()).rate == 44_056
    escaped = BitWriter().write(31, 5).write(10, 6).write(4, 4).write(2, 4).write(0, 5)
    with pytest.raises(CodecUnsupported, match="xHE-AAC"):
        parse_aac_config(escaped.to_bytes())


@pytest.mark.parametrize("layout", range(1, 7))
def test_silence_decodes_to_silence(layout: int) -> None:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = (2 << 11 | 3 << 7 | layout << 3).to_bytes(2, "big")
    decoder.options = {"err_detect": "explode"}
    loudest, frames = 0.0, 0
    for _ in range(4):
        for frame in decoder.decode(av.Packet(silent_frame(layout))):
            frames += 1
            assert len(frame.planes) == layout
            for plane in frame.planes:
                loudest = max(loudest, *(abs(x) for x in array("f", bytes(plane))))
    assert frames >= 3
    assert loudest == 0.0


def test_well_formed_samples() -> None:
    assert is_well_formed(memoryview(b"\0\0\0\2ab\0\0\0\1c"), 4)
    assert is_well_formed(memoryview(b"\0\2ab"), 2)
    for wrong in (b"", b"\0\0\0\1abc", b"\0\0\0\0", b"\0\0\0\1a\0", b"\0\0\0\1\x65\x88"):
        assert not is_well_formed(memoryview(wrong), 4)


@given(st.binary(max_size=120))
def test_garbage_never_escapes_the_refusal(data: bytes) -> None:
    for read in (parse_avc_config, parse_aac_config, parse_sps):
        with suppress(PublishRefused):
            read(data)
    is_well_formed(memoryview(data), 4)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_damaged_configurations_never_escape_the_refusal(at: int, noise: bytes) -> None:
    for record in (clip(0.2).avcc, clip(0.2, width=202, height=358, profile="high").avcc):
        damaged = bytearray(record)
        damaged[at % len(damaged) : at % len(damaged) + len(noise)] = noise
        try:
            config = parse_avc_config(bytes(damaged))
        except PublishRefused:
            continue
        assert 2 <= config.width <= 8_192


def write_exp_golomb(bits: BitWriter, number: int) -> None:
    size = (number + 1).bit_length()
    bits.write(0, size - 1).write(number + 1, size)


@given(st.lists(st.integers(0, 70_000), max_size=12))
def test_exp_golomb(numbers: list[int]) -> None:
    bits = BitWriter()
    for number in numbers:
        write_exp_golomb(bits, number)
    reader = BitReader(bits.to_bytes())
    assert [reader.unsigned() for _ in numbers] == numbers


def test_pixel_aspect_is_read() -> None:
    bits = BitWriter().write(66, 8).write(0, 8).write(30, 8)
    for number in (0, 0, 2, 1):  # id, frame numbers, order by output, references
        write_exp_golomb(bits, number)
    bits.write(0, 1)
    write_exp_golomb(bits, 9)
    write_exp_golomb(bits, 5)
    bits.write(1, 1).write(0, 1).write(0, 1)  # whole frames, no 8x8 inference, no crop
    bits.write(1, 1).write(1, 1).write(255, 8).write(4, 16).write(3, 16)
    sps = parse_sps(b"\x67" + bits.to_bytes())
    assert (sps.width, sps.height, sps.aspect) == (160, 96, (4, 3))
