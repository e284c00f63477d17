"""Opus to AAC-LC, once for all viewers: players without Opus in MP4 hear the same as the others."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame

RATE = 48_000
FRAME_SAMPLES = 1_024
BIT_RATE = 128_000
PACKET_BYTES_MAX = 4_000
# A gap up to this long is a lost packet or a pause of the sender: silence keeps the place.
GAP_SAMPLES_MAX = RATE
# Clocks of packets may stumble by this much without anything missing.
_STUMBLE_SAMPLES = 480

Heard = Callable[[int, bytes], None]


class OpusToAac:
    """`hear` packets in order; `heard(at, frame)` gets AAC frames, `at` in samples like the input.

    `record` is the AudioSpecificConfig all frames share.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        decoder = av.CodecContext.create("opus", "r")
        assert isinstance(decoder, AudioCodecContext)
        decoder.layout = "stereo"
        decoder.sample_rate = RATE
        self._decoder = decoder
        self._make_encoder()
        self._begin = -1  # where the encoder's first sample stands on the sender's clock
        self._next = 0  # where the next packet should stand

    def _make_encoder(self) -> None:
        encoder = av.CodecContext.create("aac", "w")
        assert isinstance(encoder, AudioCodecContext)
        encoder.sample_rate = RATE
        encoder.layout = "stereo"
        encoder.format = "fltp"
        encoder.bit_rate = BIT_RATE
        encoder.time_base = Fraction(1, RATE)
        encoder.flags |= av.codec.context.Flags.global_header
        encoder.open()
        self._encoder = encoder
        self._fifo = AudioFifo()
        self._written = 0
        self.record = bytes(encoder.extradata or b"")

    def hear(self, at: int, packet: bytes) -> None:
        """One packet that begins at sample `at`. What cannot be decoded is left out."""
        if not 0 < len(packet) <= PACKET_BYTES_MAX:
            return
        try:
            frames = self._decoder.decode(av.Packet(packet))
        except av.FFmpegError:
            return
        gap = at - self._next
        if self._begin < 0 or not -_STUMBLE_SAMPLES <= gap <= GAP_SAMPLES_MAX:
            if self._begin >= 0:
                self._make_encoder()
            self._begin = self._next = at
        elif gap > _STUMBLE_SAMPLES:
            self._push(_silence(gap))
        for frame in frames:
            self._push(frame)

    def _push(self, frame: AudioFrame) -> None:
        frame.pts = None
        self._next += frame.samples
        self._fifo.write(frame)
        while (whole := self._fifo.read(FRAME_SAMPLES)) is not None:
            whole.pts, whole.time_base = self._written, Fraction(1, RATE)
            self._written += FRAME_SAMPLES
            for packet in self._encoder.encode(whole):
                # The encoder's lead-in carries a time before the first sample.
                self._heard(self._begin + (packet.pts or 0), bytes(packet))


def _silence(samples: int) -> AudioFrame:
    frame = AudioFrame(format="fltp", layout="stereo", samples=samples)
    frame.sample_rate = RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
