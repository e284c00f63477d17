"""The 480p rung made here: the real child, real pictures, and what its loss does to the show."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support import phone
from tests.support.media import Clip, clip, decode, demux

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.encoder.transcode import small_size
from yaohe.live.encoding import Encoding, encoder, service
from yaohe.live.media import FragmentLog, MediaOrigin, PublishEvent
from yaohe.live.media.publication import Publication

LARGE = clip(2.0, width=960, height=540, gop=15)
SMALL = clip(2.0, width=160, height=96, gop=15)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is no reason to drop the rung."""
    monkeypatch.setattr(encoder, "BEHIND_S_MAX", 20.0)


class Show:
    """A room `tea` whose senders send in real time, each until it is cancelled."""

    def __init__(self, shows_max: int = 1) -> None:
        self.origin = MediaOrigin()
        self.encoding = Encoding(self.origin, SystemClock(), shows_max=shows_max)
        self.events: list[PublishEvent] = []
        self.origin.on_event(self.events.append)

    def publish(self, rung: str = "") -> Publication:
        return self.origin.publish("tea", remote="r", on_replaced=lambda _: None, rung=rung)

    def log(self, rung: str = "") -> FragmentLog:
        log = self.origin.log("tea", rung)
        assert log is not None
        return log

    def offers(self) -> list[str]:
        return [offer.rung for offer in self.origin.rungs("tea")]


async def send(publication: Publication, media: Clip) -> None:
    """The clip over and over, each frame at its moment."""
    publication.configure_video(media.avcc)
    publication.configure_audio(media.asc)
    began, turn = asyncio.get_running_loop().time(), 0
    while True:
        for frame in media.frames:
            at = frame.dts_ms + turn * 2_000
            await asyncio.sleep(began + at / 1000 - asyncio.get_running_loop().time())
            if publication.finished:
                return
            if frame.is_video:
                publication.video(at, frame.offset_ms, frame.keyframe, frame.data)
            else:
                publication.audio(at, frame.data)
        turn += 1


@asynccontextmanager
async def sending(publication: Publication, media: Clip) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(send(publication, media))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        publication.finish("closed")


@asynccontextmanager
async def encoded(show: Show) -> AsyncIterator[None]:
    """The show is sent, looked after, and offered in 480p."""
    running = asyncio.get_running_loop().create_task(show.encoding.run())
    try:
        async with sending(show.publish(), LARGE):
            await until(lambda: show.offers() == ["", "480"])
            yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(met: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return met()

    await phone.until(ask, bool, within_s=30)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_a_smaller_picture_of_the_same_moments() -> None:
    show = Show()
    async with encoded(show):
        await until(lambda: show.log("480").next_offset >= 8)
        top, low = show.log(), show.log("480")
        assert top.generation is not None
        assert low.generation is not None
        assert (low.width, low.height) == (854, 480)
        assert low.generation.timeline == top.generation.timeline
        assert low.generation.started_at == top.generation.started_at
        held = low.span(0, low.next_offset)
        whole = low.init + b"".join(fragment.data for fragment in held)
        pictures, sounds = decode(whole)
        assert pictures >= 30
        assert sounds >= 40
        heard = demux(top.init + b"".join(f.data for f in top.span(0, top.next_offset)))
        shown = {round(h.pts_ms): h.keyframe for h in heard if h.kind == "video"}
        made = {round(h.pts_ms): h.keyframe for h in demux(whole) if h.kind == "video"}
        # Every picture made is a picture sent, at its own time, and a keyframe where that is one.
        assert {at: shown.get(at) for at in made} == made
        assert len(whole) < 0.8 * sum(len(f.data) for f in top.span(0, top.next_offset))
        # The host sent one picture and hears of one.
        assert {event.rung for event in show.events} == {""}
        (pid,) = show.encoding.pids().values()
        show.origin.end("tea")
        await until(lambda: is_gone(pid))
        assert show.log("480").ended


async def test_a_child_that_dies_comes_back_and_the_show_goes_on() -> None:
    show = Show()
    async with encoded(show):
        epoch = show.log().epoch
        (pid,) = show.encoding.pids().values()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: show.offers() == [""])
        await until(lambda: show.offers() == ["", "480"])
        assert show.log().epoch == epoch
        assert show.encoding.pids()["tea"] != pid
    await until(lambda: not show.encoding.pids())


async def test_too_slow_is_dropped_and_the_doctor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SLOW_PAUSE_S", 1.0)
    show = Show()
    async with encoded(show):
        epoch = show.log().epoch
        os.kill(show.encoding.pids()["tea"], signal.SIGSTOP)
        monkeypatch.setattr(encoder, "BEHIND_S_MAX", 0.6)
        # The rung goes first, then its child, and then the doctor is told.
        await until(lambda: "small_slow" in {one.code for one in show.origin.findings("tea")})
        assert show.offers() == [""]
        monkeypatch.setattr(encoder, "BEHIND_S_MAX", 20.0)
        assert show.encoding.dropped == 1
        assert show.log().epoch == epoch
        await until(lambda: show.offers() == ["", "480"])
        assert "small_slow" not in {found.code for found in show.origin.findings("tea")}


async def test_what_a_sender_offers_comes_before_what_is_made() -> None:
    show = Show()
    async with encoded(show):
        async with sending(show.publish("480"), SMALL):
            await until(lambda: show.log("480").width == 160)
            await until(lambda: not show.encoding.pids())
            assert show.origin.sent_rungs("tea") == ["480"]
        await until(lambda: show.log("480").width == 854)


async def test_what_is_made_of_the_top_never_stands_in_for_it() -> None:
    show = Show()
    async with encoded(show):
        epoch = show.log().epoch
        statistics = show.origin.statistics("tea")
        assert statistics is not None
        first = show.log().generation
        again = show.publish()
        async with sending(again, LARGE):
            await until(lambda: show.log().epoch != epoch)
            await until(lambda: show.log("480").generation is not None)
            await until(
                lambda: (
                    show.log("480").live and show.log("480").generation.timeline == show.log().epoch
                )  # type: ignore[union-attr]
            )
        assert first is not None
        assert not show.origin.is_live("tea")
        assert show.offers() == []
        assert not show.log("480").live


async def test_none_is_made_where_none_is_asked_for() -> None:
    show = Show(shows_max=0)
    await show.encoding.run()
    assert show.encoding.shows == 0


@pytest.mark.parametrize(
    ("size", "small"),
    [((1280, 720), (854, 480)), ((720, 1280), (480, 854)), ((540, 540), (480, 480))],
)
def test_the_short_side_is_480(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert small_size(*size) == small
