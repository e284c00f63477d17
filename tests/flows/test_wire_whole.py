"""Whole answers, pinned to uvicorn 0.54: the same on the wire as an answer by ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.wire import dialled, on_uvloop, serving

from yaohe.kernel.wire import WHOLE, Fields

FIELDS = Fields([(b"content-type", b"text/plain"), (b"x-more", "é".encode())])
COOKIE = Fields([(b"set-cookie", b"a=b")])


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/whole…` by one write, everything else as ASGI has it; the bodies are their paths."""
    body = scope["path"].encode()
    if scope["path"].startswith("/whole"):
        await scope["extensions"][WHOLE].send(200, (FIELDS, COOKIE), body)
        return
    head = [*FIELDS.pairs, *COOKIE.pairs, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@on_uvloop
async def test_an_answer_in_one_write_is_an_answer() -> None:
    async with serving(app=app) as server, dialled(server) as peer:
        for path in ("/whole", "/asgi!"):
            peer.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
            status, fields, body = await peer.answer()
            assert (status, body) == (200, path.encode())
            fields.pop("date", None)
            assert sorted(fields) == ["content-length", "content-type", "set-cookie", "x-more"]
        peer.send(
            "GET /whole/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /asgi HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /whole/3 HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        bodies = [(await peer.answer())[2] for _ in range(3)]
        assert bodies == [b"/whole/1", b"/asgi", b"/whole/3"]


@on_uvloop
async def test_head_and_the_last_answer_of_a_connection() -> None:
    async with serving(app=app) as server, dialled(server) as peer:
        peer.send("HEAD /whole HTTP/1.1\r\nHost: x\r\n\r\n")
        status, fields = await peer.head()
        assert (status, fields["content-length"]) == (200, "6")
        peer.send("GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        status, fields, body = await peer.answer()
        assert (status, fields["connection"], body) == (200, "close", b"/whole")
        assert await peer.at_end()


@on_uvloop
async def test_a_body_that_came_with_its_head_is_there_at_once() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        whole = scope["extensions"][WHOLE]
        body = whole.body()
        if body is None:
            while (message := await receive()).get("more_body"):
                continue
            body = b"later " + message["body"]
        await whole.send(200, (FIELDS,), body)

    async with serving(app=echo) as server, dialled(server) as peer:
        peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        assert (await peer.answer())[2] == b"abc"
        peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
        await asyncio.sleep(0.1)
        peer.send("abc")
        assert (await peer.answer())[2] == b"later abc"


@pytest.mark.parametrize(
    "pair", [(b"set-cookie", b"a\r\nb: c"), (b"X-Upper", b"1"), (b"", b"1"), (b"a b", b"1")]
)
def test_what_is_no_header_field_is_refused(pair: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="is not a header field"):
        Fields([pair])
