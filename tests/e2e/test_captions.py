"""Who watches without sound reads what is said, live and when they rewind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.captions import captioned, performing, popped
from tests.support.demo import Demo
from tests.support.media import clip
from tests.support.phone import Desk, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

# Every four seconds a caption in the picture, and in between a line beside it.
SECONDS = 9
SAID = {number: popped(f"CUP {number // 30}") for number in range(30, 30 * SECONDS - 60, 120)}
LINES = [(at, f"第 {at // 1_000} 秒：今天的春茶") for at in range(3_000, SECONDS * 1_000, 4_000)]


async def test_captions_are_read_live_and_in_the_replay(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("有字幕的直播")
    film = captioned(clip(SECONDS, width=180, height=320), SAID)
    async with (
        performing(room.publish_url, film, *LINES),
        phone(browser, demo.url, expected=[r"404 .*/live/"]) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames(25)
        begun = datetime.now(UTC).timestamp()
        words = mei.page.locator(".y-captions p")
        await expect(words).to_contain_text("CUP")
        await expect(words).to_contain_text("秒：今天的春茶")
        # With sound nobody asked for them; the menu has the choice, and it is remembered.
        await mei.page.get_by_label("更多").click()
        await mei.page.get_by_role("button", name="关掉字幕").click()
        await expect(words).to_have_count(0)
        await mei.page.reload()
        await mei.frames(25)
        await mei.page.get_by_label("更多").click()
        await mei.page.get_by_role("button", name="打开字幕").click()
        await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/replay/moment?at={begun}"),
            lambda place: place["position_ms"] is not None,
            within_s=60,
        )
        await mei.page.locator("[data-act=rewind]").click()
        await expect(mei.page.locator(".y-past")).to_be_visible()
        await expect(words).to_contain_text("CUP")
