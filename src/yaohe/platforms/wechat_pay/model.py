"""What WeChat Pay says, as its documents name it, and what that means to us. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final, Literal

import msgspec

from yaohe.platforms.payments import News, NewsKind, PaymentStanding

SUBJECT_BYTES_MAX: Final = 127
# Their calendar and their times are Beijing's.
BEIJING: Final = timezone(timedelta(hours=8))

RefundStatus = Literal["SUCCESS", "CLOSED", "PROCESSING", "ABNORMAL"]
_REFUND_NEWS: Final[dict[str, NewsKind]] = {
    "SUCCESS": "refund.done", "ABNORMAL": "refund.failed", "CLOSED": "refund.closed",
}  # fmt: skip
_PAID: Final = {"SUCCESS", "REFUND"}  # "REFUND" is paid, with some of it given back
_CLOSED: Final = {"CLOSED", "REVOKED"}


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    currency: str = "CNY"


class RefundAmount(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    refund: int
    currency: str = "CNY"


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, in a notice or as an answer. `amount` is missing until somebody pays."""

    mchid: str
    out_trade_no: str
    trade_state: str
    amount: Amount | None = None
    success_time: datetime | None = None


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """A refund. Notices call its state `refund_status`, answers call it `status`."""

    out_trade_no: str
    out_refund_no: str
    amount: RefundAmount
    mchid: str = ""
    status: str = ""
    refund_status: str = ""
    success_time: datetime | None = None

    @property
    def state(self) -> str:
        return self.refund_status or self.status


def paid_news(said: Transaction) -> News | None:
    """The news of a payment; None when nobody paid."""
    if said.trade_state not in _PAID or said.amount is None:
        return None
    return News(
        type="payment.paid",
        payment_id=said.out_trade_no,
        amount_minor=said.amount.total,
        currency=said.amount.currency,
        at=said.success_time,
    )


def refund_news(said: Refunded) -> News | None:
    """The news of a refund; None while it is under way."""
    kind = _REFUND_NEWS.get(said.state)
    if kind is None:
        return None
    return News(
        type=kind,
        payment_id=said.out_trade_no,
        refund_id=said.out_refund_no,
        amount_minor=said.amount.refund,
        currency=said.amount.currency,
        at=said.success_time,
    )


def standing(said: Transaction) -> PaymentStanding:
    news = paid_news(said)
    if news is not None:
        return PaymentStanding(state="paid", news=news)
    return PaymentStanding(state="closed" if said.trade_state in _CLOSED else "open")


def cut_subject(text: str) -> str:
    """As much of it as they take; never half a character."""
    return text.encode()[:SUBJECT_BYTES_MAX].decode("utf-8", "ignore")


def time_text(at: datetime) -> str:
    """A moment as they write it."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")
