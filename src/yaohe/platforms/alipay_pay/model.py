"""What Alipay says, as its documents name it, and what that means to us. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

import msgspec

from yaohe.platforms.payments import News, PaymentStanding

BEIJING: Final = timezone(timedelta(hours=8))
TIME: Final = "%Y-%m-%d %H:%M:%S"
CURRENCY: Final = "CNY"
SUBJECT_CHARS_MAX: Final = 128
_YUAN: Final = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?\Z")
_UNWELCOME: Final = str.maketrans("/=&", "   ")
_PAID: Final = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_CLOSED: Final = "TRADE_CLOSED"  # nobody paid in time, or all of it was given back


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    out_trade_no: str
    trade_status: str
    total_amount: str
    send_pay_date: str = ""


class Precreated(msgspec.Struct, frozen=True, kw_only=True):
    qr_code: str


class RefundTaken(msgspec.Struct, frozen=True, kw_only=True):
    """`fund_change` is "Y" when money moved by this very request."""

    out_trade_no: str
    fund_change: str = "N"


class RefundFound(msgspec.Struct, frozen=True, kw_only=True):
    """Without `refund_status` it has not succeeded, or was never asked for."""

    out_trade_no: str = ""
    out_request_no: str = ""
    refund_amount: str = ""
    refund_status: str = ""
    gmt_refund_pay: str = ""


class BillAddress(msgspec.Struct, frozen=True, kw_only=True):
    bill_download_url: str


class Unreadable(ValueError):
    """It is not what is documented."""


def yuan(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def minor(text: str) -> int:
    found = _YUAN.match(text)
    if found is None or not text.isascii():
        raise Unreadable(f"{text[:20]!r} is no amount.")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def time_text(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime(TIME)


def moment(text: str) -> datetime | None:
    """A moment as they write it; None where they wrote none."""
    if not text:
        return None
    try:
        return datetime.strptime(text[:19], TIME).replace(tzinfo=BEIJING)
    except ValueError:
        raise Unreadable(f"{text[:30]!r} is no time.") from None


def subject_text(text: str) -> str:
    """As much of it as they take, without the signs they do not."""
    return " ".join(text.translate(_UNWELCOME).split())[:SUBJECT_CHARS_MAX] or "-"


def standing(trade: Trade) -> PaymentStanding:
    came = trade.trade_status in _PAID or (trade.trade_status == _CLOSED and trade.send_pay_date)
    if not came:
        return PaymentStanding(state="closed" if trade.trade_status == _CLOSED else "open")
    news = _paid(trade.out_trade_no, trade.total_amount, moment(trade.send_pay_date))
    return PaymentStanding(state="paid", news=news)


def told_paid(fields: Mapping[str, str]) -> News | None:
    """The news of a payment in a notice; None when nobody paid."""
    status, at = fields.get("trade_status", ""), fields.get("gmt_payment", "")
    if status not in _PAID and not (status == _CLOSED and at):
        return None
    return _paid(fields.get("out_trade_no", ""), fields.get("total_amount", ""), moment(at))


def refund_news(found: RefundFound) -> News | None:
    if found.refund_status != "REFUND_SUCCESS":
        return None
    return News(
        type="refund.done",
        payment_id=found.out_trade_no,
        refund_id=found.out_request_no,
        amount_minor=minor(found.refund_amount),
        currency=CURRENCY,
        at=moment(found.gmt_refund_pay),
    )


def _paid(payment_id: str, amount: str, at: datetime | None) -> News:
    return News(
        type="payment.paid",
        payment_id=payment_id,
        amount_minor=minor(amount),
        currency=CURRENCY,
        at=at,
    )
