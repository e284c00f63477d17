"""The bill of a day, of what Stripe booked on the account: payments, refunds, refunds that failed.

Amounts are those the buyers paid; the account itself may be kept in another currency. What is not
of this shop on the account is left out. A refund that failed after it was done is told a second
time, so that somebody sees to it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final

import msgspec

from yaohe.platforms.payments import BillLine
from yaohe.platforms.stripe_pay.client import StripeClient, read
from yaohe.platforms.stripe_pay.model import PAYMENT, REFUND, Intent

# The calendar of this house's books.
CALENDAR: Final = timezone(timedelta(hours=8))
_CAME: Final = frozenset({"charge", "payment"})
_WENT: Final = frozenset({"refund", "payment_refund", "refund_failure", "payment_refund_failure"})


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None


class _Booking(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    source: msgspec.Raw = msgspec.Raw(b"null")


def bounds(day: date) -> tuple[int, int]:
    """The first second of a day, and that of the next."""
    since = datetime.combine(day, time(), CALENDAR)
    return int(since.timestamp()), int((since + timedelta(days=1)).timestamp())


async def read_bill(client: StripeClient, day: date) -> list[BillLine]:
    since, until = bounds(day)
    wanted: dict[str, Any] = {"created": {"gte": since, "lt": until}, "expand": ["data.source"]}
    lines = []
    async for booking in client.all("/v1/balance_transactions", _Booking, wanted):
        if booking.type in _CAME | _WENT:
            source = read(booking.source, _Source)
            payment_id = await _payment_of(client, source)
            if payment_id is not None:
                went = booking.type in _WENT
                lines.append(
                    BillLine(
                        payment_id=payment_id,
                        refund_id=(source.metadata or {}).get(REFUND, source.id) if went else None,
                        amount_minor=source.amount,
                        currency=source.currency.upper(),
                    )
                )
    return lines


async def _payment_of(client: StripeClient, source: _Source) -> str | None:
    """Whose money it was. A refund made by hand does not say so, the payment it belongs to does."""
    known = (source.metadata or {}).get(PAYMENT)
    if known is not None or source.payment_intent is None:
        return known
    intent = await client.ask("get", f"/v1/payment_intents/{source.payment_intent}", Intent)
    return intent.metadata.get(PAYMENT)
