"""Video to many: server CPU and memory per viewer, beside node-media-server's HTTP-FLV."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench import video
from bench.machine import median
from bench.run import Bench, Row
from bench.shop import ROOM
from bench.sockets import idle, watch

VIEWERS, MANY, SECONDS = 500, 2_000, 5.0
RATE = 200_000  # bytes a second: 1.6 Mbps


@dataclass
class Cost:
    """What one server's viewers cost."""

    each_us: float
    """CPU per 200 ms of video (40 KB) that reached a viewer."""
    many_percent: float | None
    memory_kb: float | None
    arrived: float
    """The part of the video that reached MANY viewers; 0 when it could not take them."""


def _series(bench: Bench, address: tuple[str, int], path: str, pid: int) -> Cost:
    resting = idle(pid, 3.0)
    costs = []
    for _ in range(3):
        watched = bench.load(watch, address, path, pid, VIEWERS, SECONDS)
        arrived = watched.bytes_per_s * VIEWERS / (RATE / 5)
        costs.append((watched.cpu_share - resting) / arrived * 1e6)
        time.sleep(0.5)
    try:
        many = bench.load(watch, address, path, pid, MANY, SECONDS)
    except TimeoutError as error:
        bench.say(str(error))
        return Cost(median(costs), None, None, 0.0)
    return Cost(median(costs), many.cpu_share * 100, many.memory_kb / MANY, many.bytes_per_s / RATE)


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    bench.publishing()
    ours = _series(bench, shop.address, f"/live/{ROOM}/stream.mp4", shop.pid)
    theirs: Cost | None = None
    with bench.peer("nms") as peer:
        if peer is not None:
            with video.publish(f"rtmp://127.0.0.1:{peer.told['rtmp']}/live/bench"):
                time.sleep(2)
                address = ("127.0.0.1", peer.told["http"])
                theirs = _series(bench, address, "/live/bench.flv", peer.pid)
    name = "node-media-server"
    note = f"{min(1, ours.arrived):.0%} of the video arrived"
    if theirs is not None:
        arrived = f"{min(1, theirs.arrived):.0%}" if theirs.arrived else "cannot take as many"
        note += f" (peer {arrived})"
    return [
        Row("CPU per viewer and 200 ms of video", ours.each_us, "µs",
            theirs and theirs.each_us, name, "less", "≤ 15",
            f"{VIEWERS} viewers of 1.6 Mbps, per 40 KB that arrived, resting use taken off"),
        Row(f"{MANY:,} viewers of 1.6 Mbps", ours.many_percent, "% of a core",
            theirs and theirs.many_percent, name, "less", "≤ 15", note),
        Row("memory per viewer", ours.memory_kb, "KB", theirs and theirs.memory_kb, name, "less",
            "≤ 40", f"growth of the process with {MANY:,} viewers"),
    ]  # fmt: skip
