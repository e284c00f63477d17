"""A room in a page of another site: it plays, talks, shares, leads to the shop, at any size."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Frame, Page, expect
from tests.support.browser import DESK, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.frames import site_of, standing
from tests.support.phone import Desk, Room

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LANDSCAPE = {"size": "640x360", "rate": 25, "gop": 25, "bitrate": "600k"}
SIZES = ((320, 180), (480, 270), (640, 360), (1280, 720), (320, 568), (390, 700))


async def named(desk: Desk, site: str) -> None:
    wish = {"name": "news", "kind": "public", "mode": "live", "sites": [site]}
    await desk.post("/api/v1/staff/app-keys", wish)


async def plays(frame: Frame) -> None:
    # A page with a policy lets a function be asked again and again, and no expression.
    await frame.wait_for_function("() => document.body.dataset.play === 'playing'")
    await frame.wait_for_selector(".y-share")
    await frame.wait_for_function("() => window.__yh.taken")
    assert await frame.evaluate("document.querySelector('video').muted")


async def shot(page: Page, name: str) -> None:
    """Pictures to look at, where YAOHE_SCREENS says."""
    folder = os.environ.get("YAOHE_SCREENS")
    if folder:
        await page.screenshot(path=Path(folder) / f"embed-{name}.png")


async def fits_every_frame(page: Page, frame: Frame) -> None:
    for lang in ("zh", "en"):
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate(
                "([w, h]) => { const f = document.getElementById('live');"
                " f.width = w; f.height = h }",
                [width, height],
            )
            await frame.wait_for_function(
                "([w, h]) => innerWidth === w && innerHeight === h", arg=[width, height]
            )
            outside = await frame.evaluate(
                """() => [...document.querySelectorAll('.y-share, .y-top a, .y-round, .y-host')]
                  .filter(e => e.offsetParent || e.getClientRects().length)
                  .map(e => e.getBoundingClientRect())
                  .filter(r => r.width && (r.left < 0 || r.top < 0 || r.right > innerWidth + 0.5
                    || r.bottom > innerHeight + 0.5)).length"""
            )
            assert outside == 0, (lang, width, height)
            await shot(page, f"{lang}-{width}x{height}")
        if lang == "zh":
            await frame.goto(f"{frame.url}?lang=en")
            await plays(frame)


async def test_a_room_in_a_page_of_another_site(demo: Demo, desk: Desk, browser: Browser) -> None:
    room: Room = await desk.room("茶山来信")
    async with (
        site_of(f"{demo.url}/embed/{room.id}") as site,
        publishing(room.publish_url, **LANDSCAPE),
        phone(browser, demo.url, size=DESK, expected=["404.*localhost"]) as reader,
    ):
        await named(desk, site)
        await desk.status(room.id, "live")
        page = reader.page
        frame = await standing(page, site)
        await plays(frame)
        told = await page.wait_for_function("window.told.length >= 2 && window.told")
        messages = await told.json_value()
        assert {one["type"] for one in messages} == {"ready", "size"}
        assert {(one["room"], one["from"]) for one in messages} == {(room.id, demo.url)}
        assert {"width": 640, "height": 360}.items() <= next(
            one for one in messages if one["type"] == "size"
        ).items()

        await frame.locator(".y-say").click()
        await frame.locator(".y-field").fill("这茶香")
        await frame.locator(".y-send").click()
        await expect(frame.locator(".y-line-who", has_text="我")).to_be_visible()
        assert await reader.context.cookies() == []

        # What is bought is bought on the shop's own page.
        async with reader.context.expect_page() as opened:
            await frame.locator(".y-buy").click()
        shop = await opened.value
        await expect(shop.locator("[data-act=buy-now]")).to_be_visible()
        way = urlsplit(shop.url)
        assert way.path == room.path
        assert parse_qs(way.query) == {
            "product": [room.product["id"]], "utm_source": [urlsplit(site).netloc],
            "utm_medium": ["referral"],
        }  # fmt: skip
        await shop.close()

        # A share from inside leads to the shop, and low frames copy it at once.
        await page.evaluate("document.getElementById('live').height = 180")
        await frame.locator(".y-share").click()
        await reader.context.grant_permissions(["clipboard-read"], origin=site)
        await expect(frame.locator(".y-notice")).to_contain_text("链接复制好了")
        report = await desk.report_with(room.id, intended=1)
        assert report["shares"][0]["channel"] == "copy_link"
        await page.evaluate("document.getElementById('live').height = 360")
        await fits_every_frame(page, frame)


async def test_it_stands_nowhere_else(demo: Demo, desk: Desk, browser: Browser) -> None:
    room = await desk.room("别处")
    refused = ["frame-ancestors", "Refused to frame", "Framing", "ERR_BLOCKED"]
    async with phone(browser, demo.url, size=DESK, expected=refused) as reader:
        for path, is_named in (
            (f"/embed/{room.id}", False), (room.path, True), ("/studio", True), ("/", True),
        ):  # fmt: skip
            async with site_of(demo.url + path) as site:
                if is_named:
                    await named(desk, site)
                frame = await standing(reader.page, site)
                await frame.wait_for_load_state()
                assert frame.url.startswith("chrome-error:"), path
