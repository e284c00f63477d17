"""The API of the shop's accounts at WeChat, for staff."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency as Given

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.platforms.wechat import Connection, Wechat, WechatNotConnected


class ConnectionList(msgspec.Struct, frozen=True):
    items: list[Connection]


class WechatConnections(Controller):
    path = "/api/v1/wechat/connections"
    tags = ("staff",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="The shop's accounts at WeChat, and what WeChat does not give them now",
        opt={"errors": STAFF_ERRORS},
    )
    async def connections(self, staff: Given[Staff], wechat: Given[Wechat]) -> ConnectionList:
        return ConnectionList(await wechat.connections())

    @post(
        "/check",
        status_code=200,
        summary="Ask WeChat again now, for who has just mended a setting there",
        opt={"errors": (*STAFF_ERRORS, WechatNotConnected)},
    )
    async def check(self, staff: Given[Staff], wechat: Given[Wechat]) -> ConnectionList:
        return ConnectionList(await wechat.check())


controllers: Final = (WechatConnections,)
