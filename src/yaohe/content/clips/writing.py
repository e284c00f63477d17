"""A clip as an MP4 of the plain kind: `moov` first, one `mdat`, sample tables, an edit list.

The picture starts at the keyframe before the wanted moment, for nothing else can be decoded; the
edit list tells the player to show from the moment itself on, and keeps sound and picture together
(ISO 14496-12, 8.6.6). Nothing is encoded: the bytes are the publisher's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec

from yaohe.content.clips.errors import ClipEmpty
from yaohe.content.clips.reading import Sample, Track
from yaohe.live.media.fmp4 import box, full_box

MOVIE_SCALE: Final = 1000
BYTES_MAX: Final = 512 << 20
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_COVER_MS: Final = 500  # sound is interleaved with the pictures of as long


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """`start_ms` and `end_ms` are what is shown, on the timeline of the fragments."""

    mp4: bytes
    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


class _Kept(msgspec.Struct):
    """The samples of one track that a clip needs, and how its first moment is shown."""

    track: Track
    samples: list[Sample]
    edit: bytes


def cut(tracks: Sequence[Track], start_ms: int, end_ms: int) -> Clip:
    """What is between the two moments, from the picture on that stood at the first of them.

    Players differ in what they make of half a picture, so none is cut. Where the fragments begin
    later or end earlier, so does the clip. Raises `ClipEmpty` when there is nothing in between.
    """
    video = next((track for track in tracks if track.kind == b"vide" and track.samples), None)
    lead = video or next((track for track in tracks if track.samples), None)
    if lead is None:
        raise ClipEmpty
    last = lead.samples[-1]
    end_ms = min(end_ms, (last.dts + last.duration) * 1000 // lead.timescale)
    if start_ms >= end_ms:
        raise ClipEmpty
    start_ms = _standing_at(lead, start_ms)
    if start_ms >= end_ms:
        raise ClipEmpty
    kept = [_keep(track, start_ms, end_ms) for track in tracks if track.samples]
    kept = [one for one in kept if one.samples]
    return Clip(mp4=_file(kept, end_ms - start_ms), start_ms=start_ms, end_ms=end_ms)


def _shown_ms(track: Track, sample: Sample) -> int:
    return (sample.dts + sample.offset) * 1000 // track.timescale


def _standing_at(track: Track, ms: int) -> int:
    """When the picture (or sound) came that stood at `ms`; the first that can be decoded, if
    there was none yet."""
    first = _shown_ms(track, _first(track, ms))
    times = (_shown_ms(track, sample) for sample in track.samples)
    return max((at for at in times if first <= at <= ms), default=first)


def _first(track: Track, start_ms: int) -> Sample:
    """The sync sample from which `start_ms` can be decoded, or else the first there is."""
    found = None
    for sample in track.samples:
        if sample.sync:
            if found is not None and _shown_ms(track, sample) > start_ms:
                break
            found = sample
    if found is None:
        raise ClipEmpty
    return found


def _keep(track: Track, start_ms: int, end_ms: int) -> _Kept:
    start, end = (ms * track.timescale // 1000 for ms in (start_ms, end_ms))
    if track.kind == b"vide":
        first = _first(track, start_ms)
        samples = [sample for sample in track.samples if first.dts <= sample.dts < end]
    else:
        samples = [s for s in track.samples if s.dts + s.duration > start and s.dts < end]
    if not samples:
        return _Kept(track, [], b"")
    late = samples[0].dts - start
    edits = []
    if late > 0 and track.kind != b"vide":  # nothing is heard before its first sound
        edits.append((late * MOVIE_SCALE // track.timescale, -1))
    shown_ms = end_ms - start_ms - sum(edit[0] for edit in edits)
    edits.append((shown_ms, max(0, -late)))
    entries = b"".join(struct.pack(">IiHH", length, media, 1, 0) for length, media in edits)
    edit = full_box(b"elst", 0, 0, struct.pack(">I", len(edits)), entries)
    return _Kept(track, samples, box(b"edts", edit))


# ── the file ─────────────────────────────────────────────────────────────────────────────────


def _file(kept: list[_Kept], shown_ms: int) -> bytes:
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2mp41")
    chunks = _chunks(kept)
    size = sum(len(sample.data) for _, samples in chunks for sample in samples)
    if size > BYTES_MAX:
        raise ClipEmpty
    # The places of the chunks hang on the size of the tables before them, which does not.
    length = len(_moov(kept, chunks, 0, shown_ms))
    moov = _moov(kept, chunks, len(ftyp) + length + 8, shown_ms)
    data = [sample.data for _, samples in chunks for sample in samples]
    return b"".join((ftyp, moov, struct.pack(">I4s", 8 + size, b"mdat"), *data))


def _chunks(kept: list[_Kept]) -> list[tuple[int, list[Sample]]]:
    """(place in `kept`, samples): half a second of one track after the other, as it is played."""
    found = []
    for place, one in enumerate(kept):
        begin, step = one.samples[0].dts, max(1, one.track.timescale * _COVER_MS // 1000)
        turns = [(sample.dts - begin) // step for sample in one.samples]
        for turn, pairs in groupby(zip(turns, one.samples, strict=True), lambda pair: pair[0]):
            found.append((turn, place, [sample for _, sample in pairs]))
    found.sort(key=lambda chunk: chunk[:2])
    return [(place, samples) for _, place, samples in found]


def _moov(
    kept: list[_Kept], chunks: list[tuple[int, list[Sample]]], begin: int, shown_ms: int
) -> bytes:
    offsets: list[list[int]] = [[] for _ in kept]
    counts: list[list[int]] = [[] for _ in kept]
    for place, samples in chunks:
        offsets[place].append(begin)
        counts[place].append(len(samples))
        begin += sum(len(sample.data) for sample in samples)
    head = full_box(
        b"mvhd", 0, 0,
        struct.pack(">4IIH10x", 0, 0, MOVIE_SCALE, shown_ms, 0x10000, 0x100),
        _MATRIX, bytes(24), struct.pack(">I", 1 + max(one.track.number for one in kept)),
    )  # fmt: skip
    traks = [_trak(one, offsets[i], counts[i], shown_ms) for i, one in enumerate(kept)]
    return box(b"moov", head, *traks)


def _trak(one: _Kept, offsets: list[int], counts: list[int], shown_ms: int) -> bytes:
    track = one.track
    length = sum(sample.duration for sample in one.samples)
    head = full_box(
        b"tkhd", 0, 7,
        struct.pack(">5I8xHHHH", 0, 0, track.number, 0, shown_ms, 0, 0, track.volume, 0),
        _MATRIX, struct.pack(">II", track.width, track.height),
    )  # fmt: skip
    table = box(
        b"stbl", track.description, *_times(one.samples), *_sizes(one.samples),
        full_box(b"stsc", 0, 0, _places(counts)),
        full_box(b"stco", 0, 0, struct.pack(f">I{len(offsets)}I", len(offsets), *offsets)),
    )  # fmt: skip
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, track.timescale, length, 0x55C4, 0)),
        track.handler,
        box(b"minf", track.media_head, track.data_info, table),
    )
    return box(b"trak", head, one.edit, media)


def _times(samples: list[Sample]) -> list[bytes]:
    """When each is decoded, how much later shown, and which of them stand alone."""
    boxes = [_runs(b"stts", 0, "I", [sample.duration for sample in samples])]
    if any(sample.offset for sample in samples):
        boxes.append(_runs(b"ctts", 1, "i", [sample.offset for sample in samples]))
    alone = [number for number, sample in enumerate(samples, 1) if sample.sync]
    if len(alone) < len(samples):
        boxes.append(full_box(b"stss", 0, 0, struct.pack(f">I{len(alone)}I", len(alone), *alone)))
    return boxes


def _runs(kind: bytes, version: int, shape: str, values: list[int]) -> bytes:
    """A table in which what repeats is written once with its count."""
    runs = [(len(list(same)), value) for value, same in groupby(values)]
    rows = b"".join(struct.pack(f">I{shape}", *run) for run in runs)
    return full_box(kind, version, 0, struct.pack(">I", len(runs)), rows)


def _sizes(samples: list[Sample]) -> list[bytes]:
    sizes = [len(sample.data) for sample in samples]
    return [full_box(b"stsz", 0, 0, struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes))]


def _places(counts: list[int]) -> bytes:
    """How many samples each chunk holds, from which chunk on."""
    rows, number = [], 1
    for count, same in groupby(counts):
        rows.append(struct.pack(">III", number, count, 1))
        number += len(list(same))
    return struct.pack(">I", len(rows)) + b"".join(rows)
