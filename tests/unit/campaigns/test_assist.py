"""A valid assist: each refusal has its word, the clock is the server's."""

from __future__ import annotations

import pytest

from yaohe.campaigns.assist import judge
from yaohe.sharing.visits import Arrival


def arrival(*, clicked: bool = True, watch_ms: int = 20_000) -> Arrival:
    return Arrival(
        token="aaaaaaaaaa",  # noqa: S106
        room_id="tea",
        shop_id="shop_main",
        sharer_id="v_lin",
        clicked=clicked,
        watch_ms=watch_ms,
    )


def test_somebody_else_who_came_and_watched() -> None:
    assert judge(arrival(), helper_id="v_mei") is None
    assert judge(arrival(watch_ms=15_000), helper_id="v_mei") is None


@pytest.mark.parametrize(
    ("ground", "helper", "code", "retry_after_s"),
    [
        (arrival(), "v_lin", "help_self", None),
        (arrival(clicked=False), "v_lin", "help_self", None),
        (arrival(clicked=False), "v_mei", "help_not_arrived", None),
        (arrival(watch_ms=14_999), "v_mei", "help_too_early", 1),
        (arrival(watch_ms=14_000), "v_mei", "help_too_early", 1),
        (arrival(watch_ms=13_999), "v_mei", "help_too_early", 2),
        (arrival(watch_ms=0), "v_mei", "help_too_early", 15),
    ],
)
def test_what_does_not_count(
    ground: Arrival, helper: str, code: str, retry_after_s: int | None
) -> None:
    refusal = judge(ground, helper_id=helper)
    assert refusal is not None
    assert (refusal.code, refusal.retry_after_s) == (code, retry_after_s)


def test_how_long_is_a_setting() -> None:
    assert judge(arrival(watch_ms=3_000), helper_id="v_mei", watch_ms=3_000) is None
