"""Limits by token bucket: so many at once, then so many a second, per key.

Per visitor, token and account the limits are tight; per address they are wide, because carriers put
a whole city behind one address (IPv6 counts by /64). Buckets live in memory, bounded: the oldest
half is forgotten when the table is full, which can only be generous, never unjust.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import TooMany

KEYS_MAX: Final = 200_000


class Limit:
    """`burst` at once, refilled by `per_second`."""

    def __init__(self, clock: Clock, *, burst: int, per_second: float) -> None:
        assert burst > 0
        assert per_second > 0
        self._clock, self.burst, self._rate = clock, burst, per_second
        self._filled: dict[Hashable, tuple[float, float]] = {}

    def spend(self, key: Hashable, *, cost: int = 1) -> int:
        """Take one, or `cost`; returns how many are left, or raises `TooMany` with the seconds to
        wait. What costs more than there ever is, is never to be had."""
        now = self._clock.monotonic()
        left, at = self._filled.get(key, (float(self.burst), now))
        left = min(self.burst, left + (now - at) * self._rate)
        if left < cost:
            raise TooMany(retry_after_s=max(1, round((cost - left) / self._rate)))
        if len(self._filled) >= KEYS_MAX and key not in self._filled:
            for old in list(self._filled)[: KEYS_MAX // 2]:
                del self._filled[old]
        self._filled[key] = (left - cost, now)
        return int(left - cost)
