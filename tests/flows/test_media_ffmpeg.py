"""The real ffmpeg publishes; PyAV and ffprobe judge what the log holds."""

from __future__ import annotations

import asyncio
import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from tests.support.ffmpeg_publisher import VIDEO, publishing
from tests.support.ingest import Ingest, ingesting
from tests.support.media import decode, demux
from tests.support.tools import need

from yaohe.live.media import Cursor

pytestmark = pytest.mark.slow

B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p")


def probe(path: Path) -> dict[str, dict[str, object]]:
    line = [need("ffprobe"), "-v", "error", "-count_packets", "-show_streams", "-of", "json"]
    answer = subprocess.run([*line, str(path)], capture_output=True, check=True, timeout=30)
    assert answer.stderr == b""
    streams = json.loads(answer.stdout)["streams"]
    return {stream["codec_type"]: stream for stream in streams}


def play(path: Path) -> None:
    """Decode everything; any damage is a failure."""
    line = [need("ffmpeg"), "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"]
    answer = subprocess.run(line, capture_output=True, timeout=60, check=False)
    assert (answer.returncode, answer.stderr) == (0, b"")


def gops(made: Ingest) -> list[bytes]:
    """What a viewer gets who joins at each keyframe: init, then one GOP."""
    found: list[list[bytes]] = []
    for fragment in made.fragments:
        if fragment.keyframe:
            found.append([])
        found[-1].append(fragment.data)
    return [made.log.init + b"".join(gop) for gop in found]


@pytest.mark.parametrize("video", [VIDEO, B_FRAMES], ids=["zerolatency", "b-frames"])
async def test_ffmpeg_to_log_and_back(tmp_path: Path, video: tuple[str, ...]) -> None:
    async with ingesting() as made:
        async with publishing(made.url, seconds=4, video=video) as encoder:
            code, words = await encoder.finished()
            assert code == 0, words
        stopped = await made.until_event("stopped")
        assert made.kinds == ["connected", "started", "stopped"]
        assert stopped.reason == "closed"
        assert not made.log.live
        whole = made.of(made.log.epoch)
        heard = demux(whole)
        pictures = [packet for packet in heard if packet.kind == "video"]
        sounds = [packet for packet in heard if packet.kind == "audio"]
        assert len(pictures) == 120
        assert len(sounds) == pytest.approx(4 * 48_000 / 1024, abs=3)
        for packets in (pictures, sounds):
            assert all(a.dts_ms < b.dts_ms for a, b in pairwise(packets))
        shown = sorted(packet.pts_ms for packet in pictures)
        assert all(b - a == pytest.approx(1000 / 30, abs=3) for a, b in pairwise(shown))
        # ffmpeg's AAC begins one priming frame (21.3 ms) before the first picture, and so it stays.
        assert shown[0] - sounds[0].pts_ms == pytest.approx(21.3, abs=2)
        assert decode(whole)[0] == 120
        for gop in gops(made):
            assert decode(gop)[0] == demux_pictures(gop)
        path = tmp_path / "log.mp4"
        path.write_bytes(whole)
        streams = probe(path)
        assert streams["video"]["nb_read_packets"] == "120"
        assert (streams["video"]["width"], streams["video"]["height"]) == (320, 180)
        assert streams["audio"]["sample_rate"] == "48000"


def demux_pictures(data: bytes) -> int:
    return sum(packet.kind == "video" for packet in demux(data))


async def test_fragments_are_short_and_begin_at_keyframes() -> None:
    async with ingesting() as made, publishing(made.url, seconds=6, rate=25, gop=50) as encoder:
        await made.until_event("started")
        await encoder.finished()
        await made.until_event("stopped")
        fragments = made.fragments
        assert all(f.duration_ms <= 202 for f in fragments)
        starts = [f.dts_ms for f in fragments if f.keyframe]
        assert len(starts) == 3
        assert all(b - a == pytest.approx(2_000, abs=5) for a, b in pairwise(starts))
        assert made.log.gop_ms == pytest.approx(2_000, abs=5)


@pytest.mark.parametrize(
    ("video", "audio", "codecs"),
    [(None, ("-c:a", "aac"), "mp4a.40.2"), (VIDEO, None, "avc1.")],
    ids=["audio-only", "video-only"],
)
async def test_one_track_alone(
    video: tuple[str, ...] | None, audio: tuple[str, ...] | None, codecs: str
) -> None:
    async with ingesting() as made, publishing(made.url, seconds=3, video=video, audio=audio) as e:
        assert (await e.finished())[0] == 0
        await made.until_event("stopped")
        assert made.log.codecs.startswith(codecs)
        assert "," not in made.log.codecs
        pictures, sounds = decode(made.of(made.log.epoch))
        assert (pictures == 90) if audio is None else (sounds > 130)
        assert any(f.keyframe for f in made.fragments)
        lists = made.origin.hls("tea")
        assert lists is not None
        assert len(lists.view.segments) >= 2


async def test_a_mono_phone_at_44100() -> None:
    mono = ("-c:a", "aac", "-ac", "1", "-ar", "44100")
    async with ingesting() as made, publishing(made.url, seconds=2, audio=mono) as encoder:
        assert (await encoder.finished())[0] == 0
        await made.until_event("stopped")
        assert decode(made.of(made.log.epoch))[0] == 60


