"""H.264 as WebRTC brings it (Annex B, parameter sets in the stream) into what MP4 holds."""

from __future__ import annotations

import msgspec

_IDR, _SPS, _PPS = 5, 7, 8
# Delimiters, ends and fillers have no place in MP4; parameter sets live in the avcC record.
_LEFT_OUT = frozenset({_SPS, _PPS, 9, 10, 11, 12, 13})
_WITH_CHROMA = frozenset({100, 110, 122, 144, 244})
_SETS_MAX = 16


class AccessUnit(msgspec.Struct, frozen=True):
    keyframe: bool
    data: bytes


def nal_units(annex_b: bytes) -> list[bytes]:
    """The units between start codes. A unit never ends in zero bytes, so those are the code's."""
    units = (part.rstrip(b"\0") for part in annex_b.split(b"\0\0\1"))
    return [unit for unit in units if unit]


class UnitReader:
    """Remembers the parameter sets of one stream; `record` is empty until both kinds came."""

    def __init__(self) -> None:
        self.record = b""
        self._sps: list[bytes] = []
        self._pps: list[bytes] = []

    def read(self, annex_b: bytes) -> AccessUnit | None:
        """One frame; None when nothing in it is to be shown."""
        units = nal_units(annex_b)
        sps = [unit for unit in units if unit[0] & 31 == _SPS and len(unit) >= 4]
        pps = [unit for unit in units if unit[0] & 31 == _PPS]
        if sps:
            self._sps = sps[:_SETS_MAX]
        if pps:
            self._pps = pps[:_SETS_MAX]
        if (sps or pps) and self._sps and self._pps:
            self.record = avc_record(self._sps, self._pps)
        kept = [unit for unit in units if unit[0] & 31 not in _LEFT_OUT]
        if not kept:
            return None
        keyframe = any(unit[0] & 31 == _IDR for unit in kept)
        return AccessUnit(keyframe, b"".join(len(u).to_bytes(4, "big") + u for u in kept))


def avc_record(sps: list[bytes], pps: list[bytes]) -> bytes:
    """An AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1) with four-byte lengths."""
    first = sps[0]
    parts = [bytes((1, first[1], first[2], first[3], 0xFF, 0xE0 | len(sps)))]
    parts += [len(unit).to_bytes(2, "big") + unit for unit in sps]
    parts.append(bytes((len(pps),)))
    parts += [len(unit).to_bytes(2, "big") + unit for unit in pps]
    if first[1] in _WITH_CHROMA:
        # 4:2:0 with 8 bits: other kinds are refused from the parameter set itself.
        parts.append(b"\xfd\xf8\xf8\x00")
    return b"".join(parts)
