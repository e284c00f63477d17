"""A shop that is paid inside of WeChat, and a buyer who is there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.support.logins import APPS, LoginDouble, login_double
from tests.support.shop import SECRET, Shop, make_app, make_shop

from yaohe.kernel.db import Database
from yaohe.platforms.logins import WECHAT_SILENT, LoginClient
from yaohe.platforms.outgoing import Outgoing
from yaohe.platforms.payments import Way
from yaohe.platforms.wechat_pay import WechatPayers

WECHAT: Final = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0.49 NetType/4G"
)
IN_WECHAT: Final = {"User-Agent": WECHAT, "Accept-Language": "en"}
WAYS: Final[tuple[Way, ...]] = ("h5", "native", "jsapi")


@dataclass
class Till:
    shop: Shop
    double: LoginDouble
    buyer: httpx.AsyncClient

    async def order(self, key: str = "k") -> dict[str, Any]:
        product = await self.shop.product()
        wish = {"product_id": product.id, "idempotency_key": key}
        placed: dict[str, Any] = (await self.buyer.post("/api/v1/orders", json=wish)).json()
        return placed

    def may_come_back(self, redirect_uri: str) -> None:
        """WeChat sends people to addresses that it knows."""
        self.double.backs.add(redirect_uri)

    async def sent_to_wechat(self, url: str) -> str:
        """Where WeChat sends the buyer back to."""
        to_wechat = await self.buyer.get(url)
        assert to_wechat.status_code == 303, to_wechat.text
        door = to_wechat.headers["location"]
        asked = parse_qs(urlsplit(door).query)
        assert re.fullmatch("[0-9a-zA-Z]{1,128}", asked["state"][0])
        self.may_come_back(asked["redirect_uri"][0])
        async with httpx.AsyncClient() as wechat:
            back: str = (await wechat.get(door)).headers["location"]
        return back


@asynccontextmanager
async def till(
    db: Database, base_url: str = "http://127.0.0.1:1", ways: Collection[Way] = WAYS
) -> AsyncIterator[Till]:
    """Its way inside of WeChat is WeChat's own cashier."""
    async with login_double() as double:
        outgoing = Outgoing(through=double.base)
        app_id, secret = APPS["wechat"]
        login = LoginClient(outgoing, WECHAT_SILENT, app_id=app_id, secret=secret)
        shop = make_shop(
            db,
            base_url=base_url,
            ways=ways,
            works_in_app=("jsapi",),
            payers=WechatPayers(login, SECRET),
        )
        transport = httpx.ASGITransport(app=make_app(shop))
        async with httpx.AsyncClient(
            transport=transport, base_url=shop.commerce.base_url, headers=IN_WECHAT
        ) as buyer:
            yield Till(shop, double, buyer)
        await outgoing.close()
