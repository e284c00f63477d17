"""Facts of after-sale requests."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class AftersaleMoved(Fact, frozen=True, kw_only=True, tag="aftersale_moved.v1"):
    """A request about an order was made, or stands somewhere else now. What was written stays in
    the request."""

    aftersale_id: str
    order_id: str
    visitor_id: str
    kind: str
    reason: str
    status: str
    amount_minor: int
    currency: str

    @property
    def aggregate(self) -> str:
        return f"order:{self.order_id}"
