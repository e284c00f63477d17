"""The init of an epoch: `ftyp` and `moov` with every track and no duration anywhere.

No duration (zero in mvhd, tkhd and mdhd, no mehd) is what makes browsers choose their low-delay
renderer: hundreds of milliseconds hang on it.
"""

from __future__ import annotations

import struct

from yaohe.live.media.codecs.config import AudioConfig, VideoConfig
from yaohe.live.media.fmp4.boxes import box, full_box

VIDEO_TRACK = 1
AUDIO_TRACK = 2
# RTMP tells time in milliseconds; a finer scale would only pretend.
VIDEO_TIMESCALE = 1000

# sample_depends_on = 2: a sync sample · sample_depends_on = 1, is_non_sync: any other.
SYNC_FLAGS = 0x0200_0000
NON_SYNC_FLAGS = 0x0101_0000

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def init_segment(video: VideoConfig | None, audio: AudioConfig | None) -> bytes:
    assert video or audio, "an init needs a track"
    tracks, extends = [], []
    if video:
        tracks.append(_video_track(video))
        extends.append(_trex(VIDEO_TRACK, NON_SYNC_FLAGS))
    if audio:
        tracks.append(_audio_track(audio))
        extends.append(_trex(AUDIO_TRACK, SYNC_FLAGS))
    ftyp = box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6cmfcisommp41")
    return ftyp + box(b"moov", _mvhd(), *tracks, box(b"mvex", *extends))


def codec_string(video: VideoConfig | None, audio: AudioConfig | None) -> str:
    return ",".join(config.codec for config in (video, audio) if config)


def _mvhd() -> bytes:
    return full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">4IIH10x", 0, 0, 1000, 0, 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", AUDIO_TRACK + 1),
    )


def _trex(track: int, flags: int) -> bytes:
    return full_box(b"trex", 0, 0, struct.pack(">5I", track, 1, 0, 0, flags))


def _tkhd(track: int, volume: int, width: float, height: float) -> bytes:
    return full_box(
        b"tkhd",
        0,
        7,
        struct.pack(">5I8xHHHH", 0, 0, track, 0, 0, 0, 0, volume, 0),
        _MATRIX,
        struct.pack(">II", int(width * 65536), int(height * 65536)),
    )


def _track(head: bytes, timescale: int, handler: bytes, media_head: bytes, entry: bytes) -> bytes:
    empty = bytes(4)
    table = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, empty),
        full_box(b"stsc", 0, 0, empty),
        full_box(b"stsz", 0, 0, empty, empty),
        full_box(b"stco", 0, 0, empty),
    )
    here = full_box(b"url ", 0, 1)
    data = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), here))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0)),
        full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"yaohe\0"),
        box(b"minf", media_head, data, table),
    )
    return box(b"trak", head, media)


def _video_track(config: VideoConfig) -> bytes:
    across, down = config.aspect
    entry = box(
        config.entry,
        bytes(6) + struct.pack(">H16xHH", 1, config.width, config.height),
        struct.pack(">III", 0x480000, 0x480000, 0),
        struct.pack(">H32xHh", 1, 0x18, -1),
        box(config.box, config.record),
        box(b"pasp", struct.pack(">II", across, down)),
    )
    head = _tkhd(VIDEO_TRACK, 0, config.width * across / down, config.height)
    media_head = full_box(b"vmhd", 0, 1, bytes(8))
    return _track(head, VIDEO_TIMESCALE, b"vide", media_head, entry)


def _audio_track(config: AudioConfig) -> bytes:
    entry = box(
        config.entry,
        bytes(6) + struct.pack(">H8xHH4xI", 1, config.channels, 16, min(config.rate, 0xFFFF) << 16),
        _dops(config.record) if config.entry == b"Opus" else _esds(config.record),
    )
    head = _tkhd(AUDIO_TRACK, 0x100, 0, 0)
    media_head = full_box(b"smhd", 0, 0, bytes(4))
    return _track(head, config.rate, b"soun", media_head, entry)


def _descriptor(tag: int, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    assert len(payload) < 128, "a descriptor this long does not occur"
    return bytes((tag, len(payload))) + payload


def _esds(record: bytes) -> bytes:
    decoder = _descriptor(
        4, b"\x40\x15", bytes(3), struct.pack(">II", 0, 0), _descriptor(5, record[:64])
    )
    return full_box(b"esds", 0, 0, _descriptor(3, bytes(3), decoder, _descriptor(6, b"\2")))


def _dops(head: bytes) -> bytes:
    """Opus in ISOBMFF 4.3.2: the identification header's numbers in the other byte order."""
    skip, rate, gain = struct.unpack_from("<HIh", head, 10)
    return box(b"dOps", struct.pack(">BBHIhB", 0, head[9], skip, rate, gain, 0))
