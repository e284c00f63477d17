"""AMF0, the notation of RTMP commands: bounded in depth, entries and length.

Reading anything that is not AMF0 raises `BadBytes` and nothing else. Dates, references and the like
become None: no command needs them.
"""

from __future__ import annotations

import struct

from yaohe.live.media.errors import BadBytes

AmfValue = float | bool | str | None | dict[str, "AmfValue"] | list["AmfValue"]

DEPTH_MAX = 8
ENTRIES_MAX = 512

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL, _UNDEFINED = 0, 1, 2, 3, 5, 6
_REFERENCE, _ECMA_ARRAY, _OBJECT_END, _STRICT_ARRAY, _DATE = 7, 8, 9, 10, 11
_LONG_STRING, _UNSUPPORTED, _XML, _TYPED_OBJECT = 12, 13, 15, 16


class _Reader:
    __slots__ = ("data", "entries", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.entries = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise BadBytes("An RTMP command is cut short.")
        found = self.data[self.position : end]
        self.position = end
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self, size: int) -> str:
        return self.take(self.number(size)).decode("utf-8", "replace")

    def count(self) -> None:
        self.entries += 1
        if self.entries > ENTRIES_MAX:
            raise BadBytes("An RTMP command holds too many values.")

    def value(self, depth: int) -> AmfValue:
        if depth > DEPTH_MAX:
            raise BadBytes("An RTMP command is nested too deeply.")
        self.count()
        kind = self.number(1)
        if kind == _NUMBER:
            return float(struct.unpack(">d", self.take(8))[0])
        if kind == _BOOLEAN:
            return self.number(1) != 0
        if kind == _STRING:
            return self.text(2)
        if kind in (_LONG_STRING, _XML):
            return self.text(4)
        if kind in (_NULL, _UNDEFINED, _UNSUPPORTED):
            return None
        return self.compound(kind, depth)

    def compound(self, kind: int, depth: int) -> AmfValue:
        if kind in (_OBJECT, _ECMA_ARRAY, _TYPED_OBJECT):
            if kind == _ECMA_ARRAY:
                self.take(4)  # a count that senders get wrong
            if kind == _TYPED_OBJECT:
                self.text(2)
            return self.fields(depth)
        if kind == _STRICT_ARRAY:
            count = self.number(4)
            if count > ENTRIES_MAX:
                raise BadBytes("An RTMP command holds too many values.")
            return [self.value(depth + 1) for _ in range(count)]
        if kind == _DATE:
            self.take(10)
            return None
        if kind == _REFERENCE:
            self.take(2)
            return None
        raise BadBytes("An RTMP command holds an unknown kind of value.")

    def fields(self, depth: int) -> dict[str, AmfValue]:
        found: dict[str, AmfValue] = {}
        while True:
            name = self.text(2)
            if not name and self.data[self.position : self.position + 1] == b"\x09":
                self.position += 1
                return found
            found[name] = self.value(depth + 1)


def decode(data: bytes) -> list[AmfValue]:
    """All values of a message, one after the other."""
    reader = _Reader(data)
    values = []
    while reader.position < len(data):
        values.append(reader.value(0))
    return values


def encode(*values: AmfValue) -> bytes:
    return b"".join(_encode(value) for value in values)


def _encode(value: AmfValue) -> bytes:
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01\x01" if value else b"\x01\x00"
    if isinstance(value, float | int):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) > 0xFFFF:
            return b"\x0c" + struct.pack(">I", len(text)) + text
        return b"\x02" + struct.pack(">H", len(text)) + text
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + encode(*value)
    parts = [b"\x03"]
    for name, field in value.items():
        label = name.encode()
        parts.append(struct.pack(">H", len(label)) + label + _encode(field))
    parts.append(b"\x00\x00\x09")
    return b"".join(parts)
