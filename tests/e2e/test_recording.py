"""A show on disk: rewound while it is live, replayed after, there after kill -9 of everything."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo, free_ports, running_demo, start_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.patience import PATIENCE_S
from tests.support.phone import Desk, Room, owner_of, until
from tests.support.tools import need

pytestmark = pytest.mark.slow

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
LOST_S_MAX = 2.0


async def probe(url: str) -> dict[str, Any]:
    """What ffprobe, a player of its own mind, finds behind a list that has ended."""
    process = await asyncio.create_subprocess_exec(
        *(need("ffprobe"), "-v", "error", "-of", "json", "-count_packets"),
        *("-show_entries", "format=duration:stream=codec_name,nb_read_packets", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, words = await process.communicate()
    assert process.returncode == 0, words.decode()
    assert words == b""
    found: dict[str, Any] = json.loads(out)
    return found


def end_of(text: str) -> float:
    """Where the last whole piece of a list ends, as a time of day."""
    at = 0.0
    for line in text.splitlines():
        if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            at = datetime.fromisoformat(line.partition(":")[2]).timestamp()
        elif line.startswith("#EXTINF:"):
            at += float(line[8:-1])
    return at


def seconds(text: str) -> float:
    lines = text.splitlines()
    return sum(float(line[8:-1]) for line in lines if line.startswith("#EXTINF:"))


async def test_rewind_replay_and_a_kill(tmp_path: Path) -> None:
    one, two = free_ports(2)
    ports, data = (one, two), tmp_path / "data"
    demo = await start_demo(data, "--no-crowd", "--no-host", ports=ports)
    try:
        demo = await told(demo, data, ports)
        await demo.end()
    except BaseException:
        demo.kill()
        await demo.process.wait()
        raise


async def told(demo: Demo, data: Path, ports: tuple[int, int]) -> Demo:
    """The story; the process that runs at its end."""
    async with owner_of(demo) as desk:
        room = await desk.room()
        at = f"{demo.url}/live/{room.id}/rewind.m3u8"
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            began = time.time()
            # Rewind while it is live: from the beginning, and from a moment.
            listed = await until(
                lambda: desk.http.get(at), lambda got: got.text.count("#EXTINF") >= 2
            )
            assert "ENDLIST" not in listed.text
            later = await desk.http.get(at, params={"from": str(began + 6)})
            listed = await desk.http.get(at)
            assert later.text.count("#EXTINF") < listed.text.count("#EXTINF")
            await desk.post(f"/api/v1/rooms/{room.id}/chat", {"text": "第一泡最香"})
            wish = {"channel": "copy_link", "content": "card"}
            await desk.post(f"/api/v1/rooms/{room.id}/shares", wish)
            replay = await desk.get(f"/api/v1/rooms/{room.id}/replay")
            assert replay["live"]
            # The small picture of its first moment is drawn a moment after the reel was begun.
            face = demo.url + replay["faces"][0]["url"]
            await until(lambda: desk.http.get(face), lambda got: got.content[:2] == b"\xff\xd8")
            # An encoder on a busy machine is late: until the show has gone past all of this.
            now = time.time()
            await until(lambda: desk.http.get(at), lambda got: end_of(got.text) > now)
            edge = end_of((await desk.http.get(at.replace("rewind", "index"))).text)
            demo.kill()
            await demo.process.wait()
        demo = await start_demo(data, "--no-crowd", "--no-host", ports=ports)
        # The room waits for its host, so the recording is open; the host ends the show instead.
        await desk.status(room.id, "live")
        await desk.post(f"/api/v1/rooms/{room.id}/end")
        whole = await until(lambda: desk.http.get(at), lambda got: "ENDLIST" in got.text)
        kept = seconds(whole.text)
        assert end_of(whole.text) >= edge - LOST_S_MAX
        found = await probe(at)
        assert float(found["format"]["duration"]) == pytest.approx(kept, abs=0.5)
        packets = {one["codec_name"]: int(one["nb_read_packets"]) for one in found["streams"]}
        assert packets["h264"] == pytest.approx(kept * 25, abs=3)
        assert packets["aac"] > kept * 40
        await what_happened(desk, room)
    return demo


async def what_happened(desk: Desk, room: Room) -> None:
    """Chat, products and shares of the show that is over stand at their moments of it."""
    at = f"/api/v1/rooms/{room.id}/replay"
    replay = await desk.get(at)
    assert not replay["live"]
    (span,) = replay["spans"]
    begin = datetime.fromisoformat(span["at"]).timestamp()
    end = begin + span["ms"] / 1000
    (chapter,) = replay["chapters"]
    assert (chapter["product_id"], chapter["title_en"]) == (room.product["id"], "Spring tea 250 g")
    (moment,) = replay["shares"]
    assert moment["n"] == 1
    assert begin - 10 <= datetime.fromisoformat(moment["at"]).timestamp() < end
    chat = await desk.get(f"{at}/chat?begin={begin}&end={end}")
    assert [line["text"] for line in chat["items"]] == ["第一泡最香"]
    assert begin <= chat["items"][0]["media_at"] / 1000 <= end
    assert (await desk.get(f"{at}/chat?begin={begin - 60}&end={begin}"))["items"] == []
    disk = await desk.get("/api/v1/recordings/disk")
    assert not disk["low"]
    nothing = await desk.http.get("/api/v1/rooms/nowhere/replay")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "nothing_recorded")


@pytest.mark.browser
async def test_a_full_disk_costs_the_recording_and_not_the_show(
    browser: Browser, tmp_path: Path
) -> None:
    full = {"YAOHE_DISK_FREE_MB_MIN": str(10**12)}
    async with (
        running_demo(tmp_path / "data", "--no-crowd", "--no-host", environment=full) as demo,
        owner_of(demo) as desk,
        phone(browser, demo.url, lang="zh-CN", expected=[r"404 .*/live/"]) as viewer,
    ):
        room = await desk.room()
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            await viewer.page.goto(room.path)
            await viewer.frames(50)
            told = await desk.http.get("/metrics")
            assert "yaohe_recordings_paused 1.0" in told.text
            nothing = await desk.http.get(f"/api/v1/rooms/{room.id}/replay")
            assert nothing.status_code == 404
        await viewer.context.add_cookies(
            [
                {"name": cookie.name, "value": cookie.value or "", "url": demo.url}
                for cookie in desk.http.cookies.jar
            ]
        )
        await viewer.page.goto("/studio")
        await expect(viewer.page.locator(".s-disk")).to_contain_text("现在没有录像")
