"""A wheel of coarse timers: one loop timer for every ping, deadline and idle limit of a process.

A timer costs one insertion into a dict, not one heap entry and one handle per connection. Delays
are rounded up to the tick, so a timer is never early and at most two ticks late; those of one tick
run in the order they were set. A full slot is worked off in slices so that ten thousand pings do
not hold the loop.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

SLICE = 256


class Timer:
    """A callback that will run once, unless cancelled."""

    __slots__ = ("_home", "callback", "rounds")

    def __init__(self, callback: Callable[[], None], home: dict[Timer, None], rounds: int) -> None:
        self.callback, self._home, self.rounds = callback, home, rounds
        home[self] = None

    def cancel(self) -> None:
        self._home.pop(self, None)


class TimerWheel:
    """`after(delay_s, callback)`; the loop timer runs only while something is waiting."""

    def __init__(self, *, tick_s: float = 0.5, slots: int = 128) -> None:
        self._tick_s = tick_s
        self._slots: list[dict[Timer, None]] = [{} for _ in range(slots)]
        self._at = 0
        self._handle: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def after(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        ticks = max(1, math.ceil(delay_s / self._tick_s) + 1)
        rounds, step = divmod(ticks, len(self._slots))
        if step == 0:
            rounds -= 1
        timer = Timer(callback, self._slots[(self._at + ticks) % len(self._slots)], rounds)
        if self._handle is None:
            loop = asyncio.get_running_loop()
            self._next_at = loop.time() + self._tick_s
            self._handle = loop.call_at(self._next_at, self._turn)
        return timer

    def close(self) -> None:
        """Forget everything; nothing runs afterwards."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        for slot in self._slots:
            slot.clear()

    def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        due: list[Timer] = []
        # A loop that was held up catches up on every tick it missed.
        while self._next_at <= loop.time():
            self._at = (self._at + 1) % len(self._slots)
            slot = self._slots[self._at]
            for timer in [t for t in slot if t.rounds <= 0]:
                due.append(timer)
            for timer in slot:
                timer.rounds -= 1
            self._next_at += self._tick_s
        if any(self._slots):
            self._handle = loop.call_at(self._next_at, self._turn)
        else:
            self._handle = None
        self._run(due, 0)

    def _run(self, due: list[Timer], start: int) -> None:
        for timer in due[start : start + SLICE]:
            if timer not in timer._home:
                continue  # cancelled by an earlier one of this slot
            timer.cancel()
            try:
                timer.callback()
            except Exception:
                log.exception("timer_failed")
        if start + SLICE < len(due):
            asyncio.get_running_loop().call_soon(self._run, due, start + SLICE)
