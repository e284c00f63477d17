"""Frames and chunks, byte for byte."""

from __future__ import annotations

import json

import pytest

from yaohe.kernel.wire.frames import BINARY, TEXT, head, http_chunk, refusal, ws_frame


@pytest.mark.parametrize(
    ("size", "start"),
    [
        (0, b"\x82\x00"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frames_have_the_shortest_length_and_no_mask(size: int, start: bytes) -> None:
    payload = b"p" * size
    assert ws_frame(BINARY, payload) == start + payload


def test_a_text_frame() -> None:
    assert ws_frame(TEXT, b"{}") == b"\x81\x02{}"


def test_chunks() -> None:
    assert http_chunk(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
    assert http_chunk(b"") == b""


def test_heads_and_refusals() -> None:
    assert head(200, [("a", "b")]) == b"HTTP/1.1 200 OK\r\na: b\r\n\r\n"
    raw = refusal(431, "head_too_large", "Too large.", [("retry-after", "1")])
    start, _, body = raw.partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 431 ")
    assert b"content-length: %d" % len(body) in start
    assert b"retry-after: 1" in start
    assert json.loads(body) == {"error": {"code": "head_too_large", "message": "Too large."}}
