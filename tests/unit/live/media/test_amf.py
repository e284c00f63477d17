"""AMF0: what we write we read, and strangers' bytes end in a refusal or in values."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.live.media.errors import BadBytes
from yaohe.live.media.rtmp.amf import DEPTH_MAX, decode, encode

leaves = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=40)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=DEPTH_MAX,
)


@given(st.lists(values, max_size=5))
def test_what_is_written_is_read(given_values: list[object]) -> None:
    assert decode(encode(*given_values)) == given_values  # type: ignore[arg-type]


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_read(data: bytes) -> None:
    with suppress(BadBytes):
        decode(data)


def test_a_connect_command_as_ffmpeg_sends_it() -> None:
    wire = encode("connect", 1.0, {"app": "live", "tcUrl": "rtmp://x/live", "type": "nonprivate"})
    assert wire.startswith(b"\x02\x00\x07connect\x00\x3f\xf0")
    assert decode(wire)[2] == {"app": "live", "tcUrl": "rtmp://x/live", "type": "nonprivate"}


def test_arrays_with_a_wrong_count_are_read_to_their_end() -> None:
    fields = b"\x00\x05width" + encode(1280.0) + b"\x00\x00\x09"
    assert decode(b"\x08" + struct.pack(">I", 999) + fields) == [{"width": 1280.0}]


def test_dates_references_and_long_strings() -> None:
    wire = b"\x0b" + bytes(10) + b"\x07\x00\x01" + b"\x0c\x00\x00\x00\x02ok" + b"\x06\x0d"
    assert decode(wire) == [None, None, "ok", None, None]
    long = "x" * 70_000
    assert decode(encode(long)) == [long]


def test_depth_and_size_are_bounded() -> None:
    nested = b"\x03\x00\x01a" * (DEPTH_MAX + 2) + b"\x05"
    with pytest.raises(BadBytes):
        decode(nested)
    with pytest.raises(BadBytes):
        decode(b"\x05" * 1_000)
    with pytest.raises(BadBytes):
        decode(b"\x0a\xff\xff\xff\xff")
    with pytest.raises(BadBytes):
        decode(b"\x11")
