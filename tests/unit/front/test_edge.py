"""The edge: which request goes where, what is refused, and in which shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from tests.support.private import open_to_all

from yaohe.front.edge import Edge, HotRoute, Page
from yaohe.front.request import ASGIApp, Receive, Request, Scope, Send, answer
from yaohe.identity import Identity, Visitor
from yaohe.kernel.clock import ManualClock
from yaohe.kernel.errors import Busy
from yaohe.kernel.limits import Limit


class Wish(msgspec.Struct, frozen=True):
    n: int = 0


class Said(msgspec.Struct, frozen=True):
    n: int
    slot: str


class People:
    """Stands in for identity: the cookie's value is the visitor."""

    def remembers(self, cookie: Callable[[str], str | None]) -> bool:
        return True

    origins = ("https://shop.example",)

    def visitor_of(
        self,
        cookie: Callable[[str], str | None],
        *,
        frame: str | None = None,
        framed: bool = True,
    ) -> Visitor | None:
        value = cookie("yh_v")
        return Visitor(value, "Lin") if value else None

    def new_visitor(self) -> Visitor:
        return Visitor("v_new", "Mei")

    def visitor_cookie(self, visitor: Visitor) -> str:
        return f"yh_v={visitor.id}"


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """Knows every address but `/nothing` and `/lost`, and has a page of its own for the latter."""
    kinds = {"/nothing": b"application/json", "/lost": b"text/html; charset=utf-8"}
    status = 404 if scope["path"] in kinds else 299
    headers = [(b"content-type", kinds.get(scope["path"], b"text/plain"))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"behind"})


async def nothing(request: Request) -> None:
    await answer(request, 404, b"<h1>nothing</h1>", [(b"content-type", b"text/html")])


async def verb(request: Request, slot: str, wish: Wish) -> Said:
    _ = request.visitor
    if wish.n == 13:
        raise RuntimeError("a defect of ours")
    if wish.n == 14:
        raise Busy(retry_after_s=2)
    return Said(wish.n, slot)


def edge(page: Page | None = None, *, wide: int = 100) -> Edge:
    clock = ManualClock()
    route = HotRoute(
        method="POST",
        path="/api/v1/rooms/{room_id}/wishes",
        body=Wish,
        answer=Said,
        status=201,
        verb=verb,
        errors=(),
        summary="",
        limit=Limit(clock, burst=2, per_second=1),
    )
    return Edge(
        cast(ASGIApp, behind),
        routes=(route,),
        pages=lambda method, path: page if path.startswith("/s/") else None,
        nothing=nothing,
        per_address=Limit(clock, burst=wide, per_second=1),
        identity=cast(Identity, People()),
        guard=open_to_all,
    )


async def ask(
    app: Edge,
    method: str = "POST",
    path: str = "/api/v1/rooms/r1/wishes",
    body: bytes = b"",
    **headers: str,
) -> tuple[int, dict[bytes, bytes], Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("203.0.113.7", 1),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }
    await app(scope, receive, send)
    raw = b"".join(message.get("body", b"") for message in sent)
    told = msgspec.json.decode(raw) if raw.startswith(b"{") else raw
    return sent[0]["status"], dict(sent[0]["headers"]), told


async def test_a_hot_route_answers_and_sets_the_cookie() -> None:
    status, headers, told = await ask(edge(), body=b'{"n": 3}')
    assert (status, told) == (201, {"n": 3, "slot": "r1"})
    assert headers[b"set-cookie"] == b"yh_v=v_new"
    _, again, _ = await ask(edge(), cookie="yh_v=v_1")
    assert b"set-cookie" not in again


@pytest.mark.parametrize("path", ["/api/v1/rooms//wishes", "/api/v1/rooms/a/b/wishes", "/other"])
async def test_what_the_table_does_not_know_goes_behind(path: str) -> None:
    assert (await ask(edge(), path=path))[2] == b"behind"
    assert (await ask(edge(), "GET"))[2] == b"behind"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[1]", 422, "not_json"),
        (b"{", 422, "not_json"),
        (b"\xff", 422, "not_json"),
        (b'{"n": "x"}', 422, "not_json"),
        (b" " * 16_385, 413, "body_too_large"),
        (b'{"n": 13}', 500, "internal"),
        (b'{"n": 14}', 503, "busy"),
    ],
)
async def test_every_refusal_has_one_shape(body: bytes, status: int, code: str) -> None:
    got, headers, told = await ask(edge(), body=body)
    assert (got, told["error"]["code"]) == (status, code)
    assert headers[b"content-type"] == b"application/json"
    assert headers.get(b"retry-after") == (b"2" if code == "busy" else None)


