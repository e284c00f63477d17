"""moof and mdat of one track: what is sent for every fragment, so it is kept cheap.

Decode times are always 64 bit, offsets always relative to the moof, composition offsets signed.
Only the first video sample may be a sync sample: fragments never cross a keyframe.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import msgspec

from yaohe.live.media.fmp4.init import AUDIO_TRACK, NON_SYNC_FLAGS, SYNC_FLAGS, VIDEO_TRACK

Bytes = bytes | memoryview

# moof(8) mfhd(16) traf(8) tfhd tfdt(20) trun…, all in one go.
_HEAD = struct.Struct(">I4sI4sIII4sI4sIII")
_TFDT = struct.Struct(">I4sIQ")
_TRUN = struct.Struct(">I4sIIi")
_WORD = struct.Struct(">I")
_MDAT = struct.Struct(">I4s")

# The largest payload that a 32 bit mdat size can hold.
MDAT_MAX = 0xFFFF_FFFF - 8


class VideoSample(msgspec.Struct):
    """One access unit as it lies in the track: decode time and composition offset in ms."""

    dts: int
    offset: int
    keyframe: bool
    data: Bytes


def video_fragment(sequence: int, samples: Sequence[VideoSample], end: int) -> list[Bytes]:
    """The fragment's parts, to be joined by the caller; `end` closes the last sample."""
    count = len(samples)
    start = samples[0].dts
    numbers: list[int] = []
    size = 0
    composed = any(sample.offset for sample in samples)
    for index, sample in enumerate(samples):
        following = samples[index + 1].dts if index + 1 < count else end
        length = len(sample.data)
        size += length
        numbers.append(following - sample.dts)
        numbers.append(length)
        if composed:
            numbers.append(sample.offset)
    # Data offset, first sample's flags, and per sample: duration, size (, composition offset).
    flags = 0x305 | (0x800 if composed else 0)
    layout = "IIi" * count if composed else "II" * count
    first = SYNC_FLAGS if samples[0].keyframe else NON_SYNC_FLAGS
    tail = _WORD.pack(first) + struct.pack(">" + layout, *numbers)
    # Track head: default flags; base is moof.
    head = _moof(
        sequence, VIDEO_TRACK, 0x020020, NON_SYNC_FLAGS, start, 0x0100_0000 | flags, count, tail
    )
    return [head, _MDAT.pack(8 + size, b"mdat"), *(sample.data for sample in samples)]


def audio_fragment(
    sequence: int, frames: Sequence[Bytes], start: int, durations: Sequence[int]
) -> list[Bytes]:
    """The same for audio frames; `start` and `durations` in samples."""
    sizes = [len(frame) for frame in frames]
    usual = durations[0]
    numbers, flags = sizes, 0x0100_0201
    if any(duration != usual for duration in durations):
        numbers = [number for pair in zip(durations, sizes, strict=True) for number in pair]
        flags |= 0x100
    tail = struct.pack(f">{len(numbers)}I", *numbers)
    # Track head: default duration. Run: data offset and sizes, durations where they differ.
    head = _moof(sequence, AUDIO_TRACK, 0x020008, usual, start, flags, len(frames), tail)
    return [head, _MDAT.pack(8 + sum(sizes), b"mdat"), *frames]


def _moof(
    sequence: int,
    track: int,
    track_flags: int,
    track_default: int,
    start: int,
    run_flags: int,
    count: int,
    tail: bytes,
) -> bytes:
    run_size = 20 + len(tail)
    traf_size = 8 + 20 + 20 + run_size
    moof_size = 8 + 16 + traf_size
    return b"".join((
        _HEAD.pack(
            moof_size, b"moof", 16, b"mfhd", 0, sequence, traf_size, b"traf",
            20, b"tfhd", track_flags, track, track_default,
        ),
        _TFDT.pack(20, b"tfdt", 0x0100_0000, start),
        _TRUN.pack(run_size, b"trun", run_flags, count, moof_size + 8),
        tail,
    ))  # fmt: skip
