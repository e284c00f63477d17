"""HLS as real players take it: the room page with everything else shut, and ffmpeg."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import Browser, Request, Route
from tests.support.browser import phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.patience import PATIENCE_S
from tests.support.phone import Desk, until
from tests.support.tools import need

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}


async def test_with_only_hls_open_the_room_plays_by_parts(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    shut = [r"ERR_FAILED .*/stream\.mp4\)", r"WebSocket connection to .*/live/"]
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, expected=shut) as mei,
    ):
        await desk.status(room.id, "live")
        asked: list[str] = []

        async def broken(route: Route) -> None:
            await route.abort()

        def note(request: Request) -> None:
            if "/live/" in request.url:
                asked.append(request.url.partition("/live/")[2])

        await mei.page.route("**/stream.mp4", broken)
        await mei.page.route_web_socket(re.compile(r"/live/.*/ws"), lambda line: line.close())
        mei.page.on("request", note)
        await mei.page.goto(room.path)
        await mei.frames(75)
        assert await mei.page.evaluate("window.__yh.stats.route") == "hlsjs"
        assert any("_HLS_part=" in url for url in asked)
        assert any("/part-" in url for url in asked)
        # Parts keep it near: with whole segments it would be three of them behind.
        near = "() => (v => v.buffered.end(0) - v.currentTime < 3)(document.querySelector('video'))"
        await mei.page.wait_for_function(near)


@pytest.mark.parametrize("name", ["index.m3u8", "cdn.m3u8", "audio.m3u8", "master.m3u8"])
async def test_an_independent_player_reads_every_list(demo: Demo, desk: Desk, name: str) -> None:
    room = await desk.room()
    line = [need("ffprobe"), "-v", "error", "-of", "json", "-count_packets"]
    line += ["-read_intervals", "%+2", "-show_entries", "stream=codec_name,nb_read_packets"]
    async with publishing(room.publish_url, **PORTRAIT):
        await desk.status(room.id, "live")
        url = f"{demo.url}/live/{room.id}/{name}"
        # The very first list waits for its segment by itself.
        await until(lambda: desk.http.get(url), lambda got: got.status_code == 200)
        process = await asyncio.create_subprocess_exec(
            *line, url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(PATIENCE_S):
            out, words = await process.communicate()
    assert process.returncode == 0, words.decode()
    found = {one["codec_name"] for one in json.loads(out)["streams"]}
    assert found == ({"aac"} if name == "audio.m3u8" else {"h264", "aac"})
