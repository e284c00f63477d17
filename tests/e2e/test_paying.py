"""The pages of `/pay` that run a script, in real Chromium: WeChat's own cashier, a code to scan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import Phone, phone
from tests.support.notices import paid_notice
from tests.support.shop import free_port, make_app, serve
from tests.support.till import WECHAT, Till, till

from yaohe.kernel.db import Database
from yaohe.platforms.payments import Way

pytestmark = [pytest.mark.db, pytest.mark.browser]

# WeChat's bridge comes a little later than the page, and answers when the test says so.
BRIDGE = """
window.__calls = []
setTimeout(() => {
  window.WeixinJSBridge = { invoke(name, given, then) {
    window.__calls.push([name, given])
    window.__says = word => then({ err_msg: name_of(word) })
  } }
  const name_of = word => 'get_brand_wcpay_request:' + word
  document.dispatchEvent(new Event('WeixinJSBridgeReady'))
}, 300)
"""
BACK = "/r/tea?order="


@asynccontextmanager
async def paying(
    db: Database, browser: Browser, user_agent: str | None, ways: tuple[Way, ...], lang: str
) -> AsyncIterator[tuple[Till, Phone, str, str]]:
    """A buyer with an order and the address to pay it; the room they go back to is not there."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with (
        till(db, base, ways) as here,
        serve(make_app(here.shop), port),
        phone(browser, base, user_agent=user_agent, lang=lang, expected=("404",)) as mei,
    ):
        product = await here.shop.product()
        wish = {"product_id": product.id, "idempotency_key": "k", "return_path": "/r/tea"}
        placed = await (await mei.page.request.post("/api/v1/orders", data=wish)).json()
        yield here, mei, placed["cashier_url"], placed["order"]["id"]


async def test_wechats_own_cashier(browser: Browser, fresh_db: Database) -> None:
    async with paying(fresh_db, browser, WECHAT, ("jsapi",), "zh-CN") as (here, mei, url, order_id):
        await mei.page.add_init_script(BRIDGE)
        door = url.partition("?")[0] + "/known?"
        here.may_come_back(door + urlencode({"return_path": "/r/tea", "lang": "zh-CN"}))
        await mei.page.goto(url)
        button, said = mei.page.locator("#go"), mei.page.locator("#said")
        await expect(button).to_have_text("微信支付")
        await mei.page.wait_for_function("() => window.__calls.length === 1")
        await expect(button).to_be_disabled()
        name, given = (await mei.page.evaluate("window.__calls"))[0]
        assert name == "getBrandWCPayRequest"
        assert set(given) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
        assert all(isinstance(value, str) for value in given.values())
        # Who changes their mind may tap again; a refusal is told.
        await mei.page.evaluate("window.__says('cancel')")
        await expect(button).to_be_enabled()
        await expect(said).to_be_empty()
        await button.click()
        await mei.page.evaluate("window.__says('fail')")
        await expect(said).to_have_text("没有付成，请再试一次")
        await button.click()
        assert await mei.page.evaluate("window.__calls.length") == 3
        async with mei.page.expect_request(lambda request: BACK in request.url) as gone:
            await mei.page.evaluate("window.__says('ok')")
        assert (await gone.value).url.endswith(order_id)


async def test_a_code_to_scan_leads_back_by_itself(browser: Browser, fresh_db: Database) -> None:
    async with paying(fresh_db, browser, None, ("native",), "en") as (here, mei, url, order_id):
        await mei.page.goto(url)
        await expect(mei.page.locator("img.code")).to_be_visible()
        # It looks at our own server; the gateway is not asked again.
        here.shop.outgoing.cut = True
        async with mei.page.expect_response("**/api/v1/orders/*") as looked:
            pass
        assert (await (await looked.value).json())["status"] == "created"
        visitor = await here.shop.value("select visitor_id from commerce.orders")
        payment = await here.shop.commerce.start_payment(order_id, visitor)
        async with mei.page.expect_request(lambda request: BACK in request.url):
            paid = await here.shop.commerce.payment_callback("sandbox", *paid_notice(payment))
            assert paid == "paid"
