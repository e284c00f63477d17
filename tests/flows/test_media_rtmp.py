"""The RTMP server over real sockets with a synthetic encoder: limits, refusals, long clocks."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from tests.support.enhanced_publisher import publish
from tests.support.ingest import ingesting
from tests.support.media import clip, decode, demux
from tests.support.rtmp_encoder import (
    audio_config,
    clip_bytes,
    command,
    connected,
    frame_bytes,
    media,
    opening,
    publishing,
    video_config,
)

from yaohe.live.media import MediaOrigin, PublishRefused, RtmpServer
from yaohe.live.media.errors import WrongKey
from yaohe.live.media.rtmp import RtmpLimits, chunks

CLIP = clip(2.0)
START = "NetStream.Publish.Start"


@pytest.mark.parametrize("shift_ms", [0, 0xFFFFFF - 900, 0xFFFFFF + 5_000, 0xFFFF_FFFF - 900])
async def test_long_clocks_go_on(shift_ms: int) -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea"))
        await encoder.listen(until=START)
        await encoder.send(clip_bytes(CLIP, shift_ms))
        await encoder.send(command("deleteStream", 4.0, None, 1.0))
        await made.until_event("stopped")
        assert len({f.epoch for f in made.fragments}) == 1
        whole = made.of(made.log.epoch)
        heard = [packet for packet in demux(whole) if packet.kind == "video"]
        assert len(heard) == len(CLIP.video)
        assert heard[0].pts_ms < 50
        assert heard[-1].pts_ms == pytest.approx(1_967, abs=60)
        assert decode(whole)[0] == len(CLIP.video)


async def test_an_encoder_that_does_not_wait_is_served_too() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea?x=1") + clip_bytes(CLIP))
        await made.until(lambda: made.log.next_offset >= 9)
        assert made.origin.live_rooms() == ["tea"]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x00"])
async def test_strangers_are_cut_off_at_once(data: bytes) -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(data)
        await encoder.listen()
        assert encoder.closed
        assert [(e.kind, e.reason, e.room_id) for e in made.events] == [
            ("refused", "bad_bytes", None)
        ]
        assert made.server.connections == 0


async def test_broken_bytes_in_the_middle_end_the_stream_with_a_reason() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
        await made.until_event("started")
        await encoder.send(b"\xff" * 64)
        assert await encoder.listen() == "NetStream.Publish.Rejected"
        assert encoder.closed
        assert made.kinds == ["connected", "started", "refused", "stopped"]
        assert [e.reason for e in made.events[2:]] == ["bad_bytes", "bad_bytes"]
        assert not made.log.live


async def test_refusals_name_the_reason() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("nobody"))
        assert await encoder.listen() == "NetStream.Publish.BadName"
        assert "stream key" in encoder.words
    async with ingesting() as made, connected(made.server.port) as encoder:
        old = media(chunks.VIDEO, 0, b"\x14\0\0\0\0vp6f")
        await encoder.send(opening() + publishing("key-tea") + old)
        assert await encoder.listen() == "NetStream.Publish.Rejected"
        assert encoder.words == "Your encoder sends VP6; set its video to H.264."
        assert (await made.until_event("refused")).reason == "codec_unsupported"


async def test_the_refusal_arrives_although_the_encoder_goes_on_sending() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea"))
        await encoder.listen(until=START)
        mp3 = media(chunks.AUDIO, 0, b"\x2f\xff\xfb")
        await encoder.send(mp3 + frame_bytes(CLIP.frames[0]) * 200)
        assert await encoder.listen() == "NetStream.Publish.Rejected"
        assert "MP3" in encoder.words


async def test_the_slow_are_sent_away() -> None:
    limits = RtmpLimits(publish_s_max=0.3, idle_s_max=0.4)
    async with ingesting(limits=limits) as made:
        async with connected(made.server.port) as silent:
            await silent.listen()
            assert silent.closed
        async with connected(made.server.port) as hesitant:
            await hesitant.send(opening())
            await hesitant.listen()
            assert hesitant.closed
        async with connected(made.server.port) as idle:
            await idle.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
            await idle.listen()
            assert idle.closed
        assert [e.reason for e in made.events if e.kind == "refused"] == ["too_slow"] * 3
        assert made.server.connections == 0


async def test_answers_nobody_reads_do_not_pile_up() -> None:
    async with ingesting() as made, connected(made.server.port) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await deaf.send(opening())
        asking = command("connect", 1.0, {"app": "live"}) * 500
        with suppress(ConnectionError):
            for _ in range(200):  # 60 MB of answers
                await deaf.send(asking)
        refused = await made.until_event("refused")
        assert (refused.reason, "read" in refused.detail) == ("too_slow", True)
        await made.until(lambda: made.server.connections == 0)


async def test_connections_are_capped() -> None:
    async with ingesting(limits=RtmpLimits(connections_max=1)) as made:
        async with connected(made.server.port) as first:
            await first.send(opening() + publishing("key-tea"))
            await first.listen(until=START)
            async with connected(made.server.port) as second:
                await second.listen()
                assert second.closed
        await made.until(lambda: made.server.connections == 0)
        assert "too_many_publishers" in [event.reason for event in made.events]


async def test_connections_that_only_wait_do_not_keep_a_host_out() -> None:
    async with ingesting(limits=RtmpLimits(connections_max=3)) as made:
        async with (
            connected(made.server.port) as first,
            connected(made.server.port) as second,
            connected(made.server.port) as third,
        ):
            for idle in (first, second, third):
                await idle.send(b"\x03" + bytes(1536))
            async with connected(made.server.port) as host:
                await host.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
                await made.until_event("started")
                await first.listen()
                assert first.closed, "who waited longest made room"
        await made.until(lambda: made.server.connections == 0)


async def test_replacement_and_the_end_of_the_show() -> None:
    async with (
        ingesting() as made,
        connected(made.server.port) as first,
        connected(made.server.port) as second,
    ):
        await first.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
        await made.until_event("started")
        await second.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
        assert await first.listen() == "NetStream.Publish.BadName"
        await made.until(lambda: made.kinds.count("started") == 2)
        made.origin.end("tea")
        assert await second.listen() == "NetStream.Publish.BadName"
        assert "ended this show" in second.words
        assert made.events[-1].reason == "show_over"
        assert made.log.ended
        assert made.log.init


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (media(chunks.VIDEO, 0, b"\x14\0\0\0\0vp6f"), "VP6"),
        (video_config(CLIP.avcc) + media(chunks.AUDIO, 0, b"\x2f\xff\xfb"), "MP3"),
        (b"", "No picture or sound"),
    ],
)
async def test_a_second_encoder_without_a_picture_to_show_ends_nothing(
    wrong: bytes, words: str
) -> None:
    """Its key is right and its codec is not, or it sends nothing: the good one goes on."""
    good_frames = [frame_bytes(frame) for frame in CLIP.frames]
    async with (
        ingesting(limits=RtmpLimits(idle_s_max=0.6)) as made,
        connected(made.server.port) as good,
        connected(made.server.port) as second,
    ):
        await good.send(opening() + publishing("key-tea"))
        await good.send(video_config(CLIP.avcc) + audio_config(CLIP.asc))
        await good.send(b"".join(good_frames[: len(good_frames) // 2]))
        await made.until_event("started")

        async def go_on() -> None:
            for data in good_frames[len(good_frames) // 2 :]:
                await good.send(data)
                await asyncio.sleep(0.03)  # an encoder's own pace; it must not look idle

        going_on = asyncio.create_task(go_on())
        await second.send(opening() + publishing("key-tea") + wrong)
        assert await second.listen() == "NetStream.Publish.Rejected"
        assert words in second.words
        await going_on
        await made.until(lambda: made.fragments[-1].end_ms > 1_800)
        assert {f.epoch for f in made.fragments} == {made.log.epoch}
        assert made.log.live
        kinds = ["connected", "started", "connected", "refused", "left"]
        assert made.kinds == kinds
        assert [e.reason for e in made.events[2:]] == [
            "waiting", *[made.events[3].reason] * 2,
        ]  # fmt: skip
        assert words in made.events[3].detail
        assert not good.codes[1:]


async def test_a_stopped_encoder_may_publish_again_on_its_connection() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
        await made.until_event("started")
        await encoder.send(command("deleteStream", 5.0, None, 1.0))
        await made.until_event("stopped")
        await encoder.send(publishing("key-silk") + video_config(CLIP.avcc))
        await made.until(lambda: made.kinds.count("connected") == 2)
        assert made.events[-1].room_id == "silk"


async def test_while_a_key_is_checked_nothing_is_read() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(key: str) -> str | None:
        asked.set()
        await answer.wait()
        return "tea"

    origin = MediaOrigin()
    server = RtmpServer(origin, slowly, host="127.0.0.1", port=0)
    await server.start()
    try:
        async with connected(server.port) as encoder:
            await encoder.send(opening() + publishing("key-tea"))
            await asked.wait()
            sending = asyncio.create_task(encoder.send(media(chunks.VIDEO, 0, bytes(7 << 20)) * 4))
            await asyncio.sleep(0.2)
            assert not sending.done()
            answer.set()
            await sending
        async with connected(server.port) as leaving:
            answer.clear()
            asked.clear()
            await leaving.send(opening() + publishing("key-tea"))
            await asked.wait()
        await asyncio.sleep(0.05)  # gone while being checked: nobody is published
        assert origin.statistics("tea") is None
    finally:
        await server.close()


@pytest.mark.parametrize("failure", [RuntimeError("database"), WrongKey("This room is over.")])
async def test_a_failing_check_is_a_refusal(failure: Exception) -> None:
    async def failing(key: str) -> str | None:
        raise failure

    server = RtmpServer(MediaOrigin(), failing, host="127.0.0.1", port=0)
    await server.start()
    try:
        async with connected(server.port) as encoder:
            await encoder.send(opening() + publishing("key-tea"))
            await encoder.listen()
            expected = isinstance(failure, PublishRefused)
            assert encoder.words == (
                "This room is over."
                if expected
                else "The stream key could not be checked. Try again."
            )
    finally:
        await server.close()


async def test_closing_the_server_ends_its_publishers() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea") + clip_bytes(CLIP))
        await made.until_event("started")
        running = asyncio.create_task(made.server.run())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        await encoder.listen()
        assert encoder.closed
        assert (await made.until_event("stopped")).reason == "server_closing"


@pytest.mark.parametrize(
    ("video", "audio", "codecs"),
    [
        ("libx265", "aac", "hvc1.1.6.L30.90,mp4a.40.2"),
        ("libsvtav1", "libopus", "av01.0.00M.08,opus"),
    ],
)
async def test_ffmpeg_speaks_enhanced_rtmp(video: str, audio: str, codecs: str) -> None:
    async with ingesting() as made:
        await publish(made.url, video, audio)
        await made.until_event("stopped")
        assert made.kinds == ["connected", "started", "stopped"]
        assert made.log.codecs == codecs
        assert decode(made.of(made.log.epoch))[0] == 60


async def test_several_shows_at_once_stay_apart() -> None:
    other = clip(2.0, width=96, height=160)
    async with (
        ingesting() as made,
        connected(made.server.port) as tea,
        connected(made.server.port) as silk,
    ):
        for encoder, key in ((tea, "key-tea"), (silk, "key-silk")):
            await encoder.send(opening() + publishing(key))
            await encoder.listen(until=START)
        one, two = clip_bytes(CLIP), clip_bytes(other, 0xFFFFFF - 900)
        for place in range(0, max(len(one), len(two)), 700):
            await tea.send(one[place : place + 700])
            await silk.send(two[place : place + 700])
        for encoder in (tea, silk):
            await encoder.send(command("deleteStream", 4.0, None, 1.0))
        await made.until(lambda: made.kinds.count("stopped") == 2)
        shapes = {}
        for room in ("tea", "silk"):
            log = made.origin.open(room)
            held = log.span(0, log.next_offset)
            assert len({f.epoch for f in held}) == 1
            shapes[room] = decode(log.init + b"".join(f.data for f in held))[0], log.width
        assert shapes == {"tea": (60, 160), "silk": (60, 96)}


async def test_two_keys_make_two_rungs_of_one_show() -> None:
    small = clip(2.0, width=96, height=64)
    async with (
        ingesting() as made,
        connected(made.server.port) as top,
        connected(made.server.port) as low,
    ):
        for encoder, key in ((top, "key-tea"), (low, "key-tea?rung=480")):
            await encoder.send(opening() + publishing(key))
            await encoder.listen(until=START)
        await top.send(clip_bytes(CLIP))
        await made.until(lambda: made.log.live)
        await low.send(clip_bytes(small, 5_000_000))
        await made.until(lambda: len(made.origin.rungs("tea")) == 2)
        assert [(o.rung, o.width) for o in made.origin.rungs("tea")] == [("", 160), ("480", 96)]
        # Nobody was replaced; the loss of the low one is its own.
        await low.send(command("deleteStream", 4.0, None, 1.0))
        await made.until_event("stopped")
        assert [(e.kind, e.rung) for e in made.events if e.kind in {"started", "stopped"}] == [
            ("started", ""),
            ("started", "480"),
            ("stopped", "480"),
        ]
        assert made.log.live


async def test_a_rung_nobody_can_name_is_refused_in_words() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        await encoder.send(opening() + publishing("key-tea?rung=low"))
        await encoder.listen()
        assert "?rung=480" in encoder.words
        assert (await made.until_event("refused")).reason == "rung_wrong"


async def test_bytes_that_trickle_are_a_show_all_the_same() -> None:
    async with ingesting() as made, connected(made.server.port) as encoder:
        wire = opening() + publishing("key-tea") + clip_bytes(clip(0.4))
        for byte in wire[:6_000]:
            await encoder.send(bytes((byte,)))
        await encoder.send(wire[6_000:] + command("deleteStream", 4.0, None, 1.0))
        await made.until_event("stopped")
        assert decode(made.of(made.log.epoch))[0] == 12
