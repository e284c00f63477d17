"""Every pair of reductions has an answer, and only what the table allows passes."""

from __future__ import annotations

from itertools import combinations

import pytest

from yaohe.commerce.errors import NotTogether
from yaohe.commerce.prices.stacking import REDUCTIONS, TOGETHER, check_together


def test_the_table_answers_every_pair() -> None:
    assert set(TOGETHER) == {frozenset(pair) for pair in combinations(REDUCTIONS, 2)}


def test_one_reduction_or_none_is_fine() -> None:
    check_together([None], coupon_id=None)
    check_together(["lvp_1", "lvp_2"], coupon_id=None)
    check_together([None, None], coupon_id="cpn_1")


def test_a_coupon_needs_a_line_at_the_regular_price() -> None:
    check_together(["lvp_1", None], coupon_id="cpn_1")
    with pytest.raises(NotTogether):
        check_together(["lvp_1", "lvp_2"], coupon_id="cpn_1")
