"""Several things bought together while the show goes on."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "540x960", "rate": 25, "gop": 25, "bitrate": "1000k"}
CUPS = {
    "title": "白瓷品茗杯",
    "title_en": "Porcelain cups",
    "subtitle": "",
    "subtitle_en": "",
    "price_minor": 5_800,
    "list_price_minor": None,
    "stock": 3,
    "status": "on_sale",
}


async def test_two_things_one_coupon_one_payment_and_the_show_goes_on(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("购物车")
    cups = await desk.post("/api/v1/products", CUPS)
    shelf = {"product_ids": [room.product["id"], cups["id"]]}
    await desk.put(f"/api/v1/rooms/{room.id}/shelf", shelf)
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as mei:
        await desk.status(room.id, "live")
        page = mei.page
        await page.goto(room.path)
        await mei.frames()
        for n, product in enumerate((room.product, cups), 1):
            await page.locator(".y-bar .y-round").first.click()
            await page.locator(".y-shelf-list .y-row", has_text=product["title"]).click()
            if n == 1:
                await page.locator("[data-act=get-coupon]").click()
            await page.locator("[data-act=add-to-cart]").click()
            await expect(page.locator("[data-act=see-cart]")).to_be_visible()
            await page.locator(".y-sheet-close").click()
            await expect(page.locator(".y-bar [data-act=cart] .y-badge")).to_have_text(str(n))

        # One is taken out and put back; of the other there are two, and the price rises meanwhile.
        await page.locator(".y-bar [data-act=cart]").click()
        await page.locator(f"[data-product={cups['id']}] [data-act=cart-remove]").click()
        await expect(page.locator(".y-cart-sum b")).to_have_text("¥79")
        await page.locator("[data-act=cart-undo]").click()
        await expect(page.locator(".y-cart-sum b")).to_have_text("¥137")
        # A number is written as one does: the old one away, then the new one.
        pieces = page.get_by_label(f"{CUPS['title']} 的数量")
        await pieces.fill("")
        await pieces.press_sequentially("3")
        await expect(page.locator(".y-cart-sum b")).to_have_text("¥253")
        await page.get_by_label(f"{CUPS['title']} 减一件").click()
        await expect(page.locator(".y-cart-sum b")).to_have_text("¥195")
        await expect(pieces).to_have_value("2")
        raised = {"price_minor": 6_800}
        await desk.call("PATCH", f"/api/v1/products/{cups['id']}", raised)
        await page.reload()
        await page.locator(".y-bar [data-act=cart]").click()
        row = page.locator(f"[data-product={cups['id']}]")
        await expect(row).to_contain_text("比放进来时贵 ¥10")
        await expect(row).to_contain_text("只剩 3 件")
        await expect(page.locator(".y-cart-sum")).to_contain_text("已减 ¥20")
        # The sum cannot be asked for when the checkout opens; asked again, it can.
        await expect(page.locator("[data-act=checkout]")).to_be_enabled()
        mei.complaints.expect(r"ERR_FAILED .*/orders/quote\)")
        await page.route("**/api/v1/orders/quote", lambda route: route.abort())
        await page.locator("[data-act=checkout]").click()
        await expect(page.locator("[data-act=again]")).to_be_visible()
        await page.unroute("**/api/v1/orders/quote")
        await page.locator("[data-act=again]").click()

        await page.locator("[name=name]").fill("梅子")
        await page.locator("[name=phone]").fill("13800001111")
        await page.locator("[name=address]").fill("长乐路 100 号")
        await expect(page.locator(".y-sum-total dd")).to_have_text("¥215")
        await mei.frames()
        await page.locator("[data-act=pay]").click()
        await page.wait_for_url("**/sandbox/cashier/**")
        await page.locator("form[action$='/pay'] button").click()
        await page.wait_for_url(lambda url: "/sandbox/" not in url)
        await expect(page.locator("[data-order=paid] b")).to_have_text("已付款 ¥215.00")
        bought = page.locator(".y-goods li")
        await expect(bought).to_have_count(2)
        for words in ("明前春茶 250 g × 1", "白瓷品茗杯 × 2"):
            await expect(bought.filter(has_text=words)).to_be_visible()
        await mei.frames()
        # What is bought has left the cart, and so has its button.
        await expect(page.locator(".y-bar [data-act=cart]")).to_have_count(0)

        async def in_cart() -> int:
            told = await mei.context.request.get(f"{demo.url}/api/v1/me/cart")
            return len((await told.json())["items"])

        await until(in_cart, lambda many: many == 0)
