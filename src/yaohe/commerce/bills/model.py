"""What is kept of a day of a gateway, and which days are due.

A gateway's day is over at midnight of its calendar; its bill is there from ten o'clock on.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from yaohe.commerce.payments.reconcile_store import CALENDAR
from yaohe.commerce.payments.reconciling import DifferenceKind
from yaohe.kernel.text import clean_text

READY_AT: Final = time(10)
# Gateways keep bills for months; a shop that was away longer than this starts afresh.
DAYS_BACK: Final = timedelta(days=30)
BECAUSE_CHARS_MAX: Final = 500


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a gateway. `moved` is how much our books have of it; `compared_at` is null until its
    bill was there, and `problem` then says why not (null: nobody has asked yet)."""

    gateway: str
    day: date
    payments: int
    refunds: int
    moved: int
    tries: int
    next_at: datetime
    compared_at: datetime | None
    problem: str | None
    differences: int
    unexplained: int


class KeptDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A movement on which bill and books do not agree, and what staff found out about it."""

    id: str
    kind: DifferenceKind
    payment_id: str
    refund_id: str | None
    order_id: str | None
    ours_minor: int | None
    theirs_minor: int | None
    currency: str
    because: str | None = None
    explained_by: str | None = None
    explained_at: datetime | None = None


def ready_at(day: date) -> datetime:
    """When the bill of this day may first be asked for."""
    return datetime.combine(day + timedelta(days=1), READY_AT, CALENDAR)


def days_due(now: datetime, *, since: date) -> list[date]:
    """The days from `since` on that are over by `now`, as far back as is asked for."""
    today = now.astimezone(CALENDAR).date()
    day = max(since, today - DAYS_BACK)
    found = []
    while day < today:
        found.append(day)
        day += timedelta(days=1)
    return found


def cleaned_because(text: str) -> str:
    return clean_text(text, field="because", chars_max=BECAUSE_CHARS_MAX, lines=True)
