"""Order in the chat, through the screens: what a moderator does is seen at once by everybody."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from tests.support.browser import DESK, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import OWNER, Room, until
from tests.support.phone import Desk as Owner

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}


async def say(page: Page, text: str) -> None:
    await page.locator(".y-say").click()
    await page.locator(".y-field").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".y-field")).to_have_value("")
    await page.keyboard.press("Escape")


def line(page: Page, text: str) -> Locator:
    return page.locator(".y-line", has_text=text)


async def choose(page: Page, text: str, action: str) -> None:
    """Tap a line and choose what to do about it."""
    await line(page, text).click()
    await page.locator(".y-sheet .y-menu button", has_text=action).click()


async def test_what_a_moderator_does_is_seen_by_everybody(
    browser: Browser, demo: Demo, desk: Owner
) -> None:
    room = await desk.room("聊天有人管")
    path = f"/api/v1/rooms/{room.id}"
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url) as mod,
        phone(browser, demo.url) as rude,
        phone(browser, demo.url) as mei,
    ):
        await desk.status(room.id, "live")
        for who in (mod, rude, mei):
            await who.page.goto(room.path)
            await who.frames()
        await say(rude.page, "去别家买更便宜")
        await say(mei.page, "茶能放多久")
        await expect(line(mod.page, "茶能放多久")).to_be_visible()
        # An ordinary viewer answers and reports; the acts of a moderator are not offered.
        await line(mod.page, "茶能放多久").click()
        await expect(mod.page.locator(".y-sheet .y-menu li")).to_have_count(3)
        await mod.page.locator(".y-menu button", has_text="回复").click()
        await expect(mod.page.locator(".y-field")).to_be_focused()
        await mod.page.locator(".y-field").fill("密封放一年")
        await mod.page.keyboard.press("Enter")
        await expect(line(mei.page, "密封放一年").locator(".y-line-reply")).to_contain_text(
            "茶能放多久"
        )
        await expect(line(mei.page, "密封放一年")).to_have_class(
            "y-line y-line-chat is-said is-for-me"
        )

        await desk.put(f"{path}/moderators/{await mod.visitor_id()}", {"name": "小赵"})
        await choose(mod.page, "去别家买更便宜", "禁言 10 分钟")
        await rude.told("你被禁言到")
        await choose(mod.page, "去别家买更便宜", "隐藏这句")
        await expect(line(mei.page, "去别家买更便宜")).to_have_count(0)
        # Who wrote it still sees it, greyed; and is told before typing that they cannot.
        await expect(line(rude.page, "去别家买更便宜")).to_contain_text("已被隐藏")
        await rude.page.locator(".y-say").click()
        await expect(rude.page.locator(".y-field")).to_have_count(0)

        await desk.put(f"{path}/chat-rules/pinned", {"text": "包邮到周日"})
        await expect(mei.page.locator(".y-chat-pinned")).to_contain_text("包邮到周日")
        await desk.call("PATCH", f"{path}/chat-rules", {"slow_s": 30})
        await expect(mei.page.locator(".y-say")).to_contain_text("每 30 秒")
        trail = (await desk.get(f"{path}/audit"))["items"]
        assert {item["action"] for item in trail} >= {"chat.mute", "chat.hide", "chat.pin"}

        # The count is of people whose room plays in sight.
        await until(lambda: desk.get(path), lambda told: told["viewers"] == 3)


async def test_a_viewer_blocks_and_reports_and_the_studio_sees_to_it(
    browser: Browser, demo: Demo, desk: Owner
) -> None:
    room = await desk.room("看不惯就举报")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(publishing(room.publish_url, **PORTRAIT))
        await desk.status(room.id, "live")
        rude = await stack.enter_async_context(phone(browser, demo.url))
        mei = await stack.enter_async_context(phone(browser, demo.url))
        for who in (rude, mei):
            await who.page.goto(room.path)
            await who.frames()
        await say(rude.page, "加我微信领红包")
        await choose(mei.page, "加我微信领红包", "举报")
        await mei.page.locator(".y-menu button", has_text="广告刷屏").click()
        await mei.told("收到举报")
        await choose(mei.page, "加我微信领红包", "不看 TA")
        await expect(line(mei.page, "加我微信领红包")).to_have_count(0)

        studio = await stack.enter_async_context(signed_in(browser, demo))
        await studio.goto(f"/studio/live/{room.id}/moderation")
        await expect(studio.locator(".s-mod-reports li")).to_contain_text("加我微信领红包")
        await studio.get_by_role("button", name="封禁", exact=True).click()
        await expect(studio.locator(".s-mod-reports li")).to_have_count(0)
        await expect(line(rude.page, "加我微信领红包")).to_contain_text("已被隐藏")
        await rude.told("你不能在这个直播间发言")
        await expect(studio.locator(".s-mod-trail")).to_contain_text("封禁了")
        await expect(studio.get_by_role("button", name="解除")).to_be_visible()
        await blocked_is_remembered(mei.page, room)
        await followers_speak(studio, mei.page, room)


async def blocked_is_remembered(page: Page, room: Room) -> None:
    """Another visit begins without them; they can be let in again."""
    await page.goto(room.path)
    await page.locator("[data-act=more], .y-top button").last.click()
    await page.locator(".y-menu button", has_text="不看的人").click()
    await page.locator(".y-menu button", has_text="恢复").click()
    await expect(page.locator(".y-sheet .y-empty")).to_be_visible()


async def followers_speak(studio: Page, page: Page, room: Room) -> None:
    """The studio lets followers speak only: one tap beside the host's name, and one may."""
    await page.goto(room.path)
    await expect(page.locator(".y-follow")).to_be_visible()
    await studio.get_by_text("只让关注的人发言").click()
    await expect(page.locator(".y-say")).to_contain_text("关注主播才能发言")
    await page.locator(".y-say").click()
    await expect(page.locator(".y-field")).to_have_count(0)
    await page.locator(".y-follow").click()
    await expect(page.locator(".y-follow")).to_have_count(0)
    await say(page, "关注了，来问一句")
    await page.reload()
    await expect(line(page, "关注了，来问一句")).to_be_visible()
    await expect(page.locator(".y-follow")).to_have_count(0)
    await page.locator("[data-act=more], .y-top button").last.click()
    await page.locator(".y-menu button", has_text="我关注的主播").click()
    await expect(page.locator(".y-followed")).to_contain_text("看不惯就举报")
    await page.locator(".y-followed button").click()
    await expect(page.locator(".y-sheet .y-empty")).to_be_visible()
    await expect(page.locator(".y-follow")).to_be_visible()


def signed_in(browser: Browser, demo: Demo) -> SignedIn:
    return SignedIn(browser, demo)


class SignedIn:
    """The studio, signed in as the owner."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        expected = [r"401 .*/staff/me\)", r"404 .*/live/"]
        self._phone = phone(browser, demo.url, user_agent=None, size=DESK, expected=expected)

    async def __aenter__(self) -> Page:
        page = (await self._phone.__aenter__()).page
        await page.goto("/studio/login")
        await page.locator("input[name=email]").fill(OWNER["email"])
        await page.locator("input[name=password]").fill(OWNER["password"])
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/studio/live")
        return page

    async def __aexit__(self, *error: object) -> None:
        await self._phone.__aexit__(None, None, None)
