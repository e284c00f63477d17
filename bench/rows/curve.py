"""The curve of viewers: what one costs the server when there are a hundred, and ten thousand.

The video is small, so that loopback and the one core that reads are not what is measured: a viewer
costs a wake-up and a write per fragment, whatever its size.
"""

from __future__ import annotations

import time

from bench import video
from bench.machine import median
from bench.run import Bench, Row
from bench.shop import ROOM, Shop, open_shop
from bench.sockets import Watched, idle, watch

SIZES, SECONDS, ROUNDS, SETTLE_S = (100, 1_000, 10_000), 6.0, 3, 5.0


def _each(bench: Bench, shop: Shop, viewers: int) -> float:
    time.sleep(SETTLE_S)
    resting = idle(shop.pid, 3.0)
    path = f"/live/{ROOM}/stream.mp4"
    watched: Watched = bench.load(watch, shop.address, path, shop.pid, viewers, SECONDS)
    return (watched.cpu_share - resting) / viewers * 1e6


def run(bench: Bench) -> list[Row]:
    costs: dict[int, float | None] = {}
    with (
        open_shop("--no-crowd", "--no-host", name="curve") as shop,
        video.publish(shop.rtmp, small=True),
    ):
        video.wait_until_live(shop)
        for viewers in SIZES:
            rounds = ROUNDS if viewers < SIZES[-1] else 1
            try:
                costs[viewers] = median([_each(bench, shop, viewers) for _ in range(rounds)])
            except TimeoutError as error:
                bench.say(str(error))
                costs[viewers] = None
    few = costs[SIZES[0]] or 0
    return [
        Row(f"CPU per viewer and second, {viewers:,} viewers", cost, "µs",
            target="" if viewers == SIZES[0] else f"≤ {few:.0f}",
            note="small video, resting use taken off; flat is as much as with the fewest")
        for viewers, cost in costs.items()
    ]  # fmt: skip
