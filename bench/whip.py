"""The bench's video as a browser sends it: WebRTC by WHIP, H.264 as it was encoded once.

`python -m bench.whip URL FILE` publishes until it is ended, and says a line once it is heard.
"""

from __future__ import annotations

import asyncio
import sys
import time
from fractions import Fraction

import av
import httpx
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from av.bitstream import BitStreamFilterContext

from bench.video import FPS

SDP = {"content-type": "application/sdp"}


class Recorded(MediaStreamTrack):
    """The pictures of a file, each at its time, endlessly, as they were encoded."""

    kind = "video"

    def __init__(self, path: str) -> None:
        super().__init__()
        with av.open(path) as given:
            to_annex_b = BitStreamFilterContext("h264_mp4toannexb", given.streams.video[0])
            packets = [packet for packet in given.demux(video=0) if packet.size]
            self._frames = [bytes(made) for packet in packets for made in to_annex_b.filter(packet)]
        self._number, self._began = 0, time.monotonic()

    async def recv(self) -> av.Packet:
        due = self._began + self._number / FPS
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        packet = av.Packet(self._frames[self._number % len(self._frames)])
        packet.time_base = Fraction(1, FPS)
        packet.pts = packet.dts = self._number
        self._number += 1
        return packet


async def main(url: str, path: str) -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(Recorded(path))
    pc.addTrack(AudioStreamTrack())
    await pc.setLocalDescription()
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        answer = await http.post(url, content=pc.localDescription.sdp, headers=SDP)
        answer.raise_for_status()
    connected, over = asyncio.Event(), asyncio.Event()

    @pc.on("connectionstatechange")
    def changed() -> None:
        if pc.connectionState == "connected":
            connected.set()
        elif pc.connectionState in {"failed", "closed"}:
            over.set()

    await pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    await asyncio.wait_for(connected.wait(), 20)
    print("publishing", flush=True)
    await over.wait()
    raise SystemExit("the server let us go")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
