"""Facts about orders taken elsewhere."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class _OfOrder(Fact, frozen=True, kw_only=True):
    order_id: str
    ref: str
    amount_minor: int
    currency: str

    @property
    def aggregate(self) -> str:
        return self.order_id


class OutsideOrderPaid(_OfOrder, frozen=True, kw_only=True, tag="outside_order_paid.v1"):
    """An outside order was told, and credited to `token` ('' when no share led to it)."""

    visitor_id: str
    room_id: str
    token: str
    sharer_id: str


class OutsideOrderRefunded(_OfOrder, frozen=True, kw_only=True, tag="outside_order_refunded.v1"):
    """The whole order went back, and its credit with it."""
