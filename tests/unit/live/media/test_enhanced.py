"""Enhanced RTMP: FFmpeg writes the tags, PyAV judges the fragments; version 2 by hand."""

from __future__ import annotations

import os
from contextlib import suppress

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.media import decode, demux
from tests.support.tags import AUDIO, VIDEO, Tag, tags

from yaohe.content.sandbox.jobs import StillWish
from yaohe.content.stills.decode import stills
from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog
from yaohe.live.media.codecs import tracks
from yaohe.live.media.codecs.opus import opus_samples, parse_opus_config
from yaohe.live.media.errors import BadBytes, CodecUnsupported, PublishRefused
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp.enhanced import CODED_FRAMES, Part, read_audio, read_video
from yaohe.live.media.rtmp.flv import FlvIngest

HEVC, AV1 = "libx265", "libsvtav1"


def ingest() -> tuple[FlvIngest, Publication]:
    clock = ManualClock()
    publication = Publication(
        FragmentLog("tea", clock=clock),
        remote="",
        clock=clock,
        on_started=lambda _: None,
        on_finished=lambda *_: None,
        on_replaced=lambda _: None,
    )
    return FlvIngest(publication), publication


def feed(flv: FlvIngest, sent: list[Tag], shift_ms: int = 0) -> None:
    for tag in sent:
        if tag.kind == VIDEO:
            flv.video(tag.timestamp + shift_ms, tag.payload)
        elif tag.kind == AUDIO:
            flv.audio(tag.timestamp + shift_ms, tag.payload)


def epoch(log: FragmentLog, number: int) -> bytes:
    generation = log.generation_of(number)
    assert generation is not None
    held = log.span(log.first_offset, log.next_offset)
    return generation.init + b"".join(f.data for f in held if f.epoch == number)


def published(video: str | None, audio: str | None) -> FragmentLog:
    flv, publication = ingest()
    feed(flv, list(tags(video, audio)))
    publication.finish("closed")
    return publication.log


@pytest.mark.parametrize(
    ("video", "audio", "codecs"),
    [
        (HEVC, "aac", "hvc1.1.6.L30.90,mp4a.40.2"),
        (AV1, "libopus", "av01.0.00M.08,opus"),
        ("libx264", "libopus", "avc1.42c00b,opus"),
        (None, "libopus", "opus"),
    ],
)
def test_what_ffmpeg_sends_is_what_players_get(video: str | None, audio: str, codecs: str) -> None:
    log = published(video, audio)
    assert log.codecs == codecs
    whole = epoch(log, log.epoch)
    heard = demux(whole)
    sounds = [packet for packet in heard if packet.kind == "audio"]
    assert len(sounds) == sum(t.kind == AUDIO for t in tags(video, audio)) - (
        2 if "opus" in codecs else 1
    )
    if video is None:
        assert sum(f.keyframe for f in log.span(0, log.next_offset)) >= 2
        return
    assert (log.width, log.height) == (160, 96)
    pictures = [packet for packet in heard if packet.kind == "video"]
    assert len(pictures) == 60
    assert [packet.dts_ms for packet in pictures if packet.keyframe] == pytest.approx(
        [0, 1000], abs=22
    )
    assert decode(whole)[0] == 60


@pytest.mark.parametrize("video", ["libx264", HEVC, AV1])
def test_the_keyframe_becomes_a_picture(video: str) -> None:
    found = published(video, "aac").latest_keyframe()
    assert found is not None
    (jpeg,) = stills(found.avcc, found.sample, (StillWish(96, 60, 20_000),), found.entry)
    assert jpeg.startswith(b"\xff\xd8")


