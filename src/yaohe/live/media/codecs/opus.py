"""Opus: its identification header, the length of a packet, and a packet of silence.

Mono and stereo are taken. Opus always runs on a 48 kHz clock, whatever was recorded.
"""

from __future__ import annotations

from yaohe.live.media.codecs.config import AudioConfig
from yaohe.live.media.errors import BadBytes, CodecUnsupported

RATE = 48_000
# What nearly all encoders send, and what silence is made of: 20 ms.
FRAME_SAMPLES = 960
_PACKET_SAMPLES_MAX = 5_760
_HEAD = b"OpusHead"
_SILK = (480, 960, 1_920, 2_880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)


def parse_opus_config(record: bytes) -> AudioConfig:
    """Read an identification header (RFC 7845, 5.1)."""
    if len(record) < 19 or not record.startswith(_HEAD) or record[8] >> 4:
        raise BadBytes("The Opus configuration is not readable.")
    channels, family = record[9], record[18]
    if family != 0 or channels not in (1, 2):
        raise CodecUnsupported("Your encoder sends an unusual channel layout; set it to stereo.")
    return AudioConfig(
        entry=b"Opus",
        record=record,
        codec="opus",
        rate=RATE,
        channels=channels,
        frame_samples=FRAME_SAMPLES,
        # 20 ms of full band, nothing coded.
        silence=bytes((0xF8 | (channels - 1) << 2, 0xFF, 0xFE)),
    )


def opus_samples(packet: memoryview) -> int:
    """How long a packet lasts (RFC 6716, 3.1); 0 when it is none."""
    if not packet:
        return 0
    kind, code = packet[0] >> 3, packet[0] & 3
    if kind < 12:
        frame = _SILK[kind & 3]
    elif kind < 16:
        frame = _HYBRID[kind & 1]
    else:
        frame = _CELT[kind & 3]
    if code < 3:
        return frame * (1 if code == 0 else 2)
    count = packet[1] & 63 if len(packet) > 1 else 0
    return frame * count if frame * count <= _PACKET_SAMPLES_MAX else 0
