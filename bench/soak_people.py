"""The people of the soak: they come, watch by one of three ways, talk, share, claim, and leave.

Each of them is one coroutine that lives through many short visits. What a server may do (end a
stream when the publisher returns, ask to connect again) is borne; everything else is counted as a
trouble and printed with the result.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import av
import httpx
import websockets

from bench.people import Town
from bench.shop import Shop
from bench.video import BITS, FPS, FRAMES, SQUARE

# A stream ends when its publisher does, and is not there before the next one comes.
EXPECTED = (websockets.ConnectionClosed, websockets.InvalidStatus, httpx.RemoteProtocolError)


@dataclass
class Street:
    """Where everybody is, and what they count."""

    shop: Shop
    town: Town
    rooms: list[str]
    http: httpx.AsyncClient
    zero_ms: float = 0.0
    """When the RTMP publisher's frame 0 was sent; moves when it comes back."""
    counts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    ages_ms: list[float] = field(default_factory=list)

    @property
    def ws(self) -> str:
        return self.shop.url.replace("http", "ws", 1)

    def headers(self, cookie: str) -> dict[str, str]:
        return {"cookie": cookie, "origin": self.shop.url}


Life = Callable[[Street, float], Awaitable[None]]


async def again(street: Street, name: str, visit: Life, stay_s: float) -> None:
    """Visit after visit, each of another length."""
    while True:
        length_s = random.expovariate(1 / stay_s) + 1
        try:
            async with asyncio.timeout(length_s + 30):
                await visit(street, length_s)
            street.counts[name] += 1
        except EXPECTED:
            street.counts[f"{name}, sent away"] += 1
        except (OSError, TimeoutError, httpx.HTTPError, AssertionError) as error:
            street.troubles[f"{name}: {type(error).__name__} {error}"[:120]] += 1
        await asyncio.sleep(random.uniform(0.1, 1.0))


def _connect(street: Street, path: str, cookie: str) -> Any:
    return websockets.connect(
        street.ws + path,
        additional_headers={"cookie": cookie},
        origin=street.shop.url,  # type: ignore[arg-type]
        compression=None,
        max_size=None,
        proxy=None,
    )


async def by_websocket(street: Street, stay_s: float) -> None:
    until = time.monotonic() + stay_s
    async with _connect(street, f"/live/{random.choice(street.rooms)}/ws", "") as line:
        while time.monotonic() < until:
            street.counts["bytes"] += len(await asyncio.wait_for(line.recv(), 15))


async def by_http(street: Street, stay_s: float) -> None:
    until = time.monotonic() + stay_s
    path = f"/live/{random.choice(street.rooms)}/stream.mp4"
    async with street.http.stream("GET", path) as answer:
        if answer.status_code == 404:
            return  # between two publishers
        async for data in answer.aiter_raw():
            street.counts["bytes"] += len(data)
            if time.monotonic() > until:
                return


async def by_hls(street: Street, stay_s: float) -> None:
    """What a low-latency player does: hold the list until the next part is there, fetch it."""
    until, room, seen = time.monotonic() + stay_s, random.choice(street.rooms), ""
    path = f"/live/{room}/index.m3u8"
    while time.monotonic() < until:
        answer = await street.http.get(path)
        if answer.status_code != 200:
            await asyncio.sleep(0.5)
            continue
        parts = re.findall(r'#EXT-X-PART:.*URI="([^"]+)"', answer.text)
        number = int(re.findall(r"MEDIA-SEQUENCE:(\d+)", answer.text)[0])
        number += answer.text.count("#EXTINF")
        if parts and parts[-1] != seen:
            seen = parts[-1]
            got = await street.http.get(f"/live/{room}/{seen}")
            street.counts["bytes"] += len(got.content)
        path = f"/live/{room}/index.m3u8?_HLS_msn={number}&_HLS_part=0"


async def talk(street: Street, stay_s: float) -> None:
    """In the room's chat: joins as the page does, says something now and then, hears the rest."""
    until = time.monotonic() + stay_s
    room = street.rooms[0]
    async with _connect(street, "/rt", street.town.cookie()) as line:
        hello = {"id": 1, "connect": {"data": {"room": room, "playing": True}}}
        await line.send(json.dumps(hello))
        number, said_at = 1, time.monotonic()
        while time.monotonic() < until:
            for message in str(await asyncio.wait_for(line.recv(), 40)).split("\n"):
                if message == "{}":
                    await line.send("{}")
                street.counts["heard"] += "push" in message
            if time.monotonic() - said_at > 8:
                number, said_at = number + 1, time.monotonic()
                data = {"text": f"这款茶今天有券 {number}"}
                publish = {"channel": f"room:{room}:chat", "data": data}
                await line.send(json.dumps({"id": number, "publish": publish}))
                street.counts["said"] += 1


async def share(street: Street, _stay_s: float) -> None:
    """Shares the room; a friend opens the link, is confirmed, watches, claims the coupon."""
    room, call = street.rooms[0], street.http.post
    sharer, friend = (street.headers(street.town.cookie()) for _ in range(2))
    made = await call(
        f"/api/v1/rooms/{room}/shares", json={"channel": "copy_link", "content": "card"},
        headers=sharer,
    )  # fmt: skip
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    opened = await street.http.get(f"/s/{token}", headers=friend)
    assert opened.status_code == 200, opened.text
    for path, body in (
        ("/api/v1/beacon", {"token": token}),
        ("/api/v1/watch", {"room": room, "token": token, "visible": True}),
        (f"/api/v1/rooms/{room}/coupon", {}),
    ):
        answer = await call(path, json=body, headers=friend)
        assert answer.status_code in {200, 409}, f"{path} {answer.status_code} {answer.text}"
    street.counts["shares opened"] += 1


def _number(init: bytes, fragment: bytes) -> int | None:
    """Which frame a fragment begins with, read from its picture; None without a keyframe."""
    with av.open(io.BytesIO(init + fragment)) as given:
        packet = next(given.demux(video=0))
        if not packet.is_keyframe:
            return None
        frames = [*packet.decode(), *given.streams.video[0].decode(None)]
        luma = frames[0].planes[0]
    row = memoryview(luma)[SQUARE // 2 * luma.line_size :]
    return sum((row[bit * SQUARE + SQUARE // 2] > 127) << bit for bit in range(BITS))


async def look_at_the_clock(street: Street, stay_s: float) -> None:
    """A viewer who reads the picture: from the publisher's sending to here, in ms."""
    until, init, ready_at = time.monotonic() + stay_s, b"", 0.0
    async with _connect(street, f"/live/{street.rooms[0]}/ws", "") as line:
        while time.monotonic() < until:
            data = await asyncio.wait_for(line.recv(), 15)
            wall_ms = time.time() * 1000
            if isinstance(data, str):
                # A publisher came (back): what follows is its init, then what was kept before us.
                init, ready_at = b"", time.monotonic() + 3
            elif not init:
                init = data
            elif time.monotonic() > ready_at and (found := _number(init, data)) is not None:
                age_ms = (wall_ms - street.zero_ms - found * 1000 / FPS) % (FRAMES * 1000 / FPS)
                street.ages_ms.append(age_ms)
                ready_at = time.monotonic() + 2
