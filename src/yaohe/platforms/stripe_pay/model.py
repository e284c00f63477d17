"""What Stripe says, as its documents name it, and what that means to us. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from yaohe.platforms.payments import News, NewsKind, PaymentRequest, PaymentStanding

# The currencies whose smallest unit is the same to Stripe and to this house. Those that Stripe
# counts otherwise (three decimals; whole units where we have hundredths) are not taken.
CURRENCIES: Final = frozenset(
    {
        "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD", "IDR",
        "ILS", "INR", "JPY", "KRW", "KZT", "MAD", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "QAR",
        "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
    }
)  # fmt: skip
# By these we know what is ours on an account that others may use, too.
PAYMENT: Final = "yaohe_payment"
REFUND: Final = "yaohe_refund"

SUBJECT_CHARS_MAX: Final = 200
# Stripe's page lives between half an hour and a day. It outlives the order, so that a buyer who
# comes late in the order's time still gets one; when the order ends we end it.
PAGE_MIN: Final = timedelta(hours=1)
PAGE_MARGIN: Final = timedelta(minutes=35)
PAGE_MAX: Final = timedelta(hours=23, minutes=50)

# A refund that failed stays so at Stripe, its money is back with the shop: as after one that was
# canceled, another one has to be made.
_REFUND_NEWS: Final[dict[str, NewsKind]] = {
    "succeeded": "refund.done", "failed": "refund.closed", "canceled": "refund.closed",
}  # fmt: skip
# A payment that was under way for days and then came to nothing.
_DEAD: Final = frozenset({"requires_payment_method", "canceled"})


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """When money came to or left the account."""

    created: int


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    created: int
    balance_transaction: Booked | str | None = None

    @property
    def at(self) -> datetime:
        booked = self.balance_transaction
        return moment(booked.created if isinstance(booked, Booked) else self.created)


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str = ""
    latest_charge: Charge | str | None = None
    metadata: dict[str, str] = {}


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A page that Stripe shows for one payment."""

    id: str
    payment_status: str
    status: str | None = None
    amount_total: int | None = None
    currency: str | None = None
    url: str | None = None
    payment_intent: Intent | str | None = None
    metadata: dict[str, str] | None = None

    @property
    def payment_id(self) -> str | None:
        return (self.metadata or {}).get(PAYMENT)

    @property
    def intent_id(self) -> str | None:
        intent = self.payment_intent
        return intent.id if isinstance(intent, Intent) else intent


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """A refund; one that was made by hand at Stripe has no number of ours."""

    id: str
    amount: int
    currency: str
    created: int
    status: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None

    @property
    def refund_id(self) -> str | None:
        return (self.metadata or {}).get(REFUND)

    @property
    def payment_id(self) -> str | None:
        return (self.metadata or {}).get(PAYMENT)


class _RefundList(msgspec.Struct, frozen=True):
    data: list[Refunded] = []


class RefundedCharge(msgspec.Struct, frozen=True):
    """A charge of which something went back; older accounts are told the newest refund first."""

    refunds: _RefundList | None = None


class _Told(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    created: int
    data: _Told
    livemode: bool = False


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def wish_of(request: PaymentRequest, now: datetime) -> dict[str, Any]:
    """What Stripe is asked for. It is written down before: asked again, it has to be the same."""
    until = min(max(request.expires_at + PAGE_MARGIN, now + PAGE_MIN), now + PAGE_MAX)
    ours = {PAYMENT: request.payment_id}
    subject = request.subject[:SUBJECT_CHARS_MAX].strip() or request.payment_id
    return {
        "mode": "payment",
        "client_reference_id": request.payment_id,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expires_at": int(until.timestamp()),
        # In the shop's currency, whatever the dashboard says: the order is paid by this sum alone.
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": request.amount_minor,
                    "product_data": {"name": subject},
                },
            }
        ],
        "metadata": ours,
        "payment_intent_data": {"metadata": ours},
    }


def paid_news(session: Session, at: datetime | None) -> News | None:
    """The news of a payment; None when it is not paid (yet), or not ours."""
    if session.payment_status != "paid" or session.payment_id is None:
        return None
    if session.amount_total is None or session.currency is None:
        return None
    return News(
        type="payment.paid",
        payment_id=session.payment_id,
        amount_minor=session.amount_total,
        currency=session.currency.upper(),
        at=at,
    )


def standing(session: Session) -> PaymentStanding:
    """How a payment stands; the session is told with its intent and charge."""
    intent = session.payment_intent if isinstance(session.payment_intent, Intent) else None
    charge = intent.latest_charge if intent else None
    news = paid_news(session, charge.at if isinstance(charge, Charge) else None)
    if news is not None:
        return PaymentStanding(state="paid", news=news)
    came_to_nothing = session.status == "complete" and intent and intent.status in _DEAD
    over = session.status == "expired" or came_to_nothing
    return PaymentStanding(state="closed" if over else "open")


def refund_news(refund: Refunded) -> News | None:
    """The news of a refund; None while it is under way, or when it is not ours."""
    kind = _REFUND_NEWS.get(refund.status or "")
    if kind is None or refund.payment_id is None or refund.refund_id is None:
        return None
    return News(
        type=kind,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        amount_minor=refund.amount,
        currency=refund.currency.upper(),
        at=moment(refund.created),
    )
