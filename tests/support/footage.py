"""Real pictures and sound in a room's log, written by hand: two seconds at a time, no encoder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.support.media import RATE, clip

from yaohe.live.media import FragmentLog
from yaohe.live.media.codecs.aac import parse_aac_config
from yaohe.live.media.codecs.avc import parse_avc_config
from yaohe.live.media.fmp4.fragment import VideoSample, audio_fragment, video_fragment
from yaohe.live.media.fmp4.init import init_segment

REEL_MS = 2_000


def begin(room_log: FragmentLog, started_at: datetime | None = None) -> None:
    """A publisher comes."""
    made = clip(2.0)
    room_log.open_epoch(
        init=init_segment(parse_avc_config(made.avcc), parse_aac_config(made.asc)),
        codecs="avc1.64000c,mp4a.40.2",
        width=160,
        height=96,
        started_at=started_at,
    )


def show(room_log: FragmentLog, at_ms: int, between: Callable[[], None] = lambda: None) -> int:
    """Two seconds from `at_ms` on, the same ones each time; where they end. `between` is called
    after each half second."""
    made = clip(2.0)
    for first in range(0, len(made.video), 15):
        frames = made.video[first : first + 15]
        samples = [
            VideoSample(at_ms + (first + n) * 100 // 3, 0, frame.keyframe, frame.data)
            for n, frame in enumerate(frames)
        ]
        end = at_ms + (first + len(frames)) * 100 // 3
        sounds = [frame.data for frame in made.audio][first * 3 // 2 : first * 3 // 2 + 23]
        parts = video_fragment(first, samples, end)
        parts += audio_fragment(first, sounds, samples[0].dts * RATE // 1000, [1024] * len(sounds))
        room_log.append(
            b"".join(parts),
            keyframe=frames[0].keyframe,
            dts_ms=samples[0].dts,
            duration_ms=end - samples[0].dts,
            frames=len(frames),
        )
        between()
    return at_ms + REEL_MS
