"""The hot endpoints, as a bare ASGI callable in front of everything else.

One table says, per route, the method, the path, the shape of the body, the verb and the errors.
From it come the answers, the limits and the OpenAPI document, so none of them can disagree. What
the table does not know goes to the application behind.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from yaohe.front.nothing import is_found, wants_page
from yaohe.front.request import (
    ASGIApp,
    BodyLate,
    Receive,
    Request,
    Scope,
    Send,
    answer,
    read_body,
)
from yaohe.identity import Identity, WrongOrigin, check_origin
from yaohe.kernel.errors import AppError, BadInput, NotFound, TooMany
from yaohe.kernel.limits import Limit
from yaohe.kernel.wire import Fields, address_key

BODY_BYTES_MAX: Final = 16_384
_JSON: Final = Fields([(b"content-type", b"application/json"), (b"cache-control", b"no-store")])

log = structlog.get_logger(__name__)


_BROKEN: Final = msgspec.json.encode(
    {"error": {"code": "internal", "message": "Something broke on our side. It has been noted."}}
)


class BodyTooLarge(BadInput):
    code = "body_too_large"
    status = 413
    message = "The request body is too large."


class NotJson(BadInput):
    code = "not_json"
    message = "The body must be a JSON object of the documented shape."


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRoute:
    """One row of the table. `path` may hold one `{slot}`; the verb gets its text."""

    method: str
    path: str
    body: type[msgspec.Struct]
    answer: type[msgspec.Struct]
    status: int
    verb: Callable[[Request, str, Any], Awaitable[msgspec.Struct]]
    errors: tuple[type[AppError], ...]
    summary: str
    limit: Limit

    @property
    def all_errors(self) -> tuple[type[AppError], ...]:
        return (*self.errors, NotJson, BodyTooLarge, BodyLate, WrongOrigin, TooMany)


class NothingHere(NotFound):
    """An address with control characters is nobody's, and must not reach a database."""


_UNSPEAKABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffd]")

Page = Callable[[Request], Awaitable[None]]
# How to answer a request; None when the guard has answered it.
Guard = Callable[[Request], Awaitable[Send | None]]


async def _refuse(request: Request, error: AppError) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    await answer(request, error.status, msgspec.json.encode(error.body()), headers)


def _around_slot(path: str) -> tuple[str, str]:
    """What stands before and after the one slot of a path."""
    start, _, rest = path.partition("{")
    return start, rest.partition("}")[2]


class Edge:
    """Pages by prefix, hot routes by table, everything else by the application behind; a browser
    that finds nothing anywhere is shown `nothing`. `guard` sees every request first."""

    def __init__(
        self,
        behind: ASGIApp,
        *,
        routes: tuple[HotRoute, ...],
        pages: Callable[[str, str], Page | None],
        nothing: Page,
        per_address: Limit,
        identity: Identity,
        guard: Guard,
    ) -> None:
        self._behind, self._pages, self._per_address = behind, pages, per_address
        self._identity, self._nothing, self._guard = identity, nothing, guard
        self._exact = {(r.method, r.path): r for r in routes if "{" not in r.path}
        self._slotted = [(_around_slot(r.path), r) for r in routes if "{" in r.path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if _UNSPEAKABLE.search(path):
            request = Request(scope, receive, send, self._identity)
            if wants_page(scope):
                await self._nothing(request)
            else:
                await _refuse(request, NothingHere())
            return
        request = Request(scope, receive, send, self._identity)
        try:
            guarded = await self._guard(request)
        except AppError as error:
            await _refuse(request, error)
            return
        if guarded is None:
            return
        send = guarded
        if method in {"GET", "HEAD"}:
            page = self._pages(method, path)
            if page is not None:
                await self._show(Request(scope, receive, send, self._identity), page)
            elif not wants_page(scope):
                await self._behind(scope, receive, send)
            elif not await is_found(self._behind, scope, receive, send):
                await self._nothing(Request(scope, receive, send, self._identity))
            return
        found = self._match(method, path)
        if found is None:
            await self._pass_on(scope, receive, send)
            return
        await self._answer(Request(scope, receive, send, self._identity), *found)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A changing request for the application behind; it too counts for its address."""
        request = Request(scope, receive, send, self._identity)
        try:
            self._per_address.spend(address_key(request.address))
        except TooMany as error:
            await _refuse(request, error)
            return
        await self._behind(scope, receive, send)

    def _match(self, method: str, path: str) -> tuple[HotRoute, str] | None:
        route = self._exact.get((method, path))
        if route is not None:
            return route, ""
        for (start, end), slotted in self._slotted:
            if method == slotted.method and path.startswith(start) and path.endswith(end):
                slot = path[len(start) : len(path) - len(end)]
                if slot and "/" not in slot:
                    return slotted, slot
        return None

    @staticmethod
    async def _show(request: Request, page: Page) -> None:
        """A page that cannot be made (an engine is away) is refused in the shape of all errors."""
        try:
            await page(request)
        except AppError as error:
            await _refuse(request, error)

    async def _answer(self, request: Request, route: HotRoute, slot: str) -> None:
        try:
            check_origin(
                origin=request.header(b"origin") or None,
                fetch_site=request.header(b"sec-fetch-site") or None,
                host=request.header(b"host"),
                origins=self._identity.origins,
            )
            # Who has no cookie yet is only counted with their address, and there widely: carriers
            # put a whole city behind one.
            if request.known_visitor_id is not None:
                route.limit.spend(request.known_visitor_id)
            self._per_address.spend(address_key(request.address))
            body = self._decode(await read_body(request, BODY_BYTES_MAX), route.body)
            result = await route.verb(request, slot, body)
        except AppError as error:
            await _refuse(request, error)
            return
        except Exception:
            log.exception("request_broke", path=request.path, method=route.method)
            await answer(request, 500, _BROKEN, [(b"content-type", b"application/json")])
            return
        await answer(
            request,
            route.status,
            msgspec.json.encode(result),
            _JSON,
        )

    @staticmethod
    def _decode(raw: bytes | None, shape: type[msgspec.Struct]) -> msgspec.Struct:
        if raw is None:
            raise BodyTooLarge
        try:
            return msgspec.json.decode(raw or b"{}", type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotJson(f"The body does not fit: {error}.") from None