def test_a_change_of_codec_and_shape_in_the_middle_is_a_new_epoch() -> None:
    flv, publication = ingest()
    feed(flv, list(tags("libx264", "aac")))
    first = publication.log.epoch
    # The same connection goes on: upright, in another codec, the clock where it was.
    upright = list(tags(AV1, "aac", width=96, height=160, seconds=1.0))
    feed(flv, upright, shift_ms=2_000)
    publication.finish("closed")
    log = publication.log
    assert log.epoch > first
    assert (log.codecs, log.width, log.height) == ("av01.0.00M.08,mp4a.40.2", 96, 160)
    assert decode(epoch(log, first))[0] == 60
    assert decode(epoch(log, log.epoch))[0] == 30


def test_the_old_chinese_number_for_hevc() -> None:
    flv, publication = ingest()
    for tag in tags(HEVC, None):
        if tag.kind != VIDEO or tag.payload[0] & 15 not in (0, 1, 3):
            continue
        head = bytes((tag.payload[0] & 0x70 | 12, 0 if tag.payload[0] & 15 == 0 else 1))
        flv.video(tag.timestamp, head + bytes(3) + tag.payload[5:])
    publication.finish("closed")
    assert publication.log.codecs == "hvc1.1.6.L30.90"
    assert len(demux(epoch(publication.log, publication.log.epoch))) == 60


def test_opus_packets_of_changing_length_keep_time() -> None:
    flv, publication = ingest()
    head = b"OpusHead\1\2" + bytes((0x38, 1)) + (48_000).to_bytes(4, "little") + bytes(3)
    flv.metadata({"audiosamplerate": 48_000.0})
    flv.audio(0, b"\x90Opus" + head)
    at = 0.0
    for place in range(100):
        long = place % 3 == 0
        packet = b"\xfd\xff\xfe\xff\xfe" if long else b"\xfc\xff\xfe"  # 40 ms or 20 ms
        flv.audio(round(at), b"\x91Opus" + packet)
        at += 40 if long else 20
    publication.finish("closed")
    heard = demux(epoch(publication.log, publication.log.epoch))
    assert len(heard) == 100
    assert heard[-1].dts_ms == pytest.approx(at - 40, abs=1)


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\xfc", 960),
        (b"\xfd", 1920),
        (b"\xe0", 120),
        (b"\x08", 960),
        (b"\x18", 2880),
        (b"\x60", 480),
        (b"\xff\x03", 2880),
        (b"\xff\x30", 0),  # 960 ms: nobody may send that
        (b"\xff", 0),
        (b"", 0),
    ],
)
def test_the_length_of_an_opus_packet(head: bytes, samples: int) -> None:
    assert opus_samples(memoryview(head)) == samples


def test_opus_silence_decodes_to_silence() -> None:
    config = parse_opus_config(b"OpusHead\1\2\x38\1" + (48_000).to_bytes(4, "little") + bytes(3))
    decoder = av.AudioCodecContext.create("libopus", "r")
    decoder.extradata = config.record
    frames = [f for _ in range(5) for f in decoder.decode(av.Packet(config.silence))]
    assert sum(frame.samples for frame in frames) == pytest.approx(5 * 960, abs=312)
    assert not any(bytes(plane).strip(b"\0") for frame in frames for plane in frame.planes)


def test_version_2_extensions_and_tracks() -> None:
    plain = Part(CODED_FRAMES, b"av01", 0, True, memoryview(b"frame"))
    assert read_video(b"\x91av01frame") == [plain]
    # A tag with a nanosecond offset in front, and a second extension of 300 bytes.
    small, large = b"\x02abc\x07", b"\xff\x01\x2b" + bytes(300) + b"\x01"
    assert read_video(b"\x97" + small + large + b"av01frame") == [plain]
    # One track, many tracks of one codec, many of many.
    assert read_video(b"\x96\x01av01\x00frame") == [plain]
    second = Part(CODED_FRAMES, b"av01", 1, True, memoryview(b"xy"))
    sized = b"\x00\0\0\5frame" + b"\x01\0\0\2xy"
    assert read_video(b"\x96\x11av01" + sized) == [plain, second]
    mixed = b"av01\x00\0\0\5frame" + b"hvc1\x01\0\0\2xy"
    assert read_video(b"\x96\x21" + mixed) == [plain, second._replace(codec=b"hvc1")]
    assert read_video(b"\xd1\0") == []  # a seek command
    sound = Part(CODED_FRAMES, b"Opus", 0, False, memoryview(b"s"))
    assert read_audio(b"\x95\x01Opus\0s") == [sound]
    for cut in (b"\x91av", b"\x97\x05ab", b"\x96\x11av01\x00\0\0\5fr", b"\x96"):
        with pytest.raises(BadBytes):
            read_video(cut)


