"""A page that stays open shows what others buy and what the desk changes, without a reload."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.phone import Desk, calling

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_the_open_page_shows_stock_and_prices_as_they_change(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("最后两件", stock=2)
    async with (
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, lang="en-GB") as amy,
        calling(demo.url) as buyer,
    ):
        await lin.page.goto(room.path)
        await amy.page.goto(room.path)
        for who, few in ((lin, "剩 2 件"), (amy, "2 left")):
            await expect(who.page.locator(".y-product .y-left")).to_have_text(few)
            await expect(who.page.locator(".y-product")).to_have_attribute("data-sold-out", "")
            # Nobody may mistake a page that was loaded again for one that was told.
            await who.page.evaluate("window.__opened = true")

        wish = {"product_id": room.product["id"], "room_id": room.id, "quantity": 2}
        placed = await buyer.post("/api/v1/orders", wish | {"idempotency_key": "k1"})
        for who, gone in ((lin, "卖完了"), (amy, "Sold out")):
            await expect(who.page.locator(".y-product")).to_have_attribute("data-sold-out", "1")
            await expect(who.page.locator(".y-product .y-buy")).to_have_text(gone)
            await expect(who.page.locator(".y-product .y-buy")).to_be_disabled()

        await buyer.post(f"/api/v1/orders/{placed['order']['id']}/cancel", {})
        await expect(lin.page.locator(".y-product .y-left")).to_have_text("剩 2 件")

        changed = {"price_minor": 8_800, "title": "明前春茶 500 g", "title_en": "Tea 500 g"}
        await desk.call("PATCH", f"/api/v1/products/{room.product['id']}", changed)
        for who, title in ((lin, "明前春茶 500 g"), (amy, "Tea 500 g")):
            await expect(who.page.locator(".y-product-text p")).to_have_text(title)
            await expect(who.page.locator(".y-product-price")).to_contain_text("88")
            assert await who.page.evaluate("window.__opened") is True
