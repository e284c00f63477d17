"""Low-latency HLS: parts, hints, lists that wait, updates without what is known, sound alone."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.support.media import Clip, clip, decode, demux

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog, hls_document, parse_media_path
from yaohe.live.media.errors import HlsQueryWrong, PlaylistLate
from yaohe.live.media.hls import HlsView
from yaohe.live.media.playlists import Playlists
from yaohe.live.media.publication import Publication


class Show:
    """A log with parts of 200 ms and a keyframe a second."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.log = FragmentLog("tea", clock=self.clock)
        self.lists = Playlists(HlsView(self.log))
        self.log.open_epoch(init=b"init", codecs="avc1.64001f,mp4a.40.2", width=720, height=1280)
        self.count = 0

    def write(self, parts: int) -> None:
        for _ in range(parts):
            key = self.count % 5 == 0
            self.log.append(b"p", keyframe=key, dts_ms=self.count * 200, duration_ms=200)
            self.count += 1

    async def ask(self, name: str, **query: str) -> bytes | None:
        path = parse_media_path("/live/tea/" + name)
        assert path is not None
        found = await hls_document(self.lists, path, query)
        return None if found is None else found.body

    async def text(self, **query: str) -> str:
        body = await self.ask("index.m3u8", **query)
        assert body is not None
        return body.decode()

    async def later(self, name: str, **query: str) -> asyncio.Task[bytes | None]:
        """The same, asked and left waiting."""
        task = asyncio.create_task(self.ask(name, **query))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done()
        return task


def names(text: str) -> list[str]:
    return re.findall(r'(?:^|URI=")((?:part|seg)-[^"\n]+)', text, re.M)


async def test_a_low_latency_list() -> None:
    show = Show()
    show.write(52)
    text = await show.text()
    number = show.lists.view.segments[-1].number
    assert "#EXT-X-VERSION:9\n" in text
    assert "CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.000,CAN-SKIP-UNTIL=12.0\n" in text
    assert "#EXT-X-PART-INF:PART-TARGET=0.200\n" in text
    # Parts stand before the newest segments only, and make them up whole.
    assert text.count("#EXT-X-PART:") == 6 * 5 + 2
    assert text.count(",INDEPENDENT=YES") == 7
    assert text.endswith(
        f'#EXT-X-PART:DURATION=0.200,URI="part-{show.log.epoch}-50.m4s",INDEPENDENT=YES\n'
        f'#EXT-X-PART:DURATION=0.200,URI="part-{show.log.epoch}-51.m4s"\n'
        f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-{show.log.epoch}-52.m4s"\n'
        f'#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN={number}\n'
    )
    for name in names(text)[:-1]:
        assert await show.ask(name), name
    plain = await show.ask("cdn.m3u8")
    assert plain is not None
    assert b"PART" not in plain
    assert b"SERVER-CONTROL" not in plain


async def test_the_first_list_waits_for_the_first_segment() -> None:
    show = Show()
    show.write(3)
    waiting = await show.later("index.m3u8")
    show.write(3)
    found = await waiting
    assert found is not None
    assert b"#EXTINF:1.000," in found


async def test_a_list_waits_for_the_part_that_is_asked_for() -> None:
    show = Show()
    show.write(12)
    number = show.lists.view.open_number
    assert "part" in await show.text(_HLS_msn=str(number), _HLS_part="1")
    waiting = await show.later("index.m3u8", _HLS_msn=str(number), _HLS_part="2")
    show.write(1)
    found = await waiting
    assert found is not None
    assert f"part-{show.log.epoch}-12.m4s".encode() in found
    # A whole segment; and a part beyond the segment's last is the first of the next.
    whole = await show.later("index.m3u8", _HLS_msn=str(number))
    beyond = await show.later("index.m3u8", _HLS_msn=str(number), _HLS_part="9")
    show.write(2)
    assert not whole.done()
    show.write(1)
    assert f"seg-{show.log.epoch}-{number}.m4s".encode() in (await whole or b"")
    assert await beyond
    ending = await show.later("index.m3u8", _HLS_msn=str(number + 1))
    show.log.end()
    assert (await ending or b"").endswith(b"#EXT-X-ENDLIST\n")


