"""Limits: a burst, then a rate, per key, by a clock the test moves."""

from __future__ import annotations

import pytest

from yaohe.kernel.clock import ManualClock
from yaohe.kernel.errors import TooMany
from yaohe.kernel.limits import Limit


def test_what_costs_more_takes_more() -> None:
    clock = ManualClock()
    limit = Limit(clock, burst=10, per_second=2)
    assert limit.spend("a", cost=7) == 3
    with pytest.raises(TooMany) as refused:
        limit.spend("a", cost=7)
    assert refused.value.retry_after_s == 2
    assert limit.spend("a", cost=3) == 0
    clock.advance(3.5)
    assert limit.spend("a", cost=7) == 0


def test_burst_then_rate() -> None:
    clock = ManualClock()
    limit = Limit(clock, burst=3, per_second=0.5)
    for _ in range(3):
        limit.spend("a")
    with pytest.raises(TooMany) as refused:
        limit.spend("a")
    assert refused.value.retry_after_s == 2
    limit.spend("b")  # another key is another bucket
    clock.advance(2)
    limit.spend("a")
    with pytest.raises(TooMany):
        limit.spend("a")
