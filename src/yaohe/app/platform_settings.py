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
    platforms_url: Annotated[
        str,
        Meta(description="A gateway of yours for calls to other services; empty asks them itself."),
    ] = ""