async def test_the_part_that_was_hinted_at_is_waited_for() -> None:
    show = Show()
    show.write(8)
    waiting = await show.later(f"part-{show.log.epoch}-8.m4s")
    show.write(1)
    assert await waiting == b"p"
    assert await show.ask(f"part-{show.log.epoch}-11.m4s") is None
    gone = await show.later(f"part-{show.log.epoch}-9.m4s")
    show.log.set_live(False)
    assert await gone is None


async def test_bad_questions_and_late_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    show = Show()
    show.write(8)
    ahead = str(show.lists.view.open_number + 2)
    for query in ({"_HLS_msn": ahead}, {"_HLS_part": "1"}, {"_HLS_msn": "-1"}, {"_HLS_msn": ""}):
        with pytest.raises(HlsQueryWrong):
            await show.text(**query)
    show.lists.view.target_s = 0  # no patience
    now = {"_HLS_msn": str(show.lists.view.open_number)}
    with pytest.raises(PlaylistLate):
        await show.text(**now)
    # With the publisher away nothing is late.
    show.log.set_live(False)
    assert "ENDLIST" not in await show.text(**now)


async def test_an_update_leaves_out_what_is_known() -> None:
    show = Show()
    show.write(100)
    whole, delta = await show.text(), await show.text(_HLS_skip="YES")
    (skipped,) = re.findall(r"SKIPPED-SEGMENTS=(\d+)", delta)
    listed = [line for line in whole.splitlines() if line.startswith("seg-")]
    left = [line for line in delta.splitlines() if line.startswith("seg-")]
    assert int(skipped) > 0
    assert left == listed[int(skipped) :]
    # At least six target durations are never left out.
    assert len(left) >= 12
    assert "#EXT-X-MAP" not in delta
    assert re.findall("MEDIA-SEQUENCE:.*", whole) == re.findall("MEDIA-SEQUENCE:.*", delta)


def published(made: Clip) -> Playlists:
    log = FragmentLog("tea", clock=ManualClock())
    publication = Publication(
        log,
        remote="",
        clock=ManualClock(),
        on_started=lambda _: None,
        on_finished=lambda *_: None,
        on_replaced=lambda _: None,
    )
    publication.configure_video(made.avcc)
    publication.configure_audio(made.asc)
    lists = Playlists(HlsView(log))
    for frame in made.frames:
        if frame.is_video:
            publication.video(frame.dts_ms, frame.offset_ms, frame.keyframe, frame.data)
        else:
            publication.audio(frame.dts_ms, frame.data)
    return lists


async def test_the_sound_alone() -> None:
    lists = published(clip(4.0))
    view, log = lists.view, lists.view.log
    init = view.init(log.epoch, audio=True)
    assert init is not None
    sound = init + b"".join(
        view.segment(s.epoch, s.number, audio=True) or b"" for s in view.segments
    )
    whole = log.init + b"".join(view.segment(s.epoch, s.number) or b"" for s in view.segments)
    assert {packet.kind for packet in demux(sound)} == {"audio"}
    assert demux(sound) == [packet for packet in demux(whole) if packet.kind == "audio"]
    assert decode(sound)[0] == 0
    assert decode(sound)[1] > 100
    text = lists.get("audio")
    assert text is not None
    assert f'#EXT-X-MAP:URI="audio-init-{log.epoch}.mp4"' in text
    master = lists.get("master")
    assert master is not None
    assert re.search(r'BANDWIDTH=\d+,CODECS="avc1\S+,mp4a\S+",RESOLUTION=160x96\nindex', master)
    assert re.search(r'BANDWIDTH=\d+,CODECS="mp4a\.40\.2"\naudio\.m3u8', master)
