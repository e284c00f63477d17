"""What is told of a publisher in figures."""

from __future__ import annotations

import msgspec


class PublisherStatistics(msgspec.Struct, frozen=True):
    """What the studio shows of a publisher; rates are over the last seconds."""

    remote: str
    codecs: str
    width: int
    height: int
    bitrate_kbps: int
    fps: float
    gop_ms: int
    pace: float  # seconds of media per second of time: below 1 the upload is too slow
    last_frame_age_ms: int
    frames: int
    frames_dropped: int
    audio_filled_ms: int
    connected_s: int
    behind_ms: int  # how much later frames arrive than at best
    missing_percent: float
    b_frames: bool
    audio_rate: int | None
