"""What may cross from other sites: the server API of outside rooms, with limits per key.

Browsers on other sites are answered only when a key in use belongs to their site (CORS, without
cookies); which key that is, and what it may do, the routes behind decide. Every answer says how
much of the limit is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

import msgspec

from yaohe.front.request import ASGIApp, Header, Message, Receive, Scope, Send
from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import AppError, TooMany
from yaohe.kernel.limits import Limit

PREFIX: Final = "/api/v1/outside/"
PREFLIGHT_S: Final = b"600"
_PUBLIC: Final = b"bearer yhp_"
_EXPOSED: Final = b"ratelimit-limit, ratelimit-remaining, retry-after, idempotent-replayed"
_ASKED: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, idempotency-key, x-yaohe-visitor",
    ),
    (b"access-control-max-age", PREFLIGHT_S),
)

IsSite = Callable[[str], Awaitable[bool]]


class Crossing:
    """In front of the application: passes everything, and watches over what is under `PREFIX`."""

    def __init__(self, behind: ASGIApp, *, is_site: IsSite, clock: Clock) -> None:
        self._behind, self._is_site = behind, is_site
        self._by_server = Limit(clock, burst=400, per_second=100.0)
        self._by_visitor = Limit(clock, burst=60, per_second=3.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._behind(scope, receive, send)
            return
        headers = dict(scope["headers"])
        crossed: list[Header] = [(b"vary", b"origin")]
        try:
            origin = headers.get(b"origin")
            if origin is not None and await self._is_site(origin.decode("latin-1")):
                crossed.append((b"access-control-allow-origin", origin))
                crossed.append((b"access-control-expose-headers", _EXPOSED))
            if scope["method"] == "OPTIONS":
                allowed = _ASKED if len(crossed) > 1 else ()
                await _whole(send, 204, b"", [*crossed, *allowed])
                return
            crossed += self._spend(scope, headers)
        except AppError as error:
            crossed.append((b"content-type", b"application/json"))
            if error.retry_after_s is not None:
                crossed.append((b"retry-after", str(error.retry_after_s).encode()))
            if isinstance(error, TooMany):
                crossed.append((b"ratelimit-remaining", b"0"))
            await _whole(send, error.status, msgspec.json.encode(error.body()), crossed)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *crossed]
            await send(message)

        await self._behind(scope, receive, marked)

    def _spend(self, scope: Scope, headers: dict[bytes, bytes]) -> list[Header]:
        """One call of this key; for pages of this key's visitor. Who sends no visitor yet counts
        with their address."""
        key = headers.get(b"authorization", b"")
        limit, who = self._by_server, key
        if key[: len(_PUBLIC)].lower() == _PUBLIC:
            client = scope.get("client")
            address = str(client[0]).encode() if client else b""
            limit, who = self._by_visitor, key + (headers.get(b"x-yaohe-visitor") or address)
        left = limit.spend(sha256(who).digest())
        return [
            (b"ratelimit-limit", str(limit.burst).encode()),
            (b"ratelimit-remaining", str(left).encode()),
        ]


async def _whole(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
