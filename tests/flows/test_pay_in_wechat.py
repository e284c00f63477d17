"""Paying inside of WeChat: it tells who pays, its own cashier opens, the gateway's word decides."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from html import unescape

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tests.support.logins import Someone
from tests.support.notices import paid_notice
from tests.support.shop import make_app, make_shop, sandbox_keys
from tests.support.till import WECHAT, till

from yaohe.kernel.db import Database

pytestmark = pytest.mark.db


def call_of(page: httpx.Response) -> dict[str, str]:
    """What WeChat's cashier is called with."""
    assert page.status_code == 200, page.text
    found = re.search('data-call="([^"]*)"', page.text)
    assert found is not None
    call: dict[str, str] = json.loads(unescape(found[1]))
    return call


async def test_the_cashier_of_wechat_opens_for_who_pays(fresh_db: Database) -> None:
    async with till(fresh_db) as here:
        placed = await here.order()
        url = placed["cashier_url"].replace("%2F", "%2Froom")
        back = await here.sent_to_wechat(url)
        assert here.double.scopes == ["snsapi_base"]
        known = await here.buyer.get(back)
        assert known.status_code == 303, known.text
        kept = known.headers["set-cookie"]
        assert kept.startswith("yh_payer=")
        assert "o-1" not in kept
        assert {"HttpOnly", "Path=/pay", "SameSite=lax"} <= set(kept.split("; "))

        page = await here.buyer.get(known.headers["location"])
        call = call_of(page)
        signed = "".join(
            f"{call[name]}\n" for name in ("appId", "timeStamp", "nonceStr", "package")
        )
        key = sandbox_keys().merchant.public_key()
        key.verify(b64decode(call["paySign"]), signed.encode(), PKCS1v15(), SHA256())
        assert (call["signType"], call["package"].partition("=")[0]) == ("RSA", "prepay_id")
        # Looked at again, and for the next order, WeChat is not asked again who this is.
        assert (
            call_of(await here.buyer.get(known.headers["location"]))["package"] == call["package"]
        )
        again = await here.order("k2")
        call_of(await here.buyer.get(again["cashier_url"]))
        assert len(here.double.scopes) == 1

        visitor = await here.shop.value("select visitor_id from commerce.orders limit 1")
        payment = await here.shop.commerce.start_payment(placed["order"]["id"], visitor)
        assert payment.way == "jsapi"
        assert await here.shop.commerce.payment_callback("sandbox", *paid_notice(payment)) == "paid"
        gone = await here.buyer.get(known.headers["location"])
        assert (gone.status_code, "order=" in gone.headers["location"]) == (303, True)


async def test_a_state_of_somebody_else_is_not_taken(fresh_db: Database) -> None:
    async with till(fresh_db) as here:
        placed = await here.order()
        back = await here.sent_to_wechat(placed["cashier_url"])
        other = re.sub("state=[^&]*", "state=" + "0" * 32, back)
        refused = await here.buyer.get(other)
        assert (refused.status_code, "set-cookie" in refused.headers) == (502, False)
        assert "Try again" in refused.text
        # What another browser kept says nothing about this one.
        kept = (await here.buyer.get(back)).cookies["yh_payer"]
        here.buyer.cookies.clear()
        mine = await here.order("mine")
        here.buyer.cookies.set("yh_payer", kept, path="/pay")
        assert (await here.buyer.get(mine["cashier_url"])).status_code == 303


async def test_a_page_that_is_only_shown_says_how_to_allow_more(fresh_db: Database) -> None:
    async with till(fresh_db) as here:
        here.double.signed_in = Someone("made-up", snapshot=True)
        placed = await here.order()
        page = await here.buyer.get(await here.sent_to_wechat(placed["cashier_url"]))
        assert page.status_code == 502
        assert "full service" in page.text


async def test_a_page_inside_of_a_mini_program_cannot_call_the_cashier(fresh_db: Database) -> None:
    async with till(fresh_db) as here:
        placed = await here.order()
        there = {"User-Agent": f"{WECHAT} miniProgram/wx0123456789abcdef"}
        page = await here.buyer.get(placed["cashier_url"], headers=there)
    assert page.status_code == 409
    assert "You cannot pay inside WeChat" in page.text


async def test_without_that_way_nobody_is_known(fresh_db: Database) -> None:
    shop = make_shop(fresh_db)
    transport = httpx.ASGITransport(app=make_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url=shop.commerce.base_url) as guest:
        page = await guest.get("/pay/pay_x/known?code=a&state=b")
    assert page.status_code == 404
