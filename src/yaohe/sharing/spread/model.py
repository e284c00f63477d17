"""The tree that shares grow into, in numbers.

A sharer is a person whose share went out; what led to the first of their shares is their parent,
so everybody hangs in the tree once and no loop can close: who is led back to somebody they brought
stays where they were. One's own link leads to nobody (`shares/store.py` passes its parent on).

`K` is how many new sharers a sharer brings. Counted plainly it is too low while a show is young:
those who shared a minute ago have not had time to bring anybody. So each sharer counts only for
the part of the waiting that is behind them, read from how long it took those who came.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p
from typing import Final

import msgspec

STEPS_PER_E: Final = 10  # bins of waiting time grow by a tenth
BROUGHT_MIN: Final = 20  # fewer tell nothing about how long it takes


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """`generation` 1 shared on their own account; `friends` are whom this generation brought."""

    generation: int
    sharers: int
    shares: int
    friends: int
    orders: int
    paid_minor: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """`brought` of the `sharers` were led here by another's share. `k_observed` is the plain
    ratio, `k` the one corrected for those who only just shared."""

    sharers: int
    brought: int
    k_observed: float
    k: float
    generations: list[Generation]


def bin_of(seconds: float) -> int:
    """The bin of a waiting time. The store says the same in SQL; a test compares."""
    return int(log1p(max(seconds, 0)) * STEPS_PER_E)


def seen_part(waits: Mapping[tuple[int, int], int]) -> dict[int, float]:
    """By bin of time since sharing, the part of all who will come that has come by then.

    `waits` counts those who came by (how long it took, how long their parent has been watched).
    Who took longer than their parent has been watched is not there yet, so short waits are too
    many among those seen: the product-limit estimate for data cut off on the right mends that.
    """
    by_wait: dict[int, int] = {}
    for (wait, _), count in waits.items():
        by_wait[wait] = by_wait.get(wait, 0) + count
    part, seen = 1.0, {}
    for wait in sorted(by_wait, reverse=True):
        seen[wait] = part
        at_risk = sum(n for (w, watched), n in waits.items() if w <= wait <= watched)
        part *= 1 - by_wait[wait] / at_risk
    return seen


def k_of(watched: Mapping[int, int], waits: Mapping[tuple[int, int], int]) -> tuple[float, float]:
    """K as counted, and corrected. `watched` counts sharers by the bin of their time since then."""
    sharers, brought = sum(watched.values()), sum(waits.values())
    if not sharers:
        return 0.0, 0.0
    observed = brought / sharers
    if brought < BROUGHT_MIN:
        return observed, observed
    seen = sorted(seen_part(waits).items())
    ripe = 0.0
    for time, count in watched.items():
        part = 0.0
        for wait, reached in seen:
            if wait > time:
                break
            part = reached
        ripe += count * part
    return observed, brought / ripe
