"""What may be taken off one order together: the one table, asked before an order is placed.

Each pair of reductions stands here with yes or no; a pair that is not listed is a mistake of ours
and is found by a test, never by a buyer.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final, Literal, get_args

from yaohe.commerce.errors import NotTogether

Reduction = Literal["live_price", "coupon"]
REDUCTIONS: Final[tuple[Reduction, ...]] = get_args(Reduction)

# A live price is already the lowest the seller can give; a coupon is for the regular price.
TOGETHER: Final[dict[frozenset[Reduction], bool]] = {
    frozenset({"live_price", "coupon"}): False,
}


def check_together(*, live_price_id: str | None, coupon_id: str | None) -> None:
    """Raises `NotTogether` when an order asks for reductions that exclude each other."""
    asked: dict[Reduction, str | None] = {"live_price": live_price_id, "coupon": coupon_id}
    wanted = [name for name, given in asked.items() if given is not None]
    for pair in combinations(wanted, 2):
        if not TOGETHER[frozenset(pair)]:
            raise NotTogether
