"""The real player behind a bad line: when it starts, how often it stands still, how it recovers."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import time
from collections.abc import Iterator
from typing import Any

from bench import screen, video
from bench.link import NEAR, Line, NoLink, bad_line
from bench.machine import median, percentile
from bench.run import Bench, Row
from bench.screen import ARGUMENTS, NoBrowser, chromium
from bench.shop import CACHE, ROOM, Shop, open_shop

PLAY_S, OUTAGE_S, AFTER_S = 20.0, 2.0, 10.0
STILL_MS = 400
"""A picture that stands longer than this is seen to stand."""
LINES = (
    ("200 ms round trip", 0.1, 0.0),
    ("200 ms, 1 % lost", 0.1, 0.01),
    ("200 ms, 3 % lost", 0.1, 0.03),
)
NOTE_FRAMES = """() => {
  const video = document.querySelector('video'), seen = (window.__seen = [])
  const look = (now, { mediaTime }) => {
    seen.push([performance.timeOrigin + performance.now(), mediaTime])
    video.requestVideoFrameCallback(look)
  }
  video.requestVideoFrameCallback(look)
}"""


@contextlib.contextmanager
def _browser_behind(line: Line) -> Iterator[Any]:
    """Chromium in the far namespace, driven from here."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise NoBrowser("no Chromium here")
    start = CACHE / f"far-{os.getpid()}.sh"
    start.write_text(f'#!/bin/sh\nexec ip netns exec {line.name} {shlex.quote(path)} "$@"\n')
    start.chmod(0o755)
    try:
        with sync_playwright() as playwright:
            opened = playwright.chromium.launch(executable_path=start, args=ARGUMENTS)
            yield opened
            opened.close()
    finally:
        start.unlink()


def _gaps_ms(seen: list[list[float]], until_ms: float) -> list[float]:
    walls = [wall for wall, _ in seen] + [until_ms]
    return [after - before for before, after in itertools.pairwise(walls)]


def _played(opened: Any, url: str, seconds: float) -> tuple[float, list[float], dict[str, Any]]:
    """(click → first frame, times without a new picture, what the player says)."""
    with screen.visit(opened, url, screen.STATS) as (page, first_ms, _):
        page.evaluate(NOTE_FRAMES)
        page.wait_for_timeout(seconds * 1000)
        gaps = _gaps_ms(page.evaluate("window.__seen"), time.time() * 1000)
        return first_ms, gaps, page.evaluate("({...window.__yh.stats})")


def _outage(opened: Any, url: str, line: Line) -> tuple[float | None, float, bool]:
    """(ms from the line's return to a moving picture, seconds behind at the end, same page)."""
    line.one_way_s, line.loss = 0.03, 0.0
    with screen.visit(opened, url, screen.STATS) as (page, _, _):
        page.evaluate(NOTE_FRAMES)
        page.wait_for_timeout(5000)
        line.silent = True
        time.sleep(OUTAGE_S)
        line.silent = False
        back_ms = time.time() * 1000
        page.wait_for_timeout(AFTER_S * 1000)
        same = page.evaluate("Array.isArray(window.__seen)")
        seen = page.evaluate("window.__seen ?? []")
        # The first of three pictures in a row: a buffer's last one may still be shown meanwhile.
        moving = [
            a - back_ms
            for (a, _), (b, _), (c, _) in zip(seen, seen[1:], seen[2:], strict=False)
            if a > back_ms and c - a < STILL_MS
        ]
        behind = page.evaluate("window.__yh.stats.behindLiveMs") / 1000
        return (moving[0] if moving else None), behind, bool(same)


def _rows(bench: Bench, shop: Shop, line: Line) -> list[Row]:
    rows, url = [], f"http://{NEAR}:{shop.port}/r/{ROOM}"
    with _browser_behind(line) as opened:
        for name, one_way_s, loss in LINES:
            line.one_way_s, line.loss = one_way_s, loss
            first_ms, gaps, stats = _played(opened, url, PLAY_S)
            still = [gap for gap in gaps if gap > STILL_MS]
            bench.say(f"{name}: {stats}; still {[round(gap) for gap in still]}")
            note = (
                f"{len(still)} times, {sum(still) / 1000:.1f} s of {PLAY_S:.0f}; {stats['route']}"
            )
            rows += [
                Row(f"{name}: click → first frame", first_ms, "ms", note="with its handshakes"),
                Row(f"{name}: longest standstill", max(gaps), "ms", note=note),
            ]
        found = [_outage(opened, url, line) for _ in range(3)]
    bench.say(f"outages: {found}")
    recovered = [ms for ms, _, _ in found if ms is not None]
    note = f"{sum(same for _, _, same in found)} of 3 without a reload, "
    note += f"{median([behind for _, behind, _ in found]):.1f} s behind {AFTER_S:.0f} s later"
    worst = percentile(recovered, 1.0) if len(recovered) == len(found) else None
    rows.append(
        Row(f"{OUTAGE_S:.0f} s without a line: moving again", worst, "ms", target="≤ 1,000",
            note=note)
    )  # fmt: skip
    return rows


def run(bench: Bench) -> list[Row]:
    try:
        with bad_line() as line:
            flags = ("--no-crowd", "--no-host", "--lan")
            with open_shop(*flags, name="trouble") as shop, video.publish(shop.rtmp):
                video.wait_until_live(shop)
                return _rows(bench, shop, line)
    except (NoLink, NoBrowser) as error:
        return [Row("the player behind a bad line", None, "", note=f"not here: {error}")]
