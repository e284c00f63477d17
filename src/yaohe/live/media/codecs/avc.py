"""H.264: the decoder configuration record (avcC) and what its first SPS says.

Only what browsers play is taken: 8 bit 4:2:0. Anything else is refused with the setting to change.
"""

from __future__ import annotations

import msgspec

from yaohe.live.media.codecs.bits import BitReader
from yaohe.live.media.codecs.config import VideoConfig
from yaohe.live.media.errors import BadBytes, CodecUnsupported

_PROFILES = {
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4",
    44: "CAVLC 4:4:4",
}
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_ASPECTS = (
    (1, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip
SIDE_MAX = 8_192


class Sps(msgspec.Struct, frozen=True):
    profile: int
    level: int
    width: int
    height: int
    chroma: int
    bit_depth: int
    aspect: tuple[int, int]


def parse_avc_config(record: bytes) -> VideoConfig:
    """Read an AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1)."""
    if len(record) < 8 or record[0] != 1:
        raise BadBytes("The H.264 configuration is not readable.")
    length_size = (record[4] & 3) + 1
    if length_size == 3:
        raise BadBytes("The H.264 configuration names an impossible length size.")
    sets, position = _parameter_sets(record, 6, record[5] & 31)
    if position >= len(record):
        raise BadBytes("The H.264 configuration is cut short.")
    pictures, _ = _parameter_sets(record, position + 1, record[position])
    if not sets or not pictures:
        raise BadBytes("The H.264 configuration holds no parameter sets.")
    sps = parse_sps(sets[0])
    if sps.chroma != 1 or sps.bit_depth != 8 or sps.profile == 88:
        name = _PROFILES.get(sps.profile, f"profile {sps.profile}")
        raise CodecUnsupported(
            f"Your encoder sends H.264 {name}; set it to profile High with pixel format yuv420p."
        )
    return VideoConfig(
        entry=b"avc1",
        box=b"avcC",
        record=record,
        codec=f"avc1.{record[1]:02x}{record[2]:02x}{record[3]:02x}",
        length_size=length_size,
        width=sps.width,
        height=sps.height,
        aspect=sps.aspect,
    )


def _parameter_sets(record: bytes, position: int, count: int) -> tuple[list[bytes], int]:
    found = []
    for _ in range(count):
        length = int.from_bytes(record[position : position + 2], "big")
        position += 2
        if length == 0 or position + length > len(record):
            raise BadBytes("The H.264 configuration is cut short.")
        found.append(record[position : position + length])
        position += length
    return found, position


def parse_sps(nal: bytes) -> Sps:
    """Read a sequence parameter set (ISO 14496-10, 7.3.2.1.1) as far as its picture's shape."""
    if len(nal) < 4 or nal[0] & 31 != 7:
        raise BadBytes("The H.264 configuration holds no sequence parameter set.")
    bits = BitReader(unescape(nal[1:1024]))
    profile, _, level = bits.read(8), bits.read(8), bits.read(8)
    bits.unsigned()
    chroma, bit_depth, planes = 1, 8, False
    if profile in _WITH_CHROMA:
        chroma = bits.unsigned()
        if chroma == 3:
            planes = bits.flag()
        bit_depth = 8 + bits.unsigned()
        bits.unsigned()
        bits.flag()
        if bits.flag():
            for index in range(12 if chroma == 3 else 8):
                if bits.flag():
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.unsigned()
    _skip_picture_order(bits)
    bits.unsigned()
    bits.flag()
    width = (bits.unsigned() + 1) * 16
    map_units = bits.unsigned() + 1
    whole_frames = bits.flag()
    height = map_units * 16 * (1 if whole_frames else 2)
    if not whole_frames:
        bits.flag()
    bits.flag()
    if bits.flag():
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across = 2 if chroma in (1, 2) and not planes else 1
        down = (2 if chroma == 1 and not planes else 1) * (1 if whole_frames else 2)
        width -= (left + right) * across
        height -= (top + bottom) * down
    if not (2 <= width <= SIDE_MAX and 2 <= height <= SIDE_MAX):
        raise BadBytes("The H.264 configuration names an impossible picture size.")
    aspect = _aspect(bits)
    return Sps(profile, level, width, height, chroma, bit_depth, aspect)


def unescape(payload: bytes) -> bytes:
    """Take the emulation prevention bytes out: 00 00 03 stands for 00 00."""
    return payload.replace(b"\0\0\3", b"\0\0")


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed() + 256) % 256
        last = following or last


def _skip_picture_order(bits: BitReader) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.flag()
        bits.signed()
        bits.signed()
        count = bits.unsigned()
        if count > 255:
            raise BadBytes("The H.264 configuration holds an impossible number.")
        for _ in range(count):
            bits.signed()
    elif kind != 2:
        raise BadBytes("The H.264 configuration holds an impossible number.")


def _aspect(bits: BitReader) -> tuple[int, int]:
    """The pixel's aspect ratio; square when the usability part is absent or cut short."""
    try:
        if not (bits.flag() and bits.flag()):
            return 1, 1
        kind = bits.read(8)
        if kind == 255:
            across, down = bits.read(16), bits.read(16)
            return (across, down) if across and down else (1, 1)
    except BadBytes:
        return 1, 1
    return _ASPECTS[kind] if kind < len(_ASPECTS) else (1, 1)


def is_well_formed(sample: memoryview, length_size: int) -> bool:
    """True when `sample` is whole length-prefixed NAL units, as players demand."""
    position, end = 0, len(sample)
    while position + length_size < end:
        length = int.from_bytes(sample[position : position + length_size], "big")
        if length == 0:
            return False
        position += length_size + length
    return position == end and end > 0
