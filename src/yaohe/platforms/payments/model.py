"""How the house talks to a payment gateway, whichever it is.

A gateway gets our payment id and is idempotent by it, shows the payer its own cashier, and tells us
what happened in signed *notices* that may come late, twice and out of order. What it says of a
payment or a refund, by a notice or when asked, is *news*.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

# A refund that failed may still be done by hand; one that is closed is over, and is asked for under
# another number.
NewsKind = Literal["payment.paid", "refund.done", "refund.failed", "refund.closed"]
Standing = Literal["open", "paid", "closed", "unknown"]
# How a payer comes to the cashier: a page of the gateway's in a phone's browser, its page on a
# desk, a code to scan, or a call inside the gateway's own app.
Way = Literal["h5", "page", "native", "jsapi"]


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway needs to take money: our id, how much, for what, and where to answer.

    `site` is the address of the shop as the payer sees it; `payer_address` is their IP address,
    `payer_id` who they are to the gateway (only where the way needs it).
    """

    payment_id: str
    amount_minor: int
    currency: str
    subject: str
    shop_name: str
    site: str
    return_url: str
    notify_url: str
    expires_at: datetime
    way: Way = "h5"
    payer_address: str = "127.0.0.1"
    payer_id: str = ""


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor` of the `paid_minor` that this payment brought. Why is not said: gateways show
    it to the buyer."""

    refund_id: str
    payment_id: str
    amount_minor: int
    paid_minor: int
    currency: str
    notify_url: str


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway says has happened; `at` is when, by its clock."""

    type: NewsKind
    payment_id: str
    amount_minor: int
    currency: str
    at: datetime | None = None
    refund_id: str | None = None


class PaymentNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice whose signature and time were found good; `text` is what was signed and sealed."""

    id: str
    news: News
    text: str


class PaymentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment stands at the gateway; `news` says more of one that is paid."""

    state: Standing
    news: News | None = None


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a gateway's daily bill: a payment, or with `refund_id` a refund."""

    payment_id: str
    refund_id: str | None
    amount_minor: int
    currency: str
