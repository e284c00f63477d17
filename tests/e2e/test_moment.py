"""A friend who comes later sees what the sharer saw, is back at what is live by itself, and finds
the replay open at that moment; the product of then stays at hand."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.browser import ANDROID, SHIFTS, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, Room, calling, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
CHIP = "[data-act=moment]"
KEPT = "[data-act=shared-product]"
CLOCK = ".y-past-clock"


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


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


@pytest.mark.xfail(
    reason="known and open: the foot of the room sometimes moves when the shared product's card "
    "comes, and after the show neither chip nor replay sometimes come within a minute",
    strict=False,
)
async def test_what_the_sharer_saw(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room()
    at = f"/api/v1/rooms/{room.id}"
    quiet = [r"404 .*/live/", r"ERR_"]
    async with (
        phone(browser, demo.url, expected=quiet) as jun,
        calling(demo.url, **{"user-agent": ANDROID}) as lin,
    ):
        page = jun.page
        await jun.context.add_init_script(SHIFTS)
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
            shift = await page.evaluate("window.__shift")
            assert shift["by"] < 0.001, shift
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


# The page's policy lets nobody fetch its blobs, so they are noted as they are made. A share sheet
# of the device that takes videos notes what it is given.
DEVICE = """(() => {
  const made = window.__made = new Map(), make = URL.createObjectURL
  URL.createObjectURL = bytes => { const url = make(bytes); made.set(url, bytes); return url }
  navigator.canShare = () => true
  window.__given = []
  navigator.share = async ({files, text}) => {
    const {type, size} = files[0]
    window.__given.push({type, size, text, fresh: navigator.userActivation.isActive})
  }
})()"""
PREVIEW = """src => new Promise(told => {
  const reader = new FileReader()
  reader.onload = () => told(reader.result.split(',')[1])
  reader.readAsDataURL(window.__made.get(src))
})"""
OTHER = """before => {
  const {src} = document.querySelector('.y-preview video') ?? {}
  return src && src !== before && src
}"""
SOURCE = "document.querySelector('#yh-video').currentSrc"


async def _previewed(page: Page, before: str = "") -> tuple[str, bytes]:
    """The clip the sheet shows, once it is another than before: its address and its bytes."""
    src: str = await (await page.wait_for_function(OTHER, arg=before)).json_value()
    return src, b64decode(await page.evaluate(PREVIEW, src))


async def _given(page: Page, number: int) -> tuple[dict[str, Any], str]:
    """What the device's own sheet got that time, and the link in it."""
    await page.wait_for_function("number => window.__given.length === number", arg=number)
    given: dict[str, Any] = await page.evaluate("window.__given.at(-1)")
    return given, re.findall(r"\S+/s/\S+", given["text"])[0]


async def test_a_clip_is_what_was_seen_and_plays_at_once(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("剪一段")
    quiet = [r"404 .*/live/", r"ERR_"]
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=quiet) as lin,
        phone(browser, demo.url, expected=quiet) as mei,
    ):
        await desk.status(room.id, "live")
        begun = datetime.now(UTC).timestamp()
        page = lin.page
        await page.add_init_script(DEVICE)
        await page.route("**/clip.mp4", lambda route: route.abort(), times=1)
        await page.goto(room.path)
        await lin.frames(40)
        await page.locator(".y-share").click()
        await page.get_by_role("tab", name="片段").click()
        # The way to the clip was cut: asked again, the same one comes.
        await page.locator(".y-clip-refused button").click()
        src, clip = await _previewed(page)
        assert clip[4:8] == b"ftyp"

        # What is saved is what was shown, and so is what the device's own sheet gets in the tap.
        # What was sent is used up: the next one is cut at once, a share of its own.
        await page.locator("[data-channel=save_clip]").click()
        async with page.expect_download() as download:
            await page.locator("[data-act=send-share]").click()
        assert bytes_of(await (await download.value).path()) == clip
        src, clip = await _previewed(page, src)
        await page.locator("[data-channel=system]").click()
        await page.locator("[data-act=send-share]").click()
        given, link = await _given(page, 1)
        assert (given["type"], given["size"], given["fresh"]) == ("video/mp4", len(clip), True)
        await _previewed(page, src)
        await page.locator("[data-act=send-share]").click()
        _, another = await _given(page, 2)
        assert link != another

        # Another length is another clip; what is too long for the show is what there is of it.
        await page.get_by_role("radio", name="最后 30 秒").click()
        await expect(page.locator("[data-act=send-share]")).to_be_enabled()

        # With a quarter of a minute recorded there is a row of pictures: the thumb says from where.
        await page.keyboard.press("Escape")
        await expect(page.locator(".y-sheet-inner")).to_be_hidden()
        await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/replay/moment?at={begun}"),
            lambda place: place["position_ms"] is not None and place["ago_ms"] > 16_000,
            within_s=60,
        )
        await page.locator(".y-share").click()
        src, _ = await _previewed(page, src)
        row = await page.locator(".y-strip").bounding_box()
        handle = await page.get_by_role("slider", name="片段的开头").bounding_box()
        assert row is not None
        assert handle is not None
        async with page.expect_response("**/shares") as answer:
            x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
            await page.mouse.move(x, y)
            await page.mouse.down()
            await page.mouse.move(x + row["width"] / 2, y, steps=4)
            await page.mouse.up()
        asked, made = (await answer.value).request.post_data_json, await (await answer.value).json()
        assert 3 <= asked["last_s"] <= 30
        assert made["clip_ms"] == pytest.approx(asked["last_s"] * 1000, abs=200)
        _, cut = await _previewed(page, src)
        assert cut[4:8] == b"ftyp"
        await expect(page.locator(".y-lengths [aria-checked=true]")).to_have_count(0)

        # The friend sees the clip at once, and what is live when asked for.
        await mei.page.goto(link)
        await mei.frames(5)
        assert (await mei.page.evaluate(SOURCE)).endswith("/clip.mp4")
        await expect(mei.page.locator(".y-host-line")).to_contain_text("片段")
        assert await mei.page.evaluate("document.body.dataset.play") == "playing"
        await mei.page.locator(".y-call-pill").click()
        await expect(mei.page.locator(".y-host-line")).to_contain_text("直播中")
        await mei.page.wait_for_function(f"() => !{SOURCE}.endsWith('/clip.mp4')")
        await mei.frames(5)
        assert await mei.page.evaluate("window.__yh.stats.route") == "fetch"
