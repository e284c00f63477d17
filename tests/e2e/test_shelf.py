"""The shelf and the product on screen: what stands still, and what can be had with one tap."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import DESK, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}


async def test_a_new_pin_moves_the_mark_and_not_the_rows(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("货架不乱跳")
    other = await desk.room("只为它的商品")
    ids = [room.product["id"], other.product["id"]]
    await desk.put(f"/api/v1/rooms/{room.id}/shelf", {"product_ids": ids})
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, size=DESK, user_agent=None) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames()
        rows = mei.page.locator(".y-shelf .y-row")
        await expect(rows.first).to_contain_text("正在讲解")
        await desk.post(f"/api/v1/rooms/{room.id}/pin", {"product_id": ids[1]})
        await expect(rows.last).to_contain_text("正在讲解")
        await expect(mei.page.get_by_text("正在讲解")).to_have_count(1)


async def test_the_open_coupon_can_be_had_where_the_price_is(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("看着价格领券")
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as mei:
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames()
        await mei.page.locator(".y-buy").click()
        await mei.page.locator("[data-act=get-coupon]", has_text="领 ¥20 券").click()
        await expect(mei.page.locator(".y-coupon-line b")).to_have_text("−¥20")
        await mei.page.locator("[data-act=buy-now]").click()
        await expect(mei.page.locator(".y-sum-off")).to_have_text("−¥20")
