"""`python -m bench soak --minutes 60`: an hour of ordinary life, and whether anything grows.

Two publishers (RTMP and WHIP) that drop and come back, viewers by WebSocket, HTTP and low-latency
HLS who come and go, a chat, shares that are opened and claimed. Every few seconds the server is
weighed; a straight line through each figure says what it gains in an hour, and how sure that is.
Then everybody leaves, and what stays behind is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from bench import soak_people as people
from bench import video, whip
from bench.machine import busy_elsewhere, describe, percentile, pss_mb
from bench.shop import ROOM, Shop, open_shop, parts
from bench.soak_people import Street
from bench.sockets import raise_limits

EVERY_S = 5.0
WARM_UP_S_MAX = 300.0
EMPTY_S = 25.0
CROWD: tuple[tuple[str, people.Life, int, float], ...] = (
    ("by websocket", people.by_websocket, 25, 30.0),
    ("by http", people.by_http, 25, 30.0),
    ("by hls", people.by_hls, 8, 30.0),
    ("talk", people.talk, 40, 60.0),
    ("share", people.share, 1, 1.0),
    ("clock", people.look_at_the_clock, 1, 3600.0),
)


@dataclass(frozen=True)
class Limit:
    """What a figure may gain in an hour and still be called flat."""

    unit: str
    per_hour: float
    left_behind: float | None = None
    """How much more than at first may be there when all have left; None is not asked."""


LIMITS = {
    "server memory": Limit("MB", 12),
    "postgres memory": Limit("MB", 60),
    "children memory": Limit("MB", 20),
    "open files": Limit("", 6, 8),
    "tasks": Limit("", 6, 4),
    "connections": Limit("", 10, 0),
    "loop lag p99": Limit("ms", 10),
    "delay": Limit("ms", 60),
}


@dataclass(frozen=True)
class Line:
    """A straight line through a figure over time."""

    mean: float
    per_hour: float
    error: float
    """Two standard errors of `per_hour`."""


def fitted(points: list[tuple[float, float]]) -> Line:
    """Least squares; neighbours in time are alike, so the error is taken from means of blocks."""
    size = math.ceil(len(points) / 8) if len(points) >= 16 else 0
    if not size:
        raise ValueError("fewer than 16 figures")
    blocks = [points[n : n + size] for n in range(0, len(points), size)]
    means = [
        (statistics.fmean(x for x, _ in block), statistics.fmean(y for _, y in block))
        for block in blocks
    ]
    centre = statistics.fmean(x for x, _ in means)
    level = statistics.fmean(y for _, y in means)
    spread = sum((x - centre) ** 2 for x, _ in means)
    slope = sum((x - centre) * (y - level) for x, y in means) / spread
    rest = sum((y - level - slope * (x - centre)) ** 2 for x, y in means)
    error = math.sqrt(rest / (len(means) - 2) / spread)
    return Line(level, slope * 3600, 2 * error * 3600)


def verdict(line: Line, limit: Limit) -> str:
    """Growth counts when it is above the limit and cannot be chance."""
    if line.per_hour - line.error > limit.per_hour:
        return "GROWS"
    if line.per_hour + line.error > limit.per_hour:
        return "not sure: longer"
    return "flat"


class Scale:
    """Weighs the server every few seconds."""

    def __init__(self, street: Street) -> None:
        self._street, self._shop = street, street.shop
        self.series: dict[str, list[tuple[float, float]]] = {name: [] for name in LIMITS}

    async def weigh(self) -> dict[str, float]:
        text = (await self._street.http.get("/metrics")).text
        told = {
            name: float(value)
            for name, _, value in (
                line.partition(" ") for line in text.splitlines() if line.startswith("yaohe_")
            )
            if "{" not in name
        }
        memory = await asyncio.to_thread(self._memory)
        found = {f"{kind} memory": mb for kind, mb in memory.items()}
        found["open files"] = float(len(os.listdir(f"/proc/{self._shop.pid}/fd")))
        found["tasks"] = told["yaohe_tasks"]
        found["connections"] = told["yaohe_connections"]
        found["loop lag p99"] = told["yaohe_event_loop_lag_p99_ms"]
        if self._street.ages_ms:
            found["delay"] = statistics.median(self._street.ages_ms)
            self._street.ages_ms.clear()
        return found

    def _memory(self) -> dict[str, float]:
        found = {"server": 0.0, "postgres": 0.0, "children": 0.0}
        for kind, pids in parts(self._shop).items():
            for pid in pids:
                with contextlib.suppress(OSError):
                    found[kind] += pss_mb(pid)
        return found

    async def run(self, began: float) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            with contextlib.suppress(httpx.HTTPError):
                for name, value in (await self.weigh()).items():
                    self.series[name].append((time.monotonic() - began, value))


async def _publish(street: Street, name: str, module: str, url: str) -> None:
    """Half a minute to two minutes on air, then a few seconds of grace, again and again."""
    command = (sys.executable, "-m", module, url, str(video.source()))
    while True:
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            told = await process.stdout.readline()
            if told and module == video.__name__:
                street.zero_ms = json.loads(told)["zero_ms"]
            street.counts[f"{name} came"] += 1
            with contextlib.suppress(TimeoutError):
                code = await asyncio.wait_for(process.wait(), random.uniform(40, 120))
                street.troubles[f"{name} ended by itself with {code}"] += 1
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await process.wait()
        await asyncio.sleep(random.uniform(1, 6))


async def _second_room(http: httpx.AsyncClient, shop: Shop) -> tuple[str, str]:
    """A room of its own for the browser's publisher: (id, WHIP address)."""
    token = str(shop.told["setup_url"]).partition("token=")[2]
    owner = {"name": "Lin", "email": "lin@example.com", "password": "one long sentence"}

    async def ask(method: str, path: str, **body: object) -> dict[str, str]:
        answer = await http.request(method, path, json=body or None, headers={"origin": shop.url})
        answer.raise_for_status()
        found: dict[str, str] = answer.json() if answer.content else {}
        return found

    await ask("POST", "/api/v1/staff/setup", token=token, **owner)
    room = await ask("POST", "/api/v1/rooms", title="第二间", host_name="Lin")
    ingest = await ask("GET", f"/api/v1/rooms/{room['id']}/ingest")
    http.cookies.clear()
    return room["id"], f"{shop.url}/whip/{ingest['stream_key']}"


