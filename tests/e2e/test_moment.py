"""A friend who comes later sees what the sharer saw, is back at what is live by itself, and finds
the replay open at that moment; the product of then stays at hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import ANDROID, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, Room, calling, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
CHIP = "[data-act=moment]"
KEPT = "[data-act=shared-product]"
CLOCK = ".y-past-clock"


async def _pin_another(desk: Desk, room: Room) -> None:
    product = {
        "title": "白瓷盖碗",
        "title_en": "White gaiwan",
        "subtitle": "",
        "subtitle_en": "",
        "price_minor": 6_800,
        "list_price_minor": None,
        "stock": 9,
        "status": "on_sale",
    }
    made = await desk.post("/api/v1/products", product)
    at = f"/api/v1/rooms/{room.id}"
    await desk.put(f"{at}/shelf", {"product_ids": [room.product["id"], made["id"]]})
    await desk.post(f"{at}/pin", {"product_id": made["id"]})


async def test_what_the_sharer_saw(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    at = f"/api/v1/rooms/{room.id}"
    quiet = [r"404 .*/live/", r"ERR_"]
    async with (
        phone(browser, demo.url, expected=quiet) as jun,
        calling(demo.url, **{"user-agent": ANDROID}) as lin,
    ):
        page = jun.page
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            seen_at = datetime.now(UTC)
            share = await lin.post(
                f"{at}/shares",
                {
                    "channel": "copy_link",
                    "moment_at": seen_at.isoformat(),
                    "product": room.product["id"],
                },
            )
            await _pin_another(desk, room)
            # The same link at once: what was shared is as good as what is on.
            await page.goto(share["url"])
            await jun.frames(5)
            await expect(page.locator(KEPT)).to_contain_text("明前春茶")
            await until(
                lambda: desk.get(f"{at}/replay/moment?at={seen_at.timestamp()}"),
                lambda place: place["position_ms"] is not None and place["ago_ms"] > 15_000,
                within_s=60,
            )
            await expect(page.locator(CHIP)).to_be_hidden()
            await page.reload()
            await expect(page.locator(CHIP)).to_contain_text(re.compile(r"看到的 00:0\d"))
            await page.locator(CHIP).click()
            await expect(page.locator(CLOCK)).to_be_visible()
            # While that moment is shown its product is the one in the card.
            await expect(page.locator(".y-product")).to_contain_text("明前春茶")
            await expect(page.locator(KEPT)).to_be_hidden()
            # What is live comes back by itself.
            await expect(page.locator(CLOCK)).to_be_hidden(timeout=30_000)
            await jun.frames(5)
            assert await page.evaluate("window.__yh.stats.route") == "fetch"
            await page.get_by_label("收起分享的商品").click()
            await expect(page.locator(KEPT)).to_be_hidden()
            later_at = seen_at + timedelta(seconds=15)
            later = await lin.post(
                f"{at}/shares", {"channel": "copy_link", "moment_at": later_at.isoformat()}
            )
        await desk.post(f"{at}/end")
        await desk.status(room.id, "ended")
        await page.goto(later["url"])
        await page.locator(f"{CHIP}, {CLOCK}").first.wait_for()
        if await page.locator(CHIP).is_visible():
            await page.locator(CHIP).click()
        # Ten seconds before what was shared, and on from there.
        await expect(page.locator(CLOCK)).to_contain_text(re.compile(r"00:(0[4-9]|1\d) /"))
        await jun.frames(15)
