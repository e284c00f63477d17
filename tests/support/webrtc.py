"""A WebRTC publisher for tests: aiortc as the sending side, and a listener that keeps all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)


class Sender:
    """A peer connection that sends a green picture and silence; its offer is ready."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self.pc = pc

    @property
    def offer(self) -> str:
        return str(self.pc.localDescription.sdp)

    async def answered(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


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

    async def until(self, enough: Callable[[], bool], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not enough():
                self._news.clear()
                await self._news.wait()