async def test_another_site_is_refused() -> None:
    status, _, told = await ask(edge(), origin="https://evil.example", host="shop.example")
    assert (status, told["error"]["code"]) == (403, "wrong_origin")
    assert (await ask(edge(), origin="https://shop.example", host="inner"))[0] == 201


async def test_limits_are_tight_for_a_visitor_and_wide_for_an_address() -> None:
    app = edge(wide=8)
    assert [(await ask(app, cookie="yh_v=v_1"))[0] for _ in range(3)] == [201, 201, 429]
    assert (await ask(app, cookie="yh_v=v_2"))[0] == 201
    # Newcomers behind one carrier share its address: four more are within the wide limit.
    assert [(await ask(app))[0] for _ in range(6)] == [201] * 5 + [429]


async def test_a_page_that_cannot_be_made_is_refused_in_the_same_shape() -> None:
    async def away(request: Request) -> None:
        raise Busy

    async def fine(request: Request) -> None:
        await answer(request, 200, b"page", [])

    status, _, told = await ask(edge(away), "GET", "/s/abc")
    assert (status, told["error"]["code"]) == (503, "busy")
    assert (await ask(edge(fine), "GET", "/s/abc"))[2] == b"page"
    assert (await ask(edge(fine), "HEAD", "/s/abc"))[2] == b""


@pytest.mark.parametrize("path", ["/r/te\x00a", "/api/v1/orders/x\x00", "/s/a\x7fb", "/r/\ufffd"])
async def test_addresses_with_control_characters_are_nobodys(path: str) -> None:
    status, _, told = await ask(edge(), "GET", path)
    assert (status, told["error"]["code"]) == (404, "not_found")


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("method", "path", "accept", "kind"),
    [
        ("GET", "/nothing", BROWSER, b"text/html"),
        ("HEAD", "/nothing", BROWSER, b"text/html"),
        ("GET", "/\x00", BROWSER, b"text/html"),
        ("GET", "/nothing", "*/*", b"application/json"),
        ("GET", "/nothing", "application/json", b"application/json"),
        ("POST", "/nothing", BROWSER, b"application/json"),
        ("GET", "/api/v1/nothing\x00", BROWSER, b"application/json"),
        ("GET", "/lost", BROWSER, b"text/html; charset=utf-8"),  # a page of its own
    ],
)
async def test_a_person_who_finds_nothing_sees_a_page(
    method: str, path: str, accept: str, kind: bytes
) -> None:
    status, headers, told = await ask(edge(), method, path, accept=accept)
    assert (status, headers[b"content-type"]) == (404, kind)
    if kind == b"text/html":
        assert told == (b"" if method == "HEAD" else b"<h1>nothing</h1>")


async def test_a_person_who_finds_something_behind_gets_it_whole() -> None:
    assert (await ask(edge(), "GET", "/metrics", accept=BROWSER))[2] == b"behind"
    assert (await ask(edge(), "GET", "/sandbox/cashier/x", accept=BROWSER))[0] == 299


async def test_nesting_without_end_is_no_json() -> None:
    status, _, told = await ask(edge(), body=b"[" * 16_000)
    assert (status, told["error"]["code"]) == (422, "not_json")


async def test_an_announced_flood_is_refused_at_once() -> None:
    status, _, told = await ask(edge(), content_length="99999999999999")
    assert (status, told["error"]["code"]) == (413, "body_too_large")


async def test_changing_requests_behind_the_edge_count_for_their_address_too() -> None:
    busy = edge(wide=2)
    for _ in range(2):
        assert (await ask(busy, path="/api/v1/orders"))[0] == 299
    assert (await ask(busy, path="/api/v1/orders"))[0] == 429
