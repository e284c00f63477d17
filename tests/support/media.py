"""Real encoded media for tests, made in memory by PyAV, and PyAV as the judge of ours."""

from __future__ import annotations

import io
import math
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

RATE = 48_000


@dataclass(frozen=True, slots=True)
class Frame:
    is_video: bool
    dts_ms: int
    offset_ms: int
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded frames in the order an encoder would send them."""

    avcc: bytes
    asc: bytes
    frames: tuple[Frame, ...]

    @property
    def video(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.is_video]

    @property
    def audio(self) -> list[Frame]:
        return [frame for frame in self.frames if not frame.is_video]


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet as PyAV demuxed it, in milliseconds."""

    kind: str
    dts_ms: float
    pts_ms: float
    keyframe: bool
    size: int


def picture(index: int, width: int, height: int, pixels: str) -> VideoFrame:
    frame = VideoFrame(width, height, pixels)
    for number, plane in enumerate(frame.planes):
        step = 3 + 2 * number
        row = bytes((x * step + index * 5) & 255 for x in range(plane.line_size))
        plane.update(b"".join(row[-y:] + row[:-y] for y in range(plane.height)))
    return frame


def tone(index: int, channels: int) -> AudioFrame:
    layout = {1: "mono", 2: "stereo"}[channels]
    frame = AudioFrame(format="fltp", layout=layout, samples=1024)
    wave = array(
        "f",
        (0.3 * math.sin((index * 1024 + n) * 2 * math.pi * 440 / RATE) for n in range(1024)),
    )
    for plane in frame.planes:
        plane.update(wave.tobytes())
    frame.sample_rate = RATE
    return frame


@cache
def clip(
    seconds: float = 2.0,
    *,
    fps: int = 30,
    gop: int = 30,
    b_frames: int = 0,
    width: int = 160,
    height: int = 96,
    channels: int = 2,
    pixels: str = "yuv420p",
    profile: str = "high",
) -> Clip:
    """A moving pattern and a tone, encoded to H.264 and AAC and read back from FLV."""
    out = io.BytesIO()
    with av.open(out, "w", format="flv") as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, pixels
        video.codec_context.time_base = Fraction(1, fps)
        video.options = {
            "preset": "ultrafast",
            "profile": profile,
            "g": str(gop),
            "bf": str(b_frames),
            "sc_threshold": "0",
            "threads": "1",
        }
        audio = container.add_stream("aac", rate=RATE)
        audio.layout = {1: "mono", 2: "stereo"}[channels]
        for index in range(round(seconds * fps)):
            frame = picture(index, width, height, pixels)
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        for index in range(int(seconds * RATE / 1024)):
            sound = tone(index, channels)
            sound.pts, sound.time_base = index * 1024, Fraction(1, RATE)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return _read(out.getvalue())


def _read(flv: bytes) -> Clip:
    frames = []
    with av.open(io.BytesIO(flv), format="flv") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        for packet in container.demux():
            if packet.dts is None or not packet.size:
                continue
            assert packet.pts is not None
            frames.append(
                Frame(
                    packet.stream is video,
                    packet.dts,
                    packet.pts - packet.dts,
                    packet.is_keyframe,
                    bytes(packet),
                )
            )
        avcc, asc = video.codec_context.extradata, audio.codec_context.extradata
    assert avcc
    assert asc
    frames.sort(key=lambda frame: frame.dts_ms)
    return Clip(bytes(avcc), bytes(asc), tuple(frames))


def demux(data: bytes) -> list[Heard]:
    """What PyAV finds in an init followed by fragments."""
    found = []
    with av.open(io.BytesIO(data), format="mp4") as container:
        for packet in container.demux():
            if packet.dts is None or packet.pts is None or not packet.size:
                continue
            assert packet.time_base is not None
            scale = float(packet.time_base) * 1000
            kind = packet.stream.type
            found.append(
                Heard(kind, packet.dts * scale, packet.pts * scale, packet.is_keyframe, packet.size)
            )
    return found


def decode(data: bytes) -> tuple[int, int]:
    """How many pictures and audio frames PyAV decodes; any damage raises."""
    pictures = sounds = 0
    with av.open(io.BytesIO(data), format="mp4") as container:
        for stream in container.streams:
            stream.codec_context.options = {"err_detect": "explode"}
        for frame in container.decode():
            if isinstance(frame, VideoFrame):
                pictures += 1
            else:
                sounds += 1
    return pictures, sounds
