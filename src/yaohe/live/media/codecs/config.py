"""What the muxer and the log know of a track, whatever its codec."""

from __future__ import annotations

import msgspec


class VideoConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A picture's configuration as its encoder sent it, and what it says.

    `entry` names the sample entry (`avc1`, `hvc1`, `av01`), `box` the configuration box inside it.
    `length_size` is that of the NAL units' lengths; 0 for AV1, which has none.
    """

    entry: bytes
    box: bytes
    record: bytes
    codec: str
    length_size: int
    width: int
    height: int
    aspect: tuple[int, int] = (1, 1)


class AudioConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A sound's configuration; `silence` is one whole frame of it."""

    entry: bytes
    record: bytes
    codec: str
    rate: int
    channels: int
    frame_samples: int
    silence: bytes

    @property
    def frame_ms(self) -> float:
        return self.frame_samples * 1000 / self.rate
