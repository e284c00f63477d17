"""A room becomes private in the studio, under the eyes of its viewers; an invitation lets one back
in, and its end sends them away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}


async def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look, where they say."""
    folder = os.environ.get("YAOHE_SCREENS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_a_room_is_closed_while_it_is_watched_and_opened_by_invitation(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("会员专场")
    # A room that closes says so on every way; that is what is tested.
    closing = [r"40[13] .*", r"ERR_", r"WebSocket"]
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=[r"ERR_INCOMPLETE"]) as staff,
        phone(browser, demo.url, expected=closing) as mei,
        phone(browser, demo.url, lang="en", expected=closing) as ann,
    ):
        await desk.status(room.id, "live")
        await staff.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await mei.page.goto(room.path)
        await mei.frames()
        await staff.page.goto(f"/studio/live/{room.id}")
        await staff.page.locator("video").wait_for()
        await staff.frames()
        await staff.page.get_by_label("更多").click()
        await staff.page.get_by_role("button", name="改直播间").click()
        await staff.page.get_by_text("私密直播间").click()
        await keep(staff.page, "studio-private-switch")
        await staff.page.get_by_role("button", name="保存").click()
        # Who watched without an invitation stands before the door, and sees nothing of the room.
        await expect(mei.page.locator("h1")).to_have_text("这个直播间凭邀请进入")
        assert "会员专场" not in await mei.page.content()
        await keep(mei.page, "door-zh")
        # The desk goes on.
        await staff.frames()
        await staff.page.locator(".s-desk-private").click()
        await staff.page.get_by_label("给谁的").fill("老客户")
        await staff.page.get_by_role("button", name="生成邀请链接").click()
        await expect(staff.page.locator(".s-invites li")).to_contain_text("老客户")
        await keep(staff.page, "studio-invitations")
        link = await staff.clipboard()
        assert "?invite=" in link
        await ann.page.goto(room.path)
        await expect(ann.page.locator("h1")).to_have_text("This room is by invitation")
        await keep(ann.page, "door-en")
        await ann.page.goto(link)
        assert "invite" not in ann.page.url
        await ann.frames()
        await keep(ann.page, "room-invited-en")
        assert "ticket=ticket." in await ann.page.evaluate("window.__yh.data.media.stream")
        await expect(ann.page.locator(".y-say")).to_be_visible()
        # Taken back: away at once.
        await staff.page.get_by_role("button", name="收回").click()
        await staff.page.get_by_role("button", name="收回").click()
        await expect(staff.page.locator(".s-invites li")).to_contain_text("已收回")
        await expect(ann.page.locator("h1")).to_have_text("This room is by invitation")
        await ann.page.goto(link)
        await expect(ann.page.locator("h1")).to_have_text("This invitation is over")
