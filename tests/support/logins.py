"""The login services as a stand-in on loopback: each with its own manners, none lenient.

Somebody who is `signed_in` agrees at once; codes are good once, for one app and one address to come
back to; what is not asked as documented is refused in the service's own shape of a refusal.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from tests.support.wire import serving

from yaohe.kernel.wire import WireConfig

BACK = "https://live.example.com/login/{}/back"
APPS = {name: (f"wx{name}app1" if name == "wechat" else f"{name}-app", f"{name}-hush") for name in
        ("wechat", "weibo", "qq", "douyin")}  # fmt: skip
DOORS = {
    "/open.weixin.qq.com/connect/oauth2/authorize": (
        "wechat", ["appid", "redirect_uri", "response_type", "scope", "state"],
    ),
    "/api.weibo.com/oauth2/authorize": ("weibo", ["client_id"]),
    "/graph.qq.com/oauth2.0/authorize": ("qq", ["response_type", "client_id"]),
    "/open.douyin.com/platform/oauth/connect/": ("douyin", ["client_key"]),
}  # fmt: skip


@dataclass
class Someone:
    subject: str
    union: str = ""
    name: str = "小满"
    picture: str = "http://img.example/small.jpg"
    snapshot: bool = False


class LoginDouble:
    def __init__(self) -> None:
        self.port = 0
        self.signed_in = Someone("o-1", "u-1")
        self.codes: dict[str, tuple[str, Someone]] = {}
        self.tokens: dict[str, Someone] = {}
        self.profile_away = False
        self.backs = {BACK.format(name) for name in APPS}
        self.scopes: list[str] = []
        self._numbers = itertools.count(1)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, answer = self._answer(
            scope["method"], scope["path"], scope["query_string"].decode(), body.decode()
        )
        headers = [*headers, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, method: str, path: str, query: str, body: str) -> Any:
        if path in DOORS:
            return self._door(*DOORS[path], query)
        given = {k: v[0] for k, v in parse_qs(body if method == "POST" else query).items()}
        handlers = {
            "/api.weixin.qq.com/sns/oauth2/access_token": ("GET", self._wechat_token),
            "/api.weixin.qq.com/sns/userinfo": ("GET", self._wechat_profile),
            "/api.weibo.com/oauth2/access_token": ("POST", self._weibo_token),
            "/api.weibo.com/2/users/show.json": ("GET", self._weibo_profile),
            "/graph.qq.com/oauth2.0/token": ("GET", self._qq_token),
            "/graph.qq.com/oauth2.0/me": ("GET", self._qq_me),
            "/graph.qq.com/user/get_user_info": ("GET", self._qq_profile),
            "/open.douyin.com/oauth/access_token/": ("POST", self._douyin_token),
            "/open.douyin.com/oauth/userinfo/": ("POST", self._douyin_profile),
        }
        wanted, handler = handlers[path]
        assert method == wanted, path
        if self.profile_away and handler.__name__.endswith("profile"):
            return 500, [], b""
        status, said = handler(given)
        return status, [(b"content-type", b"text/plain")], json.dumps(said).encode()

    def _door(self, service: str, first: list[str], query: str) -> Any:
        pairs = parse_qsl(query)
        assert [name for name, _ in pairs][: len(first)] == first
        given = dict(pairs)
        assert given["response_type"] == "code"
        assert given["redirect_uri"] in self.backs
        self.scopes.append(given.get("scope", ""))
        assert APPS[service][0] in given.values()
        code = f"code{next(self._numbers)}"
        self.codes[code] = (service, self.signed_in)
        back = urlencode({"code": code, "state": given["state"]})
        target = given["redirect_uri"]
        joined = f"{target}{'&' if '?' in target else '?'}{back}"
        return 302, [(b"location", joined.encode())], b""

    def _redeem(
        self, service: str, given: dict[str, str], app: str, secret: str, *, back: bool
    ) -> tuple[str, Someone] | None:
        """A token for a code that is good once, to the app it was made for."""
        assert given["grant_type"] == "authorization_code"
        if (given[app], given[secret]) != APPS[service]:
            return None
        if back and given["redirect_uri"] != BACK.format(service):
            return None
        made_for, someone = self.codes.pop(given["code"], ("", Someone("")))
        if made_for != service:
            return None
        token = f"token{next(self._numbers)}"
        self.tokens[token] = someone
        return token, someone

    def _wechat_token(self, given: dict[str, str]) -> Any:
        done = self._redeem("wechat", given, "appid", "secret", back=False)
        if done is None:
            return 200, {"errcode": 40029, "errmsg": "invalid code"}
        token, who = done
        more = {"unionid": who.union} if who.union else {}
        more |= {"is_snapshotuser": 1} if who.snapshot else {}
        return 200, {"access_token": token, "expires_in": 7200, "openid": who.subject, **more}

    def _wechat_profile(self, given: dict[str, str]) -> Any:
        who = self.tokens[given["access_token"]]
        assert (given["openid"], given["lang"]) == (who.subject, "zh_CN")
        return 200, {"openid": who.subject, "nickname": who.name, "headimgurl": who.picture}

    def _weibo_token(self, given: dict[str, str]) -> Any:
        done = self._redeem("weibo", given, "client_id", "client_secret", back=True)
        if done is None:
            return 400, {"error": "invalid_grant", "error_code": 21325}
        return 200, {"access_token": done[0], "expires_in": 1, "uid": done[1].subject}

    def _weibo_profile(self, given: dict[str, str]) -> Any:
        who = self.tokens[given["access_token"]]
        assert given["uid"] == who.subject
        return 200, {"id": 1, "screen_name": who.name, "avatar_large": who.picture}

    def _qq_token(self, given: dict[str, str]) -> Any:
        assert given["fmt"] == "json"
        done = self._redeem("qq", given, "client_id", "client_secret", back=True)
        if done is None:
            return 200, {"error": 100020, "error_description": "code is reused error"}
        return 200, {"access_token": done[0], "expires_in": "7776000"}

    def _qq_me(self, given: dict[str, str]) -> Any:
        assert (given["fmt"], given["unionid"]) == ("json", "1")
        who = self.tokens[given["access_token"]]
        return 200, {"client_id": "qq-app", "openid": who.subject, "unionid": who.union}

    def _qq_profile(self, given: dict[str, str]) -> Any:
        who = self.tokens[given["access_token"]]
        assert (given["oauth_consumer_key"], given["openid"]) == (APPS["qq"][0], who.subject)
        return 200, {"ret": 0, "nickname": who.name, "figureurl_qq_2": who.picture}

    def _douyin_token(self, given: dict[str, str]) -> Any:
        done = self._redeem("douyin", given, "client_key", "client_secret", back=False)
        if done is None:
            return 200, {
                "data": {"error_code": 10007, "description": "expired"},
                "message": "error",
            }
        told = {"access_token": done[0], "open_id": done[1].subject, "error_code": 0}
        return 200, {"data": told, "message": "success"}

    def _douyin_profile(self, given: dict[str, str]) -> Any:
        who = self.tokens[given["access_token"]]
        assert given["open_id"] == who.subject
        told = {"union_id": who.union, "nickname": who.name, "avatar": who.picture}
        return 200, {"data": {**told, "error_code": 0}, "message": "success"}


@asynccontextmanager
async def login_double() -> AsyncIterator[LoginDouble]:
    double = LoginDouble()
    async with serving(WireConfig(lifespan="off"), double) as server:
        double.port = server.port
        yield double
