"""Video to many: server CPU and memory per viewer, beside node-media-server's HTTP-FLV."""

from __future__ import annotations

import time

from bench import video
from bench.machine import median
from bench.run import Bench, Row
from bench.shop import ROOM
from bench.sockets import Watched, idle, watch

VIEWERS, MANY, SECONDS = 500, 2_000, 5.0


def _each_us(watched: Watched, resting: float, viewers: int) -> float:
    """CPU µs per viewer and 200 ms of video."""
    return (watched.cpu_share - resting) / viewers / 5 * 1e6


def _series(
    bench: Bench, address: tuple[str, int], path: str, pid: int
) -> tuple[float, float, float]:
    """(µs per viewer and 200 ms, share of a core for MANY, KB per viewer)."""
    resting = idle(pid, 3.0)
    costs = []
    for _ in range(3):
        watched = bench.load(watch, address, path, pid, VIEWERS, SECONDS)
        assert watched.bytes_per_s * 8 > 1e6, f"{watched}: viewers do not get the video"
        costs.append(_each_us(watched, resting, VIEWERS))
        time.sleep(0.5)
    many = bench.load(watch, address, path, pid, MANY, SECONDS)
    return median(costs), many.cpu_share * 100, many.memory_kb / MANY


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    bench.publishing()
    ours = _series(bench, shop.address, f"/live/{ROOM}/stream.mp4", shop.pid)
    theirs: tuple[float | None, float | None, float | None] = (None, None, None)
    with bench.peer("nms") as peer:
        if peer is not None:
            with video.publish(f"rtmp://127.0.0.1:{peer.told['rtmp']}/live/bench"):
                time.sleep(2)
                address = ("127.0.0.1", peer.told["http"])
                theirs = _series(bench, address, "/live/bench.flv", peer.pid)
    name = "node-media-server"
    return [
        Row("CPU per viewer and 200 ms of video", ours[0], "µs", theirs[0], name, "less", "≤ 15",
            f"{VIEWERS} viewers of 1.6 Mbps, resting use taken off"),
        Row(f"{MANY:,} viewers of 1.6 Mbps", ours[1], "% of a core", theirs[1], name, "less",
            "≤ 15", "everything the process does"),
        Row("memory per viewer", ours[2], "KB", theirs[2], name, "less", "≤ 40",
            f"growth of the process with {MANY:,} viewers"),
    ]  # fmt: skip
