"""Fragments in, smaller pictures out, in the child alone: the bytes come from any publisher.

Pictures keep their times, sound is passed on as it is. A keyframe is made where the source has one,
so that both rungs can be changed and cut at the same moments. Nothing waits for a later picture:
no B-frames, no look-ahead, one thread.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from yaohe.kernel.encoder.messages import Picture, Sound
from yaohe.kernel.webrtc.units import UnitReader

SHORT_SIDE = 480
PIXELS_MAX = 4096 * 2304
# More than 30 pictures a second are thinned out; a little less than 1/30 s allows for rounding.
FRAME_MS_MIN = 30
DECODERS = {"h264": "h264", "hevc": "hevc", "av1": "libdav1d"}
SOUNDS = {"aac": b"mp4a", "opus": b"Opus"}
OPTIONS = {
    "preset": "superfast",
    "tune": "zerolatency",
    "profile": "main",
    "crf": "26",
    "maxrate": "900k",
    "bufsize": "900k",
    "g": "600",
    "sc_threshold": "0",
    "forced-idr": "1",
    "threads": "1",
}
MILLISECONDS = Fraction(1, 1000)


def small_size(width: int, height: int) -> tuple[int, int]:
    """The same shape with a short side of 480, never larger; both sides even."""
    scale = min(SHORT_SIDE / min(width, height), 1.0)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


class Transcoder:
    """One epoch. `read(fragment)` gives what is to be sent of it."""

    def __init__(self, epoch: int, init: bytes) -> None:
        self._epoch, self._init = epoch, init
        self._decoder: VideoCodecContext | None = None
        self._encoder: VideoCodecContext | None = None
        self._units = UnitReader()
        self._size = (0, 0)
        self._due_ms = -(2**62)
        self._is_key_due = True
        self._record_sent = self._sound_told = False

    def read(self, fragment: bytes) -> Iterator[Picture | Sound]:
        with av.open(io.BytesIO(self._init + fragment), "r", format="mp4") as container:
            for packet in container.demux():
                if not packet.size or packet.pts is None or packet.time_base is None:
                    continue
                if isinstance(packet.stream, VideoStream):
                    yield from self._pictures(packet.stream, packet)
                elif isinstance(packet.stream, AudioStream):
                    yield from self._sounds(packet.stream, packet)

    def _sounds(self, stream: AudioStream, packet: Packet[Any]) -> Iterator[Sound]:
        codec = SOUNDS.get(stream.codec_context.name.removeprefix("lib"))
        if codec is None or packet.pts is None or packet.time_base is None:
            return
        record = b"" if self._sound_told else bytes(stream.codec_context.extradata or b"")
        self._sound_told = True
        at_ms = round(packet.pts * packet.time_base * 1000)
        yield Sound(self._epoch, at_ms, bytes(packet), codec, record)

    def _pictures(self, stream: VideoStream, packet: Packet[Any]) -> Iterator[Picture]:
        if self._decoder is None:
            self._decoder = _decoder(stream)
        for frame in self._decoder.decode(packet):
            yield from self._picture(frame)

    def _picture(self, frame: VideoFrame) -> Iterator[Picture]:
        if frame.pts is None or frame.time_base is None:
            return
        at_ms = round(frame.pts * frame.time_base * 1000)
        self._is_key_due |= bool(frame.key_frame)
        if at_ms < self._due_ms and not self._is_key_due:
            return
        self._due_ms = at_ms + FRAME_MS_MIN
        if (frame.width, frame.height) != self._size:
            # Another shape in the middle of an epoch: the encoder is made anew for it.
            self._size = (frame.width, frame.height)
            self._encoder, self._is_key_due, self._record_sent = None, True, False
        if self._encoder is None:
            self._encoder = _encoder(*small_size(frame.width, frame.height))
        small = frame.reformat(
            self._encoder.width,
            self._encoder.height,
            "yuv420p",
            threads=1,
            interpolation=Interpolation.FAST_BILINEAR,
        )
        small.pts, small.time_base = at_ms, MILLISECONDS
        small.pict_type = PictureType.I if self._is_key_due else PictureType.NONE
        self._is_key_due = False
        for made in self._encoder.encode(small):
            yield from self._unit(made)

    def _unit(self, made: Packet[Any]) -> Iterator[Picture]:
        unit = self._units.read(bytes(made))
        if unit is None or made.pts is None:
            return
        record = b"" if self._record_sent else self._units.record
        self._record_sent = True
        yield Picture(self._epoch, made.pts, unit.keyframe, unit.data, record)


def _decoder(stream: VideoStream) -> VideoCodecContext:
    source = stream.codec_context
    decoder = av.CodecContext.create(DECODERS[source.codec.canonical_name], "r")
    decoder = cast(VideoCodecContext, decoder)
    decoder.options = {"max_pixels": str(PIXELS_MAX)}
    decoder.thread_count = 1
    decoder.extradata = source.extradata
    return decoder


def _encoder(width: int, height: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = MILLISECONDS
    encoder.framerate = Fraction(30)
    encoder.options = dict(OPTIONS)
    return encoder
