"""A page that stays open shows what others buy and what the desk changes, without a reload."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import DESK, phone
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
            await expect(who.page.locator(".y-product .y-left")).to_have_text(gone)
        await lin.page.locator(".y-product .y-buy").click()
        await lin.page.locator("[data-act=tell-me]").click()
        await lin.page.locator("[data-act=tell-me-not]").click()
        await lin.page.locator("[data-act=tell-me]").click()
        await expect(lin.page.locator("[data-act=tell-me-not]")).to_be_visible()
        await lin.page.locator(".y-sheet-close").click()

        await buyer.post(f"/api/v1/orders/{placed['order']['id']}/cancel", {})
        await expect(lin.page.locator(".y-product .y-left")).to_have_text("剩 2 件")
        news = lin.page.locator(".y-notice-back")
        await expect(news).to_contain_text("到货了")
        await news.click()
        await expect(lin.page.locator("[data-act=buy-now]")).to_be_enabled()
        await lin.page.locator(".y-sheet-close").click()

        changed = {"price_minor": 8_800, "title": "明前春茶 500 g", "title_en": "Tea 500 g"}
        await desk.call("PATCH", f"/api/v1/products/{room.product['id']}", changed)
        for who, title in ((lin, "明前春茶 500 g"), (amy, "Tea 500 g")):
            await expect(who.page.locator(".y-product-text p")).to_have_text(title)
            await expect(who.page.locator(".y-product-price")).to_contain_text("88")
            assert await who.page.evaluate("window.__opened") is True


async def test_a_live_price_set_in_two_taps_is_on_every_page_and_on_the_order(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("夜市直播价")
    async with (
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, lang="en-GB") as amy,
        phone(browser, demo.url, user_agent=None, size=DESK, expected=[r"404 .*/live/"]) as host,
    ):
        await lin.page.goto(room.path)
        await amy.page.goto(room.path)
        await host.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await host.page.goto(f"/studio/live/{room.id}")
        await host.page.locator("[data-act=live-price]").click()
        await host.page.locator("button[form=live-price-form]").click()
        await expect(host.page.locator(".s-desk-now .s-live-price")).to_contain_text("¥89")
        await expect(host.page.locator(".s-desk-now .y-price b")).to_have_text("89")

        for who, words in ((lin, "直播价"), (amy, "Live price")):
            card = who.page.locator(".y-product")
            await expect(card.locator(".y-live-price b")).to_have_text(words)
            await expect(card.locator(".y-live-price time")).to_have_text(re.compile(r"0?9:\d\d"))
            await expect(card.locator(".y-product-price")).to_contain_text("89")
        await lin.page.locator(".y-buy").click()
        await lin.page.locator("[data-act=buy-now]").click()
        await lin.page.locator("[name=name]").fill("小林")
        await lin.page.locator("[name=phone]").fill("13800001234")
        await lin.page.locator("[name=address]").fill("龙井路 1 号")
        async with lin.page.expect_response("**/api/v1/orders"):
            await lin.page.locator("[data-act=pay]").click()
        kept = await lin.context.request.get(f"{demo.url}/api/v1/orders")
        (order,) = (await kept.json())["items"]
        assert (order["payable_minor"], order["coupon_id"]) == (8_900, None)
        assert order["live_price_id"]


async def test_the_variant_that_was_picked_is_the_one_that_is_bought(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("挑一款")
    at = f"/api/v1/products/{room.product['id']}/variants"
    tins = [
        {"title": "红罐", "title_en": "Red tin", "price_minor": 9_900, "stock": 0},
        {"title": "蓝罐", "title_en": "Blue tin", "price_minor": 11_900, "stock": 4},
    ]
    made = (await desk.put(at, {"variants": tins}))["items"]
    async with phone(browser, demo.url) as lin:
        await lin.page.goto(room.path)
        await lin.page.locator(".y-buy").click()
        await expect(lin.page.locator("[data-act=buy-now]")).to_be_disabled()
        await lin.page.locator(f"[data-variant={made[0]['id']}]").click()
        await expect(lin.page.locator("[data-act=tell-me]")).to_be_enabled()
        await lin.page.locator(f"[data-variant={made[1]['id']}]").click()
        await expect(lin.page.locator("[data-act=buy-now]")).to_have_text("买 ¥119")
        await lin.page.locator("[data-act=buy-now]").click()
        await lin.page.locator("[name=name]").fill("小林")
        await lin.page.locator("[name=phone]").fill("13800001234")
        await lin.page.locator("[name=address]").fill("龙井路 1 号")
        async with lin.page.expect_response("**/api/v1/orders"):
            await lin.page.locator("[data-act=pay]").click()
        kept = await lin.context.request.get(f"{demo.url}/api/v1/orders")
        (order,) = (await kept.json())["items"]
        assert order["variant_id"] == made[1]["id"]
        assert order["title"].endswith(" · 蓝罐")


async def test_the_second_purchase_takes_three_taps(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("再买一次")
    async with phone(browser, demo.url) as lin:
        await lin.page.goto(room.path)
        await lin.page.locator(".y-buy").click()
        await lin.page.locator("[data-act=buy-now]").click()
        await lin.page.locator("[name=name]").fill("小林")
        await lin.page.locator("[name=phone]").fill("13800001234")
        await lin.page.locator("[name=address]").fill("龙井路 1 号")
        await lin.page.locator("[data-act=pay]").click()
        await lin.page.locator("form[action$='/pay'] button").click()
        await expect(lin.page.locator("[data-order=paid]")).to_be_visible()
        await lin.page.keyboard.press("Escape")
        for tap in (".y-buy", "[data-act=buy-now]", "[data-act=pay]"):
            await lin.page.locator(tap).click()
        await lin.page.wait_for_url("**/cashier/**")
        kept = await lin.context.request.get(f"{demo.url}/api/v1/orders")
        assert len((await kept.json())["items"]) == 2
    told = (await desk.get(f"/api/v1/shop/orders?room={room.id}"))["items"]
    assert [order["buyer"]["address"] for order in told] == ["龙井路 1 号"] * 2


async def test_what_is_picked_up_asks_for_no_address_and_is_handed_over_by_its_code(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("到店自取")
    product = f"/api/v1/products/{room.product['id']}"
    await desk.call("PATCH", product, {"delivery": "pickup"})
    async with phone(browser, demo.url, lang="en-GB") as amy:
        await amy.page.goto(room.path)
        await amy.page.locator(".y-buy").click()
        await amy.page.locator("[data-act=buy-now]").click()
        await amy.page.locator("[name=phone]").fill("13800001234")
        await expect(amy.page.locator("[name=address]")).to_have_count(0)
        await amy.page.locator("[name=name]").fill("Amy")
        await amy.page.locator("[name=note]").fill("after five")
        await amy.page.locator("[data-act=pay]").click()
        await amy.page.locator("form[action$='/pay'] button").click()
        code = (await amy.page.locator(".y-ticket b").text_content()) or ""
    (order,) = (await desk.get(f"/api/v1/shop/orders?room={room.id}"))["items"]
    assert (order["delivery"], order["buyer_note"], order["status"]) == (
        "pickup", "after five", "paid",
    )  # fmt: skip
    handed = await desk.post("/api/v1/shop/pickups", {"code": code})
    assert (handed["id"], handed["status"]) == (order["id"], "completed")
