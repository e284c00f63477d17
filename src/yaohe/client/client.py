"""The calls, by name."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from yaohe.client.errors import Refused, Unreachable
from yaohe.client.shapes import Order, Report, Room, Rooms, Share, Told, User

Shape = TypeVar("Shape")

TRIES: Final = 3
PAUSE_S: Final = 0.5
PAUSE_S_MAX: Final = 10.0
# Nothing was written, or the first one with this key is still at work.
PASSING: Final = frozenset({"try_again", "busy", "unknown_result", "idempotency_busy", "too_many"})


class Client:
    """One installation, one secret key. `pause_s` is waited before asking again, longer each
    time; a server that says when is believed."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout_s: float = 10.0,
        pause_s: float = PAUSE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._pause_s = pause_s
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/api/v1/outside",
            headers={"authorization": f"Bearer {key}", "accept": "application/json"},
            timeout=timeout_s,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def put_room(
        self,
        ref: str,
        *,
        title: str,
        url: str,
        title_en: str = "",
        cover_url: str = "",
        status: str = "live",
        utm: Mapping[str, str] | None = None,
    ) -> Room:
        """Say what your room is by now; `status` is upcoming, live or ended."""
        body = {
            "title": title,
            "title_en": title_en,
            "url": url,
            "cover_url": cover_url,
            "status": status,
            "utm": dict(utm or {}),
        }
        return await self._call("PUT", f"/rooms/{_part(ref)}", Room, body)

    async def rooms(self) -> list[Room]:
        return (await self._call("GET", "/rooms", Rooms)).items

    async def room(self, ref: str) -> Room:
        return await self._call("GET", f"/rooms/{_part(ref)}", Room)

    async def report(self, ref: str) -> Report:
        """What the shares of a room brought, and what was tracked."""
        return await self._call("GET", f"/rooms/{_part(ref)}/report", Report)

    async def share(
        self, ref: str, *, user: User, channel: str = "copy_link", text: str = "",
        idempotency_key: str | None = None,
    ) -> Share:  # fmt: skip
        """Make a share of a room for one of your users."""
        body = {"user": user, "channel": channel, "text": text}
        return await self._once("POST", f"/rooms/{_part(ref)}/shares", Share, body, idempotency_key)

    async def track(
        self, ref: str, name: str, *, user: User, event_id: str,
        properties: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Tell what a user did in a room; the same `event_id` again is kept once."""
        body = {"id": event_id, "name": name, "user": user, "properties": dict(properties or {})}
        await self._call("POST", f"/rooms/{_part(ref)}/events", Told, body)

    async def order(
        self, ref: str, *, amount_minor: int, currency: str, visitor: str | None = None,
        user: User | None = None, room: str | None = None, idempotency_key: str | None = None,
    ) -> Order:  # fmt: skip
        """Tell a paid order; `visitor` is what your page's SDK knows, or say which `user`."""
        body = {
            "amount_minor": amount_minor,
            "currency": currency,
            "visitor": visitor,
            "user": user,
            "room": room,
        }
        return await self._once("PUT", f"/orders/{_part(ref)}", Order, body, idempotency_key)

    async def refund(self, ref: str) -> Order:
        """The whole order went back; its credit is reversed."""
        return await self._once("POST", f"/orders/{_part(ref)}/refund", Order, {}, None)

    async def _once(
        self, method: str, path: str, shape: type[Shape], body: object, key: str | None
    ) -> Shape:
        return await self._call(method, path, shape, body, key or secrets.token_urlsafe(18))

    async def _call(
        self, method: str, path: str, shape: type[Shape], body: object = None, key: str = ""
    ) -> Shape:
        headers = {"idempotency-key": key} if key else {}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        for tries_left in reversed(range(TRIES)):
            pause_s = self._pause_s * 2 ** (TRIES - 1 - tries_left)
            try:
                answer = await self._http.request(method, path, content=content, headers=headers)
            except httpx.TransportError as error:
                if not tries_left:
                    raise Unreachable(f"{method} {path}: {error or type(error).__name__}") from None
            else:
                if answer.status_code < 400:
                    return msgspec.json.decode(answer.content, type=shape)
                refused = _refused(answer)
                if refused.code not in PASSING or not tries_left:
                    raise refused
                pause_s = max(pause_s, min(refused.retry_after_s or 0, PAUSE_S_MAX))
            await asyncio.sleep(pause_s)
        raise AssertionError("every try either answers or raises")


def _part(ref: str) -> str:
    return quote(ref, safe="")


class _Error(msgspec.Struct):
    code: str
    message: str
    field: str | None = None
    retry_after_s: int | None = None


class _Body(msgspec.Struct):
    error: _Error


def _refused(answer: httpx.Response) -> Refused:
    """The refusal in the server's words; a proxy on the way may have words of its own."""
    try:
        error = msgspec.json.decode(answer.content, type=_Body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error("unreadable", answer.reason_phrase or "The answer was not understood.")
    return Refused(
        error.code,
        error.message,
        status=answer.status_code,
        field=error.field,
        retry_after_s=error.retry_after_s,
    )
