"""A shop that asks: the bar, the question at the action, and what is left in the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.support.browser import phone
from tests.support.demo import Demo, running_demo

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest_asyncio.fixture(scope="module")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    data = tmp_path_factory.mktemp("asking") / "data"
    strict = {"YAOHE_CONSENT": "strict"}
    async with running_demo(data, "--no-crowd", "--no-host", environment=strict) as demo:
        yield demo


async def cookies(page: Page) -> dict[str, str]:
    return {one["name"]: one["value"] for one in await page.context.cookies()}


async def test_the_room_asks_quietly_and_again_where_a_name_is_needed(
    browser: Browser, asking: Demo
) -> None:
    refused = [r"403 .*/follow\)"]  # the browser tells of it, the page asks
    async with phone(browser, asking.url, expected=refused) as mei:
        page = mei.page
        shares = f"{asking.url}/api/v1/rooms/{asking.room}/shares"
        made = await page.request.post(shares, data={"channel": "copy_link"})
        await page.goto(f"/s/{(await made.json())['token']}")
        bar = page.locator(".y-consent")
        await expect(bar).to_be_visible()
        yes, no = bar.locator("[data-act=consent-yes]"), bar.locator("[data-act=consent-no]")
        sizes = [await one.bounding_box() for one in (yes, no)]
        assert all(size is not None and size["height"] >= 44 for size in sizes)
        assert await cookies(page) == {}
        await no.click()
        await expect(bar).to_have_count(0)
        assert await cookies(page) == {"yh_c": "no"}
        await page.reload()
        await expect(page.locator(".y-share")).to_be_visible()
        await expect(bar).to_have_count(0)

        # A follow is kept under a name: the question comes, and with a yes it is done.
        await page.locator(".y-follow").click()
        asked = page.get_by_role("dialog")
        await asked.locator("[data-act=consent-yes]").click()
        await expect(page.locator(".y-follow")).to_have_count(0)
        kept = await cookies(page)
        assert kept["yh_c"] == "yes"
        assert kept["yh_v"].startswith("v_")

        # And taken back as easily, with what is kept: afterwards nobody could reach that.
        await page.locator(".y-top > .y-round").last.click()
        await page.locator("[data-act=remember]").click()
        leaving = page.get_by_role("dialog")
        await expect(leaving.locator("[data-act=leave]")).to_be_visible()
        await expect(leaving.locator("[data-act=data-copy]")).to_be_visible()
        await leaving.locator("[data-act=data-forget]").click()
        async with page.expect_navigation():
            await leaving.locator("[data-act=data-forget]").click()
        assert await cookies(page) == {"yh_c": "no"}
