"""Paths under /live, the HLS answers and the epoch as a streaming reader sees it."""

from __future__ import annotations

import json

import pytest

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import MediaOrigin, PublishEvent, hls_document, parse_media_path
from yaohe.live.media.log import FragmentLog
from yaohe.live.media.origin import IDLE_FORGET_S


@pytest.mark.parametrize(
    ("path", "kind", "epoch", "number"),
    [
        ("/live/tea/stream.mp4", "stream", 0, 0),
        ("/live/tea/ws", "ws", 0, 0),
        ("/live/tea/index.m3u8", "playlist", 0, 0),
        ("/live/tea/poster.jpg", "poster", 0, 0),
        ("/live/tea/init-17.mp4", "init", 17, 0),
        ("/live/tea/seg-17-99.m4s", "segment", 17, 99),
        ("/live/tea/audio-seg-17-99.m4s", "segment", 17, 99),
        ("/live/tea/part-17-99.m4s", "part", 17, 99),
        ("/live/tea/cdn.m3u8", "plain", 0, 0),
        ("/live/tea/master.m3u8", "master", 0, 0),
        ("/live/tea/cdn-master.m3u8", "plain_master", 0, 0),
        ("/live/tea/rungs.json", "rungs", 0, 0),
    ],
)
def test_paths(path: str, kind: str, epoch: int, number: int) -> None:
    found = parse_media_path(path)
    assert found is not None
    assert (found.room_id, found.kind, found.epoch, found.number) == ("tea", kind, epoch, number)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("480p-index.m3u8", "playlist"),
        ("480p-cdn.m3u8", "plain"),
        ("480p-init-17.mp4", "init"),
        ("480p-seg-17-99.m4s", "segment"),
        ("480p-part-17-99.m4s", "part"),
    ],
)
def test_paths_of_a_lower_rung(name: str, kind: str) -> None:
    found = parse_media_path(f"/live/tea/{name}")
    assert found is not None
    assert (found.kind, found.rung) == (kind, "480")


@pytest.mark.parametrize(
    "path",
    [
        "/live/tea/",
        "/live/tea/480p-audio-seg-1-1.m4s",
        "/live/tea/0480p-index.m3u8",
        "/live/tea/480p-stream.mp4",
        "/live/../stream.mp4",
        "/live/tea/stream.mp4/x",
        "/live/tea/stream.mp4\n",
        "/live/tea/seg-1.m4s",
        "/live/tea/init-9999999999999.mp4",
        "/live/te a/ws",
        "/other/tea/ws",
    ],
)
def test_other_paths(path: str) -> None:
    assert parse_media_path(path) is None


def write(log: FragmentLog, fragments: int) -> None:
    for number in range(fragments):
        log.append(b"f", keyframe=number % 5 == 0, dts_ms=number * 200, duration_ms=200)


def open_epoch(log: FragmentLog) -> None:
    log.open_epoch(init=b"init", codecs="avc1.64001f,mp4a.40.2", width=720, height=1280)


async def test_hls_documents() -> None:
    origin = MediaOrigin(clock=ManualClock())
    log = origin.open("tea")
    lists = origin.hls("tea")
    assert lists is not None

    async def get(path: str) -> tuple[str, str, bytes] | None:
        parsed = parse_media_path("/live/tea/" + path)
        assert parsed is not None
        found = await hls_document(lists, parsed, {})
        return None if found is None else (found.content_type, found.cache_control, found.body)

    assert await get("index.m3u8") is None
    open_epoch(log)
    write(log, 11)
    playlist = await get("index.m3u8")
    assert playlist is not None
    assert playlist[:2] == ("application/vnd.apple.mpegurl", "no-cache")
    names = [line for line in playlist[2].decode().splitlines() if not line.startswith("#")]
    segment = await get(names[0])
    assert segment is not None
    assert segment[2] == b"fffff"
    assert "immutable" in segment[1]
    assert await get(f"init-{log.epoch}.mp4") == ("video/mp4", segment[1], b"init")
    assert await get("init-1.mp4") is None
    assert await get("stream.mp4") is None


def test_an_epoch_as_a_source() -> None:
    origin = MediaOrigin(clock=ManualClock())
    assert origin.source("tea") is None
    log = origin.open("tea")
    assert origin.source("tea") is None
    open_epoch(log)
    source = origin.source("tea")
    assert source is not None
    assert origin.source("tea") is source
    assert dict(source.headers)["x-yaohe-codecs"] == "avc1.64001f,mp4a.40.2"
    assert json.loads(source.greeting) == {
        "codecs": "avc1.64001f,mp4a.40.2",
        "epoch": log.epoch,
        "w": 720,
        "h": 1280,
        "rung": "",
        "timeline": log.epoch,
    }
    woken: list[int] = []
    waking = source.subscribe(lambda: woken.append(1))
    write(log, 3)
    assert len(woken) == 3
    assert len(source.open_cursor().next()) == 3
    log.set_live(False)
    assert not source.ended  # its readers wait for the publisher's return
    open_epoch(log)
    assert source.ended
    following = origin.source("tea")
    assert following is not source
    log.end()
    waking.close()
    assert following is not None
    assert following.ended
    assert origin.source("tea") is None


def test_a_cut_reaches_who_still_reads_the_epoch_before() -> None:
    """A slow viewer may be an epoch behind; a room that becomes private is closed to them too."""
    origin = MediaOrigin(clock=ManualClock())
    log = origin.open("tea")
    open_epoch(log)
    slow = origin.source("tea")
    open_epoch(log)
    present = origin.source("tea")
    assert slow is not None
    assert present is not None
    assert (slow.revoked, present.revoked) == (False, False)
    woken: list[int] = []
    waking = slow.subscribe(lambda: woken.append(1))
    origin.cut("tea")
    waking.close()
    assert (slow.revoked, present.revoked, woken) == (True, True, [1])
    again = origin.source("tea")
    assert again is not None
    assert not again.revoked


def test_quiet_rooms_give_their_memory_back() -> None:
    clock = ManualClock()
    origin = MediaOrigin(clock=clock)
    log = origin.open("tea")
    open_epoch(log)
    write(log, 5)
    publication = origin.publish("tea", remote="a", on_replaced=lambda _: None)
    assert origin.live_rooms() == ["tea"]
    clock.advance(IDLE_FORGET_S + 1)
    origin.sweep()
    assert log.bytes_held > 0
    publication.finish("closed")
    assert origin.live_rooms() == []
    origin.sweep()
    assert log.bytes_held > 0
    clock.advance(IDLE_FORGET_S + 1)
    origin.sweep()
    assert log.bytes_held == 0


def test_a_bad_listener_does_not_silence_the_others() -> None:
    origin = MediaOrigin()
    heard: list[PublishEvent] = []

    def broken(event: PublishEvent) -> None:
        raise RuntimeError

    origin.on_event(broken)
    listening = origin.on_event(heard.append)
    event = PublishEvent(None, "refused", "wrong_key", "", "")
    origin.report(event)
    listening.close()
    origin.report(event)
    assert heard == [event]
