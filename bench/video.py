"""The bench's own video: made once, published in real time, every frame telling which one it is.

720×1280, 25 frames a second, 1.5 Mbps, a keyframe every second, AAC. The number of each frame is
drawn as 16 squares of black and white in its top left corner; with the wall time at which frame 0
was sent, a page that reads the squares knows how old the shown picture is.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import av
from PIL import ImageDraw

if TYPE_CHECKING:
    from bench.shop import Shop

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "bench"
WIDTH, HEIGHT, FPS, SECONDS, BITS, SQUARE = 720, 1280, 25, 10, 16, 40
FRAMES = FPS * SECONDS
RATE = 48_000
BIT_RATE = 1_500_000
SMALL, SMALL_RATE = (144, 256), 60_000


def source(*, small: bool = False) -> Path:
    """The file that is published; made at the first run. A `small` one has the same frames and
    fragments, so small that ten thousand can be sent it over loopback."""
    path = CACHE / ("small-1.mp4" if small else "source-1.mp4")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new.mp4")
        _make(beside, *((SMALL, SMALL_RATE) if small else ((WIDTH, HEIGHT), BIT_RATE)))
        beside.rename(path)
    return path


def _make(path: Path, size: tuple[int, int], bit_rate: int) -> None:
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FPS)
        (video.width, video.height), video.pix_fmt = size, "yuv420p"
        video.bit_rate = bit_rate
        video.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "main",
            "x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0"
            f":vbv-maxrate={bit_rate // 1_000 + 100}:vbv-bufsize={bit_rate // 2_000 + 50}",
        }
        audio = out.add_stream("aac", rate=RATE)
        audio.layout = "mono"
        audio.bit_rate = 64_000 if size == (WIDTH, HEIGHT) else 24_000
        for number, picture in enumerate(_pictures()):
            frame = picture.reformat(*size)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        for frame in _sounds():
            out.mux(audio.encode(frame))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def _graph(*steps: tuple[str, str], sink: str) -> av.filter.Graph:
    graph = av.filter.Graph()
    nodes = [graph.add(name, options) for name, options in steps] + [graph.add(sink)]
    for left, right in itertools.pairwise(nodes):
        left.link_to(right)
    graph.configure()
    return graph


def _pictures() -> Iterator[av.VideoFrame]:
    size = f"size={WIDTH}x{HEIGHT}:rate={FPS}"
    graph = _graph(("testsrc2", size), ("noise", "alls=10:allf=t"), sink="buffersink")
    for number in range(FRAMES):
        image = graph.pull().to_image()
        draw = ImageDraw.Draw(image)
        for bit in range(BITS):
            shade = (255, 255, 255) if number >> bit & 1 else (0, 0, 0)
            draw.rectangle((bit * SQUARE, 0, (bit + 1) * SQUARE - 1, SQUARE - 1), fill=shade)
        yield av.VideoFrame.from_image(image).reformat(format="yuv420p")


def _sounds() -> Iterator[av.AudioFrame]:
    options = f"frequency=330:sample_rate={RATE}:samples_per_frame=1024"
    graph = _graph(("sine", options), sink="abuffersink")
    for number in range(SECONDS * RATE // 1024):
        frame = graph.pull()
        frame.pts, frame.time_base = number * 1024, Fraction(1, RATE)
        yield frame


@dataclass
class Publisher:
    """A running publisher; frame n of its endless show was sent at `zero_ms` + n × 40 ms."""

    process: subprocess.Popen[str]
    zero_ms: float


@contextlib.contextmanager
def publish(url: str, *, small: bool = False) -> Iterator[Publisher]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.video", url, str(source(small=small))],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the publisher did not start")
        yield Publisher(process, json.loads(line)["zero_ms"])
    finally:
        process.terminate()
        process.wait()


def wait_until_live(shop: Shop) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with urlopen(f"{shop.url}/api/v1/rooms", timeout=5) as answer:
            if any(room["status"] == "live" for room in json.load(answer)["items"]):
                time.sleep(1.5)  # a group of pictures, and the room's next snapshot
                return
        time.sleep(0.1)
    raise TimeoutError("the room did not go live")


def main(url: str, path: str) -> None:
    """Publish the file again and again, each packet at its time, by FFmpeg's RTMP client."""
    with av.open(path) as given:
        video, audio = given.streams.video[0], given.streams.audio[0]
        packets = sorted(
            (p for p in given.demux(video, audio) if p.size), key=lambda p: p.dts * p.time_base
        )
        out = av.open(url, "w", format="flv", options={"flvflags": "no_duration_filesize"})
        made = {s: out.add_stream_from_template(s) for s in (video, audio)}
        out.start_encoding()
        kept = [(p.stream, bytes(p), p.dts * p.time_base, p.is_keyframe) for p in packets]
        zero = time.time() + 0.1
        print(json.dumps({"zero_ms": zero * 1000}), flush=True)
        round_ = 0
        while True:
            for stream, data, at, key in kept:
                due = at + round_ * SECONDS
                wait = zero + float(due) - time.time()
                if wait > 0:
                    time.sleep(wait)
                packet = av.Packet(data)
                packet.stream, packet.is_keyframe = made[stream], key
                packet.time_base = stream.time_base
                packet.pts = packet.dts = round(due / stream.time_base)
                out.mux_one(packet)
            round_ += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
