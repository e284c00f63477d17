"""Every codec this server passes through, by the four letters protocols and files know it by."""

from __future__ import annotations

from collections.abc import Callable

from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.av1 import av1_sample, parse_av1_config
from yaohe.live.media.codecs.avc import is_well_formed, parse_avc_config
from yaohe.live.media.codecs.config import AudioConfig, VideoConfig
from yaohe.live.media.codecs.hevc import parse_hevc_config
from yaohe.live.media.codecs.opus import opus_samples, parse_opus_config

AVC, HEVC, AV1 = b"avc1", b"hvc1", b"av01"
AAC, OPUS = b"mp4a", b"Opus"

_VIDEO: dict[bytes, Callable[[bytes], VideoConfig]] = {
    AVC: parse_avc_config,
    HEVC: parse_hevc_config,
    AV1: parse_av1_config,
}
_AUDIO: dict[bytes, Callable[[bytes], AudioConfig]] = {
    AAC: parse_aac_config,
    OPUS: parse_opus_config,
}
VIDEO_CODECS = frozenset(_VIDEO)
AUDIO_CODECS = frozenset(_AUDIO)


def parse_video_config(codec: bytes, record: bytes) -> VideoConfig:
    """Read the configuration; raises when it is unreadable or of a kind browsers do not play."""
    return _VIDEO[codec](record)


def parse_audio_config(codec: bytes, record: bytes) -> AudioConfig:
    return _AUDIO[codec](record)


def video_sample(config: VideoConfig, data: memoryview) -> memoryview | None:
    """One access unit as it lies in an MP4; None when its parts do not add up."""
    if config.entry == AV1:
        return av1_sample(data)
    return data if is_well_formed(data, config.length_size) else None


def audio_samples(config: AudioConfig, data: memoryview) -> int:
    """How many samples a frame lasts; 0 when it is no frame."""
    return opus_samples(data) if config.entry == OPUS else config.frame_samples
