"""Addresses that are nobody's: a browser gets a page that says so, a program JSON as for every
error."""

from __future__ import annotations

from typing import Final

from yaohe.front.request import ASGIApp, Message, Receive, Scope, Send

_NOT_FOUND: Final = 404
_API: Final = ("/api/", "/metrics", "/healthz", "/readyz")


def wants_page(scope: Scope) -> bool:
    """Whether a person looks at the answer: their browser asks for a document, and not at the
    addresses of programs, where they want to see what a program sees."""
    if scope["method"] not in {"GET", "HEAD"} or str(scope["path"]).startswith(_API):
        return False
    accept: bytes = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accept


async def is_found(behind: ASGIApp, scope: Scope, receive: Receive, send: Send) -> bool:
    """Let the application answer. False when all it had was the JSON of "nothing here"; then
    nothing was sent yet. Its own pages about what is missing pass."""
    missing = False

    async def unless_missing(message: Message) -> None:
        nonlocal missing
        if message["type"] == "http.response.start" and message["status"] == _NOT_FOUND:
            kind = dict(message.get("headers", ())).get(b"content-type", b"")
            missing = not kind.startswith(b"text/html")
        if not missing:
            await send(message)

    await behind(scope, receive, unless_missing)
    return not missing
