"""Signed configuration for pages inside WeChat."""

from __future__ import annotations

from litestar import Controller, Response, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery

from yaohe.platforms.outgoing import PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.wechat.model import JsConfig, WechatNotConnected, WechatUrlRefused
from yaohe.platforms.wechat.service import Wechat


class WechatPages(Controller):
    path = "/api/v1/wechat"
    tags = ("share",)

    @get(
        "/js-config",
        summary="What `wx.config` takes for one page of ours",
        opt={
            "errors": (
                WechatNotConnected,
                WechatUrlRefused,
                PlatformAway,
                PlatformQuota,
                PlatformRefused,
            )
        },
    )
    async def js_config(self, wechat: Given[Wechat], url: FromQuery[str]) -> Response[JsConfig]:
        return Response(await wechat.js_config(url), headers={"Cache-Control": "no-store"})


controllers = (WechatPages,)
