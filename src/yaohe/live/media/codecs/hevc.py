"""H.265: the decoder configuration record (hvcC) and what its first SPS says.

4:2:0 with 8 or 10 bits is taken; which of it a browser plays, the browser says. Pixels are taken as
square: the aspect ratio lies behind lists that only a decoder needs.
"""

from __future__ import annotations

from yaohe.live.media.codecs.avc import SIDE_MAX, unescape
from yaohe.live.media.codecs.bits import BitReader
from yaohe.live.media.codecs.config import VideoConfig
from yaohe.live.media.errors import BadBytes, CodecUnsupported

_VPS, _SPS, _PPS = 32, 33, 34
_SPACES = ("", "A", "B", "C")
_ARRAYS_MAX = 16


def parse_hevc_config(record: bytes) -> VideoConfig:
    """Read an HEVCDecoderConfigurationRecord (ISO 14496-15, 8.3.3.1)."""
    if len(record) < 23 or record[0] != 1:
        raise BadBytes("The H.265 configuration is not readable.")
    length_size = (record[21] & 3) + 1
    if length_size == 3:
        raise BadBytes("The H.265 configuration names an impossible length size.")
    chroma, depth = record[16] & 3, 8 + (record[17] & 7)
    if chroma != 1 or depth > 10:
        raise CodecUnsupported(
            "Your encoder sends an unusual H.265; set it to profile Main with pixel format yuv420p."
        )
    sets = _parameter_sets(record)
    if not {_VPS, _SPS, _PPS} <= sets.keys():
        raise BadBytes("The H.265 configuration holds no parameter sets.")
    width, height = picture_size(sets[_SPS])
    return VideoConfig(
        entry=b"hvc1",
        box=b"hvcC",
        record=record,
        codec=_codec_string(record),
        length_size=length_size,
        width=width,
        height=height,
    )


def _parameter_sets(record: bytes) -> dict[int, bytes]:
    """The first set of each kind."""
    found: dict[int, bytes] = {}
    position, count = 23, record[22]
    if count > _ARRAYS_MAX:
        raise BadBytes("The H.265 configuration holds an impossible number.")
    for _ in range(count):
        head = record[position : position + 3]
        position += 3
        for _ in range(int.from_bytes(head[1:], "big")):
            length = int.from_bytes(record[position : position + 2], "big")
            position += 2
            if length == 0 or position + length > len(record):
                raise BadBytes("The H.265 configuration is cut short.")
            found.setdefault(head[0] & 63, record[position : position + length])
            position += length
    return found


def _codec_string(record: bytes) -> str:
    """ISO 14496-15, annex E: `hvc1.1.6.L93.B0`."""
    head, level = record[1], record[12]
    compatible = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    constraints = record[6:12].rstrip(b"\0")
    return ".".join((
        "hvc1",
        f"{_SPACES[head >> 6]}{head & 31}",
        f"{compatible:x}",
        f"{'H' if head & 32 else 'L'}{level}",
        *(f"{number:X}" for number in constraints),
    ))  # fmt: skip


def picture_size(nal: bytes) -> tuple[int, int]:
    """Width and height by a sequence parameter set (H.265, 7.3.2.2)."""
    if len(nal) < 4 or nal[0] >> 1 & 63 != _SPS:
        raise BadBytes("The H.265 configuration holds no sequence parameter set.")
    bits = BitReader(unescape(nal[2:1024]))
    bits.read(4)
    layers = bits.read(3)
    bits.flag()
    _skip_profile(bits, layers)
    bits.unsigned()
    chroma = bits.unsigned()
    if chroma == 3:
        bits.flag()
    width, height = bits.unsigned(), bits.unsigned()
    if bits.flag():
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1)
    if not (2 <= width <= SIDE_MAX and 2 <= height <= SIDE_MAX):
        raise BadBytes("The H.265 configuration names an impossible picture size.")
    return width, height


def _skip_profile(bits: BitReader, layers: int) -> None:
    """profile_tier_level: the general part, and that of each sub-layer which has one."""
    bits.read(96)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.read(2 * (8 - layers))
    for profile, level in present:
        bits.read((88 if profile else 0) + (8 if level else 0))
