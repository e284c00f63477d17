"""Bytes as they stand on the wire, built once and shared by everyone who gets them.

Server WebSocket frames are unmasked, so the whole frame is the same for all receivers. picows'
own `send()` corrupts payloads over 8 KB on a busy uvloop transport; writing frames built here to
the underlying transport does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

LAST_CHUNK: Final = b"0\r\n\r\n"


def ws_frame(opcode: int, payload: bytes) -> bytes:
    """One unmasked, unfragmented server frame."""
    size = len(payload)
    first = 0x80 | opcode
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def http_chunk(payload: bytes) -> bytes:
    """One chunk of a chunked body; an empty payload is no chunk, since that would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


def head(status: int, headers: Iterable[tuple[str, str]], *, version: str = "1.1") -> bytes:
    """Status line and headers, ended by the empty line."""
    phrase = HTTPStatus(status).phrase
    lines = [f"HTTP/{version} {status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def refusal(status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A whole answer that closes the connection, in the shape of every other error."""
    body = json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False).encode()
    fields = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
        *headers,
    ]
    return head(status, fields) + body
