"""A WebRTC publisher for tests: aiortc as the sending side, and a listener that keeps all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import av
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from tests.support.patience import PATIENCE_S


class Sender:
    """A peer connection that sends a green picture and silence; its offer is ready."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self.pc = pc

    @property
    def offer(self) -> str:
        return str(self.pc.localDescription.sdp)

    async def answered(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    def freeze(self) -> None:
        """From here on nothing leaves, not even a goodbye: a phone that went into a lift."""
        connection = self.pc.getSenders()[0].transport.transport._connection
        for protocol in connection._protocols:
            protocol.transport = _Mute(protocol.transport)


class _Mute:
    """A datagram transport that only closes."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self.close = transport.close

    def sendto(self, _data: bytes, _address: object = None) -> None:
        pass


@asynccontextmanager
async def sender(*, video: bool = True, audio: bool = True) -> AsyncIterator[Sender]:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if video:
        pc.addTrack(VideoStreamTrack())
    if audio:
        pc.addTrack(AudioStreamTrack())
    await pc.setLocalDescription()
    try:
        yield Sender(pc)
    finally:
        await pc.close()


def good_offer() -> str:
    """An offer as Chromium makes it, shortened; its candidate leads nowhere."""
    return "\r\n".join(
        (
            "v=0",
            "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0 1",
            "a=extmap-allow-mixed",
            "a=msid-semantic: WMS s",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9 IN IP4 0.0.0.0",
            "a=candidate:1 1 udp 2113937151 127.0.0.1 9 typ host generation 0 network-cost 999",
            "a=ice-ufrag:6HHH",
            "a=ice-pwd:aVqDpZ1pSRUuC1wJyWAvN4vF",
            "a=ice-options:trickle",
            "a=fingerprint:sha-256 " + ":".join(f"{n:02X}" for n in range(32)),
            "a=setup:actpass",
            "a=mid:0",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=sendonly",
            "a=msid:s a",
            "a=rtcp-mux",
            "a=rtpmap:111 opus/48000/2",
            "a=fmtp:111 minptime=10;useinbandfec=1",
            "a=ssrc:1001 cname:c",
            "m=video 9 UDP/TLS/RTP/SAVPF 102 103",
            "c=IN IP4 0.0.0.0",
            "a=ice-ufrag:6HHH",
            "a=ice-pwd:aVqDpZ1pSRUuC1wJyWAvN4vF",
            "a=fingerprint:sha-256 " + ":".join(f"{n:02X}" for n in range(32)),
            "a=setup:actpass",
            "a=mid:1",
            "a=sendonly",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            "a=rtpmap:102 H264/90000",
            "a=rtcp-fb:102 goog-remb",
            "a=rtcp-fb:102 nack pli",
            "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            "a=rtpmap:103 rtx/90000",
            "a=fmtp:103 apt=102",
            "a=ssrc-group:FID 2001 2002",
            "a=ssrc:2001 cname:c",
            "a=ssrc:2002 cname:c",
            "",
        )
    )


def opus_packets(count: int) -> list[bytes]:
    """Silence, 20 ms a packet."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"  # type: ignore[assignment]
    encoder.open()
    packets: list[bytes] = []
    for number in range(count):
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.sample_rate, frame.pts = 48_000, number * 960
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


class Heard:
    """A `PeerListener` that keeps what it was told."""

    def __init__(self) -> None:
        self.videos: list[tuple[int, bool, bytes, bytes]] = []
        self.sounds: list[tuple[int, bytes, bytes]] = []
        self.tracks: tuple[bool, bool] | None = None
        self.ends: list[str] = []
        self._news = asyncio.Event()

    def connected(self, *, video: bool, audio: bool) -> None:
        self.tracks = video, audio
        self._news.set()

    def video(self, at_ms: int, *, keyframe: bool, unit: bytes, record: bytes) -> None:
        self.videos.append((at_ms, keyframe, unit, record))
        self._news.set()

    def sound(self, at_ms: int, frame: bytes, record: bytes) -> None:
        self.sounds.append((at_ms, frame, record))
        self._news.set()

    def gone(self, reason: str) -> None:
        self.ends.append(reason)
        self._news.set()

    async def until(self, enough: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not enough():
                self._news.clear()
                await self._news.wait()
