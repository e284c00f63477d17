"""What the sandbox gateway knows of payments and refunds, and the news it sends of them. Pure.

Faults are scripted per payment, so that a test (or a curious person) can see what the shop does:

    delay           the news comes some seconds later
    duplicate       the same news twice, at the same moment
    reorder         the news of the payment comes after the news of its refund
    early           the news comes before the payer, or who asked for a refund, has an answer
    wrong_amount    the news names another amount, every time
    bad_signature   the first attempt is signed over something else
    old_timestamp   the first attempt carries a time of an hour ago, rightly signed
    late            the cashier takes money also when the payment was closed or is over
    refund_pending  a refund takes some seconds
    refund_failed   a refund fails, and is done by hand some seconds later
    refund_closed   the first refund is closed; the next one is done
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from yaohe.platforms.payments import Way

Fault = Literal[
    "delay",
    "duplicate",
    "reorder",
    "early",
    "wrong_amount",
    "bad_signature",
    "old_timestamp",
    "late",
    "refund_pending",
    "refund_failed",
    "refund_closed",
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

SandboxState = Literal["open", "paid", "closed", "refunded"]
SandboxRefundState = Literal["pending", "failed", "closed", "done"]
# The states of refunds whose money is taken from the payment.
TAKEN: Final[tuple[SandboxRefundState, ...]] = ("pending", "failed", "done")
EventType = Literal["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"]

_REFUND_EVENTS: Final[dict[SandboxRefundState, EventType]] = {
    "done": "REFUND.SUCCESS", "failed": "REFUND.ABNORMAL", "closed": "REFUND.CLOSED",
}  # fmt: skip
DELAY_S: Final = 5.0
REORDER_S: Final = 10.0
REFUND_S: Final = 5.0
OLD_S: Final = 3_600
WRONG_BY_MINOR: Final = 1

# Pauses before attempt 1, 2, 3 …; the last one repeats until the attempts are used up.
RETRY_S: Final = (0, 1, 5, 30, 120, 600, 1_800, 3_600)
ATTEMPTS_MAX: Final = 56  # some two days


class SandboxPayment(msgspec.Struct, frozen=True, kw_only=True):
    """`site` is where the payer's shop is; `paid_at` is when the money came."""

    id: str
    way: Way
    shop_name: str
    subject: str
    amount_minor: int
    currency: str
    site: str
    notify_url: str
    state: SandboxState
    faults: list[Fault]
    expires_at: datetime
    seconds_left: int
    paid_at: datetime | None = None


class SandboxRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment_id: str
    amount_minor: int
    state: SandboxRefundState
    notify_url: str
    done_at: datetime | None = None


class SandboxNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way: `body` is what will be sealed, `attempts` counts the one being made."""

    id: str
    payment_id: str
    notify_url: str
    event_type: EventType
    body: str
    copies: int
    fault: Fault | None
    attempts: int


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to write down in the transaction that makes it true."""

    event_type: EventType
    notify_url: str
    body: str
    delay_s: float = 0.0
    copies: int = 1
    fault: Fault | None = None


def plan_paid(payment: SandboxPayment, body: str) -> Planned:
    """The notice of money that came, bent by the faults scripted for this payment."""
    faults = payment.faults
    # At most one of the two can bend one attempt; the signature comes first.
    first_attempt: tuple[Fault, ...] = ("bad_signature", "old_timestamp")
    delays = {"delay": DELAY_S, "reorder": REORDER_S}
    return Planned(
        event_type="TRANSACTION.SUCCESS",
        notify_url=payment.notify_url,
        body=body,
        delay_s=max((delays[fault] for fault in faults if fault in delays), default=0.0),
        copies=2 if "duplicate" in faults else 1,
        fault=next((fault for fault in first_attempt if fault in faults), None),
    )


def plan_refund(refund: SandboxRefund, body: str) -> Planned:
    """The notice of what became of a refund."""
    return Planned(
        event_type=_REFUND_EVENTS[refund.state],
        notify_url=refund.notify_url,
        body=body,
    )


def first_state(payment: SandboxPayment, *, closed_before: bool = False) -> SandboxRefundState:
    """How a refund of this payment begins."""
    if "refund_closed" in payment.faults:
        return "done" if closed_before else "closed"
    if "refund_failed" in payment.faults:
        return "failed"
    return "pending" if "refund_pending" in payment.faults else "done"


def told_minor(payment: SandboxPayment) -> int:
    """The amount that notices and answers name."""
    return payment.amount_minor + (WRONG_BY_MINOR if "wrong_amount" in payment.faults else 0)


def pause_s(attempts: int) -> int | None:
    """How long to wait after so many attempts; None when it is time to give up."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return RETRY_S[min(attempts, len(RETRY_S) - 1)]
