"""Captions from an encoder to those who watch: live, over HLS, and kept for the replay."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.captions import captioned, popped
from tests.support.ingest import ingesting
from tests.support.media import clip
from tests.support.rtmp_encoder import clip_bytes, connected, media, opening, publishing
from tests.support.tools import need

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.lease import Leases
from yaohe.live.captions import Captions
from yaohe.live.media.origin import Caption, MediaOrigin
from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import encode
from yaohe.live.rooms import NewRoom, Rooms

SAID = {3: popped("SPRING TEA"), 40: popped("TWO CUPS FREE")}


def read_by_ffmpeg(file: Path) -> list[str]:
    line = [need("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", f"movie={file}[out0+subcc]"]
    out = ["-map", "0:s", "-f", "srt", "-"]
    read = subprocess.run([*line, *out], capture_output=True, timeout=60, check=True)
    return re.findall(r"[A-Z][A-Z ]+[A-Z]", read.stdout.decode())


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_captions_in_the_picture_reach_viewers_and_other_players(
    tmp_path: Path, b_frames: int
) -> None:
    film = captioned(clip(3.0, b_frames=b_frames), SAID)
    told: list[Caption] = []
    async with ingesting() as made, connected(made.server.port) as encoder:
        made.origin.on_caption.append(told.append)
        await encoder.send(opening() + publishing("key-tea") + clip_bytes(film))
        await made.until(lambda: len(told) == 2)
        lists = made.origin.hls("tea")
        assert lists is not None
        await made.until(lambda: lists.get("master"))
        master = lists.get("master") or ""
        whole = made.of(made.log.epoch)
        generation = made.log.generation
    assert [(one.room_id, one.text) for one in told[:2]] == [
        ("tea", "SPRING TEA"), ("tea", "TWO CUPS FREE"),
    ]  # fmt: skip
    assert generation is not None
    began = generation.started_at.timestamp() * 1000
    # Each is complete with the last of the pictures that carry it.
    for caption, number in zip(told, SAID, strict=False):
        at = (number + (len(SAID[number]) + 3) // 4 - 1) * 1000 / 30
        assert abs(caption.at_ms - began - at) < 120
    assert 'TYPE=CLOSED-CAPTIONS,GROUP-ID="captions"' in master
    assert 'CLOSED-CAPTIONS="captions"' in master
    # Another program finds the same words in what viewers are sent.
    file = tmp_path / "tea.mp4"
    file.write_bytes(whole)
    assert read_by_ffmpeg(file) == ["SPRING TEA", "TWO CUPS FREE"]


async def test_lines_beside_the_picture_reach_viewers_in_any_script() -> None:
    told: list[Caption] = []
    film = clip(2.0)
    async with ingesting() as made, connected(made.server.port) as encoder:
        made.origin.on_caption.append(told.append)
        await encoder.send(opening() + publishing("key-tea") + clip_bytes(film))
        await made.until_event("started")
        for text in ("今天的春茶，早上刚炒的", 7.0, ""):
            line = encode("onTextData", {"text": text, "language": "zh"})
            await encoder.send(media(chunks.DATA, 2_000, line))
        await made.until(lambda: len(told) == 2)
        lists = made.origin.hls("tea")
        assert lists is not None
        assert "CLOSED-CAPTIONS" not in (lists.get("master") or "")
    assert [one.text for one in told] == ["今天的春茶，早上刚炒的", ""]


@pytest.mark.db
async def test_captions_are_kept_as_long_as_what_they_belong_to(db: Database) -> None:
    origin = MediaOrigin()
    leases = Leases(db, owner="here")
    rooms = Rooms(
        db, MemoryBus(), origin, leases, public_url="http://shop.test", rtmp_port=0, grace_s=60
    )
    room = await rooms.create(NewRoom(title="春茶", host_name="小林"))
    told: list[tuple[str, str]] = []
    captions = Captions(
        db,
        origin,
        SystemClock(),
        tell=lambda room_id, text: told.append((room_id, text)),
        keep_s=3_600,
    )
    now = datetime.now(UTC).replace(microsecond=0)
    later = now + timedelta(seconds=2)
    said = [(now - timedelta(hours=2), "早了"), (now, "一"), (now, "一二"), (later, "")]
    for at, text in said:
        for listener in origin.on_caption:
            listener(Caption(room.id, round(at.timestamp() * 1000), text))
    await captions.flush()
    await captions.flush()
    assert told == [(room.id, text) for _, text in said]
    long_ago, soon = now - timedelta(hours=3), now + timedelta(minutes=1)
    kept = await captions.between(room.id, long_ago, soon)
    assert [(one.at, one.text) for one in kept] == [said[0], said[2], said[3]]
    await captions.forget()
    kept = await captions.between(room.id, long_ago, soon)
    assert [one.text for one in kept] == ["一二", ""]
    assert await captions.between(room.id, now, later) == kept[:1]
