"""Who earned an order: every model gives out exactly what was paid, and what its name says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.sharing.attribution.model import (
    MODELS,
    Model,
    Touch,
    TouchedOrder,
    by_source,
    earned,
    split,
    weights_of,
)

NOW = datetime(2026, 11, 25, 20, tzinfo=UTC)
SOURCES = st.sampled_from(["share", "promoter", "ad", "recommendation", "search", "direct"])


def ago(days: float, source: str = "share", token: str = "") -> Touch:
    return Touch(NOW - timedelta(days=days), source, token)  # type: ignore[arg-type]


TOUCHES = st.lists(
    st.builds(ago, st.floats(0, 30), SOURCES, st.sampled_from(["a", "b", "c"])), max_size=12
).map(sorted)
ORDERS = st.lists(
    st.builds(
        lambda nth, net, touches: TouchedOrder(
            order_id=f"o{nth}", net_minor=net, at=NOW, touches=touches
        ),
        st.integers(0, 10**9),
        st.integers(1, 10**15),
        TOUCHES,
    ),
    max_size=6,
    unique_by=lambda order: order.order_id,
)


@given(ORDERS, st.sampled_from(MODELS), st.integers(1, 90), st.integers(1, 90))
def test_what_is_earned_is_what_was_paid(
    orders: list[TouchedOrder], model: Model, window: int, half_life: int
) -> None:
    paid = sum(order.net_minor for order in orders)
    for rows in (
        earned(orders, model, window_days=window, half_life_days=half_life),
        by_source(orders, model, window_days=window, half_life_days=half_life),
    ):
        assert sum(row.amount_minor for row in rows) == paid
        assert all(row.amount_minor >= 0 and row.orders >= 1 for row in rows)


@given(ORDERS, st.sampled_from(MODELS))
def test_shares_of_a_source_sum_to_the_source(orders: list[TouchedOrder], model: Model) -> None:
    window = {"window_days": 7, "half_life_days": 3}
    sums: dict[str, int] = {}
    for row in earned(orders, model, **window):
        sums[row.source] = sums.get(row.source, 0) + row.amount_minor
    assert sums == {row.source: row.amount_minor for row in by_source(orders, model, **window)}


@given(st.integers(0, 10**18), st.lists(st.fractions(0, 100), min_size=1, max_size=40))
def test_a_split_is_whole_fair_and_exact(amount: int, weights: list[Fraction]) -> None:
    weights[0] += 1
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) < 1


def test_the_first_of_equals_gets_the_odd_penny() -> None:
    assert split(100, [Fraction(1)] * 3) == [34, 33, 33]
    assert split(0, [Fraction(1)] * 2) == [0, 0]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", [1, 0, 0, 0]),
        ("last_non_direct", [0, 0, 1, 0]),
        ("last", [0, 0, 0, 1]),
        ("linear", [1, 1, 1, 0]),
        ("position", [Fraction(2, 5), Fraction(1, 5), Fraction(2, 5), 0]),
        ("time_decay", [Fraction(1, 4), Fraction(1, 2), 1, 0]),
    ],
)
def test_each_model_does_what_its_name_says(model: Model, expected: list[Fraction]) -> None:
    touches = [ago(6), ago(3), ago(0), Touch(NOW, "direct")]
    assert weights_of(model, touches, NOW, half_life_days=3) == expected


@pytest.mark.parametrize("model", MODELS)
def test_who_only_came_directly_came_directly(model: Model) -> None:
    touches = [ago(2, "direct"), ago(1, "direct")]
    order = TouchedOrder(order_id="o", net_minor=501, at=NOW, touches=touches)
    for orders in ([order], [TouchedOrder(order_id="o", net_minor=501, at=NOW, touches=[])]):
        (row,) = by_source(orders, model, window_days=7, half_life_days=3)
        assert (row.source, row.amount_minor, row.orders) == ("direct", 501, 1)


def test_the_window_forgets_what_is_older() -> None:
    order = TouchedOrder(order_id="o", net_minor=500, at=NOW, touches=[ago(8), ago(2, "ad")])
    (week,) = by_source([order], "first", window_days=7, half_life_days=3)
    (month,) = by_source([order], "first", window_days=30, half_life_days=3)
    assert (week.source, month.source) == ("ad", "share")
