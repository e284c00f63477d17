"""A show on disk: rewound while it is live, replayed after, there after kill -9 of everything."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.demo import Demo, free_ports, start_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import owner_of, until
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
    async with asyncio.timeout(60):
        out, words = await process.communicate()
    assert process.returncode == 0, words.decode()
    assert words == b""
    found: dict[str, Any] = json.loads(out)
    return found


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
            assert later.text.count("#EXTINF") < listed.text.count("#EXTINF")
            played = time.time() - began
            demo.kill()
            await demo.process.wait()
        demo = await start_demo(data, "--no-crowd", "--no-host", ports=ports)
        # The room waits for its host, so the recording is open; the host ends the show instead.
        await desk.status(room.id, "live")
        await desk.post(f"/api/v1/rooms/{room.id}/end")
        whole = await until(lambda: desk.http.get(at), lambda got: "ENDLIST" in got.text)
        kept = seconds(whole.text)
        assert kept >= played - LOST_S_MAX
        found = await probe(at)
        assert float(found["format"]["duration"]) == pytest.approx(kept, abs=0.5)
        packets = {one["codec_name"]: int(one["nb_read_packets"]) for one in found["streams"]}
        assert packets["h264"] == pytest.approx(kept * 25, abs=3)
        assert packets["aac"] > kept * 40
    return demo
