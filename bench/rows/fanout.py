"""Video to many: server CPU and memory per viewer, beside node-media-server's HTTP-FLV."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench import video
from bench.machine import median
from bench.run import Bench, Row
from bench.shop import ROOM, open_shop
from bench.sockets import Watched, idle, watch

WARM_UP, VIEWERS, MANY, SECONDS, SETTLE_S = 20, 500, 2_000, 5.0, 8.0
RATE = 200_000  # bytes a second: 1.6 Mbps


@dataclass
class Cost:
    """What one server's viewers cost; None where nothing could be told from its resting use."""

    each_us: float | None
    """CPU per 200 ms of video (40 KB) that reached a viewer."""
    many_percent: float | None
    memory_kb: float | None
    arrived: float
    """The part of the video that reached MANY viewers; 0 when it could not take them."""


def _series(bench: Bench, address: tuple[str, int], path: str, pid: int) -> Cost:
    """The crowd comes first, to a server that never had one: what it takes is then its own. Later
    rounds are each held against the rest just before them."""
    bench.load(watch, address, path, pid, WARM_UP, 2.0)
    time.sleep(SETTLE_S)
    try:
        many: Watched | None = bench.load(watch, address, path, pid, MANY, SECONDS)
    except TimeoutError as error:
        bench.say(str(error))
        many = None
    costs = []
    for _ in range(3):
        time.sleep(2.0)
        resting = idle(pid, 3.0)
        watched = bench.load(watch, address, path, pid, VIEWERS, SECONDS)
        arrived = watched.bytes_per_s * VIEWERS / (RATE / 5)
        costs.append((watched.cpu_share - resting) / arrived * 1e6)
    each = median(costs)
    each_us = each if each > 0 else None
    if many is None:
        return Cost(each_us, None, None, 0.0)
    memory_kb = many.memory_kb / MANY if many.memory_kb > 0 else None
    return Cost(each_us, many.cpu_share * 100, memory_kb, many.bytes_per_s / RATE)


def _ours(bench: Bench) -> Cost:
    """A shop of its own: memory another row left free would hide what viewers take."""
    with (
        open_shop("--no-crowd", "--no-host", name="fanout") as shop,
        video.publish(shop.rtmp),
    ):
        video.wait_until_live(shop)
        return _series(bench, shop.address, f"/live/{ROOM}/stream.mp4", shop.pid)


def _theirs(bench: Bench) -> Cost | None:
    with bench.peer("nms") as peer:
        if peer is None:
            return None
        with video.publish(f"rtmp://127.0.0.1:{peer.told['rtmp']}/live/bench"):
            time.sleep(2)
            address = ("127.0.0.1", peer.told["http"])
            return _series(bench, address, "/live/bench.flv", peer.pid)


def run(bench: Bench) -> list[Row]:
    ours, theirs = _ours(bench), _theirs(bench)
    name = "node-media-server"
    note = f"{min(1, ours.arrived):.0%} of the video arrived"
    if theirs is not None:
        arrived = f"{min(1, theirs.arrived):.0%}" if theirs.arrived else "cannot take as many"
        note += f" (peer {arrived})"
    each = f"{VIEWERS} viewers of 1.6 Mbps, per 40 KB that arrived, resting use taken off"
    if ours.each_us is None:
        each = "no more than its resting use, which swayed: measure again on a quieter machine"
    return [
        Row("CPU per viewer and 200 ms of video", ours.each_us, "µs",
            theirs and theirs.each_us, name, "less", "≤ 15", each),
        Row(f"{MANY:,} viewers of 1.6 Mbps", ours.many_percent, "% of a core",
            theirs and theirs.many_percent, name, "less", "≤ 15", note),
        Row("memory per viewer", ours.memory_kb, "KB", theirs and theirs.memory_kb, name, "less",
            "≤ 40", f"growth of the process with its first {MANY:,} viewers"),
    ]  # fmt: skip
