"""The share sheet: what it shows is what leaves the phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.browser import WECHAT, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
# The page's policy lets nobody fetch its blobs, so they are noted as they are made.
NOTED = """(() => {
  const made = window.__made = new Map(), make = URL.createObjectURL;
  URL.createObjectURL = bytes => { const url = make(bytes); made.set(url, bytes); return url }
})()"""
SHOWN = """async () => [...new Uint8Array(
    await window.__made.get(document.querySelector('.y-preview img').src).arrayBuffer())]"""


async def shown(page: Page, *, tall: bool) -> bytes:
    """The bytes of the picture in the sheet, once it is the poster or the card."""
    await page.wait_for_function(
        "tall => { const one = document.querySelector('.y-preview img');"
        " return one?.complete && one.naturalHeight > one.naturalWidth === tall }",
        arg=tall,
    )
    return bytes(await page.evaluate(SHOWN))


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


async def saved(page: Page) -> bytes:
    async with page.expect_download() as download:
        await page.locator("[data-act=send-share]").click()
    return bytes_of(await (await download.value).path())


async def test_what_is_shown_is_what_is_saved(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("卡片和海报")
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as lin:
        page = lin.page
        await page.add_init_script(NOTED)
        await desk.status(room.id, "live")
        await page.goto(room.path)
        await lin.frames()
        await page.locator(".y-share").click()

        # WeChat outside of WeChat: the poster with its QR code, already in the preview.
        await expect(page.locator("[data-channel=wechat]")).to_be_checked()
        poster = await shown(page, tall=True)
        assert await saved(page) == poster
        await expect(page.locator(".y-share-note")).to_have_text(
            "海报存好了，到微信发给朋友 打开 微信"
        )

        # The picture goes on; the card that is saved is the one on screen, not a later one.
        await page.locator("[data-channel=save_card]").click()
        card = await shown(page, tall=False)
        await lin.frames(60)
        assert await saved(page) == card


async def test_wechats_own_menu_is_shown_no_picture_it_will_not_send(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("微信里分享")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, user_agent=WECHAT) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames()
        await mei.page.locator(".y-share").click()
        await expect(mei.page.locator("[data-channel=wechat]")).to_be_checked()
        line = mei.page.locator(".y-preview-link p")
        await expect(line).to_have_text(await mei.page.title())
        await expect(mei.page.locator(".y-preview img:not(.y-avatar)")).to_have_count(0)


# A share sheet of the device that notes what it is given and answers as it is told to.
DEVICE_SHEET = """(() => {
  const given = window.__given = []
  window.__answer = ''
  navigator.canShare = ({files}) => !files || files[0].type === 'image/jpeg'
  navigator.share = async ({files, text, url}) => {
    const fresh = navigator.userActivation.isActive
    given.push({fresh, files: files?.map(f => [f.name, f.size]), text, url})
    if (window.__answer) throw new DOMException('', window.__answer)
  }
})()"""


async def test_the_devices_own_sheet_gets_the_file_within_the_tap(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("系统分享")
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as lin:
        page = lin.page
        await lin.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.add_init_script(DEVICE_SHEET)
        await desk.status(room.id, "live")
        await page.goto(room.path)
        await lin.frames()
        await page.locator(".y-share").click()
        await page.locator("[data-channel=system]").click()
        send, note = page.locator("[data-act=send-share]"), page.locator(".y-share-note")
        await expect(send).to_be_enabled()

        # Closed without choosing is no error and leaves everything as it was.
        await page.evaluate("window.__answer = 'AbortError'")
        await send.click()
        await page.wait_for_function("window.__given.length === 1")
        await expect(note).to_have_text("")
        await expect(send).to_be_enabled()

        # Refused: the words and the link are copied instead.
        await page.evaluate("window.__answer = 'NotAllowedError'")
        await page.locator("[data-act=share-words]").fill("今晚八点，一起看")
        async with page.expect_response("**/shares"):
            await send.click()
        await expect(note).to_have_text("链接复制好了，去贴给朋友吧")
        copied = (await lin.clipboard()).splitlines()
        assert copied[0] == "今晚八点，一起看"
        assert copied[1].startswith(f"{demo.url}/s/")

        # The next one is another share; it goes through, file and words, and is noted as used last.
        await page.evaluate("window.__answer = ''")
        await expect(send).to_be_enabled()
        await send.click()
        await lin.told("卡片备好了")
        given = await page.evaluate("window.__given")
        assert [one["fresh"] for one in given] == [True, True, True]
        (name, size), text = given[2]["files"][0], given[2]["text"]
        assert name == "yaohe-card.jpg"
        assert size > 10_000
        assert text.startswith("今晚八点，一起看\n")
        assert text.splitlines()[1] not in copied
        await page.locator(".y-sheet-close").click()
        await page.locator(".y-share").click()
        await expect(page.locator(".y-channels button").first).to_have_attribute(
            "data-channel", "system"
        )
        await expect(page.locator("[data-channel=system]")).to_be_checked()


async def test_a_note_waits_for_the_friend(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("一句话")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=[r"422 .*note"]) as lin,
        phone(browser, demo.url, lang="en") as mei,
    ):
        page = lin.page
        await lin.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await desk.status(room.id, "live")
        await page.goto(room.path)
        await lin.frames()
        await page.locator(".y-share").click()
        await page.locator("[data-act=add-note]").click()
        field = page.locator("[data-act=share-note]")
        await field.fill("快看 www.bad.example")
        await field.press("Enter")
        await expect(page.locator(".y-told-refused")).to_have_text("留言里不能放链接，去掉再写")
        async with page.expect_response("**/note") as kept:
            await field.fill("<b>手感</b>很好")
            await field.press("Enter")
        assert (await kept.value).ok
        await page.locator("[data-channel=copy_link]").click()
        await page.locator("[data-act=send-share]").click()
        await expect(page.locator(".y-share-note")).to_contain_text("链接复制好了")
        await mei.page.goto(await lin.clipboard())
        await expect(mei.page.locator(".y-note")).to_have_text("<b>手感</b>很好")
        await mei.frames()
        await expect(mei.page.locator(".y-note")).to_be_visible()
