"""Helping the friend who invited: what counts, what is refused, and where it may not be offered."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect
from tests.support.browser import ANDROID, WECHAT, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Caller, Desk, Room, calling, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
PERSON = {"user-agent": ANDROID, "accept-language": "zh-CN"}
# What a page may not say in WeChat's browser: help, and what a sharer gets.
FORBIDDEN = ("助力", "帮", "邀请有礼", "分享得", "转发得", 'sharer_amount_minor":2')


async def shared(person: Caller, room: Room) -> dict[str, Any]:
    wish = {"channel": "copy_link", "content": "card"}
    made: dict[str, Any] = await person.post(f"/api/v1/rooms/{room.id}/shares", wish)
    return made


async def arrived(person: Caller, token: str) -> None:
    page = await person.http.get(f"/s/{token}")
    assert page.status_code == 200
    assert (await person.post("/api/v1/beacon", {"token": token}))["counted"]


async def refusal(person: Caller, token: str) -> dict[str, Any]:
    answer = await person.http.post(f"/api/v1/shares/{token}/help", json={})
    assert answer.status_code >= 400, answer.text
    error: dict[str, Any] = answer.json()["error"] | {"status": answer.status_code}
    return error


async def test_a_friend_watches_and_helps_once(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("助力试一试")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, expected=[r"409 .*/help\)"]) as mei,
    ):
        await desk.status(room.id, "live")
        await lin.page.goto(room.path)
        await lin.frames()
        share = await lin.page.evaluate(
            """async room => (await fetch(`/api/v1/rooms/${room}/shares`, {method: 'POST',
               headers: {'content-type': 'application/json'},
               body: JSON.stringify({channel: 'copy_link', content: 'card'})})).json()""",
            room.id,
        )
        pill = mei.page.locator(".y-call-pill")
        # Her time begins when we have looked at how the page waits for it.
        looked = asyncio.Event()

        async def held(route: Route) -> None:
            await looked.wait()
            await route.continue_()

        await mei.page.route("**/api/v1/watch", held)
        await mei.page.goto(f"/s/{share['token']}")
        await mei.frames()
        await expect(mei.page.locator(".y-rules li")).to_have_count(3)
        await expect(mei.page.locator(".y-rules")).to_contain_text("看满 15 秒")
        await expect(pill).to_contain_text("助力")
        await pill.click()
        assert not await mei.page.evaluate("document.querySelector('video').muted")
        # Until the time is over the pill says how long, and a tap does nothing.
        await expect(pill).to_have_attribute("aria-disabled", "true")
        await expect(pill).to_contain_text("再看")
        await pill.click(force=True)
        assert (await desk.report(room.id))["totals"]["assists"] == 0
        looked.set()
        await expect(pill).to_have_attribute("aria-disabled", "false")
        await pill.click()
        await mei.told("助力成功，谢谢你")
        await lin.told("朋友帮你助力，¥20 券到了")
        await expect(lin.page.locator(".y-chip", has_text="¥20 券已到")).to_be_visible()

        # Opening the link again and tapping again is answered in words, and nothing is added.
        async with mei.page.expect_response("**/api/v1/watch"):
            await mei.page.goto(f"/s/{share['token']}")
        await mei.frames()
        # Who joined is not called again; helping stays on offer, and the fifteen seconds are over.
        await expect(pill).to_have_count(0)
        await mei.page.locator(".y-chip", has_text="助力").click()
        await expect(mei.page.locator(".y-filled-call")).to_have_attribute("aria-disabled", "false")
        await mei.page.locator(".y-filled-call").click()
        await mei.told("这次没算上：你已帮过")
        coupons = await lin.page.evaluate("fetch('/api/v1/me/coupons').then(a => a.json())")
        assert [coupon["amount_minor"] for coupon in coupons["items"]] == [2_000]
        await desk.report_with(room.id, assists=1, coupons=2)


async def test_who_only_watches_hears_nothing(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("只看看")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        calling(demo.url, **PERSON) as lin,
        phone(browser, demo.url) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(f"/s/{(await shared(lin, room))['token']}")
        await mei.frames()
        muted = "document.querySelector('video').muted"
        await mei.page.get_by_role("button", name="只看看").click()
        await expect(mei.page.locator(".y-call")).to_have_count(0)
        await expect(mei.page.locator(".y-bar")).to_be_visible()
        assert await mei.page.evaluate(muted)
        # Sound and helping stay at hand.
        await expect(mei.page.locator(".y-chip", has_text="助力")).to_be_visible()
        await mei.page.locator(".y-top").get_by_role("button", name="打开声音").click()
        assert not await mei.page.evaluate(muted)


async def test_helping_is_offered_before_any_script(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("没有脚本也看得见")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        calling(demo.url, **PERSON) as lin,
        phone(browser, demo.url, scripts=False) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(f"/s/{(await shared(lin, room))['token']}")
        name = await mei.page.locator(".y-invite b").text_content()
        await expect(mei.page.get_by_role("button", name=f"帮{name}助力")).to_be_visible()
        await expect(mei.page.get_by_role("button", name="只看看")).to_be_visible()
        await expect(mei.page.get_by_role("button", name="打开声音")).to_have_count(1)


async def test_what_is_refused(demo: Demo, desk: Desk) -> None:
    room = await desk.room("助力的边界")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        calling(demo.url, **PERSON) as lin,
        calling(demo.url, **PERSON) as mei,
        calling(demo.url, **PERSON) as stranger,
    ):
        await desk.status(room.id, "live")
        token = (await shared(lin, room))["token"]
        assert (await refusal(lin, token))["code"] == "help_self"
        assert (await refusal(stranger, token))["code"] == "help_not_arrived"
        began = time.monotonic()
        await arrived(mei, token)
        tick = {"room": room.id, "token": token, "visible": True}
        await mei.post("/api/v1/watch", tick)
        early = await refusal(mei, token)
        assert early["code"] == "help_too_early"
        assert early["message"]
        # Ticks that come too fast do not make time pass faster.
        for _ in range(20):
            watched = await mei.post("/api/v1/watch", tick)
        assert watched["watch_ms"] <= (time.monotonic() - began) * 1_000
        assert (await refusal(mei, token))["code"] == "help_too_early"
        assert (await desk.report(room.id))["totals"]["assists"] == 0


async def test_inside_wechat_nothing_is_said_about_rewards(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("微信里看")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        calling(demo.url, **PERSON) as lin,
        calling(demo.url, **{"user-agent": WECHAT, "accept-language": "zh-CN"}) as raw,
        phone(browser, demo.url, user_agent=WECHAT) as mei,
    ):
        await desk.status(room.id, "live")
        token = (await shared(lin, room))["token"]
        document = (await raw.http.get(f"/s/{token}")).text
        boot = json.loads(document.split('id="yh-boot"')[1].partition(">")[2].partition("<")[0])
        assert boot["env"] == "wechat"
        assert boot["policy"] == {"sharer_benefit": False}
        assert boot["offer"]["help"] is False
        assert boot["offer"]["sharer_amount_minor"] is None
        assert boot["offer"]["coupon"]["amount_minor"] == 2_000
        for word in FORBIDDEN:
            assert word not in document, word

        await mei.page.goto(f"/s/{token}")
        await mei.frames()
        await mei.page.locator(".y-call-pill", has_text="打开声音").click()
        await expect(mei.page.locator(".y-chip", has_text="¥20 券已到")).to_be_visible()
        text = await mei.page.evaluate("document.documentElement.outerHTML")
        for word in FORBIDDEN:
            assert word not in text, word
        # The share sheet there: an arrow to WeChat's own menu, no promise.
        await mei.page.locator(".y-share").click()
        await mei.page.locator("[data-channel=wechat]").click()
        await mei.page.locator("[data-act=send-share]").click()
        await expect(mei.page.locator(".y-layer-hint")).to_have_text("点右上角 ···，发给朋友")
        text = await mei.page.evaluate("document.documentElement.outerHTML")
        for word in FORBIDDEN:
            assert word not in text, word
        answer = await refusal(raw, token)
        assert answer["code"] in {"help_not_here", "help_not_arrived"}


async def test_the_open_coupon_is_for_every_visitor(demo: Demo, desk: Desk) -> None:
    room = await desk.room("人人有券")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        calling(demo.url, **{"user-agent": WECHAT}) as guest,
    ):
        await desk.status(room.id, "live")
        await guest.http.get(room.path)
        first = await guest.post(f"/api/v1/rooms/{room.id}/coupon")
        again = await guest.post(f"/api/v1/rooms/{room.id}/coupon")
        assert first["coupon"]["id"] == again["coupon"]["id"]
        mine = await until(
            lambda: guest.get("/api/v1/me/coupons"), lambda found: len(found["items"]) == 1
        )
        assert mine["items"][0]["amount_minor"] == 2_000
