"""A link of the shop's own, on phones: made in the studio, its code scanned, opened by its name,
followed into the counts, and closed with a page that says so."""

from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.phone import OWNER, Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_a_flyer_is_made_scanned_followed_and_ended(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("传单带来的人")
    missing = [r"404 .*/s/flyer-east\)", r"404 .*/live/"]
    async with (
        phone(browser, demo.url, expected=[r"422 .*/api/v1/links\)"]) as owner,
        phone(browser, demo.url, lang="en-GB", expected=missing) as friend,
    ):
        page = owner.page
        signed_in = await page.request.post(
            "/api/v1/staff/login", data={"email": OWNER["email"], "password": OWNER["password"]}
        )
        assert signed_in.ok
        await page.goto("/studio/links")
        await page.get_by_role("button", name="新建链接").first.click()
        panel = page.get_by_role("dialog")
        await panel.get_by_label("名称").fill("东门传单")
        await panel.locator(".el-select").first.click()
        await page.get_by_role("option", name="传单带来的人").click()
        await panel.get_by_label("链接名").fill("studio")
        await panel.get_by_role("button", name="保存").click()
        await expect(panel.get_by_role("alert")).to_contain_text("不能是系统用的词")
        await panel.get_by_label("链接名").fill("Flyer-East")
        await panel.get_by_role("button", name="保存").click()

        row = page.locator("[data-test=links] tbody tr").filter(has_text="东门传单")
        await expect(row).to_contain_text("/s/flyer-east")
        await expect(row.locator("td").nth(1)).to_have_text("0")
        code = await panel.get_by_alt_text("东门传单 的二维码").screenshot()
        scanned = [one.text for one in zxingcpp.read_barcodes(Image.open(BytesIO(code)))]
        assert scanned == [f"{demo.url}/s/flyer-east"]

        async with friend.page.expect_response("**/api/v1/beacon") as told:
            await friend.page.goto("/s/FLYER-east")
        assert (await told.value).ok
        await expect(friend.page).to_have_title("Tea at night · Lin's Tea")
        await expect(friend.page.locator(".y-invite")).to_be_hidden()
        await page.goto("/studio/links")
        await expect(row.locator("td").nth(1)).to_have_text("1")

        await row.get_by_role("button").click()
        await panel.get_by_text("打开的人看到说明页").click()
        async with page.expect_response("**/api/v1/links/*"):
            await panel.get_by_role("button", name="保存").click()
        await expect(row).to_contain_text("停用")
        await friend.page.goto("/s/flyer-east")
        await expect(friend.page.get_by_role("heading")).to_have_text("This link is paused")
    assert room.id
