"""Facts of commerce."""

from __future__ import annotations

import msgspec

from yaohe.kernel.events import Fact


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order, as facts tell of it."""

    product_id: str
    quantity: int
    variant_id: str | None = None


class _OrderFact(Fact, frozen=True, kw_only=True):
    order_id: str

    @property
    def aggregate(self) -> str:
        return f"order:{self.order_id}"


class _GoodsFact(_OrderFact, frozen=True, kw_only=True):
    """`product_id` is the first line's, `quantity` all the pieces. Facts of before an order had
    lines tell none: theirs is what these two say."""

    product_id: str
    quantity: int
    lines: tuple[SoldLine, ...] = ()

    @property
    def goods(self) -> tuple[SoldLine, ...]:
        return self.lines or (SoldLine(product_id=self.product_id, quantity=self.quantity),)


class OrderPaid(_GoodsFact, frozen=True, kw_only=True, tag="order_paid.v1"):
    """The whole price came in while the order was open (or nothing was left to pay)."""

    visitor_id: str
    room_id: str | None
    paid_minor: int
    currency: str
    coupon_id: str | None


class OrderShipped(_OrderFact, frozen=True, kw_only=True, tag="order_shipped.v1"):
    """The parcel is on its way."""

    visitor_id: str


class OrderCompleted(_OrderFact, frozen=True, kw_only=True, tag="order_completed.v1"):
    """The parcel has arrived: its buyer said so, or enough time has passed."""

    visitor_id: str


class OrderRefunded(_OrderFact, frozen=True, kw_only=True, tag="order_refunded.v1"):
    """The shop gave money of a paid order back, all or some of it; the gateway has done it."""

    visitor_id: str
    refund_id: str
    amount_minor: int
    currency: str


class OrderExpired(_GoodsFact, frozen=True, kw_only=True, tag="order_expired.v1"):
    """Nobody paid in time; stock and coupon went back."""

    visitor_id: str
    room_id: str | None
    coupon_id: str | None


class OrderCanceled(_GoodsFact, frozen=True, kw_only=True, tag="order_canceled.v1"):
    """The buyer gave the order up; stock and coupon went back."""

    visitor_id: str
    room_id: str | None
    coupon_id: str | None


class ProductChanged(Fact, frozen=True, kw_only=True, tag="product_changed.v1"):
    """What a buyer sees of a product is different now: stock, price, words, or whether it is on
    sale. It says that, not what: who wants to know reads the product as it is by then."""

    product_id: str

    @property
    def aggregate(self) -> str:
        return f"product:{self.product_id}"


class CouponSupplyChanged(Fact, frozen=True, kw_only=True, tag="coupon_supply_changed.v1"):
    """How many of a coupon are left, or whether it is given out at all, is different now."""

    template_id: str

    @property
    def aggregate(self) -> str:
        return f"coupon_template:{self.template_id}"


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
