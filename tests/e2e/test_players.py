"""What a viewer meets: broken lines, a host who drops, no scripts, before and after the show."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect
from tests.support.browser import ANDROID, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.patience import PATIENCE_S
from tests.support.phone import Caller, Desk, calling, until
from tests.support.tools import need

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
PERSON = {"user-agent": ANDROID, "accept-language": "zh-CN"}
LANDING_BYTES_MAX = 14 * 1024
AWAY = r"404 .*/stream\.mp4\)"


async def shared(person: Caller, room_id: str) -> str:
    wish = {"channel": "copy_link", "content": "card"}
    made = await person.post(f"/api/v1/rooms/{room_id}/shares", wish)
    return str(made["token"])


async def test_without_streaming_fetch_the_picture_comes_by_websocket(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=[r"ERR_FAILED .*/stream\.mp4\)"]) as mei,
    ):
        await desk.status(room.id, "live")

        async def broken(route: Route) -> None:
            await route.abort()

        await mei.page.route("**/stream.mp4", broken)
        await mei.page.goto(room.path)
        await mei.frames(25)
        assert await mei.page.evaluate("window.__yh.stats.route") == "ws"


async def test_a_host_who_drops_and_returns(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    async with phone(browser, demo.url, expected=[AWAY]) as mei:
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await mei.frames()
        slate = mei.page.locator(".y-slate")
        await expect(slate).to_contain_text("主播马上回来")
        # Opened again, also by a clock that is wrong, the page counts from when the host left.
        await expect(slate).to_contain_text(re.compile(r"00:(0[3-9]|[1-5]\d)"))
        await mei.page.add_init_script(
            "const { now } = Date; Date.now = () => now.call(Date) + 3_600_000"
        )
        await mei.page.reload()
        await expect(slate).to_contain_text(re.compile(r"00:(0[3-9]|[1-5]\d)$"))
        # Shop, chat and sharing go on.
        await expect(mei.page.locator(".y-product")).to_be_visible()
        await expect(mei.page.locator(".y-share")).to_be_visible()
        async with publishing(room.publish_url, **PORTRAIT):
            await expect(slate).to_be_hidden()
            await mei.frames(25)
            # The end of the show reaches who is watching.
            await desk.post(f"/api/v1/rooms/{room.id}/end")
            await expect(mei.page.locator(".y-after-full")).to_be_visible()
            await expect(mei.page.locator(".y-after-full")).to_contain_text("谢谢你来")


async def test_hls_plays_elsewhere(demo: Demo, desk: Desk) -> None:
    probe, room = need("ffprobe"), await desk.room()
    async with publishing(room.publish_url, **PORTRAIT), calling(demo.url) as anybody:
        await desk.status(room.id, "live")
        told = await anybody.get("/api/v1/rooms")
        (listed,) = [one for one in told["items"] if one["id"] == room.id]
        # Live for a moment only: the first list waits for its first segment by itself.
        assert (await anybody.http.get(listed["hls_url"])).status_code == 200
        process = await asyncio.create_subprocess_exec(
            *(probe, "-v", "error", "-of", "json", "-count_packets", "-read_intervals", "%+2"),
            *("-show_entries", "stream=codec_name,width,height,nb_read_packets"),
            listed["hls_url"],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE_S):
            out, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        streams = {one["codec_name"]: one for one in json.loads(out)["streams"]}
        assert streams.keys() == {"h264", "aac"}
        assert (streams["h264"]["width"], streams["h264"]["height"]) == (360, 640)
        assert all(int(one["nb_read_packets"]) > 20 for one in streams.values())


async def test_a_landing_fits_into_the_first_round_trip(demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    async with (
        publishing(room.publish_url, **PORTRAIT | {"size": "540x960"}),
        calling(demo.url, **PERSON) as lin,
        calling(demo.url, **PERSON) as mei,
    ):
        await desk.status(room.id, "live")
        token = await shared(lin, room.id)
        # Until the first keyframe was drawn small.
        page = await until(
            lambda: mei.http.get(f"/s/{token}"), lambda got: b"data:image/jpeg" in got.content
        )
        head = sum(len(name) + len(value) + 4 for name, value in page.headers.raw)
        assert head + int(page.headers["content-length"]) <= LANDING_BYTES_MAX
        assert page.headers["content-encoding"] == "gzip"
        assert "set-cookie" not in (await mei.http.get(f"/s/{token}")).headers


async def test_without_scripts_the_page_still_says_what_it_is(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("没有脚本也看得懂")
    async with publishing(room.publish_url, **PORTRAIT), calling(demo.url, **PERSON) as lin:
        await desk.status(room.id, "live")
        token = await shared(lin, room.id)
        async with phone(browser, demo.url, scripts=False) as mei:
            await mei.page.goto(f"/s/{token}")
            assert "没有脚本也看得懂" in await mei.page.title()
            tags = {
                name: await mei.page.locator(f"meta[property='{name}']").get_attribute("content")
                for name in ("og:title", "og:description", "og:image", "og:url")
            }
            assert "没有脚本也看得懂" in (tags["og:title"] or "")
            assert "¥99" in (tags["og:description"] or "")
            assert tags["og:url"] == f"{demo.url}/s/{token}"
            await expect(mei.page.locator(".y-host b")).to_have_text("小林")
            await expect(mei.page.locator(".y-product")).to_contain_text("¥99")
            card = await lin.http.get(str(tags["og:image"]))
            assert (card.status_code, card.headers["content-type"]) == (200, "image/jpeg")


async def test_before_the_show(browser: Browser, demo: Demo, desk: Desk) -> None:
    starts = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    room = await desk.room("一会儿见", scheduled_at=starts.isoformat())
    async with calling(demo.url, **PERSON) as lin, phone(browser, demo.url) as mei:
        await mei.page.goto(f"/s/{await shared(lin, room.id)}")
        before = mei.page.locator(".y-before-full")
        await expect(before).to_contain_text("后开播")
        await expect(before.locator("time")).not_to_be_empty()
        await expect(before.locator(".y-kept")).to_contain_text("¥20 券给你留着")
        await expect(mei.page.locator(".y-product")).to_contain_text("¥99")
        await expect(mei.page.locator(".y-share")).to_be_visible()
        # Who waits sees the show begin.
        async with publishing(room.publish_url, **PORTRAIT):
            await mei.frames(25)
            await expect(before).to_be_hidden()


async def test_after_the_show(browser: Browser, demo: Demo, desk: Desk) -> None:
    following = datetime.now(UTC) + timedelta(days=2)
    later = await desk.room("下一场", scheduled_at=following.isoformat())
    room = await desk.room("已经结束")
    async with calling(demo.url, **PERSON) as lin, phone(browser, demo.url) as mei:
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            token = await shared(lin, room.id)
        await desk.post(f"/api/v1/rooms/{room.id}/end")
        await mei.page.goto(f"/s/{token}")
        after = mei.page.locator(".y-after-full")
        # What there is of it plays by itself before that.
        await expect(after).to_contain_text("谢谢你来", timeout=60_000)
        await expect(after.locator(".y-next")).to_be_visible()
        # Nothing is on any more, though it is still on the shelf.
        await mei.page.locator(".y-bar button").first.click()
        await expect(mei.page.locator(".y-sheet .y-row")).to_contain_text("当天炒制")
        await expect(mei.page.get_by_text("正在讲解")).to_have_count(0)
        await mei.page.keyboard.press("Escape")
        await expect(mei.page.locator(".y-sheet-inner")).to_be_hidden()
        assert later.id  # there is a next show to name
        # What was shown can still be bought.
        await mei.page.locator(".y-buy").click()
        await mei.page.locator("[data-act=buy-now]").click()
        await expect(mei.page.locator("[data-act=pay]")).to_be_enabled()


@pytest.mark.parametrize("path", ["/s/AAAAAAAAAA", "/s/no", "/r/nowhere"])
async def test_nothing_at_this_address(browser: Browser, demo: Demo, path: str) -> None:
    async with phone(browser, demo.url, expected=[rf"404 .*{path}\)"]) as mei:
        answer = await mei.page.goto(path)
        assert answer is not None
        assert answer.status == 404
        home = mei.page.locator("a[href='/']")
        await expect(home).to_be_visible()
        await home.click()
        await expect(mei.page.locator(".y-rooms").first).to_be_attached()


async def test_every_answer_for_people_has_a_policy(demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    found: dict[str, Any] = {}
    async with calling(demo.url, **PERSON) as anybody:
        for path in ("/", room.path, "/studio", "/docs", "/s/AAAAAAAAAA"):
            found[path] = (await anybody.http.get(path)).headers
    for path, headers in found.items():
        assert "default-src 'self'" in headers["content-security-policy"], path
        policy = headers["content-security-policy"]
        assert "unsafe-inline" not in policy.partition("style-src")[0], path
        assert path == "/docs" or "unsafe-inline" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
