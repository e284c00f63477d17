"""A show in two sizes: a weak line goes down and comes back, people choose, also to listen only,
and the top may fall."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, Route, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import VIDEO, publishing
from tests.support.patience import PATIENCE_S
from tests.support.phone import Desk, until
from tests.support.slow_line import FULL_BYTES_S, slow_line

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TOP = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "2000k"}
LOW = {"size": "180x320", "rate": 25, "gop": 25, "bitrate": "150k"}
RATE = ("-minrate", "2000k", "-maxrate", "2000k", "-bufsize", "400k", "-x264-params", "nal-hrd=cbr")
STEADY = (*VIDEO, *RATE)


async def width(page: Page, wanted: int, within_s: float = PATIENCE_S) -> None:
    """Until the picture has this width."""
    look = "document.querySelector('video').videoWidth"
    await until(lambda: page.evaluate(look), lambda found: found == wanted, within_s=within_s)


async def listens(page: Page) -> None:
    """Only to the sound, of which all comes and of the picture nothing, and back."""
    await page.locator("button[aria-label=更多]").click()
    await page.locator("[data-act=quality]").click()
    async with page.expect_request("**/stream.mp4?rung=audio"):
        await page.locator("[data-rung=audio]").click()
    await expect(page.locator(".y-slate")).to_contain_text("只听声音")
    await width(page, 0)
    # The sound is on, and goes on: in what is decoded now there is no picture.
    heard = "(from) => { const v = document.querySelector('video');"
    heard += " return !v.muted && v.currentTime > from + 1 }"
    since = await page.evaluate("document.querySelector('video').currentTime")
    await page.wait_for_function(heard, arg=since)
    assert await page.evaluate("window.__yh.codecs") == "mp4a.40.2"
    # Whoever opens the page again hears it like that, and may have the picture back.
    await page.reload()
    await expect(page.locator(".y-slate")).to_contain_text("只听声音")
    await page.locator("[data-act=picture]").click()
    await width(page, 360)
    await expect(page.locator(".y-slate")).to_be_hidden()


async def test_by_hand_and_when_the_top_one_falls(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    async with (
        publishing(room.publish_url + "?rung=320", **LOW),
        phone(browser, demo.url) as mei,
    ):
        async with publishing(room.publish_url, **TOP):
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await mei.frames(25)
            await width(mei.page, 360)
            await mei.page.evaluate(
                "window.sources = 0; document.querySelector('video')"
                ".addEventListener('emptied', () => window.sources++)"
            )
            await mei.page.locator("button[aria-label=更多]").click()
            await mei.page.locator("[data-act=quality]").click()
            await expect(mei.page.locator("[data-rung]")).to_have_count(4)
            await mei.page.locator("[data-rung='320']").click()
            await width(mei.page, 180)
            await mei.frames(25)
            (rung,) = (await desk.get(f"/api/v1/rooms/{room.id}/ingest"))["rungs"]
            assert (rung["rung"], rung["health"]["width"]) == ("320", 180)
            await until(
                lambda: desk.http.get("/metrics"),
                lambda figures: 'yaohe_rung_viewers{rung="320"} 1.0' in figures.text,
            )
            await mei.page.locator("button[aria-label=更多]").click()
            await mei.page.locator("[data-act=quality]").click()
            await expect(mei.page.locator("[data-rung='320']")).to_have_attribute(
                "aria-pressed", "true"
            )
            await mei.page.locator("[data-rung=top]").click()
            await width(mei.page, 360)
            # All in the buffer that was there: nothing was opened anew.
            assert await mei.page.evaluate("window.sources") == 0
            await listens(mei.page)
        # The large one is gone: the room goes on with the small one, without a slate.
        await width(mei.page, 180)
        await mei.frames(25)
        await expect(mei.page.locator(".y-slate")).to_be_hidden()


async def test_a_weak_line_goes_down_and_comes_back(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    async with (
        publishing(room.publish_url, **TOP, video=STEADY),
        publishing(room.publish_url + "?rung=320", **LOW),
        phone(browser, demo.url) as mei,
        slow_line(demo.port) as line,
    ):

        async def by_that_line(route: Route) -> None:
            there = route.request.url.replace(f":{demo.port}/", f":{line.port}/")
            await route.continue_(url=there)

        await mei.page.route("**/stream.mp4*", by_that_line)
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames(25)
        await width(mei.page, 360)
        line.bytes_per_s = 80_000
        await width(mei.page, 180)
        await mei.frames(50)
        line.bytes_per_s = FULL_BYTES_S
        # It climbs when playing went well for a while, on a busy machine a long while.
        await width(mei.page, 360, within_s=3 * PATIENCE_S)
        await mei.frames(25)
