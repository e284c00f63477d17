"""ISO base media boxes: a size, four letters and a payload (ISO 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEAD = struct.Struct(">I4s")


def box(kind: bytes, *parts: bytes | memoryview) -> bytes:
    payload = b"".join(parts)
    return _HEAD.pack(8 + len(payload), kind) + payload


def full_box(kind: bytes, version: int, flags: int, *parts: bytes | memoryview) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie side by side in `data`, as (kind, payload)."""
    position = 0
    while position + 8 <= len(data):
        size, kind = _HEAD.unpack_from(data, position)
        if size < 8 or position + size > len(data):
            return
        yield kind, data[position + 8 : position + size]
        position += size
