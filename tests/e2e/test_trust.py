"""Buyer and shop meet again after the purchase: messages about an order, live on both sides."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import DESK, phone
from tests.support.demo import Demo
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def test_a_buyer_asks_about_an_order_and_is_answered_while_both_look(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("问一问")
    await desk.put("/api/v1/shop/canned-answers", {"items": ["今天就发", "谢谢光顾"]})
    async with (
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, user_agent=None, size=DESK) as host,
    ):
        await lin.page.goto(room.path)
        wish = {"product_id": room.product["id"], "room_id": room.id, "idempotency_key": "m1"}
        placed = await lin.context.request.post(f"{demo.url}/api/v1/orders", data=wish)
        order = (await placed.json())["order"]
        await lin.context.request.post(f"{demo.url}/api/v1/orders/{order['id']}/cancel")
        await lin.page.goto(f"{room.path}?order={order['id']}")
        await lin.page.locator("[data-act=ask-shop]").click()
        await lin.page.locator("[name=message]").fill("什么时候发货？")
        await lin.page.locator("[data-act=send]").click()
        await expect(lin.page.locator(".y-letters .is-buyer p")).to_have_text("什么时候发货？")

        await host.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await host.page.goto("/studio/orders")
        await host.page.locator("[data-act=messages]").click()
        await host.page.locator(f"[data-thread={order['id']}]").click()
        await expect(host.page.locator(".s-letters .is-buyer p")).to_have_text("什么时候发货？")
        await host.page.locator(".s-canned button").first.click()
        await host.page.locator("[data-act=send-message]").click()
        await expect(lin.page.locator(".y-letters .is-shop p")).to_have_text("今天就发")

        await lin.page.locator(".y-sheet-close").click()
        again = {"text": "已经寄出", "idempotency_key": "m2"}
        await desk.post(f"/api/v1/shop/orders/{order['id']}/messages", again)
        await lin.page.locator(".y-notice-message").click()
        await expect(lin.page.locator(".y-letters .is-shop p").last).to_have_text("已经寄出")


async def test_who_received_it_reviews_it_and_everybody_reads_the_answer(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("收到了", price_minor=0)
    async with (
        phone(browser, demo.url) as lin,
        phone(browser, demo.url, lang="en-GB") as amy,
        phone(browser, demo.url, user_agent=None, size=DESK) as host,
    ):
        await lin.page.goto(room.path)
        wish = {"product_id": room.product["id"], "room_id": room.id, "idempotency_key": "r1"}
        placed = await lin.context.request.post(f"{demo.url}/api/v1/orders", data=wish)
        order = (await placed.json())["order"]["id"]  # a gift is paid at once
        await desk.post(f"/api/v1/shop/orders/{order}/ship", {})
        await lin.context.request.post(f"{demo.url}/api/v1/orders/{order}/complete")
        await lin.page.goto(f"{room.path}?order={order}")
        await lin.page.locator("[data-star='4']").click()
        await lin.page.locator("[name=review]").fill("回甘，罐子小")
        await lin.page.locator("[data-act=review]").click()
        await expect(lin.page.locator(".y-review-form b")).to_have_text("评好了，谢谢")

        await host.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await host.page.goto("/studio/products")
        await host.page.locator("[data-act=reviews]").click()
        mine = host.page.locator("[data-review]").filter(has_text="回甘，罐子小")
        await mine.locator("textarea").fill("下次换大罐")
        await mine.locator(".s-account button").first.click()
        await expect(mine.locator(".s-account button").first).to_be_disabled()

        await amy.page.goto(room.path)
        await amy.page.locator(".y-buy").click()
        await expect(amy.page.locator("[data-act=reviews] b")).to_have_text("4.0")
        await amy.page.locator("[data-act=reviews]").click()
        await expect(amy.page.locator(".y-reviews")).to_contain_text("下次换大罐")


async def test_the_shop_says_who_it_is_and_buyers_find_it_from_the_room(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("谁在卖")
    page = {"seller": "杭州小林茶业", "seller_en": "Lin Tea Ltd", "returns": "七天\n无理由 <b>"}
    await desk.put("/api/v1/shop/page", page)
    async with phone(browser, demo.url, lang="en-GB") as amy:
        await amy.page.goto(room.path)
        await amy.page.locator(".y-top button").last.click()
        await amy.page.locator("[data-act=about-shop]").click()
        await expect(amy.page.locator(".y-about")).to_contain_text("Lin Tea Ltd")
        await expect(amy.page.locator(".y-about")).to_contain_text("无理由 <b>")
        await amy.page.locator(".y-head a").click()
        await expect(amy.page.locator(".y-about")).to_contain_text("杭州小林茶业")
        await amy.page.goto("/")
        await expect(amy.page.locator(".y-about-foot a")).to_be_visible()


async def test_products_go_out_as_a_table_and_come_back_checked(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    async with phone(browser, demo.url, user_agent=None, size=DESK) as host:
        await host.context.add_cookies(
            [{"name": n, "value": v, "url": demo.url} for n, v in desk.http.cookies.items()]
        )
        await host.page.goto("/studio/products")
        await host.page.locator("[data-act=sheet]").click()
        for table, words in (
            ("title,price\n没价,\n", "第 2 行"),
            ("title,price\n秋茶,9\n", "新增 1"),
        ):
            file = {"name": "products.csv", "mimeType": "text/csv", "buffer": table.encode()}
            await host.page.locator("[name=sheet]").set_input_files(file)  # type: ignore[arg-type]
            await expect(host.page.locator(".s-sheet")).to_contain_text(words)
        await host.page.locator("[data-act=sheet-do]").click()
        await expect(host.page.locator(".s-table")).to_contain_text("秋茶")
