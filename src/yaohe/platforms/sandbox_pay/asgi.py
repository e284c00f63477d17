"""A request and an answer of the sandbox, and nothing else of HTTP: it starts in a blink."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import msgspec

BODY_BYTES_MAX: Final = 65_536

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    scheme: str = "http"
    names: dict[str, str] = field(default_factory=dict)  # what the path's pattern caught

    @property
    def target(self) -> str:
        """The path with its query, as it was signed."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def parameter(self, name: str) -> str:
        return _first(self.query, name)

    def form(self, name: str) -> str:
        return _first(self.body.decode("utf-8", "replace"), name)

    def cookie(self, name: str) -> str:
        for piece in self.headers.get("cookie", "").split(";"):
            key, _, value = piece.strip().partition("=")
            if key == name:
                return value
        return ""

    def named(self, names: dict[str, str]) -> Asked:
        return replace(self, names=names)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(said: object, *, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(said), {"content-type": "application/json"})


Handler = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler

    @classmethod
    def to(cls, method: str, path: str, handler: Handler) -> Route:
        """`{name}` in `path` stands for one piece of it."""
        return cls(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler)


def find(routes: Iterable[Route], asked: Asked) -> tuple[Handler, Asked] | None:
    for route in routes:
        if route.method == asked.method and (found := route.pattern.fullmatch(asked.path)):
            names = {name: unquote(value) for name, value in found.groupdict().items()}
            return route.handler, asked.named(names)
    return None


async def read(scope: Scope, receive: Receive) -> Asked | None:
    """The request; None when its body is larger than anything that is taken here."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body"):
            break
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Asked(
        method=scope["method"],
        path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=bytes(body),
        scheme=headers.get("x-forwarded-proto", "http"),
    )


async def write(answer: Answer, send: Send) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body})


def _first(query: str, name: str) -> str:
    return parse_qs(query, max_num_fields=50).get(name, [""])[0]
