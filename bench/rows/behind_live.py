"""Behind live: the age of the picture on the screen, read from the picture itself.

The publisher draws each frame's number into it and tells when frame 0 was sent; the page reads the
squares of every frame it shows, on the same machine's clock. Measured from 3 s after the first
frame, for us and for the peer with the same source.
"""

from __future__ import annotations

from typing import Any

from bench import video
from bench.machine import median, percentile
from bench.people import Town
from bench.rows.first_frame import OURS, THEIRS
from bench.run import Bench, Row
from bench.screen import ages_ms, browser, visit

VISITS, WATCH_S = 3, 4.0


def _ages_s(opened: Any, url: str, stats: str, zero_ms: float) -> list[float]:
    ages: list[float] = []
    for _ in range(VISITS):
        with visit(opened, url, stats) as (page, _, _):
            page.wait_for_timeout(3_000)
            ages += [age / 1000 for age in ages_ms(page, zero_ms, WATCH_S)]
    return ages


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    publisher = bench.publishing()
    (token,) = Town(shop).share(Town(shop).cookies(1))
    theirs: list[float] = []
    with browser() as opened:
        ours = _ages_s(opened, f"{shop.url}/s/{token}", OURS, publisher.zero_ms)
        with bench.peer("nms") as peer:
            if peer is not None:
                url = f"rtmp://127.0.0.1:{peer.told['rtmp']}/live/bench"
                with video.publish(url) as other:
                    page = f"http://127.0.0.1:{peer.told['page']}/"
                    theirs = _ages_s(opened, page, THEIRS, other.zero_ms)
    name = "node-media-server + mpegts.js"
    return [
        Row("behind live, p50", median(ours), "s", median(theirs) if theirs else None, name,
            "less", "≤ 0.6", f"{len(ours)} shown frames: sent by the publisher → on the screen"),
        Row("behind live, p95", percentile(ours, 0.95), "s",
            percentile(theirs, 0.95) if theirs else None, name, "less"),
    ]  # fmt: skip
