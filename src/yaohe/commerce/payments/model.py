"""Payments: one open at a time per order. The gateway's signed word is the only authority.

    open ──► paid ──► refunded
      └────► canceled ──► paid      (paid faster than the news of its end travelled)

What the gateway's word means for an order is decided by `effect_of`, purely. Money that came is
never refused and never forgotten: it pays the order, or it goes back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from yaohe.commerce.orders.moves import OrderStatus, before
from yaohe.kernel.errors import BadInput
from yaohe.platforms.payments import Way

PaymentState = Literal["open", "canceled", "paid", "refunded"]
RefundState = Literal["due", "requested", "failed", "done"]
Outcome = Literal["paid", "late", "refunded", "failed", "again", "nothing", "mismatch"]

MOVES: Final[dict[PaymentState, frozenset[PaymentState]]] = {
    "open": frozenset({"paid", "canceled"}),
    "canceled": frozenset({"paid"}),
    "paid": frozenset({"refunded"}),
    "refunded": frozenset(),
}

REFUND_RETRY_S: Final = (1, 5, 30, 120, 600, 3_600)
# A gateway that took our request but never told the end is asked again (it is idempotent).
REFUND_ASK_AGAIN_S: Final = 3_600
# A payment that is to end is asked about again after this when the gateway does not answer.
SETTLE_AGAIN_S: Final = 15
# One with a problem is asked about again after this: people have to look at it.
SETTLE_PROBLEM_AGAIN_S: Final = 3_600

RETURN_PATH_CHARS_MAX: Final = 200


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    order_id: str
    gateway: str
    amount_minor: int
    currency: str
    given_back_minor: int
    state: PaymentState
    way: Way | None
    subject: str | None
    created_at: datetime


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one line of an order; `place` counts from 0."""

    place: int
    quantity: int


class RefundWish(msgspec.Struct, frozen=True, kw_only=True):
    """What staff want to give back: so much, what these pieces cost, or all that is left. `key` is
    made once per press."""

    amount_minor: int | None = None
    pieces: tuple[Pieces, ...] | None = None
    key: str | None = None

    @property
    def pieces_text(self) -> str | None:
        """The pieces as they are kept with the refund."""
        return None if self.pieces is None else msgspec.json.encode(self.pieces).decode()


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    payment_id: str
    order_id: str
    gateway: str
    amount_minor: int
    paid_minor: int
    currency: str
    reason: str
    state: RefundState
    attempts: int
    round: int
    pieces: str | None = None

    @property
    def number(self) -> str:
        """Its id at the gateway: one that was closed there needs another."""
        return self.id if self.round == 1 else f"{self.id}-{self.round}"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer who comes to pay: by which way, from where, and where they go afterwards."""

    way: Way
    site: str = ""  # "" means the configured public address
    return_path: str = "/"
    shop_name: str = ""
    lang: str = "zh-CN"
    payer_address: str = "127.0.0.1"
    payer_id: str = ""


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """How this buyer gets to the cashier: `text` is what the gateway gave for the way."""

    payment: Payment
    way: Way
    text: str
    return_url: str


def way_for(
    ways: Collection[Way], *, in_app: bool, phone: bool, in_mini_program: bool = False
) -> Way | None:
    """The way that works best in this browser, of those that work there; None when none does.

    A code is scanned from another screen, so it is no way inside of the app that scans it; a page
    inside of a mini-program cannot call WeChat's cashier, only the mini-program itself can.
    """
    liked: tuple[Way, ...] = ("h5", "native", "page") if phone else ("native", "page", "h5")
    if in_app:
        liked = ("h5",) if in_mini_program else ("jsapi", "h5")
    return next((way for way in liked if way in ways), None)


def effect_of(order_status: OrderStatus) -> Literal["pays", "late", "double"]:
    """What money that just came in does to an order of this status."""
    if order_status in before("pay"):
        return "pays"
    if order_status in before("pay_late"):
        return "late"
    return "double"


def refund_of(number: str) -> tuple[str, int]:
    """The refund and the round of a number at the gateway."""
    refund_id, _, round_ = number.partition("-")
    known = round_.isascii() and round_.isdigit() and len(round_) < 6
    return refund_id, int(round_) if known else 1


def refund_pause(attempts: int) -> timedelta:
    """How long to wait after this many attempts at asking for a refund."""
    return timedelta(seconds=REFUND_RETRY_S[min(attempts, len(REFUND_RETRY_S)) - 1])


def check_return_path(path: str) -> str:
    """A path on our own site; anything that could lead elsewhere is refused."""
    plain = path.isascii() and path.isprintable() and " " not in path and len(path) > 0
    if not plain or len(path) > RETURN_PATH_CHARS_MAX or path[0] != "/":
        raise BadInput("This is not a path on this site.", field="return_path")
    if path[:2] in {"//", "/\\"} or "#" in path or "\\" in path:
        raise BadInput("This is not a path on this site.", field="return_path")
    return path


def return_url(site: str, path: str, order_id: str) -> str:
    """Where the cashier sends the buyer back to; the page asks for the order and waits."""
    return f"{site}{path}{'&' if '?' in path else '?'}order={order_id}"
