"""The player in trouble: swallowed streams, gaps, full buffers, tabs out of sight, refused starts;
and what it reports of all that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Route, WebSocketRoute, expect
from tests.support.browser import ANDROID, Phone, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, Room, calling, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
CUT = [r"ERR_FAILED .*/stream\.mp4\)", r"WebSocket connection to .*/live/"]
LIVE_SOCKET = re.compile(r"/live/.*/ws")

# A page is out of sight when the browser says so; a test says it in the browser's place.
SIGHT = """() => {
  let state = 'visible';
  Object.defineProperty(document, 'visibilityState', {get: () => state});
  window.__sight = next => { state = next; document.dispatchEvent(new Event('visibilitychange')); };
}"""
BEHIND = "v.buffered.end(v.buffered.length - 1) - v.currentTime"
JUMPS = "(window.__jumps = 0, v.addEventListener('seeking', () => window.__jumps++))"
VIDEO = "const v = document.querySelector('video');"


@asynccontextmanager
async def watching(
    browser: Browser, demo: Demo, desk: Desk, *scripts: str, expected: list[str] | None = None
) -> AsyncIterator[tuple[Phone, Room]]:
    """A live room and a phone that is about to open it, with scripts run before the page's own."""
    room = await desk.room()
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=expected or []) as mei,
    ):
        await desk.status(room.id, "live")
        for script in scripts:
            await mei.page.add_init_script(f"({script})()")
        yield mei, room


async def value(mei: Phone, expression: str) -> Any:
    return await mei.page.evaluate(f"(() => {{ {VIDEO} return {expression} }})()")


async def comes_true(mei: Phone, condition: str) -> None:
    body = f"() => {{ {VIDEO} return {condition} }}"
    await mei.page.wait_for_function(body)


