"""Facts of commerce."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class _OrderFact(Fact, frozen=True, kw_only=True):
    order_id: str

    @property
    def aggregate(self) -> str:
        return f"order:{self.order_id}"


class OrderPaid(_OrderFact, frozen=True, kw_only=True, tag="order_paid.v1"):
    """The whole price came in while the order was open (or nothing was left to pay)."""

    visitor_id: str
    room_id: str | None
    product_id: str
    quantity: int
    paid_minor: int
    currency: str
    coupon_id: str | None


class OrderExpired(_OrderFact, frozen=True, kw_only=True, tag="order_expired.v1"):
    """Nobody paid in time; stock and coupon went back."""

    visitor_id: str
    room_id: str | None
    product_id: str
    quantity: int
    coupon_id: str | None


class OrderCanceled(_OrderFact, frozen=True, kw_only=True, tag="order_canceled.v1"):
    """The buyer gave the order up; stock and coupon went back."""

    visitor_id: str
    room_id: str | None
    product_id: str
    quantity: int
    coupon_id: str | None


class PaymentLate(_OrderFact, frozen=True, kw_only=True, tag="payment_late.v1"):
    """Money came for an order that was no longer open, or a second time; it is going back."""

    visitor_id: str
    room_id: str | None
    payment_id: str
    refund_id: str
    amount_minor: int
    currency: str


class PaymentRefunded(_OrderFact, frozen=True, kw_only=True, tag="payment_refunded.v1"):
    """The gateway gave the money back."""

    visitor_id: str
    room_id: str | None
    payment_id: str
    refund_id: str
    amount_minor: int
    currency: str
