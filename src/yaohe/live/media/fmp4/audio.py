"""The sound alone, cut out of bytes that hold both tracks: nothing is decoded or muxed again.

A fragment is one moof and mdat per track, so leaving one track out is leaving whole boxes out; of
the init the other track's `trak` and `trex` go.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from yaohe.live.media.fmp4.boxes import box, walk
from yaohe.live.media.fmp4.init import AUDIO_TRACK

# moof(8) mfhd(16) traf(8) tfhd(12): the track's number stands here, as `fragment.py` writes it.
_TRACK_AT = 8 + 16 + 8 + 12
_WORD = struct.Struct(">I")


def audio_codec(codecs: str) -> str:
    """Of the codecs of both, `avc1.64001f,mp4a.40.2`, the sound's."""
    return codecs.rpartition(",")[2]


@lru_cache(maxsize=64)
def audio_init(init: bytes) -> bytes:
    """The init of the sound alone."""
    parts = []
    for kind, payload in walk(init):
        parts.append(box(kind, _audio_moov(payload) if kind == b"moov" else payload))
    return b"".join(parts)


def audio_only(data: bytes) -> bytes:
    """The sound of whole fragments that lie one after the other."""
    view, position, parts = memoryview(data), 0, []
    keep = False
    while position + 8 <= len(data):
        (size,) = _WORD.unpack_from(data, position)
        if size < 8:
            break
        if data[position + 4 : position + 8] == b"moof":
            (track,) = _WORD.unpack_from(data, position + _TRACK_AT)
            keep = track == AUDIO_TRACK
        if keep:
            parts.append(view[position : position + size])
        position += size
    return b"".join(parts)


def _audio_moov(moov: bytes) -> bytes:
    parts = []
    for kind, payload in walk(moov):
        if kind == b"mvex":
            extends = [box(b"trex", trex) for _, trex in walk(payload) if _is_audio(trex, 4)]
            parts.append(box(kind, *extends))
        elif kind != b"trak" or any(
            # tkhd: version and flags, two times, then the track's number.
            name == b"tkhd" and _is_audio(head, 12)
            for name, head in walk(payload)
        ):
            parts.append(box(kind, payload))
    return b"".join(parts)


def _is_audio(payload: bytes, at: int) -> bool:
    return bool(_WORD.unpack_from(payload, at) == (AUDIO_TRACK,))
