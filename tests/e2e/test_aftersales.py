"""After the payment: a buyer asks for money back on a phone, staff agree in the studio, and the
buyer sees it on its way while they look."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import DESK, phone
from tests.support.demo import Demo
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_a_buyer_asks_staff_agree_and_the_money_is_on_its_way(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("退一退")
    async with (
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, user_agent=None, size=DESK) as host,
    ):
        await lin.page.goto(room.path)
        await lin.page.locator(".y-buy").click()
        await lin.page.locator("[data-act=buy-now]").click()
        for field, text in (("name", "小林"), ("phone", "13800001234"), ("address", "龙井路 1 号")):
            await lin.page.locator(f"#y-buy-form [name={field}]").fill(text)
        await lin.page.locator("[data-act=pay]").click()
        await lin.page.locator("form[action$='/pay'] button").click()
        await expect(lin.page.locator("[data-order=paid]")).to_be_visible()
        await lin.page.locator("[data-act=aftersale]").click()
        await lin.page.locator("[name=reason]").select_option("damaged")
        await lin.page.locator("[name=amount]").fill("999999")
        await lin.page.locator("[data-act=ask-aftersale]").click()
        await expect(lin.page.locator("#y-aftersale-form .y-problem")).to_be_visible()
        await lin.page.locator("[name=amount]").fill("10.50")
        await lin.page.locator("[name=words]").fill("罐子碎了")
        await lin.page.locator("[data-act=ask-aftersale]").click()
        await expect(lin.page.locator("[data-request=asked]")).to_contain_text("10.50")

        await host.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await host.page.goto("/studio/orders")
        await host.page.locator("[data-act=aftersales]").click()
        await host.page.locator("[data-aftersale]").filter(has_text="罐子碎了").click()
        await host.page.locator(".s-request .s-hold").click(delay=1_400)
        # The gateway of the demo gives it back within moments; either word is news that came by
        # itself.
        moved = lin.page.locator("[data-request=refunding], [data-request=refunded]")
        await expect(moved).to_contain_text("10.50")
        await expect(lin.page.locator("[data-request=refunded]")).to_be_visible()
        await lin.page.locator(".y-sheet-close").click()
        told = await lin.context.request.get(f"{demo.url}/api/v1/orders")
        (order,) = (await told.json())["items"]
        assert (order["status"], order["refunded_minor"]) == ("paid", 1_050)
