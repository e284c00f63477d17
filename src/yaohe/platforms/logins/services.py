"""The login services, each a value: where people are sent, what is asked then, what answers mean.

Templates name what is known by then: our `app_id`, `secret`, `redirect_uri`, `state`, the `code`
that came back, and every text of the answers before. None of the four documents PKCE; the state
is bound to the visitor and good once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

Fields = tuple[tuple[str, str], ...]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the service; `form` sends the fields as a form, else in the address."""

    address: str
    fields: Fields
    form: bool = False


class LoginService(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name_zh: str
    name_en: str
    door: str  # where people agree
    door_fields: Fields
    door_end: str = ""
    asks: tuple[Ask, ...]  # until subject and union are known
    profile: Ask
    inside: str = ""  # the field in which answers stand
    subject: str
    union: str = ""
    name: str
    picture: str
    agent: str = ""  # works only in browsers that say this


_CODE: Final = ("grant_type", "authorization_code"), ("code", "{code}")

_ALL: Final = (
    LoginService(
        id="wechat", name_zh="微信", name_en="WeChat",
        # WeChat wants exactly this order.
        door="https://open.weixin.qq.com/connect/oauth2/authorize",
        door_fields=(
            ("appid", "{app_id}"), ("redirect_uri", "{redirect_uri}"), ("response_type", "code"),
            ("scope", "snsapi_userinfo"), ("state", "{state}"),
        ),
        door_end="#wechat_redirect",
        asks=(
            Ask(
                address="https://api.weixin.qq.com/sns/oauth2/access_token",
                fields=(("appid", "{app_id}"), ("secret", "{secret}"), *_CODE),
            ),
        ),
        profile=Ask(
            address="https://api.weixin.qq.com/sns/userinfo",
            fields=(("access_token", "{access_token}"), ("openid", "{openid}"), ("lang", "zh_CN")),
        ),
        subject="openid", union="unionid", name="nickname", picture="headimgurl",
        agent="MicroMessenger",
    ),
    LoginService(
        id="weibo", name_zh="微博", name_en="Weibo",
        door="https://api.weibo.com/oauth2/authorize",
        door_fields=(
            ("client_id", "{app_id}"), ("response_type", "code"),
            ("redirect_uri", "{redirect_uri}"), ("state", "{state}"),
        ),
        asks=(
            Ask(
                address="https://api.weibo.com/oauth2/access_token",
                fields=(
                    ("client_id", "{app_id}"), ("client_secret", "{secret}"), *_CODE,
                    ("redirect_uri", "{redirect_uri}"),
                ),
                form=True,
            ),
        ),
        profile=Ask(
            address="https://api.weibo.com/2/users/show.json",
            fields=(("access_token", "{access_token}"), ("uid", "{uid}")),
        ),
        subject="uid", name="screen_name", picture="avatar_large",
    ),
    LoginService(
        id="qq", name_zh="QQ", name_en="QQ",
        door="https://graph.qq.com/oauth2.0/authorize",
        door_fields=(
            ("response_type", "code"), ("client_id", "{app_id}"),
            ("redirect_uri", "{redirect_uri}"), ("state", "{state}"), ("scope", "get_user_info"),
        ),
        asks=(
            Ask(
                address="https://graph.qq.com/oauth2.0/token",
                fields=(
                    ("client_id", "{app_id}"), ("client_secret", "{secret}"), *_CODE,
                    ("redirect_uri", "{redirect_uri}"), ("fmt", "json"),
                ),
            ),
            Ask(
                address="https://graph.qq.com/oauth2.0/me",
                fields=(("access_token", "{access_token}"), ("unionid", "1"), ("fmt", "json")),
            ),
        ),
        profile=Ask(
            address="https://graph.qq.com/user/get_user_info",
            fields=(
                ("access_token", "{access_token}"), ("oauth_consumer_key", "{app_id}"),
                ("openid", "{openid}"),
            ),
        ),
        subject="openid", union="unionid", name="nickname", picture="figureurl_qq_2",
    ),
    LoginService(
        id="douyin", name_zh="抖音", name_en="Douyin",
        door="https://open.douyin.com/platform/oauth/connect/",
        door_fields=(
            ("client_key", "{app_id}"), ("response_type", "code"), ("scope", "user_info"),
            ("redirect_uri", "{redirect_uri}"), ("state", "{state}"),
        ),
        asks=(
            Ask(
                address="https://open.douyin.com/oauth/access_token/",
                fields=(("client_key", "{app_id}"), ("client_secret", "{secret}"), *_CODE),
                form=True,
            ),
        ),
        profile=Ask(
            address="https://open.douyin.com/oauth/userinfo/",
            fields=(("access_token", "{access_token}"), ("open_id", "{open_id}")),
            form=True,
        ),
        inside="data", subject="open_id", union="union_id", name="nickname", picture="avatar",
    ),
)  # fmt: skip

SERVICES: Final[Mapping[str, LoginService]] = {service.id: service for service in _ALL}

# WeChat without a question to the person: only their openid is told, no name and no picture.
WECHAT_SILENT: Final = msgspec.structs.replace(
    SERVICES["wechat"],
    door_fields=tuple(
        (name, "snsapi_base" if name == "scope" else template)
        for name, template in SERVICES["wechat"].door_fields
    ),
)
