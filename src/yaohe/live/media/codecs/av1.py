"""AV1: the configuration record (av1C), its sequence header, and the units of a sample.

The main profile (4:2:0, 8 or 10 bits) is taken; which of it a browser plays, the browser says.
"""

from __future__ import annotations

from yaohe.live.media.codecs.avc import SIDE_MAX
from yaohe.live.media.codecs.bits import BitReader
from yaohe.live.media.codecs.config import VideoConfig
from yaohe.live.media.errors import BadBytes, CodecUnsupported

_SEQUENCE_HEADER, _TEMPORAL_DELIMITER = 1, 2
_UNITS_MAX = 4_096


def parse_av1_config(record: bytes) -> VideoConfig:
    """Read an AV1CodecConfigurationRecord (AV1 in ISOBMFF, 2.3.3)."""
    if len(record) < 4 or record[0] != 0x81:
        raise BadBytes("The AV1 configuration is not readable.")
    profile, level = record[1] >> 5, record[1] & 31
    tier, deep, twelve = record[2] >> 7, record[2] >> 6 & 1, record[2] >> 5 & 1
    if profile != 0 or twelve:
        raise CodecUnsupported(
            "Your encoder sends an unusual AV1; set it to profile Main with pixel format yuv420p."
        )
    units = _units(memoryview(record)[4:])
    header = next((body for kind, _, body in units or () if kind == _SEQUENCE_HEADER), None)
    if header is None:
        raise BadBytes("The AV1 configuration holds no sequence header.")
    width, height = picture_size(bytes(header))
    return VideoConfig(
        entry=b"av01",
        box=b"av1C",
        record=record,
        codec=f"av01.{profile}.{level:02d}{'H' if tier else 'M'}.{10 if deep else 8:02d}",
        length_size=0,
        width=width,
        height=height,
    )


def picture_size(header: bytes) -> tuple[int, int]:
    """The largest frame by a sequence header (AV1, 5.5)."""
    bits = BitReader(header[:256])
    bits.read(4)  # profile, still picture
    if bits.flag():
        bits.read(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.read(4) + 1, bits.read(4) + 1
    width, height = bits.read(across) + 1, bits.read(down) + 1
    if not (2 <= width <= SIDE_MAX and 2 <= height <= SIDE_MAX):
        raise BadBytes("The AV1 configuration names an impossible picture size.")
    return width, height


def _skip_operating_points(bits: BitReader) -> None:
    delay_size = 0
    if bits.flag():  # timing
        bits.read(64)
        if bits.flag():
            bits.unsigned()
        if bits.flag():  # decoder model
            delay_size = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.flag()
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.flag()
        if delay_size and bits.flag():
            bits.read(2 * delay_size + 1)
        if has_display_delay and bits.flag():
            bits.read(4)


def av1_sample(data: memoryview) -> memoryview | None:
    """The sample without the temporal delimiter in front, as MP4 wants it; None when it is not
    whole units."""
    units = _units(data)
    if not units:
        return None
    start = next((at for kind, at, _ in units if kind != _TEMPORAL_DELIMITER), None)
    return None if start is None else data[start:]


def _units(data: memoryview) -> list[tuple[int, int, memoryview]] | None:
    """(kind, where it begins, payload) of all units; None when they do not fill `data`."""
    found: list[tuple[int, int, memoryview]] = []
    position, end = 0, len(data)
    while position < end:
        begin, head = position, data[position]
        if head & 0x81 or len(found) >= _UNITS_MAX:
            return None
        position += 2 if head & 4 else 1
        size = end - position
        if head & 2:
            size, position = _leb128(data, position)
        if size < 0 or position + size > end:
            return None
        found.append((head >> 3 & 15, begin, data[position : position + size]))
        position += size
    return found


def _leb128(data: memoryview, position: int) -> tuple[int, int]:
    number = 0
    for place in range(8):
        if position + place >= len(data):
            break
        byte = data[position + place]
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            return number, position + place + 1
    return -1, position