async def test_a_viewer_joins_in_the_middle() -> None:
    async with ingesting() as made, publishing(made.url, seconds=8, gop=60) as encoder:
        await made.until(lambda: made.log.next_offset > 12)
        cursor = Cursor(made.log)
        collected = list(cursor.next())
        assert collected[0].keyframe
        woken = asyncio.Event()
        watching = made.log.subscribe(lambda _: woken.set())
        while not cursor.over and len(collected) < 25:
            woken.clear()
            collected += cursor.next()
            await asyncio.wait_for(woken.wait(), 5)
        watching.close()
        assert cursor.jumps == 0
        data = made.log.init + b"".join(f.data for f in collected)
        assert decode(data)[0] == sum(f.frames for f in collected)
        figures = made.origin.statistics("tea")
        assert figures is not None
        assert figures.fps == pytest.approx(30, abs=1)
        assert figures.pace == pytest.approx(1, abs=0.15)
        assert 200 < figures.bitrate_kbps < 1_500
        encoder.kill()
        assert (await made.until_event("stopped")).reason == "closed"
        assert made.log.next_offset > 12  # still readable


async def test_a_return_is_a_new_epoch() -> None:
    async with ingesting() as made:
        async with publishing(made.url, seconds=2) as encoder:
            await encoder.finished()
        first = made.log.epoch
        await made.until(lambda: not made.log.live)
        async with publishing(made.url, seconds=2, size="180x320", bitrate="300k") as encoder:
            await encoder.finished()
        await made.until(lambda: made.kinds.count("stopped") == 2)
        assert made.log.epoch > first
        assert (made.log.width, made.log.height) == (180, 320)
        for epoch in (first, made.log.epoch):
            assert decode(made.of(epoch))[0] == 60
        picture = made.log.latest_keyframe()
        assert picture is not None
        assert (picture.width, picture.height) == (180, 320)


async def test_the_same_key_again_replaces_the_publisher() -> None:
    async with ingesting() as made, publishing(made.url) as first:
        await made.until_event("started")
        async with publishing(made.url, seconds=2, size="180x320") as second:
            code, words = await first.finished()
            assert code != 0
            assert "Another encoder" in words
            assert (await second.finished())[0] == 0
        await made.until(lambda: made.kinds.count("stopped") == 2)
        reasons = [event.reason for event in made.events if event.kind == "stopped"]
        assert reasons == ["replaced", "closed"]
        assert made.log.width == 180


@pytest.mark.parametrize(
    ("video", "audio", "words"),
    [
        (("-c:v", "flv1"), ("-c:a", "aac"), "Sorenson H.263; set its video to H.264"),
        (VIDEO, ("-c:a", "libmp3lame", "-ar", "44100"), "MP3; set its audio to AAC"),
        (
            ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"),
            ("-c:a", "aac"),
            "4:4:4",
        ),
    ],
    ids=["flv1", "mp3", "yuv444p"],
)
async def test_wrong_codecs_are_refused_with_what_to_set(
    video: tuple[str, ...], audio: tuple[str, ...], words: str
) -> None:
    async with ingesting() as made, publishing(made.url, video=video, audio=audio) as encoder:
        code, said = await encoder.finished()
        assert code != 0
        assert words in said  # the host reads it in the encoder
        refused = await made.until_event("refused")
        assert (refused.room_id, refused.reason) == ("tea", "codec_unsupported")
        assert words in refused.detail
        assert not made.log.live


async def test_a_wrong_key_is_refused_and_never_repeated() -> None:
    async with ingesting() as made:
        url = made.url.replace("key-tea", "not-the-key")
        async with publishing(url) as encoder:
            code, said = await encoder.finished()
        assert code != 0
        assert "No room has this stream key" in said
        refused = await made.until_event("refused")
        assert (refused.room_id, refused.reason) == (None, "wrong_key")
        assert "not-the-key" not in str(refused)
        assert made.kinds == ["refused"]


async def test_hls_is_playable_by_ffprobe(tmp_path: Path) -> None:
    async with ingesting() as made:
        for _ in range(2):  # of one size: ffmpeg 5 ignores a second init
            async with publishing(made.url, seconds=4) as encoder:
                assert (await encoder.finished())[0] == 0
            await made.until(lambda: not made.log.live)
        made.log.end()
        lists = made.origin.hls("tea")
        assert lists is not None
        view, text = lists.view, lists.get("plain")
        assert text is not None
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1
        (tmp_path / "index.m3u8").write_text(text)
        for segment in view.segments:
            data, init = view.segment(segment.epoch, segment.number), view.init(segment.epoch)
            assert data is not None
            assert init is not None
            (tmp_path / f"seg-{segment.epoch}-{segment.number}.m4s").write_bytes(data)
            (tmp_path / f"init-{segment.epoch}.mp4").write_bytes(init)
    streams = probe(tmp_path / "index.m3u8")
    assert streams["video"]["nb_read_packets"] == "240"
    play(tmp_path / "index.m3u8")
