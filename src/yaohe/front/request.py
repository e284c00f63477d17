"""What the hot endpoints know about one request: who, from where, in which browser, in which words.

The wire has already put the person's own address into the scope. The visitor is known by the signed
cookie; a person without one gets one with the answer (`cookie` is then set).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from yaohe.identity import Identity, Visitor
from yaohe.identity.consent import ConsentNeeded, InAFrame
from yaohe.kernel.errors import AppError
from yaohe.kernel.language import lang_of
from yaohe.kernel.wire import WHOLE, Fields, Whole

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

QUERY_FIELDS_MAX: Final = 20
_FRAME: Final = Identity.frame_header.encode()
BODY_S_MAX: Final = 10.0


class BodyLate(AppError):
    code = "body_late"
    status = 408
    message = "The request's body did not arrive in time."


def cookie_value(header: str, name: str) -> str | None:
    """One cookie out of a Cookie header; None when it is not there."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def fields_of(query: str) -> dict[str, str]:
    """The fields of a query, of a name that is there twice the last. A link may come back with any
    number of them; the first ones are looked at."""
    some = "&".join(query.split("&", QUERY_FIELDS_MAX)[:QUERY_FIELDS_MAX])
    return {name: values[-1] for name, values in parse_qs(some).items()}


def cookies_of(request: Request) -> dict[str, str]:
    """All cookies of a request; of a name that is there twice, the first."""
    found: dict[str, str] = {}
    for part in request.header(b"cookie").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name, value.strip('"'))
    return found


@dataclass(slots=True)
class Request:
    scope: Scope
    receive: Receive
    send: Send
    identity: Identity
    headers: dict[bytes, bytes] = field(init=False)
    cookie: str | None = field(init=False, default=None)
    _visitor: Visitor | None = field(init=False, default=None)
    _passing: Visitor | None = field(init=False, default=None)
    _looked: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.headers = dict(self.scope["headers"])

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def whole(self) -> Whole | None:
        """The wire's quick way for small requests and whole answers, where there is one."""
        found: Whole | None = self.scope.get("extensions", {}).get(WHOLE)
        return found

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def query(self) -> dict[str, str]:
        return fields_of(self.scope["query_string"].decode("latin-1"))

    @property
    def page_query(self) -> dict[str, str]:
        """The query of the page that asks, as far as its browser tells where it is."""
        return fields_of(urlsplit(self.header(b"referer")).query)

    @property
    def address(self) -> str:
        client = self.scope.get("client")
        return str(client[0]) if client else "127.0.0.1"

    @property
    def user_agent(self) -> str:
        return self.header(b"user-agent")[:512]

    @property
    def lang(self) -> str:
        """zh-CN or en: asked for by `?lang=`, else by the browser's first wish."""
        asked = self.query.get("lang") if self.scope["query_string"] else None
        return lang_of(asked, self.header(b"accept-language"))

    @property
    def known_visitor(self) -> Visitor | None:
        """The visitor of the cookie, else of an embedded page's token; None without one that is
        ours, or where their consent is missing."""
        if not self._looked:
            self._looked = True
            self._visitor = self.identity.visitor_of(
                partial(cookie_value, self.header(b"cookie")),
                frame=self.header(_FRAME),
                # What fills a tab is no frame, though it is sent the cookie of one of its own site.
                framed=self.header(b"sec-fetch-dest") != "document",
            )
        return self._visitor

    @property
    def known_visitor_id(self) -> str | None:
        visitor = self.known_visitor
        return visitor.id if visitor else None

    @property
    def is_unnamed(self) -> bool:
        """Whether nothing of whoever asks may be kept: they did not accept to be remembered."""
        return self.known_visitor is None and not self.identity.remembers(
            partial(cookie_value, self.header(b"cookie"))
        )

    @property
    def visitor(self) -> Visitor:
        """The visitor, made when there is none yet: with a cookie on the answer, or where consent
        is missing for this request alone."""
        if self.is_unnamed:
            self._passing = self._passing or self.identity.new_visitor()
            return self._passing
        visitor = self.known_visitor
        if visitor is None:
            visitor = self._visitor = self.identity.new_visitor()
            self.cookie = self.identity.visitor_cookie(visitor)
        return visitor

    @property
    def named_visitor(self) -> Visitor:
        """The visitor, for what is kept under their name; raises `ConsentNeeded`."""
        if self.is_unnamed:
            raise ConsentNeeded
        return self.visitor

    @property
    def owner(self) -> Visitor:
        """The visitor, for what will be theirs in the shop; raises `ConsentNeeded` and, inside a
        page of another site, `InAFrame`: who one is there owns nothing."""
        known, cookie = self.known_visitor, partial(cookie_value, self.header(b"cookie"))
        if known is not None and self.identity.visitor_of(cookie, framed=False) is None:
            raise InAFrame
        return self.named_visitor


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """The whole body, or None when it is longer than `bytes_max`; raises `BodyLate`."""
    announced = request.header(b"content-length")
    if announced.isdigit() and int(announced[:12]) > bytes_max:
        return None
    whole = request.whole
    body = None if whole is None else whole.body()
    if body is not None:
        return body if len(body) <= bytes_max else None
    try:
        async with asyncio.timeout(BODY_S_MAX):
            return await _read(request, bytes_max)
    except TimeoutError:
        raise BodyLate from None


async def _read(request: Request, bytes_max: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            return None
        parts.append(chunk)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def answer(
    request: Request, status: int, body: bytes, headers: Sequence[Header] | Fields
) -> None:
    """One whole answer; sets the visitor's cookie when one was made. `Fields` are the quick way."""
    cookie = request.cookie
    if isinstance(headers, Fields):
        whole = request.whole
        if whole is not None:
            made = () if cookie is None else (Fields([(b"set-cookie", cookie.encode())]),)
            await whole.send(status, (headers, *made), body)
            return
        headers = headers.pairs
    out = [*headers, (b"content-length", str(len(body)).encode())]
    if cookie is not None:
        out.append((b"set-cookie", cookie.encode()))
    await request.send({"type": "http.response.start", "status": status, "headers": out})
    payload = b"" if request.scope["method"] == "HEAD" else body
    await request.send({"type": "http.response.body", "body": payload})
