"""How the house talks to a payment gateway, whichever it is.

A gateway gets our payment id and is idempotent by it, shows the payer its own cashier page, and
tells us what happened in signed *notices* that may come late, twice and out of order. Notices have
the shape of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>`
over `id.timestamp.body`, always of the raw body.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from yaohe.kernel.errors import AppError

TOLERANCE_S: Final = 300
NOTICE_ID_CHARS_MAX: Final = 100

NoticeKind = Literal["payment.paid", "payment.canceled", "refund.done"]


class NoticeUnsigned(AppError):
    code = "notice_unsigned"
    status = 401
    message = "The signature of this payment notice does not match."


class NoticeStale(AppError):
    code = "notice_stale"
    status = 400
    message = "The time of this payment notice is too far from now."


class NoticeUnreadable(AppError):
    code = "notice_unreadable"
    status = 400
    message = "This payment notice has an unknown shape."


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway needs to take money: our id, how much, for what, and where to answer."""

    payment_id: str
    amount_minor: int
    currency: str
    subject: str
    shop_name: str
    return_url: str
    notify_url: str
    expires_at: datetime


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    refund_id: str
    payment_id: str
    amount_minor: int
    currency: str
    reason: str


class NoticeBody(msgspec.Struct, frozen=True, kw_only=True):
    """The signed part of a notice, as JSON."""

    type: NoticeKind
    payment_id: str
    amount_minor: int
    currency: str
    refund_id: str | None = None


class PaymentNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice whose signature and time were found good."""

    id: str
    body: NoticeBody
    raw: bytes


class PaymentGateway(Protocol):
    """Every call may be repeated with the same ids and then answers the same."""

    @property
    def name(self) -> str:
        """How notices of this gateway are told from others'."""

    async def create(self, request: PaymentRequest) -> str:
        """The address of the cashier page for this payment."""

    async def close(self, payment_id: str) -> None:
        """Take no money for this payment any more; a payment already paid stays paid."""

    async def refund(self, request: RefundRequest) -> None:
        """Ask for money to be given back; a `refund.done` notice tells when it was."""

    def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice:
        """Verify and read a notice. `headers` have lower-case names."""


def sign(secret: bytes, notice_id: str, timestamp_s: int, raw: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{notice_id}.{timestamp_s}.".encode() + raw
    return "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode()


def open_signed(
    secret: bytes, headers: Mapping[str, str], raw: bytes, *, now_s: float
) -> PaymentNotice:
    """Check signature, then time, then shape; the order tells a stranger nothing."""
    notice_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not 0 < len(notice_id) <= NOTICE_ID_CHARS_MAX or not notice_id.isprintable():
        raise NoticeUnsigned
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NoticeUnsigned
    wanted = sign(secret, notice_id, int(stamp), raw).encode()
    # Several signatures, separated by spaces, allow a secret to be changed without a gap.
    candidates = signatures.encode("latin-1", "replace").split(b" ")[:8]
    if not any(hmac.compare_digest(wanted, candidate) for candidate in candidates):
        raise NoticeUnsigned
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        raise NoticeStale
    try:
        body = msgspec.json.decode(raw, type=NoticeBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoticeUnreadable from error
    return PaymentNotice(id=notice_id, body=body, raw=raw)
