"""Every pair of reductions has an answer, and only what the table allows passes."""

from __future__ import annotations

from itertools import combinations

import pytest

from yaohe.commerce.errors import NotTogether
from yaohe.commerce.prices.stacking import REDUCTIONS, TOGETHER, check_together


def test_the_table_answers_every_pair() -> None:
    assert set(TOGETHER) == {frozenset(pair) for pair in combinations(REDUCTIONS, 2)}


def test_one_reduction_or_none_is_fine() -> None:
    check_together(live_price_id=None, coupon_id=None)
    check_together(live_price_id="lvp_1", coupon_id=None)
    check_together(live_price_id=None, coupon_id="cpn_1")


def test_a_live_price_excludes_a_coupon() -> None:
    with pytest.raises(NotTogether):
        check_together(live_price_id="lvp_1", coupon_id="cpn_1")
