"""A real browser: headless Chromium on a phone's screen, one fresh profile per visit."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

from bench.video import BITS, FPS, FRAMES, SQUARE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
# Reads the squares in the corner of each shown frame; keeps [wall ms, number of the frame].
READ_FRAMES = """
async ([bits, square, seconds]) => {
  const video = document.querySelector('video'), seen = []
  const canvas = new OffscreenCanvas(bits * square, square)
  const paper = canvas.getContext('2d', { willReadFrequently: true })
  const until = performance.now() + seconds * 1000
  await new Promise((done) => {
    const look = (now) => {
      const wall = performance.timeOrigin + performance.now()
      paper.drawImage(video, 0, 0, bits * square, square, 0, 0, bits * square, square)
      const { data } = paper.getImageData(0, square / 2, bits * square, 1)
      let number = 0
      for (let bit = 0; bit < bits; bit++) {
        if (data[(bit * square + square / 2) * 4] > 127) number |= 1 << bit
      }
      seen.push([wall, number])
      if (now < until) video.requestVideoFrameCallback(look)
      else done()
    }
    video.requestVideoFrameCallback(look)
    setTimeout(done, seconds * 1000 + 3000)
  })
  return seen
}
"""


# On a slow line the page is looked at before it has any.
STATS = "window.__yh && window.__yh.stats"


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine; `make bench` installs it where it may."""


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise NoBrowser("no Chromium here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@contextlib.contextmanager
def visit(opened: Any, url: str, stats: str) -> Iterator[tuple[Any, float, float]]:
    """(page, click → first frame, player start → first frame) in ms, on a phone never seen before.

    `stats` is the object on the page with `startedMs` and `firstFrameMs` since navigation.
    """
    context = opened.new_context(viewport={"width": 390, "height": 844}, is_mobile=True)
    try:
        page = context.new_page()
        page.goto(url, wait_until="commit")
        page.wait_for_function(f"() => ({stats})?.firstFrameMs > 0", timeout=20_000)
        told = page.evaluate(f"() => ({{...{stats}}})")
        yield page, told["firstFrameMs"], told["firstFrameMs"] - told["startedMs"]
    finally:
        context.close()


def ages_ms(page: Any, zero_ms: float, seconds: float) -> list[float]:
    """How old each shown frame is, from sending its packet to showing it."""
    period = FRAMES / FPS * 1000
    return [
        (wall - zero_ms - number * 1000 / FPS) % period
        for wall, number in page.evaluate(READ_FRAMES, [BITS, SQUARE, seconds])
        if number < FRAMES
    ]
