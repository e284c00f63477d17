"""The demo's host: draws, encodes and publishes in real time, as an encoder at a shop would, and
shows whatever product is pinned in the room, with the shop's own picture of it.

Runs as a child process of its own (`python -m yaohe.app.demo.host`, its order in a file), so that
encoding never shares the server's event loop. Pictures are H.264 by x264, sound AAC, sent by
FFmpeg's RTMP client to the port that real encoders use. A lost connection is opened again.
"""

from __future__ import annotations

import array
import contextlib
import io
import math
import sys
import threading
import time
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import httpx
import msgspec
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image

from yaohe.app.demo.stage import HEIGHT, WIDTH, Act, Stage
from yaohe.content.cards import FONT_BOLD

FPS = 25
RATE = 48_000
SAMPLES = 1024  # one AAC frame
FOLLOW_S = 0.5
PAUSE_S_MIN, PAUSE_S_MAX = 0.5, 5.0
_NOTES = (0, 4, 7, 9, 12, 9, 7, 4, 2, 5, 9, 12, 14, 12, 9, 5)  # a pentatonic walk, semitones
_BEAT_S = 0.5


class Order(msgspec.Struct, frozen=True):
    """What the parent asks for: where to publish, and where the room can be asked."""

    url: str
    base: str
    room: str


def melody() -> array.array[int]:
    """Eight seconds of plucked notes, 16-bit mono, made to loop without a click."""
    total = int(len(_NOTES) * _BEAT_S * RATE)
    mix = [0.0] * total
    length = int(1.4 * RATE)
    for index, note in enumerate(_NOTES):
        step = 2 * math.pi * 261.63 * 2 ** (note / 12) / RATE
        start = int(index * _BEAT_S * RATE)
        for n in range(length):
            fade = math.exp(-3.2 * n / RATE) * min(1.0, n / 200)
            value = math.sin(step * n) + 0.35 * math.sin(2 * step * n)
            mix[(start + n) % total] += 0.16 * fade * value
    return array.array("h", (int(max(-1.0, min(1.0, value)) * 32_000) for value in mix))


class Broadcast:
    """One connection to the RTMP port, fed frame by frame."""

    def __init__(self, url: str, stage: Stage, tune: array.array[int]) -> None:
        self._stage, self._tune = stage, tune
        self._out = av.open(url, "w", format="flv", options={"flvflags": "no_duration_filesize"})
        self._video = self._out.add_stream("libx264", rate=FPS)
        self._video.width, self._video.height, self._video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._video.bit_rate = 1_200_000
        self._video.gop_size = FPS
        self._video.time_base = Fraction(1, FPS)
        self._video.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "main",
            "x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0:threads=1",
        }
        self._audio = self._out.add_stream("aac", rate=RATE)
        self._audio.layout = "mono"
        self._audio.bit_rate = 64_000
        self._frames = self._sounds = 0

    def run(self) -> None:
        """Publish until the connection breaks (then FFmpegError or OSError is raised)."""
        begun = time.monotonic()
        while True:
            due = begun + self._frames / FPS
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -1.0:
                # The machine fell behind: skip ahead instead of talking about the past.
                self._frames += int(-wait * FPS)
            self._send_picture(begun)
            while self._sounds * SAMPLES / RATE <= self._frames / FPS:
                self._send_sound()

    def _send_picture(self, begun: float) -> None:
        now = datetime.now()
        clock = now.strftime("%H:%M:%S.") + f"{now.microsecond // 10_000:02d}"
        picture = self._stage.draw(self._frames / FPS, clock)
        frame = VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
        frame = frame.reformat(format="yuv420p")
        frame.pts = self._frames
        frame.time_base = Fraction(1, FPS)
        self._out.mux(self._video.encode(frame))
        self._frames += 1

    def _send_sound(self) -> None:
        start = self._sounds * SAMPLES % len(self._tune)
        part = self._tune[start : start + SAMPLES]
        if len(part) < SAMPLES:
            part = part + self._tune[: SAMPLES - len(part)]
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(part.tobytes())
        frame.sample_rate = RATE
        frame.pts = self._sounds * SAMPLES
        frame.time_base = Fraction(1, RATE)
        self._out.mux(self._audio.encode(frame))
        self._sounds += 1

    def close(self) -> None:
        self._out.close()


def follow_once(http: httpx.Client, room: str, stage: Stage) -> None:
    """Have the host show what is pinned now, once its picture is there."""
    products = http.get(f"/api/v1/rooms/{room}").raise_for_status().json()["products"]
    pinned = next((product for product in products if product["pinned"]), None)
    if pinned is None:
        stage.show(None)
        return
    address = pinned["picture"]
    if not stage.has(address):
        picture = http.get(address).raise_for_status().content
        stage.bring(address, Image.open(io.BytesIO(picture)))
    stage.show(Act(address, pinned["title"]))


def _follow(order: Order, stage: Stage) -> None:
    # The demo's own certificate is signed by nobody; the host never leaves this machine.
    verify = not order.base.startswith("https:")
    with httpx.Client(base_url=order.base, timeout=15, verify=verify, trust_env=False) as http:
        while True:
            # With the server away the host goes on with what is in hand.
            with contextlib.suppress(httpx.HTTPError, OSError, ValueError):
                follow_once(http, order.room, stage)
            time.sleep(FOLLOW_S)


def main() -> None:
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    stage = Stage(str(FONT_BOLD))
    tune = melody()
    threading.Thread(target=_follow, args=(order, stage), daemon=True).start()
    pause_s = PAUSE_S_MIN
    while True:
        begun = time.monotonic()
        # The server is away, or the show was ended and the door is shut: less and less often.
        with contextlib.suppress(av.FFmpegError, OSError):
            _perform(Broadcast(order.url, stage, tune))
        lasted_s = time.monotonic() - begun
        pause_s = PAUSE_S_MIN if lasted_s > PAUSE_S_MAX else min(PAUSE_S_MAX, pause_s * 2)
        time.sleep(pause_s)


def _perform(broadcast: Broadcast) -> None:
    """Publish until the connection is gone; closing the muxer then says so once more."""
    try:
        broadcast.run()
    finally:
        with contextlib.suppress(av.FFmpegError, OSError):
            broadcast.close()


if __name__ == "__main__":
    main()
