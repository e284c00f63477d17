"""Asking other services over HTTP: only configured addresses, bounded in time and size.

Every call names a whole address of a known service. `through` puts another base before all of
them (a gateway of one's own, or a stand-in in tests): `https://api.example.com/x` is then asked
as `{through}/api.example.com/x`. Redirects are not followed and the environment's proxies are not
used. Nothing that is raised holds an address or a body: both carry secrets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from yaohe.kernel.origin import is_loopback
from yaohe.platforms.outgoing.errors import PlatformAway

ANSWER_S_MAX: Final = 5.0
FILE_S_MAX: Final = 60.0
ANSWER_BYTES_MAX: Final = 2_000_000
CONNECTIONS_MAX: Final = 20

# httpx tells every address at INFO, and these hold secrets and codes.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Answer(msgspec.Struct, frozen=True):
    """What came back; `content_type` is lower case and without parameters, and so are the names of
    `headers`."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = {}

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, whatever type it says it is; raises `PlatformAway`."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise PlatformAway("The other service answered something unreadable.") from None


class Outgoing:
    """One pool of connections to all services."""

    def __init__(self, *, through: str = "") -> None:
        self._through, self.answer_s_max = through.rstrip("/"), ANSWER_S_MAX
        self._client: httpx.AsyncClient | None = None

    def at(self, address: str) -> str:
        """Where this address of a service is really reached; this machine is asked itself."""
        if not self._through or is_loopback(address):
            return address
        parts = urlsplit(address)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._through}/{parts.netloc}{parts.path}{query}"

    async def ask(
        self,
        method: str,
        address: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        bytes_max: int = ANSWER_BYTES_MAX,
        answer_s_max: float | None = None,
    ) -> Answer:
        """The answer of a service; raises `PlatformAway` when there is none in time, when it
        broke (5xx) or is larger than `bytes_max`. A file is given more time than
        others by `answer_s_max`. `raw` was written before; it is JSON unless
        `headers` name another type."""
        content, named = raw or b"", {"accept": "application/json", **(headers or {})}
        if raw is not None:
            named.setdefault("content-type", "application/json")
        elif json is not None:
            content, named["content-type"] = msgspec.json.encode(json), "application/json"
        elif form is not None:
            named["content-type"] = "application/x-www-form-urlencoded"
            content = urlencode(form).encode()
        try:
            async with asyncio.timeout(answer_s_max or self.answer_s_max):
                answer = await self._send(
                    method, self.at(address), params, content, named, bytes_max
                )
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            raise PlatformAway from None
        if answer.status >= 500:
            raise PlatformAway
        return answer

    async def _send(
        self,
        method: str,
        address: str,
        params: Mapping[str, str] | None,
        content: bytes,
        headers: Mapping[str, str],
        bytes_max: int,
    ) -> Answer:
        if self._client is None:
            limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
            self._client = httpx.AsyncClient(
                trust_env=False, follow_redirects=False, limits=limits, timeout=ANSWER_S_MAX
            )
        body = bytearray()
        async with self._client.stream(
            method, address, params=params, content=content or None, headers=headers
        ) as answer:
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > bytes_max:
                    raise PlatformAway
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(answer.status_code, kind, bytes(body), dict(answer.headers))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