async def _all_leave(tasks: list[asyncio.Task[None]]) -> None:
    """A client library may swallow a cancellation, so whoever is still there is asked again."""
    for _ in range(6):
        for task in tasks:
            task.cancel()
        _, staying = await asyncio.wait(tasks, timeout=5)
        if not staying:
            return
    raise RuntimeError(f"would not leave: {staying}")


async def _live(shop: Shop, minutes: float, say: Callable[[str], None]) -> tuple[Scale, Street]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)
    async with httpx.AsyncClient(
        base_url=shop.url, timeout=20, trust_env=False, limits=limits
    ) as http:
        room, whip_url = await _second_room(http, shop)
        street = Street(shop, people.Town(shop), [ROOM, room], http)
        scale = Scale(street)
        at_first = await scale.weigh()
        lives = [
            functools.partial(_publish, street, "rtmp", video.__name__, shop.rtmp),
            functools.partial(_publish, street, "whip", whip.__name__, whip_url),
        ]
        lives += [
            functools.partial(people.again, street, name, visit, stay_s)
            for name, visit, count, stay_s in CROWD
            for _ in range(count)
        ]
        tasks = [asyncio.create_task(life()) for life in lives]
        tasks.append(asyncio.create_task(scale.run(time.monotonic())))
        for minute in range(math.ceil(minutes)):
            await asyncio.wait(
                tasks, timeout=60 * min(1, minutes - minute), return_when=asyncio.FIRST_EXCEPTION
            )
            for task in tasks:
                if task.done():
                    task.result()
            say(_now(minute + 1, scale, street))
        await _all_leave(tasks)
    await asyncio.sleep(EMPTY_S)
    async with httpx.AsyncClient(base_url=shop.url, timeout=20, trust_env=False) as http:
        street.http = http
        at_last = await scale.weigh()
    for name, limit in LIMITS.items():
        if limit.left_behind is not None:
            more = at_last[name] - at_first[name]
            street.counts[f"{name} left behind"] = round(more)
            if more > limit.left_behind:
                street.troubles[f"{name}: {more:+.0f} when everybody had left"] += 1
    return scale, street


def _now(minute: int, scale: Scale, street: Street) -> str:
    last = {name: points[-1][1] for name, points in scale.series.items() if points}
    told = ", ".join(f"{name} {value:.0f}" for name, value in last.items())
    return f"{minute} min: {told}; {sum(street.troubles.values())} troubles"


def _print(scale: Scale, counts: Counter[str], troubles: Counter[str], minutes: float) -> bool:
    """The table; True when everything is flat and nothing went wrong."""
    skip_s = min(WARM_UP_S_MAX, minutes * 60 / 4)
    good = not troubles
    print(f"| {'what':<16} | {'mean':>9} | {'p95':>9} | per hour (± 2σ) | limit | verdict |")
    for name, points in scale.series.items():
        limit, kept = LIMITS[name], [point for point in points if point[0] >= skip_s]
        try:
            line = fitted(kept)
        except ValueError as error:
            good = False
            print(f"| {name:<16} | no line: {error}; give it more minutes or a quieter machine |")
            continue
        said = verdict(line, limit)
        good &= said != "GROWS"
        high = percentile([value for _, value in kept], 0.95)
        print(
            f"| {name:<16} | {line.mean:6.1f} {limit.unit:<2} | {high:6.1f} {limit.unit:<2} | "
            f"{line.per_hour:+.1f} ± {line.error:.1f} {limit.unit} | "
            f"{limit.per_hour:.0f} | {said} |"
        )
    print("\n" + ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    for trouble, count in troubles.most_common():
        print(f"trouble {count}×: {trouble}")
    return good


def main(wishes: list[str], say: Callable[[str], None]) -> int:
    """Run the soak; 0 when all is flat."""
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args(wishes).minutes
    if minutes < 6:
        parser.error("a line through less than 6 minutes says nothing")
    raise_limits()
    busy = busy_elsewhere()
    with open_shop("--no-crowd", "--no-host", name="soak", YAOHE_GRACE_S="60") as shop:
        scale, street = asyncio.run(_live(shop, minutes, say))
    good = _print(scale, street.counts, street.troubles, minutes)
    print(f"\n{minutes:g} minutes; {describe()}; {busy:.1f} cores busy with other work at first")
    print("Everything is flat." if good else "Not flat: see above.")
    return 0 if good else 1
