"""Where we hold on to aiortc, which is pinned exactly for it; the contract test is beside.

aiortc decodes what it receives. We want the encoded frames, so `install()` puts our own worker in
the place of its decoder, offers H.264 in the profiles that encoders send (nothing is decoded here,
so all are welcome) and keeps ICE to the addresses and ports of the settings. `tap()` then takes
one track's frames: they come with unwrapped timestamps, sender reports are heard, and setting
`ask_keyframe` makes the receiver send a picture loss indication with the next packet.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

import aioice.ice
import aiortc.codecs
import aiortc.rtcrtpreceiver
from aiortc import RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters
from aiortc.rtp import RtcpSrPacket

from yaohe.kernel.webrtc.times import Unwrap

# Level 5.1 in each: what we take is bounded by bytes, not by what a decoder could do.
_PROFILES = ("42e033", "420033", "4d0033", "640c33", "640033")
_FIRST_DYNAMIC = 97
# Where Chromium begins to send before it knows the line; without it the picture starts as porridge.
_START_KBPS = 1_500
# No goog-remb: aiortc's estimate takes our own pauses for a full line and starves the picture
# (400 kbps on loopback). Without it browsers go by loss, and our page also by round trip.
_FEEDBACK = (("nack", ""), ("nack", "pli"))
_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

FrameTaken = Callable[[int, bytes], None]
ReportHeard = Callable[[float, int], None]


class Tap:
    """Stands where aiortc keeps a track's queue of decoded frames."""

    def __init__(self, taken: FrameTaken) -> None:
        self.taken = taken
        self.ask_keyframe: Callable[[], None] = lambda: None

    async def put(self, _: object) -> None:
        """aiortc's own end-of-track mark; we hear of the end from the connection."""


def _forward(
    loop: asyncio.AbstractEventLoop,
    input_q: queue.Queue[Any],
    output_q: Any,
    decode_error: threading.Event,
) -> None:
    """aiortc's decoder thread, without the decoder."""
    tap: Tap = output_q
    tap.ask_keyframe = decode_error.set
    while (task := input_q.get()) is not None:
        _, frame = task
        try:
            loop.call_soon_threadsafe(tap.taken, frame.timestamp, frame.data)
        except RuntimeError:
            return  # the loop is closed


def _video_codecs() -> list[RTCRtpCodecParameters]:
    codecs = []
    for number, profile in enumerate(_PROFILES):
        kind = _FIRST_DYNAMIC + 2 * number
        codecs.append(
            RTCRtpCodecParameters(
                mimeType="video/H264",
                clockRate=90_000,
                payloadType=kind,
                rtcpFeedback=[RTCRtcpFeedback(type=t, parameter=p or None) for t, p in _FEEDBACK],
                parameters={
                    "level-asymmetry-allowed": "1",
                    "packetization-mode": "1",
                    "profile-level-id": profile,
                    "x-google-start-bitrate": _START_KBPS,
                },
            )
        )
        codecs.append(
            RTCRtpCodecParameters(
                mimeType="video/rtx",
                clockRate=90_000,
                payloadType=kind + 1,
                parameters={"apt": kind},
            )
        )
    return codecs


def _audio_codecs() -> list[RTCRtpCodecParameters]:
    return [
        RTCRtpCodecParameters(
            mimeType="audio/opus",
            clockRate=48_000,
            channels=2,
            payloadType=96,
            parameters={"minptime": 10, "useinbandfec": 1, "stereo": 1},
        )
    ]


def install(addresses: Callable[[], list[str]]) -> None:
    """Once per process, before the first connection. `addresses` are those to bind sockets to."""
    aiortc.rtcrtpreceiver.decoder_worker = _forward
    aiortc.codecs.CODECS["video"][:] = _video_codecs()
    aiortc.codecs.CODECS["audio"][:] = _audio_codecs()
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    extensions[:] = [one for one in extensions if one.uri != _ABS_SEND_TIME]
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: addresses()


def tap(receiver: RTCRtpReceiver, taken: FrameTaken, reported: ReportHeard) -> Tap:
    """Take a receiver's encoded frames, before any packet came."""
    end = Tap(taken)
    track: Any = receiver.track
    track._queue = end
    inside: Any = receiver
    inside._RTCRtpReceiver__timestamp_mapper = Unwrap()
    original = receiver._handle_rtcp_packet

    async def heard(packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            reported(info.ntp_timestamp / 2**32, info.rtp_timestamp)
        await original(packet)

    inside._handle_rtcp_packet = heard
    return end
