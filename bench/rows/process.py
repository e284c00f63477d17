"""The process as a whole: start, memory, and how late its event loop is under a crowd."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from bench.machine import pss_mb
from bench.run import Bench, Row
from bench.shop import Shop, open_shop, parts, start

CROWD_S = 45


def _memory_mb(shop: Shop) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, pids in parts(shop).items():
        for pid in pids:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[kind] = found.get(kind, 0.0) + pss_mb(pid)
    return found


@contextlib.contextmanager
def _again(shop: Shop) -> Iterator[Shop]:
    """The same shop, stopped and started once more."""
    shop.stop()
    again = start(shop.data)
    try:
        yield again
    finally:
        again.stop()


def run(bench: Bench) -> list[Row]:
    with open_shop("--no-crowd", "--no-host", name="crowded") as shop:
        first_s = shop.ready_s
        with _again(shop) as crowded:
            time.sleep(CROWD_S)
            lag_ms = crowded.metric("event_loop_lag_p99_ms")
            memory = _memory_mb(crowded)
            again_s = crowded.ready_s
    ours = sum(mb for kind, mb in memory.items() if kind != "demo")
    told = ", ".join(f"{kind} {mb:.0f}" for kind, mb in memory.items() if kind != "demo")
    return [
        Row("event loop lag, p99", lag_ms, "ms", target="≤ 5",
            note=f"all roles in one process, host and crowd of the demo, {CROWD_S} s"),
        Row("memory (PSS)", ours, "MB", target="≤ 400", note=f"{told}; without host and crowd"),
        Row("start, set up before", again_s, "s", target="≤ 5", note="until the first answer"),
        Row("start, new folder", first_s, "s", note="database made, migrated, shop filled"),
    ]  # fmt: skip
