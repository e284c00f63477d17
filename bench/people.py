"""People for the load: cookies a shop accepts, browsers they use, shares they opened."""

from __future__ import annotations

import itertools
import json
import random
from http.client import HTTPConnection

from bench.shop import ROOM, Shop
from yaohe.identity import Identity
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database

_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {a}_{b} like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko)"
)
_ANDROID = "Mozilla/5.0 (Linux; Android {a}; Pixel {b}) AppleWebKit/537.36 (KHTML, like Gecko)"
_BROWSERS = (
    _IPHONE + " Version/{a}.{b} Mobile/15E148 Safari/604.1",
    _IPHONE + " Mobile/15E148 MicroMessenger/8.0.{c}(0x1800{c}2f) NetType/WIFI Language/zh_CN",
    _ANDROID + " Chrome/14{b}.0.0.0 Mobile Safari/537.36",
    _ANDROID + " Chrome/13{b}.0.0.0 Mobile Safari/537.36 XWEB/13{c} MMWEBSDK/2025{c} "
    "MicroMessenger/8.0.{c}(0x28003{c}) WeChat/arm64 Weixin NetType/5G Language/zh_CN",
)


def browsers(count: int = 120) -> list[str]:
    """Different user agents, as a town has them."""
    numbers = itertools.product(range(14, 19), range(1, 9), range(40, 60))
    kinds = itertools.cycle(_BROWSERS)
    return [next(kinds).format(a=a, b=b, c=c) for a, b, c in itertools.islice(numbers, count)]


class Town:
    """Visitors of a shop. The installation's own secret signs their cookies."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        secret = (shop.data / "keys" / "secret").read_bytes()
        database = Database("postgresql://nowhere")
        self._identity = Identity(database, SystemClock(), secret, False, origins=())
        self._browsers = browsers()
        self._random = random.Random(7)

    def cookie(self) -> str:
        """`yh_v=…` of a new visitor."""
        visitor = self._identity.new_visitor()
        return self._identity.visitor_cookie(visitor).partition(";")[0]

    def cookies(self, count: int) -> list[str]:
        return [self.cookie() for _ in range(count)]

    def share(self, cookies: list[str]) -> list[str]:
        """One share of the room by each of these people; their tokens."""
        tokens = []
        line = HTTPConnection(*self._shop.address)
        for cookie in cookies:
            body = json.dumps({"channel": "copy_link", "content": "card"})
            line.request("POST", f"/api/v1/rooms/{ROOM}/shares", body, {"Cookie": cookie})
            answer = line.getresponse()
            text = answer.read()
            assert answer.status == 201, text
            tokens.append(json.loads(text)["token"])
        line.close()
        return tokens

    def get(self, path: str, cookie: str | None) -> bytes:
        """What a phone's browser sends when it opens a page."""
        agent = self._random.choice(self._browsers)
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._shop.port}\r\nUser-Agent: {agent}\r\n"
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
            "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n"
            "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
            "Connection: keep-alive\r\n"
        )
        return (head + (f"Cookie: {cookie}\r\n" if cookie else "") + "\r\n").encode()

    def post(self, path: str, cookie: str, body: dict[str, object]) -> bytes:
        """What a page's script sends."""
        data = json.dumps(body, separators=(",", ":"))
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._shop.port}\r\n"
            f"User-Agent: {self._random.choice(self._browsers)}\r\n"
            f"Origin: {self._shop.url}\r\nSec-Fetch-Site: same-origin\r\n"
            "Accept: */*\r\nAccept-Language: zh-CN,zh;q=0.9\r\nAccept-Encoding: gzip, deflate\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
            f"Cookie: {cookie}\r\n\r\n{data}"
        ).encode()