async def test_a_swallowed_stream_is_given_up_after_a_while(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    """Nothing is refused, nothing comes: each live way is asked once, then the last one plays."""
    released, ways = asyncio.Event(), list[str]()

    async def swallowed(route: Route) -> None:
        ways.append("fetch")
        await released.wait()
        await route.abort()

    async def passed_on(route: Route) -> None:
        ways.append("hls")
        await route.continue_()

    async with watching(browser, demo, desk, expected=CUT) as (mei, room):
        await mei.page.route("**/stream.mp4", swallowed)
        await mei.page.route("**/index.m3u8*", passed_on)
        await mei.page.route_web_socket(LIVE_SOCKET, lambda _: ways.append("ws"))
        await mei.page.goto(room.path)
        await mei.frames(25)
        assert await value(mei, "window.__yh.stats.route") == "hlsjs"
        assert ways[:3] == ["fetch", "ws", "hls"]
        released.set()


async def test_it_returns_to_the_better_way(browser: Browser, demo: Demo, desk: Desk) -> None:
    """From HLS back to the live line once that brings bytes again."""
    shut = True

    async def broken(route: Route) -> None:
        await (route.abort() if shut else route.continue_())

    async with watching(browser, demo, desk, expected=CUT) as (mei, room):
        await mei.page.route("**/stream.mp4", broken)
        await mei.page.route_web_socket(LIVE_SOCKET, lambda line: line.close())
        await mei.page.goto(room.path)
        await comes_true(mei, "window.__yh.stats.route === 'hlsjs' && v.readyState > 2")
        shut = False
        await comes_true(mei, "window.__yh.stats.route === 'fetch'")
        await mei.frames(25)
        await comes_true(mei, f"{BEHIND} < 2")


async def test_catching_up_by_rate_then_by_a_jump(browser: Browser, demo: Demo, desk: Desk) -> None:
    async with watching(browser, demo, desk) as (mei, room):
        await mei.page.goto(room.path)
        # Just joined it jumps; from then on a little lag is made good by playing faster.
        await comes_true(mei, "performance.now() - window.__yh.stats.firstFrameMs > 6000")
        await comes_true(mei, f"v.playbackRate === 1 && v.buffered.length && {BEHIND} < .7")
        await value(mei, f"v.currentTime -= {BEHIND} < .7 ? .5 : 0")
        await comes_true(mei, "v.playbackRate > 1 && v.playbackRate <= 1.2")
        await comes_true(mei, f"v.playbackRate === 1 && {BEHIND} < .7")
        await value(mei, JUMPS)
        await value(mei, "v.currentTime -= 3")
        # The first jump is ours, the second the player's own.
        await comes_true(mei, "window.__jumps >= 2")
        await comes_true(mei, f"v.playbackRate === 1 && {BEHIND} < .7")


async def test_a_gap_is_jumped(browser: Browser, demo: Demo, desk: Desk) -> None:
    dropping = False
    dropped = asyncio.Event()

    def between(page_side: WebSocketRoute) -> None:
        server = page_side.connect_to_server()

        def hear(message: str | bytes) -> None:
            if dropping:
                dropped.set()
            else:
                page_side.send(message)

        server.on_message(hear)

    async with watching(browser, demo, desk, expected=CUT[:1]) as (mei, room):
        await mei.page.route("**/stream.mp4", lambda route: route.abort())
        await mei.page.route_web_socket(LIVE_SOCKET, between)
        await mei.page.goto(room.path)
        await mei.frames(50)
        dropping = True
        await dropped.wait()
        await mei.page.wait_for_function("() => document.querySelector('video').readyState < 3")
        dropping = False
        await comes_true(mei, "v.buffered.length > 1")
        await mei.frames(25)
        assert await value(mei, "window.__yh.stats.route") == "ws"
        await comes_true(mei, f"{BEHIND} < 2")
        stats = await value(mei, "window.__yh.stats")
        assert stats["stalls"] >= 1
        assert stats["stalledMs"] > 0


async def test_a_full_buffer_is_survived(browser: Browser, demo: Demo, desk: Desk) -> None:
    full = """() => {
      const append = SourceBuffer.prototype.appendBuffer;
      window.__full = 0;
      SourceBuffer.prototype.appendBuffer = function (bytes) {
        if (window.__full > 0 && window.__full--)
          throw new DOMException('no room', 'QuotaExceededError');
        return append.call(this, bytes);
      };
    }"""
    async with watching(browser, demo, desk, full) as (mei, room):
        await mei.page.goto(room.path)
        await comes_true(mei, "v.currentTime - v.buffered.start(0) > 4")
        source, start = await value(mei, "v.src"), await value(mei, "v.buffered.start(0)")
        await value(mei, "window.__full = 2")
        await comes_true(mei, "window.__full === 0")
        await mei.frames(25)
        assert await value(mei, "v.src") == source, "the same buffer goes on"
        assert await value(mei, "v.buffered.start(0)") > start, "what was seen made room"


@pytest.mark.parametrize("hear", [False, True], ids=["muted", "paused by the system"])
async def test_out_of_sight_it_sleeps_and_wakes_at_the_live_edge(
    browser: Browser, demo: Demo, desk: Desk, hear: bool
) -> None:
    async with watching(browser, demo, desk, SIGHT) as (mei, room):
        await mei.page.goto(room.path)
        await mei.frames(25)
        if hear:
            await mei.page.locator("header [data-act=sound], header .y-round").first.click()
            await comes_true(mei, "!v.muted && !v.paused")
        await mei.page.evaluate("window.__sight('hidden')")
        if hear:
            await value(mei, "v.pause()")
        await comes_true(mei, "window.__yh.abort.signal.aborted")
        left = await value(mei, "v.buffered.end(v.buffered.length - 1)")
        await mei.page.evaluate("window.__sight('visible')")
        await mei.frames(25)
        assert await value(mei, "v.buffered.end(v.buffered.length - 1)") > left
        await comes_true(mei, f"{BEHIND} < 1.5")
        await comes_true(mei, "v.currentTime - v.buffered.start(0) < 15")


async def test_who_listens_or_has_it_in_a_small_window_is_not_put_to_sleep(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    small = """() => {
      let out = null;
      Object.defineProperty(document, 'pictureInPictureEnabled', {get: () => true});
      Object.defineProperty(document, 'pictureInPictureElement', {get: () => out});
      HTMLVideoElement.prototype.requestPictureInPicture = async function () {
        if (this.disablePictureInPicture) throw new DOMException('no', 'InvalidStateError');
        out = this;
      };
    }"""
    async with watching(browser, demo, desk, SIGHT, small) as (mei, room):
        await mei.page.goto(room.path)
        await mei.frames(25)
        await mei.page.locator("header .y-round").last.click()
        await mei.page.get_by_role("button", name="小窗播放").click()
        await comes_true(mei, "document.pictureInPictureElement === v")
        began = await value(mei, "performance.now()")
        await mei.page.evaluate("window.__sight('hidden')")
        await comes_true(mei, f"performance.now() - {began} > 12000")
        assert not await value(mei, "window.__yh.abort.signal.aborted")
        await mei.frames(25)


async def test_a_refused_start_is_a_poster_and_a_button(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    refusing = """() => {
      new MutationObserver(() => document.querySelector('video')?.removeAttribute('autoplay'))
        .observe(document, {childList: true, subtree: true});
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        if (navigator.userActivation.hasBeenActive) return play.call(this);
        return Promise.reject(new DOMException('tap first', 'NotAllowedError'));
      };
    }"""
    async with watching(browser, demo, desk, refusing) as (mei, room):
        async with mei.page.expect_request("**/playback") as told:
            await mei.page.goto(room.path)
            button = mei.page.locator("#yh-tap")
            await expect(button).to_be_visible()
            await expect(button).to_contain_text("点")
            await expect(mei.page.locator("#yh-poster")).to_be_visible()
        request = await told.value
        assert request.post_data_json["start"] == "refused"
        await button.click()
        await mei.frames(25)
        await expect(button).to_be_hidden()


async def _shared_starts(desk: Desk) -> tuple[float, float]:
    """Starts shown and first frames of shared entries in Chrome, of the whole shop so far."""
    group = '{browser="chrome",entry="shared"'
    wanted = (
        f'yaohe_player_starts_total{group},outcome="shown"}} ',
        f"yaohe_player_first_frame_seconds_count{group}}} ",
    )
    lines = (await desk.http.get("/metrics")).text.splitlines()
    shown, framed = (
        next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)
        for name in wanted
    )
    return shown, framed


async def test_the_player_reports_how_it_plays(browser: Browser, demo: Demo, desk: Desk) -> None:
    """First frame and delay of a friend who came by a share, in the studio and in the figures."""
    before = await _shared_starts(desk)
    async with watching(browser, demo, desk) as (mei, room):
        async with calling(demo.url, **{"user-agent": ANDROID}) as lin:
            wish = {"channel": "copy_link", "content": "card"}
            made = await lin.post(f"/api/v1/rooms/{room.id}/shares", wish)
        await mei.page.goto(f"/s/{made['token']}")
        told: dict[str, Any] = await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/playback"),
            lambda health: health["starts"] == 1,
        )
        assert (told["shown"], told["failed"]) == (1, 0)
        assert told["first_frame_ms_p50"] > 0
        assert told["behind_ms_p50"] > 0
        assert told["routes"] == {"fetch": 1}
        assert [(g["entry"], g["browser"]) for g in told["groups"]] == [("shared", "chrome")]
        # What was watched since is told on leaving.
        await mei.frames(50)
        await mei.page.goto("about:blank")
        told = await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/playback"),
            lambda health: health["watched_s"] > told["watched_s"],
        )
        assert told["starts"] == 1
    after = await _shared_starts(desk)
    assert all(now >= then + 1 for now, then in zip(after, before, strict=True)), (before, after)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"shared": False, "route": "fetch", "first_frame_ms": -5}, 422, "not_json"),
        ({"shared": False, "route": "by post"}, 422, "not_json"),
        ({"route": "fetch"}, 422, "not_json"),
    ],
)
async def test_a_report_that_does_not_fit_is_refused(
    demo: Demo, desk: Desk, body: dict[str, Any], status: int, code: str
) -> None:
    room = await desk.room()
    path = f"/api/v1/rooms/{room.id}/playback"
    async with calling(demo.url, **{"user-agent": ANDROID}) as anybody:
        answer = await anybody.http.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        fine = {"shared": False, "route": "fetch"}
        assert (await anybody.http.post(path, json=fine)).status_code == 200
        nowhere = await anybody.http.post("/api/v1/rooms/nowhere/playback", json=fine)
        assert nowhere.json()["error"]["code"] == "room_not_found"
        assert (await anybody.http.get(path)).status_code == 401
    assert (await desk.get(path))["starts"] == 0
