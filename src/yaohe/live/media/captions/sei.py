"""Caption bytes inside a picture: CEA-608 of the first field, as encoders carry it in SEI messages.

A message of type 4 (user data registered by ITU-T T.35) of ATSC (`GA94`, ANSI/SCTE 128) holds
triplets of a kind and two bytes. What does not add up is no caption, never an error: the picture
is what matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yaohe.live.media.codecs.config import VideoConfig
from yaohe.live.media.codecs.tracks import AVC, HEVC

# A picture's captions are at most 31 triplets; more than this in one unit is something else.
UNIT_BYTES_MAX: Final = 4_096
_AVC_SEI: Final = 6
_HEVC_SEI: Final = frozenset({39, 40})
_USER_DATA: Final = 4
_ATSC: Final = b"\xb5\x00\x31GA94\x03"
_HAS_DATA, _COUNT = 0x40, 0x1F
_IS_VALID, _KIND = 0x04, 0x03
_FIRST_FIELD: Final = 0


def caption_pairs(config: VideoConfig, sample: memoryview) -> bytes:
    """The CEA-608 byte pairs of the first field in one access unit; empty where there are none."""
    if config.entry not in (AVC, HEVC):
        return b""
    return b"".join(
        _pairs(body)
        for unit in _sei_units(config, sample)
        for kind, body in _messages(unit)
        if kind == _USER_DATA
    )


def _sei_units(config: VideoConfig, sample: memoryview) -> Iterator[bytes]:
    size, position, end = config.length_size, 0, len(sample)
    is_hevc = config.entry == HEVC
    while position + size < end:
        begin = position + size
        position = begin + int.from_bytes(sample[position:begin], "big")
        head = sample[begin]
        found = (head >> 1 & 0x3F) in _HEVC_SEI if is_hevc else head & 0x1F == _AVC_SEI
        if found and position - begin <= UNIT_BYTES_MAX:
            unit = bytes(sample[begin + (2 if is_hevc else 1) : position])
            # Three bytes that would look like a start code were told apart by an inserted 3.
            yield unit.replace(b"\0\0\3", b"\0\0")


def _messages(unit: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 2 < len(unit):
        kind, position = _number(unit, position)
        size, position = _number(unit, position)
        yield kind, unit[position : position + size]
        position += size


def _number(unit: bytes, position: int) -> tuple[int, int]:
    """A number as SEI writes it, 255 at a time, and where it ends."""
    number = 0
    while position < len(unit) and unit[position] == 0xFF:
        number, position = number + 0xFF, position + 1
    last = unit[position] if position < len(unit) else 0
    return number + last, position + 1


def _pairs(body: bytes) -> bytes:
    """Of the triplets those that are valid and of the first field."""
    head = len(_ATSC)
    if not body.startswith(_ATSC) or len(body) < head + 2 or not body[head] & _HAS_DATA:
        return b""
    triplets = body[head + 2 : head + 2 + 3 * (body[head] & _COUNT)]
    return b"".join(
        triplets[at + 1 : at + 3]
        for at in range(0, len(triplets) - 2, 3)
        if triplets[at] & _IS_VALID and triplets[at] & _KIND == _FIRST_FIELD
    )
