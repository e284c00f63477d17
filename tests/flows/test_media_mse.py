"""Chromium as the judge of our fragments: no gap, no discarded GOP, every picture decoded."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright
from tests.support.media import Clip, Frame, clip
from tests.support.patience import PATIENCE_S
from tests.support.tools import need

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog
from yaohe.live.media.publication import Publication

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PLAY = """async ({codecs, parts}) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  await new Promise(done => media.addEventListener('sourceopen', done, {once: true}));
  const buffer = media.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
  for (const part of parts) {
    const bytes = Uint8Array.from(atob(part), letter => letter.charCodeAt(0));
    await new Promise((done, fail) => {
      buffer.onupdateend = done;
      buffer.onerror = () => fail(new Error('append failed'));
      buffer.appendBuffer(bytes);
    });
  }
  const ranges = [];
  for (let i = 0; i < video.buffered.length; i++)
    ranges.push([video.buffered.start(i), video.buffered.end(i)]);
  const duration = media.duration;
  video.currentTime = ranges[0][0] + 0.001;  // a player joins where the buffer begins
  media.endOfStream();
  video.play().catch(() => undefined);
  const deadline = performance.now() + 20000;
  while (!video.ended && !video.error && performance.now() < deadline)
    await new Promise(done => setTimeout(done, 50));
  const quality = video.getVideoPlaybackQuality();
  return {ranges, duration: String(duration), error: video.error && video.error.message,
          ended: video.ended, total: quality.totalVideoFrames, corrupted:
          quality.corruptedVideoFrames, width: video.videoWidth, height: video.videoHeight};
}"""


@pytest_asyncio.fixture(scope="module")
async def page() -> AsyncIterator[Page]:
    path = need("chromium", "chromium-browser", "google-chrome")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


def published(made: Clip, frames: list[Frame]) -> FragmentLog:
    clock = ManualClock()
    log = FragmentLog("tea", clock=clock)
    publication = Publication(
        log,
        remote="",
        clock=clock,
        on_started=lambda _: None,
        on_finished=lambda *_: None,
        on_replaced=lambda _: None,
    )
    publication.configure_video(made.avcc)
    publication.configure_audio(made.asc)
    for frame in frames:
        if frame.is_video:
            publication.video(frame.dts_ms, frame.offset_ms, frame.keyframe, frame.data)
        else:
            publication.audio(frame.dts_ms, frame.data)
    publication.finish("closed")
    return log


async def played(page: Page, log: FragmentLog, first: int = 0) -> dict[str, object]:
    parts = [log.init, *(f.data for f in log.span(first, log.next_offset))]
    given = {"codecs": log.codecs, "parts": [base64.b64encode(part).decode() for part in parts]}
    async with asyncio.timeout(PATIENCE_S):
        found = await page.evaluate(PLAY, given)
    assert isinstance(found, dict)
    return found


def assert_played(found: dict[str, object], pictures: int) -> None:
    """One unbroken range, played to its end; the seek may decode a few pictures twice."""
    assert (found["error"], found["ended"], found["corrupted"]) == (None, True, 0)
    ranges, total = found["ranges"], found["total"]
    assert isinstance(ranges, list)
    assert len(ranges) == 1
    assert isinstance(total, int)
    assert pictures <= total <= pictures + 8


async def test_a_whole_stream_has_no_duration_and_no_gap(page: Page) -> None:
    made = clip(3.0)
    found = await played(page, published(made, list(made.frames)))
    assert found["duration"] == "Infinity"
    assert (found["width"], found["height"]) == (160, 96)
    assert_played(found, 90)


async def test_b_frames(page: Page) -> None:
    made = clip(3.0, b_frames=2)
    assert_played(await played(page, published(made, list(made.frames))), 90)


async def test_joining_at_the_last_keyframe(page: Page) -> None:
    made = clip(3.0)
    log = published(made, list(made.frames))
    assert_played(await played(page, log, log.last_keyframe_offset), 30)


async def test_a_camera_that_drops_frames_loses_only_those(page: Page) -> None:
    made = clip(3.0)
    kept = [
        frame
        for frame in made.frames
        if not (frame.is_video and (400 < frame.dts_ms < 900 or frame.dts_ms % 5 == 0))
        or frame.keyframe
    ]
    found = await played(page, published(made, kept))
    assert_played(found, sum(frame.is_video for frame in kept))


async def test_lost_sound_leaves_the_picture_playing(page: Page) -> None:
    made = clip(3.0)
    kept = [f for f in made.frames if f.is_video or not 600 < f.dts_ms < 2_400]
    assert_played(await played(page, published(made, kept)), 90)


async def test_a_picture_that_freezes_for_long_goes_on(page: Page) -> None:
    made = clip(3.0)
    kept = [f for f in made.frames if not (f.is_video and 500 < f.dts_ms < 2_500)]
    found = await played(page, published(made, kept))
    assert_played(found, sum(frame.is_video for frame in kept))
