"""Orders: some lines, perhaps a coupon; held for ten minutes, then paid or given back.

    created ──► paid ──► shipped ──► completed
       ├──────► expired ──┐
       └──────► canceled ─┴─► paid_late ──► refunded ◄── paid, shipped, completed

`paid_late` is money that came for an order that had ended: it is recorded first and given back
after. A move is always one compare-and-set statement; `moves.TABLE` lists them all.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

import msgspec

from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.orders.lines import OrderLine, WishLine, titled
from yaohe.commerce.orders.moves import OrderStatus
from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

OPEN_ORDERS_MAX: Final = 5  # unpaid orders of one visitor: nobody may empty the shelf for nothing
NOTE_CHARS_MAX: Final = 500
BUYER_NOTE_CHARS_MAX: Final = 200


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets the goods; the address may be empty for what is not shipped."""

    name: str
    phone: str
    address: str = ""


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """Who carries a parcel, and by which number it can be followed; empty when handed over."""

    carrier: str = ""
    tracking: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order. `discount_minor` is all that the coupon took off, the lines' shares of it and what
    it took off the fee."""

    id: str
    shop_id: str
    visitor_id: str
    room_id: str | None
    lines: tuple[OrderLine, ...]
    goods_minor: int
    discount_minor: int
    payable_minor: int
    paid_minor: int
    currency: str
    coupon_id: str | None
    status: OrderStatus
    buyer: Buyer | None
    created_at: datetime
    deadline_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None
    shipment: Shipment = Shipment()
    shipped_at: datetime | None = None
    completed_at: datetime | None = None
    staff_note: str = ""
    refunded_minor: int = 0
    delivery: DeliveryKind = "ship"
    fee_minor: int = 0
    buyer_note: str = ""
    pickup_place: str = ""
    pickup_place_en: str = ""
    pickup_code: str | None = None
    digital_text: str = ""

    @property
    def first(self) -> OrderLine:
        return self.lines[0]

    @property
    def quantity(self) -> int:
        """All the pieces in it."""
        return sum(line.quantity for line in self.lines)

    @property
    def title(self) -> str:
        return titled(self.first.title, self.first.title_en, len(self.lines))[0]

    @property
    def title_en(self) -> str:
        return titled(self.first.title, self.first.title_en, len(self.lines))[1]

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to buy, checked, as the coalescer takes it."""

    visitor_id: str
    room_id: str | None
    lines: tuple[WishLine, ...]
    coupon_id: str | None
    idempotency_key: str
    expected_minor: int | None
    buyer: Buyer | None
    note: str = ""


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders staff want to see, newest first. `text` is what stands in the one box for id,
    telephone, name, tracking number or pick-up code; `since` and `until` are the first and the last
    day; `before` is the id the last page ended with."""

    status: OrderStatus | None = None
    room_id: str | None = None
    product_id: str | None = None
    visitor_id: str | None = None
    text: str = ""
    since: date | None = None
    until: date | None = None
    before: str | None = None
    limit: int = 50


class ShopOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as staff see it: with what its coupon was and what is wrong with its money."""

    order: Order
    coupon_title: str | None
    coupon_title_en: str | None
    payment_problem: str | None
    refund_state: Literal["due", "requested", "failed", "done"] | None
    going_back_minor: int  # asked of the gateway, and not done yet


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ShopOrder]
    next: str | None


class RoomSales(msgspec.Struct, frozen=True, kw_only=True):
    """What a room sold: paid orders, their money less what went back of it, and how many buyers and
    coupons were in it."""

    orders: int
    paid_minor: int
    buyers: int
    coupons: int


def cleaned_shipment(shipment: Shipment) -> Shipment:
    return Shipment(
        carrier=clean_text(shipment.carrier, field="carrier", chars_max=40, empty=True),
        tracking=clean_text(shipment.tracking, field="tracking", chars_max=60, empty=True),
    )


def cleaned_buyer(buyer: Buyer | None) -> Buyer | None:
    if buyer is None:
        return None
    return Buyer(
        name=clean_text(buyer.name, field="buyer.name", chars_max=40),
        phone=_phone(buyer.phone),
        address=clean_text(buyer.address, field="buyer.address", chars_max=200, empty=True),
    )


def cleaned_note(text: str) -> str:
    """What a buyer tells whoever packs the order."""
    return clean_text(text, field="note", chars_max=BUYER_NOTE_CHARS_MAX, empty=True, lines=True)


def _phone(text: str) -> str:
    phone = clean_text(text, field="buyer.phone", chars_max=30)
    digits = sum(c.isascii() and c.isdigit() for c in phone)
    if not 5 <= digits <= 20 or any(c not in "+-() 0123456789" for c in phone):
        raise BadInput("This is not a telephone number.", field="buyer.phone")
    return phone


def check_expected(expected_minor: int | None) -> int | None:
    if expected_minor is not None and not 0 <= expected_minor <= AMOUNT_MINOR_MAX:
        raise BadInput("This is no amount.", field="expected_minor")
    return expected_minor
