"""The first frame: from the click on a share link, and from the player's start, in Chromium."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench import screen, video
from bench.machine import median, percentile
from bench.people import Town
from bench.run import Bench, Row
from bench.screen import browser, visit

VISITS, WARM = 20, 2
THEIRS = "window.stats"


def _visits(opened: Any, urls: list[str], stats: str) -> tuple[list[float], list[float]]:
    """(click → first frame, player start → first frame) of each visit, warm-up left out."""
    clicks, starts = [], []
    for url in urls:
        with visit(opened, url, stats) as (_, click_ms, start_ms):
            clicks.append(click_ms)
            starts.append(start_ms)
    return clicks[WARM:], starts[WARM:]


@contextlib.contextmanager
def delayed(port: int, round_trip_ms: float) -> Iterator[int]:
    """A port behind which `port` is further away."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.delay", str(port), str(round_trip_ms / 2000)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    bench.publishing()
    town = Town(shop)
    tokens = town.share(town.cookies(VISITS + WARM))
    theirs: list[float] = []
    with browser() as opened:
        clicks, starts = _visits(opened, [f"{shop.url}/s/{t}" for t in tokens], screen.STATS)
        with delayed(shop.port, 50) as port:
            far = [f"http://127.0.0.1:{port}/s/{token}" for token in tokens]
            far_clicks, _ = _visits(opened, far, screen.STATS)
        with bench.peer("nms") as peer:
            if peer is not None:
                with video.publish(f"rtmp://127.0.0.1:{peer.told['rtmp']}/live/bench"):
                    urls = [f"http://127.0.0.1:{peer.told['page']}/"] * (VISITS + WARM)
                    _, theirs = _visits(opened, urls, THEIRS)
    name = "node-media-server + mpegts.js"
    note = f"{VISITS} phones never seen before"
    return [
        Row("player start → first frame, p50", median(starts), "ms",
            median(theirs) if theirs else None, name, "less", "≤ 80", note),
        Row("player start → first frame, p95", percentile(starts, 0.95), "ms",
            percentile(theirs, 0.95) if theirs else None, name, "less", "≤ 150", note),
        Row("share link → first frame, p50", median(clicks), "ms", target="≤ 400", note=note),
        Row("share link → first frame at 50 ms, p50", median(far_clicks), "ms", target="≤ 600",
            note="delaying proxy: handshake and slow start included"),
    ]  # fmt: skip
