"""FLV tags as FFmpeg writes them, enhanced ones too: what a modern encoder says over RTMP."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from tests.support.media import RATE, picture, tone

AUDIO, VIDEO, DATA = 8, 9, 18
# Quick, without anything that waits for later frames.
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"},
    "libx265": {
        "preset": "ultrafast",
        "x265-params": "log-level=none:bframes=0:keyint=30:min-keyint=30:scenecut=0:pools=1",
    },
    "libsvtav1": {"preset": "13", "svtav1-params": "pred-struct=1:keyint=30:lp=1"},
}


@contextmanager
def as_before() -> Iterator[None]:
    """Every thread of this process goes on at the priority it had.

    Run by root, SVT-AV1 gives whoever calls it the highest real-time priority and leaves it there.
    Everything started afterwards would inherit it and starve the machine.
    """
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for task in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):
                os.sched_setscheduler(int(task), policy, param)


class Tag(NamedTuple):
    kind: int
    timestamp: int
    payload: bytes


@cache
def flv(
    video: str | None = "libx264",
    audio: str | None = "aac",
    *,
    seconds: float = 2.0,
    fps: int = 30,
    width: int = 160,
    height: int = 96,
) -> bytes:
    """A moving pattern and a tone as an FLV file."""
    out = io.BytesIO()
    with av.open(out, "w", format="flv") as container:
        write(container, video, audio, seconds=seconds, fps=fps, width=width, height=height)
    return out.getvalue()


def write(
    container: Any,
    video: str | None,
    audio: str | None,
    *,
    seconds: float,
    fps: int = 30,
    width: int = 160,
    height: int = 96,
) -> None:
    """Encode into an open container, frames of both tracks in turn."""
    with as_before():
        _encode(container, video, audio, seconds, fps, (width, height))


def _encode(
    container: Any,
    video: str | None,
    audio: str | None,
    seconds: float,
    fps: int,
    size: tuple[int, int],
) -> None:
    width, height = size
    stream = sound = None
    if video:
        stream = container.add_stream(video, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        stream.codec_context.gop_size = 30
        stream.options = _OPTIONS.get(video, {})
    if audio:
        sound = container.add_stream(audio, rate=RATE)
        sound.layout = "stereo"
    tones = _tones(sound, seconds) if sound is not None else []
    heard = 0.0
    for index in range(round(seconds * fps)):
        if stream is not None:
            frame = picture(index, width, height, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        while tones and heard <= index / fps:
            made = tones.pop(0)
            heard += made.samples / RATE
            assert sound is not None
            container.mux(sound.encode(made))
    for open_stream in (stream, sound):
        if open_stream is not None:
            container.mux(open_stream.encode(None))


def _tones(sound: Any, seconds: float) -> list[Any]:
    context: AudioCodecContext = sound.codec_context
    context.open()
    shaper = AudioResampler(
        format=context.format, layout="stereo", rate=RATE, frame_size=context.frame_size
    )
    made = []
    for index in range(int(seconds * RATE / 1024)):
        frame = tone(index, 2)
        frame.pts, frame.time_base = index * 1024, Fraction(1, RATE)
        made += shaper.resample(frame)
    return made


@cache
def tags(*codecs: str | None, **options: Any) -> Sequence[Tag]:
    """The tags of `flv(*codecs, **options)`."""
    data = flv(*codecs, **options)
    found, position = [], int.from_bytes(data[5:9], "big") + 4
    while position + 11 <= len(data):
        size = int.from_bytes(data[position + 1 : position + 4], "big")
        stamp = int.from_bytes(data[position + 4 : position + 7], "big") | data[position + 7] << 24
        begin = position + 11
        found.append(Tag(data[position] & 31, stamp, data[begin : begin + size]))
        position = begin + size + 4
    return found
