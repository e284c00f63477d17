"""The gateway's bill of a day beside our books: what differs is listed, and nothing is mended.

A day is the gateway's, by its own clock: what it said when money came or went is what we compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

import msgspec

from yaohe.commerce.payments import reconcile_store
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.platforms.payments import BillLine, PaymentGateway

FIRST_DAY: Final = date(2000, 1, 1)

DifferenceKind = Literal["only_theirs", "only_ours", "amount"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, or with `refund_id` a refund, on which we and the gateway do not agree. The amount
    of who does not know it is null."""

    kind: DifferenceKind
    payment_id: str
    refund_id: str | None
    ours_minor: int | None
    theirs_minor: int | None
    currency: str


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a gateway: how much it says came and went, and where we differ."""

    gateway: str
    day: date
    payments: int
    refunds: int
    differences: list[Difference]


class Reconciling:
    def __init__(self, db: Database, gateway: PaymentGateway) -> None:
        self._db, self._gateway = db, gateway

    async def day(self, day: date) -> Reconciled:
        """Raises `BillNotThere` when the gateway has none of this day."""
        today = SystemClock().now().astimezone(reconcile_store.CALENDAR).date()
        if not FIRST_DAY <= day <= today:
            raise BadInput("Name a day that has begun (in Beijing), of 2000 or later.", field="day")
        theirs = await self._gateway.bill(day)
        async with self._db.connect() as conn:
            ours = await reconcile_store.moved_on(conn, self._gateway.name, day)
        refunds = sum(line.refund_id is not None for line in theirs)
        return Reconciled(
            gateway=self._gateway.name,
            day=day,
            payments=len(theirs) - refunds,
            refunds=refunds,
            differences=differences(ours, theirs),
        )


def differences(ours: Iterable[BillLine], theirs: Iterable[BillLine]) -> list[Difference]:
    """Where two lists of the same movements do not agree, in the order of their ids."""
    mine = {(line.payment_id, line.refund_id or ""): line for line in ours}
    found = []
    known = set()
    for line in theirs:
        key = (line.payment_id, line.refund_id or "")
        # The same movement twice on a bill is one that we do not have.
        own = None if key in known else mine.get(key)
        known.add(key)
        if own is None:
            found.append(_difference("only_theirs", None, line))
        elif (own.amount_minor, own.currency) != (line.amount_minor, line.currency):
            found.append(_difference("amount", own, line))
    found += [
        _difference("only_ours", line, None) for key, line in mine.items() if key not in known
    ]
    return sorted(found, key=lambda one: (one.payment_id, one.refund_id or ""))


def _difference(kind: DifferenceKind, ours: BillLine | None, theirs: BillLine | None) -> Difference:
    line = theirs or ours
    assert line is not None, "one of the two has it"
    return Difference(
        kind=kind,
        payment_id=line.payment_id,
        refund_id=line.refund_id,
        ours_minor=ours.amount_minor if ours else None,
        theirs_minor=theirs.amount_minor if theirs else None,
        currency=line.currency,
    )
