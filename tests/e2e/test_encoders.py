"""What encoders do in the middle of a show, and what a viewer sees of it: nothing, if possible."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.browser import Phone, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.live_tags import live, silent
from tests.support.phone import Desk, until
from tests.support.tags import Tag, tags

pytestmark = [pytest.mark.slow, pytest.mark.browser]

AWAY = r"404 .*/stream\.mp4\)"
# Three seconds before the clock needs its extended form, and before 32 bits are full.
NEAR_24_BITS, NEAR_32_BITS = 0xFFFFFF - 3_000, 0x1_0000_0000 - 3_000


def wide(video: str = "libx264", audio: str | None = "aac") -> Sequence[Tag]:
    return tags(video, audio, width=320, height=180)


def upright(video: str = "libx264", audio: str | None = "aac") -> Sequence[Tag]:
    return tags(video, audio, width=180, height=320)


async def shape(page: Page) -> tuple[int, int]:
    found = await page.evaluate(
        "(v => [v.videoWidth, v.videoHeight])(document.querySelector('video'))"
    )
    return found[0], found[1]


async def shaped(page: Page, width: int, height: int) -> None:
    await until(lambda: shape(page), lambda found: found == (width, height))


async def marked(person: Phone) -> None:
    """From here on a reload would be noticed."""
    await person.page.evaluate("window.__same = true")


async def unmoved(person: Phone) -> bool:
    return bool(await person.page.evaluate("window.__same === true"))


async def test_codec_and_shape_change_on_one_connection(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    # All encodings are ready before the show: its clock does not wait.
    acts = [wide(), upright(), upright("libsvtav1", "libopus"), wide("libx265"), wide()]
    async with live(room.publish_url) as host, phone(browser, demo.url) as mei:
        async with host.performing(acts[0]):
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await marked(mei)
            await shaped(mei.page, 320, 180)
        async with host.performing(acts[1]):
            await shaped(mei.page, 180, 320)
        async with host.performing(acts[2]):
            await mei.page.wait_for_function("() => window.__yh.codecs.includes('av01')")
            await mei.frames(10)
            assert await shape(mei.page) == (180, 320)
        # Chromium here has no H.265: a clear word instead of a wheel, and the room goes on.
        said = mei.page.locator(".y-slate")
        async with host.performing(acts[3]):
            await expect(said).to_contain_text("H.265")
            await expect(mei.page.locator(".y-share")).to_be_visible()
        async with host.performing(acts[4]):
            await expect(said).to_be_hidden()
            await shaped(mei.page, 320, 180)
            await mei.frames(10)
        assert await unmoved(mei)


async def epoch(person: Phone) -> str:
    return str(await person.page.evaluate("window.__yh.epoch"))


@pytest.mark.parametrize("begin_ms", [NEAR_24_BITS, NEAR_32_BITS], ids=["4.66h", "49.7d"])
async def test_a_clock_that_outgrows_its_field(
    browser: Browser, demo: Demo, desk: Desk, begin_ms: int
) -> None:
    room, made = await desk.room(), wide()
    async with (
        live(room.publish_url, begin_ms=begin_ms) as host,
        phone(browser, demo.url) as mei,
        host.performing(made),
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames(10)
        first = await epoch(mei)
        await mei.page.wait_for_function("() => document.querySelector('video').currentTime > 6")
        assert host.now_ms > begin_ms + 6_000
        await mei.frames(10)
        # One piece from its beginning to its end: the picture went over the turn without a hole.
        assert await epoch(mei) == first
        pieces = "document.querySelector('video').buffered.length"
        await mei.page.wait_for_function(f"() => {pieces} === 1")


async def test_sound_that_stops_comes_back_ends_and_appears(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room, both, mute = await desk.room(), wide(), wide(audio=None)
    async with live(room.publish_url) as host, phone(browser, demo.url) as mei:
        async with host.performing(both):
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await marked(mei)
            await mei.frames(20)
            first = await epoch(mei)
        # A microphone that is gone for a while, and gone for good.
        for keep in (silent, lambda _: True, silent):
            async with host.performing(both, keep):
                await mei.frames(75)
        assert await epoch(mei) == first
    room = await desk.room()
    async with live(room.publish_url) as host, phone(browser, demo.url) as mei:
        # A show that begins without sound; the microphone is plugged in later.
        async with host.performing(mute):
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await marked(mei)
            await mei.frames(20)
        async with host.performing(both):
            await until(
                lambda: mei.page.evaluate("window.__yh.codecs"), lambda codecs: "mp4a" in codecs
            )
            await mei.frames(45)
        assert await unmoved(mei)


async def test_a_killed_encoder_returns_within_the_grace(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    push = {"size": "180x320", "rate": 25, "gop": 25, "bitrate": "300k"}
    async with phone(browser, demo.url, expected=[AWAY]) as mei:
        async with publishing(room.publish_url, **push) as encoder:
            await desk.status(room.id, "live")
            await mei.page.goto(room.path)
            await marked(mei)
            await mei.frames()
            before = await epoch(mei)
            encoder.kill()
            await expect(mei.page.locator(".y-slate")).to_contain_text("主播马上回来")
        told = await desk.get(f"/api/v1/rooms/{room.id}")
        assert (told["status"], told["slate"], told["publishing"]) == ("live", True, False)
        async with publishing(room.publish_url, **push):
            await expect(mei.page.locator(".y-slate")).to_be_hidden()
            await mei.frames(25)
            assert await unmoved(mei)
            assert int(await epoch(mei)) > int(before)
            assert (await desk.get(f"/api/v1/rooms/{room.id}"))["started_at"] == told["started_at"]


async def test_a_second_encoder_with_the_key_takes_over(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    push = {"rate": 25, "gop": 25, "bitrate": "300k"}
    async with (
        publishing(room.publish_url, size="320x180", **push) as first,
        phone(browser, demo.url) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await marked(mei)
        await mei.frames()
        async with publishing(room.publish_url, size="180x320", **push):
            # The first is told in its own window, the staff in the studio, the viewer not at all.
            code, words = await first.finished()
            assert code != 0
            assert "Another encoder" in words
            await shaped(mei.page, 180, 320)
            await mei.frames(25)
            assert await unmoved(mei)
            log = (await desk.get(f"/api/v1/rooms/{room.id}/ingest"))["log"]
            assert "replaced" in [line["reason"] for line in log]


async def test_the_doctor_names_the_setting_on_the_live_desk(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    slow_keys = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p")
    push = {"size": "180x320", "rate": 25, "gop": 250, "bitrate": "300k", "video": slow_keys}
    async with (
        publishing(room.publish_url, audio=None, **push),
        publishing(room.publish_url + "?rung=160", size="90x160", rate=25, gop=25, bitrate="90k"),
        phone(browser, demo.url, user_agent=None, lang="en") as lin,
    ):
        await desk.status(room.id, "live")
        jar = [
            {"name": c.name, "value": c.value or "", "url": demo.url} for c in desk.http.cookies.jar
        ]
        await lin.context.add_cookies(jar)  # type: ignore[arg-type]
        await lin.page.goto(f"/studio/live/{room.id}")
        health = lin.page.locator(".s-desk-health")
        await expect(health).to_have_text("Weak")
        await health.click()
        said = lin.page.locator(".s-doctor li")
        await expect(said.filter(has_text="Keyframe Interval to 2 s")).to_be_visible()
        await expect(said.filter(has_text="no sound track")).to_be_visible()
        await expect(said.filter(has_text="B-frames to 0")).to_contain_text("Could be better")
        below = lin.page.locator(".s-doctor").filter(has_text="Rung 160")
        await expect(below).to_contain_text("90×160")
