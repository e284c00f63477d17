"""The main job as one story: a live room whose share brings a friend who buys.

The real ffmpeg publishes, two people hold real browsers, and everything they do goes through the
screens. At the end the report counts exactly what happened.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import WHATSAPP, Desk, calling

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "540x960", "rate": 25, "gop": 25, "bitrate": "1000k"}
PRICE, OFF = 9_900, 2_000


async def test_a_share_brings_a_friend_who_buys(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("春茶夜话", price_minor=PRICE, off_minor=OFF)
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url) as lin,
        phone(browser, demo.url) as mei,
    ):
        await desk.status(room.id, "live")

        # Lin watches, and shares through the sheet.
        await lin.page.goto(room.path)
        await lin.frames()
        await lin.page.locator(".y-share").click()
        await lin.page.locator("[data-channel=copy_link]").click()
        await lin.page.locator("[data-act=send-share]").click()
        await expect(lin.page.get_by_text("链接复制好了")).to_be_visible()
        link = await lin.clipboard()
        assert link.startswith(f"{demo.url}/s/")
        await lin.page.keyboard.press("Escape")
        await desk.report_with(room.id, intended=1)

        # The chat app draws its card first. That is a bot's hit and nothing else.
        before = (await desk.report(room.id))["totals"]
        async with calling(demo.url, **{"user-agent": WHATSAPP}) as fetcher:
            preview = await fetcher.http.get(link)
            assert 'property="og:title"' in preview.text
        after = (await desk.report_with(room.id, hits=1))["totals"]
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {"hits", "bot_hits"}
        assert after["bot_hits"] == 1

        # Mei opens the link: who invited, then the first frame, and the picture goes on.
        await mei.page.goto(link)
        await expect(mei.page.locator(".y-invite")).to_be_visible()
        await expect(mei.page.locator(".y-invite b")).not_to_be_empty()
        await mei.frames()
        assert await mei.page.evaluate("window.__yh.stats.firstFrameMs") > 0
        await desk.report_with(room.id, hits=2, clicks=1, effective=1)
        await lin.told("1 位朋友来了")

        # Her coupon is there; she joins and speaks, and Lin reads it.
        chip = mei.page.locator(".y-chip", has_text="¥20 券已到")
        await mei.page.get_by_role("button", name="打开声音").last.click()
        await mei.page.locator(".y-plain", has_text="只看看").click()
        await expect(chip).to_be_visible()
        await mei.page.locator(".y-say").click()
        await mei.page.locator(".y-bar-writing input").fill("这茶保冷吗")
        await mei.page.keyboard.press("Enter")
        await expect(lin.page.locator(".y-line", has_text="这茶保冷吗")).to_be_visible()
        await desk.report_with(room.id, productive=1)

        # She buys with the coupon and pays at the cashier.
        await mei.page.locator(".y-buy").click()
        await mei.page.locator("[data-act=buy-now]").click()
        await mei.page.locator("input[name=name]").fill("梅子")
        await mei.page.locator("input[name=phone]").fill("13800001111")
        await mei.page.locator("input[name=address]").fill("长乐路 100 号")
        await expect(mei.page.locator(".y-sum-off")).to_have_text("−¥20")
        await mei.page.locator("[data-act=pay]").click()
        await mei.page.wait_for_url("**/sandbox/cashier/**")
        await mei.page.locator("form[action$='/pay'] button").click()
        await mei.page.wait_for_url(lambda url: "/sandbox/" not in url)
        await expect(mei.page.locator("[data-order=paid]")).to_be_visible()
        await expect(mei.page.locator("[data-order=paid] b")).to_have_text("已付款 ¥79.00")

        # Both pictures still move, and the report says exactly what happened.
        await mei.frames()
        await lin.frames()
        report = await desk.report_with(room.id, orders=1)
        expected = {
            "intended": 1,
            "effective": 1,
            "productive": 1,
            "hits": 2,
            "bot_hits": 1,
            "openings": 0,
            "clicks": 1,
            "orders": 1,
            "paid_minor": PRICE - OFF,
        }
        assert expected.items() <= report["totals"].items()
        (channel,) = [row for row in report["by_channel"] if row["intended"]]
        assert channel["channel"] == "copy_link"
        assert expected.items() <= channel.items()
        (share,) = [row for row in report["shares"] if link.endswith(row["token"])]
        assert (share["state"], share["orders"]) == ("productive", 1)
