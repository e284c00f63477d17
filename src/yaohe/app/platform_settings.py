"""The settings of other services: accounts of the shop's at WeChat and others. None is needed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class PlatformSettings(msgspec.Struct, frozen=True, kw_only=True):
    wechat_app_id: Annotated[
        str,
        Meta(
            pattern=r"^(wx[0-9a-zA-Z]{6,30})?$",
            description="AppID of a verified WeChat official account (docs/ops/wechat.md).",
        ),
    ] = ""
    wechat_secret: Annotated[str, Meta(description="AppSecret of that account.")] = ""
    wechat_verify: Annotated[
        tuple[str, ...],
        Meta(description="Codes of the files MP_verify_CODE.txt that WeChat wants to find here."),
    ] = ()
    weibo_app_id: Annotated[
        str, Meta(description="App key of a Weibo app: people can log in with Weibo.")
    ] = ""
    weibo_secret: Annotated[str, Meta(description="Its secret.")] = ""
    qq_app_id: Annotated[
        str, Meta(description="App key of a QQ app: people can log in with QQ.")
    ] = ""
    qq_secret: Annotated[str, Meta(description="Its secret.")] = ""
    douyin_app_id: Annotated[
        str, Meta(description="App key of a Douyin app: people can log in with Douyin.")
    ] = ""
    douyin_secret: Annotated[str, Meta(description="Its secret.")] = ""
    platforms_url: Annotated[
        str,
        Meta(description="A gateway of yours for calls to other services; empty asks them itself."),
    ] = ""

    webhooks_private: Annotated[
        bool,
        Meta(description="Webhooks may go to http:// and to addresses of your own network (true)."),
    ] = False

    @property
    def login_apps(self) -> tuple[tuple[str, str, str], ...]:
        """Service, app and secret of every login that is configured."""
        apps = (
            ("wechat", self.wechat_app_id, self.wechat_secret),
            ("weibo", self.weibo_app_id, self.weibo_secret),
            ("qq", self.qq_app_id, self.qq_secret),
            ("douyin", self.douyin_app_id, self.douyin_secret),
        )
        return tuple(app for app in apps if app[1])
