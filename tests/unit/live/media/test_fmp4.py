"""The boxes: no duration in the init, exact fragments, and PyAV reads what was put in."""

from __future__ import annotations

import struct

import pytest
from tests.support.media import clip, decode, demux

from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.avc import parse_avc_config
from yaohe.live.media.fmp4.boxes import walk
from yaohe.live.media.fmp4.fragment import VideoSample, audio_fragment, video_fragment
from yaohe.live.media.fmp4.init import codec_string, init_segment


def find(data: bytes, *path: bytes) -> list[bytes]:
    """The payloads of all boxes at `path`."""
    if not path:
        return [data]
    inside = [payload for kind, payload in walk(data) if kind == path[0]]
    return [found for payload in inside for found in find(payload, *path[1:])]


def both() -> bytes:
    made = clip(0.5)
    return init_segment(parse_avc_config(made.avcc), parse_aac_config(made.asc))


def test_the_init_names_no_duration_anywhere() -> None:
    init = both()
    assert [kind for kind, _ in walk(init)] == [b"ftyp", b"moov"]
    (mvhd,) = find(init, b"moov", b"mvhd")
    assert mvhd[16:20] == bytes(4)
    assert [tkhd[20:24] for tkhd in find(init, b"moov", b"trak", b"tkhd")] == [bytes(4)] * 2
    assert [mdhd[16:20] for mdhd in find(init, b"moov", b"trak", b"mdia", b"mdhd")] == [
        bytes(4)
    ] * 2
    assert find(init, b"moov", b"mvex", b"mehd") == []
    tracks = [struct.unpack(">I", t[4:8])[0] for t in find(init, b"moov", b"mvex", b"trex")]
    assert tracks == [1, 2]


def test_init_for_one_track() -> None:
    made = clip(0.5)
    video, audio = parse_avc_config(made.avcc), parse_aac_config(made.asc)
    assert len(find(init_segment(video, None), b"moov", b"trak")) == 1
    assert len(find(init_segment(None, audio), b"moov", b"trak")) == 1
    assert codec_string(video, audio) == f"{video.codec},mp4a.40.2"
    assert codec_string(None, audio) == "mp4a.40.2"


@pytest.mark.parametrize("b_frames", [0, 2])
def test_pyav_reads_what_was_put_in(b_frames: int) -> None:
    made = clip(1.0, b_frames=b_frames, gop=15)
    init = init_segment(parse_avc_config(made.avcc), parse_aac_config(made.asc))
    samples = [VideoSample(f.dts_ms, f.offset_ms, f.keyframe, f.data) for f in made.video]
    end = samples[-1].dts + 33
    parts = video_fragment(0, samples[:15], samples[15].dts)
    parts += video_fragment(1, samples[15:], end)
    parts += audio_fragment(2, [f.data for f in made.audio], 0, [1024] * len(made.audio))
    data = init + b"".join(parts)
    heard = demux(data)
    pictures = [packet for packet in heard if packet.kind == "video"]
    assert [p.dts_ms for p in pictures] == [f.dts_ms for f in made.video]
    assert [p.pts_ms for p in pictures] == [f.dts_ms + f.offset_ms for f in made.video]
    assert [p.size for p in pictures] == [len(f.data) for f in made.video]
    assert [p.keyframe for p in pictures] == [f.keyframe for f in made.video]
    assert sum(packet.kind == "audio" for packet in heard) == len(made.audio)
    assert decode(data)[0] == 30


def test_negative_offsets_and_late_starts_need_64_bits_and_signs() -> None:
    made = clip(0.5)
    init = init_segment(parse_avc_config(made.avcc), None)
    late = (1 << 32) + 5
    first = made.video[0]
    sample = VideoSample(late, -7, True, first.data)
    data = init + b"".join(video_fragment(0, [sample], late + 40))
    (packet,) = demux(data)
    assert packet.dts_ms == late
    (tfdt,) = find(data, b"moof", b"traf", b"tfdt")
    assert tfdt[0] == 1
    (tfhd,) = find(data, b"moof", b"traf", b"tfhd")
    assert int.from_bytes(tfhd[:4], "big") & 0x020000  # default base is moof
    (run,) = find(data, b"moof", b"traf", b"trun")
    assert run[0] == 1
    assert run[-4:] == struct.pack(">i", -7)
