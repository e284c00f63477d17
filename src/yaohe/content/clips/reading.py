"""What lies in a room's own fragments: tracks, samples, and where their bytes are.

The input is what `live.media` wrote: an init (`ftyp`, `moov`) and fragments (`moof`, `mdat`, one
track each, offsets relative to the moof). It comes from disk, so every number is checked against
the bytes that are there (ISO 14496-12; what follows the numbers 8.8.7 and 8.8.8 is read here).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import msgspec

from yaohe.content.clips.errors import ClipUnreadable
from yaohe.live.media.fmp4 import box

_BASE_OFFSET, _DESCRIPTION, _DURATION, _SIZE, _FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
_RUN_OFFSET, _RUN_FIRST, _RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_COMPOSED = (
    0x1, 0x4, 0x100, 0x200, 0x400, 0x800,
)  # fmt: skip
_NON_SYNC = 0x1_0000
# 8 and more bytes of every sample stand in a run: a count beyond this is a lie.
_SAMPLES_MAX = 100_000


class Sample(msgspec.Struct):
    """One picture or frame of sound; times in the track's scale."""

    dts: int
    duration: int
    offset: int
    sync: bool
    data: memoryview


class Track(msgspec.Struct, kw_only=True):
    """A track of the init, and the samples found for it."""

    number: int
    kind: bytes  # "vide" or "soun"
    timescale: int
    handler: bytes
    media_head: bytes
    data_info: bytes
    description: bytes
    volume: int
    width: int  # 16.16
    height: int
    default_flags: int = 0
    samples: list[Sample] = msgspec.field(default_factory=list)


def read_tracks(init: bytes, fragments: Sequence[bytes]) -> list[Track]:
    """The tracks of `init` with all their samples, in the order they lie; the bytes are shared."""
    try:
        tracks = {track.number: track for track in _tracks(memoryview(init))}
        for fragment in fragments:
            _read_fragments(memoryview(fragment), tracks)
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise ClipUnreadable from error
    return list(tracks.values())


def _boxes(data: memoryview) -> Iterator[tuple[bytes, int, memoryview]]:
    """(kind, where it begins, payload) of the boxes side by side in `data`."""
    place = 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        if size < 8 or place + size > len(data):
            raise ValueError("a box is longer than what holds it")
        yield kind, place, data[place + 8 : place + size]
        place += size


def _one(data: memoryview, *path: bytes) -> memoryview:
    """The payload at the end of `path`."""
    for kind in path:
        data = next(payload for found, _, payload in _boxes(data) if found == kind)
    return data


def _whole(data: memoryview, kind: bytes) -> bytes:
    return box(kind, _one(data, kind))


def _tracks(init: memoryview) -> Iterator[Track]:
    try:
        moov = _one(init, b"moov")
        defaults = {}
        for kind, _, payload in _boxes(_one(moov, b"mvex")):
            if kind == b"trex":
                number, _, _, _, flags = struct.unpack_from(">5I", payload, 4)
                defaults[number] = flags
        for kind, _, trak in _boxes(moov):
            if kind == b"trak":
                yield _track(trak, defaults)
    except StopIteration as error:  # a box that must be there is not
        raise ValueError("the init is not whole") from error


def _track(trak: memoryview, defaults: dict[int, int]) -> Track:
    head, mdia = _one(trak, b"tkhd"), _one(trak, b"mdia")
    number = struct.unpack_from(">I", head, 12)[0]
    kind = bytes(_one(mdia, b"hdlr")[8:12])
    minf = _one(mdia, b"minf")
    return Track(
        number=number,
        kind=kind,
        timescale=struct.unpack_from(">I", _one(mdia, b"mdhd"), 12)[0],
        handler=_whole(mdia, b"hdlr"),
        media_head=_whole(minf, b"vmhd" if kind == b"vide" else b"smhd"),
        data_info=_whole(minf, b"dinf"),
        description=_whole(_one(minf, b"stbl"), b"stsd"),
        volume=struct.unpack_from(">H", head, 36)[0],
        width=struct.unpack_from(">I", head, 76)[0],
        height=struct.unpack_from(">I", head, 80)[0],
        default_flags=defaults[number],
    )


def _read_fragments(data: memoryview, tracks: dict[int, Track]) -> None:
    for kind, place, payload in _boxes(data):
        if kind == b"moof":
            for inner, _, traf in _boxes(payload):
                if inner == b"traf":
                    _read_traf(data, place, traf, tracks)


def _read_traf(data: memoryview, moof: int, traf: memoryview, tracks: dict[int, Track]) -> None:
    track, duration, size, flags, clock = _MISSING, 0, 0, 0, 0
    for kind, _, payload in _boxes(traf):
        if kind == b"tfhd":
            word, number = struct.unpack_from(">II", payload)
            track = tracks[number]
            place = 8
            if word & _BASE_OFFSET:
                raise ValueError("offsets that are not relative to the moof are not ours")
            place += 4 * bool(word & _DESCRIPTION)
            flags = track.default_flags
            if word & _DURATION:
                (duration,), place = struct.unpack_from(">I", payload, place), place + 4
            if word & _SIZE:
                (size,), place = struct.unpack_from(">I", payload, place), place + 4
            if word & _FLAGS:
                (flags,) = struct.unpack_from(">I", payload, place)
        elif kind == b"tfdt":
            wide = payload[0] == 1
            (clock,) = struct.unpack_from(">Q" if wide else ">I", payload, 4)
        elif kind == b"trun":
            clock = _read_run(data, moof, payload, track, (duration, size, flags, clock))


def _read_run(
    data: memoryview,
    moof: int,
    run: memoryview,
    track: Track,
    usual: tuple[int, int, int, int],
) -> int:
    """Add the run's samples to `track`; the decode time after them."""
    duration, size, usual_flags, clock = usual
    word, count = struct.unpack_from(">II", run)
    if count > _SAMPLES_MAX or not word & _RUN_OFFSET:
        raise ValueError("a run that is not ours")
    at = moof + struct.unpack_from(">i", run, 8)[0]
    place, first = 12, None
    if word & _RUN_FIRST:
        (first,), place = struct.unpack_from(">I", run, place), place + 4
    for index in range(count):
        flags = usual_flags if index or first is None else first
        composed = 0
        if word & _RUN_DURATION:
            (duration,), place = struct.unpack_from(">I", run, place), place + 4
        if word & _RUN_SIZE:
            (size,), place = struct.unpack_from(">I", run, place), place + 4
        if word & _RUN_FLAGS:
            (flags,), place = struct.unpack_from(">I", run, place), place + 4
        if word & _RUN_COMPOSED:
            (composed,), place = struct.unpack_from(">i", run, place), place + 4
        if at < 0 or at + size > len(data):
            raise ValueError("a sample outside of its file")
        sync = not flags & _NON_SYNC
        track.samples.append(Sample(clock, duration, composed, sync, data[at : at + size]))
        at, clock = at + size, clock + duration
    return clock


_MISSING = Track(
    number=0, kind=b"", timescale=1, handler=b"", media_head=b"", data_info=b"",
    description=b"", volume=0, width=0, height=0,
)  # fmt: skip
