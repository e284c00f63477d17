"""What the sandbox gateway knows of a payment, and the news it sends. Pure.

Faults are scripted per payment, so that a test (or a curious person) can see what the shop does:

    delay           the news comes some seconds later
    duplicate       the same news twice, at the same moment
    reorder         older news ("canceled") arrives after the newer ("paid")
    wrong_amount    the news names another amount, every time
    bad_signature   the first attempt is signed with a foreign key
    old_timestamp   the first attempt carries a time of an hour ago, rightly signed
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from yaohe.platforms.payments import NoticeBody, NoticeKind

Fault = Literal["delay", "duplicate", "reorder", "wrong_amount", "bad_signature", "old_timestamp"]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

SandboxState = Literal["open", "paid", "canceled", "closed", "refunded"]

DELAY_S: Final = 5.0
REORDER_S: Final = 1.0
OLD_S: Final = 3_600
WRONG_BY_MINOR: Final = 1

# Pauses before attempt 1, 2, 3 …; the last one repeats until the attempts are used up.
RETRY_S: Final = (0, 1, 5, 30, 120, 600, 1_800, 3_600)
ATTEMPTS_MAX: Final = 56  # some two days


class SandboxPayment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_name: str
    subject: str
    amount_minor: int
    currency: str
    return_url: str
    notify_url: str
    state: SandboxState
    faults: list[Fault]
    expires_at: datetime
    seconds_left: int


class SandboxNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way: `attempts` counts the one being made."""

    id: str
    payment_id: str
    notify_url: str
    body: str
    copies: int
    fault: Fault | None
    attempts: int


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to write down in the transaction that makes it true."""

    body: NoticeBody
    delay_s: float = 0.0
    copies: int = 1
    fault: Fault | None = None


def plan(
    payment: SandboxPayment, kind: NoticeKind, *, refund_id: str | None = None
) -> list[Planned]:
    """The notices that tell of `kind`, bent by the faults scripted for this payment."""
    faults = payment.faults if kind == "payment.paid" else []
    amount_minor = payment.amount_minor
    if "wrong_amount" in faults:
        amount_minor += WRONG_BY_MINOR
    body = NoticeBody(
        type=kind,
        payment_id=payment.id,
        amount_minor=amount_minor,
        currency=payment.currency,
        refund_id=refund_id,
    )
    # At most one of the two can bend one attempt; the signature comes first.
    first_attempt: tuple[Fault, ...] = ("bad_signature", "old_timestamp")
    fault = next((fault for fault in first_attempt if fault in faults), None)
    delay_s = DELAY_S if "delay" in faults else 0.0
    copies = 2 if "duplicate" in faults else 1
    planned = [Planned(body=body, delay_s=delay_s, copies=copies, fault=fault)]
    if "reorder" in faults:
        older = msgspec.structs.replace(body, type="payment.canceled")
        planned.append(Planned(body=older, delay_s=delay_s + REORDER_S))
    return planned


def pause_s(attempts: int) -> int | None:
    """How long to wait after so many attempts; None when it is time to give up."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return RETRY_S[min(attempts, len(RETRY_S) - 1)]
