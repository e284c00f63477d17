"""WeChat's server API as a stand-in on loopback: a real HTTP server that takes nothing on trust.

It keeps its own books of tokens, tickets and quotas, checks the shape of every request the way the
documentation of the service states it, and errs on purpose: `faults[path]` lists what the next
calls of a path meet (`late`, `500`, `junk`, `busy`, `expired`, or an error number). It was written
from the service's side and shares no code with ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

from tests.support.wire import serving

from yaohe.kernel.wire import WireConfig

APP_ID, SECRET = "wx0123456789abcdef", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SDK_PATH = "/res.wx.qq.com/open/js/jweixin-1.6.0.js"

# The part of WeChat's script that a share needs; it notes what it was told.
SDK = """
(() => {
  const told = (window.__wx = { config: [], friend: [], moments: [] });
  let ready = null, failed = null;
  window.wx = {
    config(given) {
      told.config.push(given);
      const whole = ['appId', 'timestamp', 'nonceStr', 'signature', 'jsApiList'];
      const good = whole.every(name => given[name]) && !window.__wxRefuses?.(given);
      setTimeout(() => good ? ready?.() : failed?.({ errMsg: 'config:invalid signature' }), 0);
    },
    ready(then) { ready = then },
    error(then) { failed = then },
    updateAppMessageShareData(given) { told.friend.push(given); given.success?.() },
    updateTimelineShareData(given) { told.moments.push(given); given.success?.() },
  };
})();
"""

Reply = tuple[int, str, bytes]
Handler = Callable[["Call"], Awaitable[dict[str, Any]]]


class Call:
    """One request as it came in."""

    def __init__(self, scope: Any, body: bytes) -> None:
        self.method, self.path = scope["method"], scope["path"]
        self.query = {
            key: value[0] for key, value in parse_qs(scope["query_string"].decode()).items()
        }
        self.kind = dict(scope["headers"]).get(b"content-type", b"").decode()
        self.body = body

    def json(self) -> dict[str, Any]:
        assert self.kind.startswith("application/json"), self.kind
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


class WechatDouble:
    def __init__(self) -> None:
        self.port = 0
        self.calls: Counter[str] = Counter()
        self.faults: defaultdict[str, list[str]] = defaultdict(list)
        self.lasts_s = 7_200
        self.tokens: list[str] = []
        self.bad_tokens: set[str] = set()
        self.tickets: list[str] = []
        self.forced = 0
        self.delay_s = 0.0
        self._numbers = itertools.count(1)
        self._handlers: dict[str, Handler] = {
            "/cgi-bin/stable_token": self._stable_token,
            "/cgi-bin/ticket/getticket": self._getticket,
        }

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def expire(self) -> None:
        """The token that is out stops being good, as when somebody resets it."""
        self.bad_tokens.add(self.tokens[-1])

    def signature_of(self, page: str, config: dict[str, Any]) -> str:
        """What the client computes for the page it shows, from the newest ticket."""
        text = "&".join(
            f"{key}={value}"
            for key, value in sorted(
                {
                    "jsapi_ticket": self.tickets[-1],
                    "noncestr": config["nonce"],
                    "timestamp": config["timestamp"],
                    "url": page.split("#")[0],
                }.items()
            )
        )
        return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - WeChat says so

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, kind, answer = await self._answer(Call(scope, body))
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, call: Call) -> Reply:
        if call.path == SDK_PATH:
            return 200, "application/javascript", SDK.encode()
        path = call.path.removeprefix("/api.weixin.qq.com")
        self.calls[path] += 1
        fault = self.faults[path].pop(0) if self.faults[path] else ""
        if fault == "late":
            await asyncio.sleep(30)
        if fault == "500":
            return 502, "text/html", b"<html>bad gateway</html>"
        if fault == "junk":
            return 200, "text/html", b"<!doctype html>"
        if fault == "expired":
            self.expire()
        elif fault:
            number = -1 if fault == "busy" else int(fault)
            return _json({"errcode": number, "errmsg": f"because of {number}"})
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return _json(await self._handlers[path](call))

    async def _stable_token(self, call: Call) -> dict[str, Any]:
        assert call.method == "POST"
        given = call.json()
        assert set(given) == {"grant_type", "appid", "secret", "force_refresh"}
        if given["grant_type"] != "client_credential":
            return _error(40002)
        if given["appid"] != APP_ID:
            return _error(40013)
        if given["secret"] != SECRET:
            return _error(40125)
        assert isinstance(given["force_refresh"], bool)
        self.forced += given["force_refresh"]
        if self.forced > 20:
            return _error(45009)
        if given["force_refresh"] or not self.tokens:
            self.bad_tokens.update(self.tokens)
            self.tokens.append(f"TOKEN_{next(self._numbers)}_{'x' * 120}")
        return {"access_token": self.tokens[-1], "expires_in": self.lasts_s}

    def refused(self, call: Call) -> dict[str, Any] | None:
        """The error for a call whose access token is not good."""
        token = call.query.get("access_token")
        if token is None:
            return _error(41001)
        if token not in self.tokens:
            return _error(40001)
        return _error(42001) if token in self.bad_tokens else None

    async def _getticket(self, call: Call) -> dict[str, Any]:
        assert call.method == "GET"
        assert call.query["type"] == "jsapi"
        refused = self.refused(call)
        if refused is not None:
            return refused
        self.tickets.append(f"TICKET-{next(self._numbers)}-{'y' * 70}")
        told = {"ticket": self.tickets[-1], "expires_in": self.lasts_s}
        return {"errcode": 0, "errmsg": "ok", **told}


def _error(number: int) -> dict[str, Any]:
    return {"errcode": number, "errmsg": f"because of {number} rid: 6f"}


def _json(said: dict[str, Any]) -> Reply:
    # The real one says text/plain of much of its JSON.
    return 200, "text/plain", json.dumps(said).encode()


@asynccontextmanager
async def wechat_double() -> AsyncIterator[WechatDouble]:
    double = WechatDouble()
    async with serving(WireConfig(lifespan="off"), double) as server:
        double.port = server.port
        yield double


def connected_to(double: WechatDouble) -> dict[str, str]:
    """The environment of a shop whose account is at this stand-in."""
    return {
        "YAOHE_WECHAT_APP_ID": APP_ID,
        "YAOHE_WECHAT_SECRET": SECRET,
        "YAOHE_PLATFORMS_URL": double.base,
    }
