"""Payments: one open at a time per order. The gateway's signed notice is the only authority.

    open ──► paid ──► refunded
      └────► canceled ──► paid      (the payer changed their mind faster than the news travelled)

What a notice means for an order is decided by `effect_of`, purely. Money that came is never
refused and never forgotten: it pays the order, or it goes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from yaohe.commerce.orders.moves import OrderStatus, before
from yaohe.kernel.errors import BadInput

PaymentState = Literal["open", "canceled", "paid", "refunded"]
RefundState = Literal["due", "requested", "done"]
Outcome = Literal["paid", "late", "canceled", "refunded", "nothing", "mismatch"]

MOVES: Final[dict[PaymentState, frozenset[PaymentState]]] = {
    "open": frozenset({"paid", "canceled"}),
    "canceled": frozenset({"paid"}),
    "paid": frozenset({"refunded"}),
    "refunded": frozenset(),
}

REFUND_RETRY_S: Final = (1, 5, 30, 120, 600, 3_600)
# A gateway that took our request but never told the end is asked again (it is idempotent).
REFUND_ASK_AGAIN_S: Final = 3_600

RETURN_PATH_CHARS_MAX: Final = 200


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    order_id: str
    gateway: str
    amount_minor: int
    currency: str
    state: PaymentState
    cashier_url: str | None
    created_at: datetime


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    payment_id: str
    order_id: str
    gateway: str
    amount_minor: int
    currency: str
    reason: str
    state: RefundState
    attempts: int


class PayPage(msgspec.Struct, frozen=True, kw_only=True):
    """How the cashier page should look to this buyer, and where it leads back to."""

    site: str = ""  # "" means the configured public address
    return_path: str = "/"
    shop_name: str = ""
    lang: str = "zh-CN"


def effect_of(order_status: OrderStatus) -> Literal["pays", "late", "double"]:
    """What money that just came in does to an order of this status."""
    if order_status in before("pay"):
        return "pays"
    if order_status in before("pay_late"):
        return "late"
    return "double"


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
