"""FLV tags: old and enhanced, what is taken and what is refused by name."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.live.media.errors import BadBytes, CodecUnsupported, PublishRefused
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp.flv import FlvIngest


class Taken:
    """Stands where the publication is and writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def expect(self, *, video: bool, audio: bool) -> None:
        self.told.append(("expect", video, audio))

    def configure_video(self, record: bytes, codec: bytes) -> None:
        self.told.append((codec.decode(), record))

    def configure_audio(self, record: bytes, codec: bytes) -> None:
        self.told.append((codec.decode(), record))

    def video(self, dts: int, offset: int, keyframe: bool, data: memoryview) -> None:
        self.told.append(("video", dts, offset, keyframe, bytes(data)))

    def audio(self, at: int, data: memoryview) -> None:
        self.told.append(("audio", at, bytes(data)))


def ingest() -> tuple[FlvIngest, list[tuple[object, ...]]]:
    taken = Taken()
    return FlvIngest(cast(Publication, taken)), taken.told


def test_old_tags() -> None:
    flv, told = ingest()
    flv.video(0, b"\x17\0\0\0\0avcc")
    flv.audio(0, b"\xaf\0asc")
    flv.video(40, b"\x17\1\0\0\x21key")
    flv.video(80, b"\x27\1\xff\xff\xf6delta")
    flv.audio(85, b"\xaf\1sound")
    flv.video(90, b"\x17\2\0\0\0")  # end of sequence
    flv.video(90, b"\x57\0\0\0\0")  # a seek command
    flv.video(90, b"\x17\1\0\0\0")  # an empty frame
    flv.audio(90, b"\xaf")
    assert told == [
        ("avc1", b"avcc"),
        ("mp4a", b"asc"),
        ("video", 40, 33, True, b"key"),
        ("video", 80, -10, False, b"delta"),
        ("audio", 85, b"sound"),
    ]


def test_enhanced_tags_of_the_codecs_we_take() -> None:
    flv, told = ingest()
    flv.video(0, b"\x90avc1avcc")
    flv.video(40, b"\x91avc1\0\0\x21key")
    flv.video(80, b"\xa3avc1delta")
    flv.video(80, b"\x94avc1metadata")
    flv.video(80, b"\xd0avc1")
    flv.audio(0, b"\x90mp4aasc")
    flv.audio(90, b"\x91mp4asound")
    assert told == [
        ("avc1", b"avcc"),
        ("video", 40, 33, True, b"key"),
        ("video", 80, 0, False, b"delta"),
        ("mp4a", b"asc"),
        ("audio", 90, b"sound"),
    ]


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (b"\x12\0\0\0\0", "H.263"),
        (b"\x14\0\0\0\0", "VP6"),
        (b"\x1d\0\0\0\0", "AV1"),
        (b"\x19\0\0\0\0", "MPEG-4"),
        (b"\x10\0\0\0\0", "does not know"),
        (b"\x90vvc1", "VVC"),
        (b"\x90vp09", "VP9"),
        (b"\x90xxxx", "does not know"),
    ],
)
def test_other_video_is_refused_by_name(tag: bytes, name: str) -> None:
    with pytest.raises(CodecUnsupported, match=name):
        ingest()[0].video(0, tag)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (b"\x2f\0", "MP3"),
        (b"\xb2\0", "Speex"),
        (b"\x5f\0", "Nellymoser"),
        (b"\xcf\0", "does not know"),
        (b"\x90ac-3", "AC-3"),
    ],
)
def test_other_audio_is_refused_by_name(tag: bytes, name: str) -> None:
    with pytest.raises(CodecUnsupported, match=name):
        ingest()[0].audio(0, tag)


def test_the_clock_is_unwrapped_in_both_directions() -> None:
    flv, told = ingest()
    for stamp in (0xFFFF_FFF0, 0x0000_0010, 0xFFFF_FFF8, 0x0000_0020):
        flv.audio(stamp, b"\xaf\1x")
    assert [line[1] for line in told] == [0xFFFF_FFF0, 0x1_0000_0010, 0xFFFF_FFF8, 0x1_0000_0020]


def test_announcements() -> None:
    flv, told = ingest()
    flv.metadata({"width": 1.0, "audiosamplerate": 48000.0})
    flv.metadata({"videocodecid": 7.0})
    flv.metadata({"encoder": "x"})
    assert told == [("expect", True, True), ("expect", True, False)]


def test_aggregates() -> None:
    flv, told = ingest()

    def tag(kind: int, at: int, body: bytes) -> bytes:
        head = bytes((kind,)) + len(body).to_bytes(3, "big") + (at & 0xFFFFFF).to_bytes(3, "big")
        return head + bytes((at >> 24,)) + bytes(3) + body + (11 + len(body)).to_bytes(4, "big")

    flv.aggregate(500, tag(9, 1_000, b"\x17\1\0\0\0k") + tag(8, 1_020, b"\xaf\1s"))
    assert told == [("video", 500, 0, True, b"k"), ("audio", 520, b"s")]
    with pytest.raises(BadBytes):
        flv.aggregate(0, tag(9, 0, b"\x17\1\0\0\0k")[:-6])
    flv.aggregate(0, tag(18, 0, b"") * 1_000)
    with pytest.raises(BadBytes):  # half a million empty tags fit into one message
        flv.aggregate(0, tag(9, 0, b"") * 1_100)


@given(st.integers(0, 0xFFFF_FFFF), st.binary(max_size=60))
def test_garbage_never_escapes_the_refusal(stamp: int, data: bytes) -> None:
    flv, _ = ingest()
    for take in (flv.video, flv.audio, flv.aggregate):
        with suppress(PublishRefused):
            take(stamp, data)
