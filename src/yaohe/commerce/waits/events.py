"""Facts of waits."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class BackInStock(Fact, frozen=True, kw_only=True, tag="back_in_stock.v1"):
    """It is this visitor's turn: what they waited for can be had again."""

    visitor_id: str
    product_id: str
    variant_id: str  # empty: the product, whichever variant

    @property
    def aggregate(self) -> str:
        return f"product:{self.product_id}"
