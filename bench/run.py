"""What rows share: one shop, one publisher, one load process; each started when asked for."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from bench import peers, shop, video
from bench.machine import OTHER_CORES, SERVER_CORE
from bench.shop import Shop

Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One line of the table. `ours` and `peer` are in `unit`; a peer that is not there is None."""

    what: str
    ours: float | None
    unit: str
    peer: float | None = None
    peer_name: str = ""
    better: str = ""  # "less" or "more": how the ratio reads; only with a peer
    target: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer."""
        if not self.ours or not self.peer:
            return None
        return self.peer / self.ours if self.better == "less" else self.ours / self.peer


def _settle() -> None:
    os.sched_setaffinity(0, OTHER_CORES)


def _settle_as_server() -> None:
    os.sched_setaffinity(0, SERVER_CORE)


class Bench:
    """Everything is started at first use and ended with the bench."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._shop: Shop | None = None
        self._publishing = False
        self._load: ProcessPoolExecutor | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def say(text: str) -> None:
        print(f"· {text}", file=sys.stderr, flush=True)

    def shop(self) -> Shop:
        """A shop without crowd and host, alone on its core."""
        if self._shop is None:
            self.say("Opening a shop")
            self._shop = self._stack.enter_context(shop.open_shop("--no-crowd", "--no-host"))
        return self._shop

    def publishing(self) -> video.Publisher:
        """The bench's video going into the shop's room."""
        target = self.shop()
        if not self._publishing:
            self._publisher = self._stack.enter_context(video.publish(target.rtmp))
            video.wait_until_live(target)
            self._publishing = True
        return self._publisher

    def peer(
        self, name: str, *arguments: str
    ) -> contextlib.AbstractContextManager[peers.Peer | None]:
        """A peer's server while the context is open; None when it cannot be had here."""
        return peers.run(name, *arguments, say=self.say)

    def aside(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Do work in a fresh process on the server's core, while the server rests."""
        with ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_settle_as_server
        ) as pool:
            return pool.submit(work, *arguments, **named).result()

    def load(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Do work in the load process, on the cores that are not the server's."""
        if self._load is None:
            self._load = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_settle
            )
            self._stack.callback(self._load.shutdown)
        return self._load.submit(work, *arguments, **named).result()
