"""What may be taken off one thing together: the one table, asked for each line of an order.

Each pair of reductions stands here with yes or no; a pair that is not listed is a mistake of ours
and is found by a test, never by a buyer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from yaohe.commerce.errors import NotTogether

Reduction = Literal["live_price", "coupon"]
REDUCTIONS: Final[tuple[Reduction, ...]] = get_args(Reduction)

# A live price is already the lowest the seller can give; a coupon is for the regular price.
TOGETHER: Final[dict[frozenset[Reduction], bool]] = {
    frozenset({"live_price", "coupon"}): False,
}


COUPON_AT_LIVE_PRICE: Final = TOGETHER[frozenset({"live_price", "coupon"})]


def check_together(live_price_ids: Iterable[str | None], *, coupon_id: str | None) -> None:
    """`live_price_ids` has one for each line of an order, None at the regular price. A coupon
    counts over the lines it may stand beside; raises `NotTogether` when there is none."""
    if coupon_id is None or COUPON_AT_LIVE_PRICE:
        return
    if all(live_price_id is not None for live_price_id in live_price_ids):
        raise NotTogether