def test_only_the_first_track_is_taken() -> None:
    flv, publication = ingest()
    for tag in tags(AV1, None):
        if tag.kind != VIDEO or tag.payload[0] & 15 not in (0, 1):
            continue
        body = tag.payload[5:]
        own = b"\x00" + len(body).to_bytes(3, "big") + body
        # A second track nobody could play: it is not looked at.
        head = bytes((tag.payload[0] & 0xF0 | 6, 0x20 | tag.payload[0] & 15))
        flv.video(tag.timestamp, head + b"av01" + own + b"vp09\x01\0\0\1x")
    publication.finish("closed")
    assert decode(epoch(publication.log, publication.log.epoch))[0] == 60


@pytest.mark.parametrize(
    ("codec", "record", "refusal"),
    [
        (tracks.HEVC, b"\1" + bytes(15) + b"\2" + bytes(6), CodecUnsupported),
        (tracks.HEVC, b"\1" + bytes(15) + b"\1" + bytes(6), BadBytes),
        (tracks.HEVC, b"", BadBytes),
        (tracks.AV1, b"\x81\x20\0\0", CodecUnsupported),
        (tracks.AV1, b"\x81\0\0\0", BadBytes),
        (tracks.AV1, b"\1", BadBytes),
    ],
)
def test_configurations_that_cannot_be_taken(
    codec: bytes, record: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        tracks.parse_video_config(codec, record)


@pytest.mark.parametrize("head", [b"OpusHead\1\6" + bytes(8) + b"\1", b"Vorbis" + bytes(20)])
def test_opus_that_cannot_be_taken(head: bytes) -> None:
    with pytest.raises(PublishRefused):
        parse_opus_config(head)


def _record(video: str) -> bytes:
    return next(
        t.payload[5:] for t in tags(video, None) if t.kind == VIDEO and t.payload[0] & 15 == 0
    )


@given(
    st.sampled_from([HEVC, AV1]), st.integers(0, 200), st.binary(max_size=6), st.binary(max_size=80)
)
def test_damaged_configurations_and_frames_never_escape(
    video: str, place: int, damage: bytes, frame: bytes
) -> None:
    codec = tracks.HEVC if video == HEVC else tracks.AV1
    record = bytearray(_record(video))
    record[place % len(record) : place % len(record) + len(damage)] = damage
    with suppress(PublishRefused):
        tracks.parse_video_config(codec, bytes(record))
    config = tracks.parse_video_config(codec, _record(video))
    tracks.video_sample(config, memoryview(frame))
    with suppress(PublishRefused):
        parse_opus_config(b"OpusHead" + frame)


@given(st.binary(max_size=80))
def test_garbage_tags_never_escape(data: bytes) -> None:
    flv, _ = ingest()
    for head in (b"\x97", b"\x96", b"\x91", b"\x95"):
        with suppress(PublishRefused):
            flv.video(0, head + data)
        with suppress(PublishRefused):
            flv.audio(0, head + data)


def test_encoding_leaves_this_process_at_its_priority() -> None:
    """Else every browser of the tests would run at a real-time one."""
    tags(AV1, "aac", seconds=0.2)
    for task in os.listdir("/proc/self/task"):
        assert os.sched_getscheduler(int(task)) == os.SCHED_OTHER
