"""Which orders staff ask for, and what they may mean by the words in the one box above them.

An order's id, a telephone number (whole, or its last digits), how a name begins, a tracking number
or a pick-up code: nobody says which, so each is tried that the words can be.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from yaohe.commerce.delivery.model import cleaned_pickup_code
from yaohe.commerce.orders.model import OrderFilter
from yaohe.commerce.orders.moves import STATUSES
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import is_id
from yaohe.kernel.text import clean_text

SEARCH_CHARS_MAX: Final = 64
PHONE_DIGITS_MIN: Final = 4  # fewer are no end of a telephone number, but part of every one
DAYS_FROM: Final = date(1970, 1, 1)
DAYS_TO: Final = date(2999, 12, 31)
_PHONE_SIGNS: Final = frozenset("+-() 0123456789")
_COUNTRY: Final = "86"
_PHONE_DIGITS: Final = 11  # of a number in that country


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Each way to read the words; None where they cannot be that."""

    words: str
    order_id: str | None = None
    phone_end: str | None = None
    pickup_code: str | None = None


def order_filter(
    *,
    room: str | None = None,
    status: str | None = None,
    q: str = "",
    since: str | None = None,
    until: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> OrderFilter:
    """A filter as a query asks for it, checked; raises `BadInput`."""
    if status is not None and status not in STATUSES:
        raise BadInput(f"The status is one of {', '.join(STATUSES)}.", field="status")
    first, last = _day(since, "since"), _day(until, "until")
    if first and last and first > last:
        raise BadInput("The last day is before the first.", field="until")
    return OrderFilter(
        room_id=room,
        status=status,
        text=clean_text(q, field="q", chars_max=SEARCH_CHARS_MAX, empty=True),
        since=first,
        until=last,
        before=before,
        limit=limit,
    )


def _day(text: str | None, field: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not DAYS_FROM <= day <= DAYS_TO:
        raise BadInput("A day is written 2026-01-31.", field=field)
    return day


def sought(text: str) -> Sought | None:
    """What to look for; None for an empty box."""
    words = text.strip()
    if not words:
        return None
    lowered = words.lower()
    return Sought(
        words=words,
        order_id=lowered if is_id(lowered, "ord") else None,
        phone_end=_phone_end(words),
        pickup_code=_pickup_code(words),
    )


def _phone_end(words: str) -> str | None:
    """The digits a number ends with. The country is left out: not every buyer types it."""
    digits = "".join(c for c in words if c.isascii() and c.isdigit())
    if len(digits) < PHONE_DIGITS_MIN or not _PHONE_SIGNS.issuperset(words):
        return None
    if len(digits) == len(_COUNTRY) + _PHONE_DIGITS:
        return digits.removeprefix(_COUNTRY)
    return digits


def _pickup_code(words: str) -> str | None:
    try:
        return cleaned_pickup_code(words)
    except BadInput:
        return None
