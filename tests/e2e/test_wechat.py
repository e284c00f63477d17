"""Inside WeChat's browser: its own menu sends the share of the person who looks."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.support.browser import WECHAT, phone
from tests.support.demo import Demo
from tests.support.phone import Desk
from tests.support.platforms import WechatDouble

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TOLD = "() => window.__wx?.friend.length > 0 && window.__wx"


async def test_wechats_menu_sends_the_visitors_own_share(
    browser: Browser, demo: Demo, desk: Desk, wechat: WechatDouble
) -> None:
    room = await desk.room("微信菜单")
    async with phone(browser, demo.url, user_agent=WECHAT) as mei:
        page = mei.page
        # A friend sent it: WeChat has put its own marks into the address.
        await page.goto(f"{room.path}?from=singlemessage&isappinstalled=0")
        told = await (await page.wait_for_function(TOLD)).json_value()
        (config,) = told["config"]
        signed = {"nonce": config["nonceStr"], "timestamp": config["timestamp"]}
        assert config["signature"] == wechat.signature_of(page.url, signed)
        assert set(config["jsApiList"]) == {
            "updateAppMessageShareData", "updateTimelineShareData",
        }  # fmt: skip
        friend, moments = told["friend"][-1], told["moments"][-1]
        assert friend["link"] == moments["link"]
        assert friend["link"].startswith(f"{demo.url}/s/")
        assert "微信菜单" in friend["title"]
        picture = await page.request.get(friend["imgUrl"])
        assert (picture.status, picture.headers["content-type"]) == (200, "image/jpeg")

        # Who opens what the menu sends was invited by this person.
        async with phone(browser, demo.url, user_agent=WECHAT) as lin:
            await lin.page.goto(friend["link"].removeprefix(demo.url))
            await lin.page.wait_for_function(TOLD)
            invited = await lin.page.locator("#yh-share").text_content()
            assert friend["link"].rpartition("/")[2] in (invited or "")
            other = await lin.page.evaluate("window.__wx.friend.at(-1).link")
            assert other != friend["link"]
    assert wechat.calls["/cgi-bin/stable_token"] == wechat.calls["/cgi-bin/ticket/getticket"] == 1


async def test_other_browsers_load_nothing_of_wechats(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("别的浏览器")
    async with phone(browser, demo.url) as lin:
        answer = await lin.page.goto(room.path)
        assert answer is not None
        assert "jweixin" not in await answer.text()
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self' 'sha256-" in policy
        assert "http" not in policy
