"""Documents that are compressed once and finished per reader.

A template is HTML with `{{name}}` slots. Most slots change with the room (once a second at most),
a few with the share (the invitation, its address). The text between share slots is deflated once
per room state with a full flush at its end (RFC 1951: the next block needs no history); the few
words of a share go between as stored blocks. Finishing a page for one share is then a join and one
CRC, about 15 µs instead of the 1.5 ms that compressing the whole page takes, for some 100 bytes
more on the wire.
"""

from __future__ import annotations

import html
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 9
_LAST = b"\x03\x00"  # an empty last block
_STORED_MAX = 2_048  # longer words of a share are worth deflating
_SHORT = 192  # less text than this between two share slots is not worth a block of its own
_LARGE = 1_024  # a value of this size is a block of its own: styles and scripts never change
_LENGTHS = struct.Struct("<HH")


class Raw(str):
    """Text that is already HTML; everything else is escaped on its way in."""

    __slots__ = ()


def escape(value: str) -> str:
    return value if isinstance(value, Raw) else html.escape(value, quote=True)


def json_for_script(value: object) -> Raw:
    """JSON that is safe inside `<script type="application/json">` (`<` cannot close the tag)."""
    text = msgspec.json.encode(value).decode()
    return Raw(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def mark(slot: str) -> str:
    """Where a late slot stands inside a value given to `prepare`. Texts of people hold no NUL."""
    return f"\x00{slot}\x00"


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def _stored(data: bytes) -> bytes:
    """A block without compression; every block before it has ended on a whole byte."""
    if len(data) > _STORED_MAX:
        return _deflate(data)
    return b"\x00" + _LENGTHS.pack(len(data), len(data) ^ 0xFFFF) + data


@dataclass(frozen=True, slots=True)
class _Block:
    """A stretch of the page that is the same for every reader: its text and its deflated form."""

    text: bytes
    packed: bytes


@lru_cache(maxsize=96)
def _block(text: str) -> _Block:
    """Styles, scripts and most sentences are the same in every page of every second."""
    data = text.encode()
    return _Block(data, _deflate(data))


_Words = list[bytes | str]  # texts as they are, and names of late slots


class Prepared:
    """A template with its room filled in, waiting for the few words of one share."""

    __slots__ = ("_parts",)

    def __init__(self, parts: list[_Block | _Words]) -> None:
        self._parts = parts

    def finish(self, values: Mapping[str, str]) -> bytes:
        """The whole document as one gzip member (RFC 1952)."""
        ready = {slot: escape(value).encode() for slot, value in values.items()}
        out = [_GZIP_HEAD]
        crc = size = 0
        for part in self._parts:
            if isinstance(part, _Block):
                text, packed = part.text, part.packed
            else:
                text = b"".join([ready[p] if isinstance(p, str) else p for p in part])
                packed = _stored(text)
            crc = zlib.crc32(text, crc)
            size += len(text)
            out.append(packed)
        out += (_LAST, struct.pack("<II", crc, size & 0xFFFFFFFF))
        return b"".join(out)


class Template:
    """HTML with slots. `late` names the slots that are filled per share."""

    def __init__(self, source: str, *, late: frozenset[str] = frozenset()) -> None:
        pieces = _SLOT.split(source)
        self._texts = pieces[0::2]
        self._slots = pieces[1::2]
        self._late = late
        self._marks = re.compile("\x00(" + "|".join(sorted(late) or ["(?!)"]) + ")\x00")

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(self._slots)

    def prepare(self, values: Mapping[str, str]) -> Prepared:
        """Fill everything but the late slots; a slot without a value is an error (KeyError).

        A value may hold late slots of its own (`mark`).
        """
        parts: list[_Block | _Words] = []
        text = [self._texts[0]]
        for slot, following in zip(self._slots, self._texts[1:], strict=True):
            is_late = slot in self._late and slot not in values
            value = mark(slot) if is_late else escape(values[slot])
            if len(value) < _LARGE:
                text += [value, following]
            else:
                parts += [*self._cut("".join(text)), _block(value)]
                text = [following]
        return Prepared(parts + self._cut("".join(text)))

    def _cut(self, text: str) -> list[_Block | _Words]:
        """Blocks, and between them the words of a share with the short texts around them."""
        pieces = self._marks.split(text)
        parts: list[_Block | _Words] = [_block(pieces[0])]
        words: _Words = []
        for slot, following in zip(pieces[1::2], pieces[2::2], strict=True):
            words.append(slot)
            if len(following) < _SHORT:
                words.append(following.encode())
            else:
                parts += [words, _block(following)]
                words = []
        return [*parts, words] if words else parts

    def fill(self, values: Mapping[str, str]) -> str:
        """The filled text itself, for a part that goes into another document."""
        out = [self._texts[0]]
        for slot, following in zip(self._slots, self._texts[1:], strict=True):
            out += [escape(values[slot]), following]
        return "".join(out)
