"""The verbs of bills: look at every day that is due, look again, explain what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from yaohe.commerce.bills import store
from yaohe.commerce.bills.errors import BillNotKept, DifferenceNotFound
from yaohe.commerce.bills.model import (
    DAYS_BACK,
    Bill,
    KeptDifference,
    cleaned_because,
    days_due,
)
from yaohe.commerce.payments import reconcile_store
from yaohe.commerce.payments.reconcile_store import CALENDAR
from yaohe.commerce.payments.reconciling import Difference, differences
from yaohe.identity import SHOP_ID, Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_id
from yaohe.platforms.payments import BillLine, PaymentGateway

LISTED_MAX = 60


class Bills:
    """`unexplained` and `missing` are by gateway, as of this process's last round."""

    def __init__(self, db: Database, gateways: Sequence[PaymentGateway]) -> None:
        self._db = db
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self.unexplained: dict[str, int] = {}
        self.missing: dict[str, int] = {}

    async def compare_due(self) -> int:
        """Ask for every bill that should be there by now; how many days were compared.

        A bill that is not there, or a gateway that is not, is asked again later: every time a bit
        later, for as long as the day is not too old. Several processes may do this at once.
        """
        compared = 0
        for gateway in self._gateways.values():
            await self._note_days(gateway.name)
            while (day := await self._claim(gateway.name)) is not None:
                try:
                    theirs = await gateway.bill(day)
                except AppError as error:
                    await self._keep_problem(gateway.name, day, error.code)
                    continue
                await self._keep(gateway.name, day, theirs)
                compared += 1
        await self._count()
        return compared

    async def again(self, gateway: str, day: date, *, shop_id: str) -> Bill:
        """Compare a day that is on the list once more: what was found before is replaced."""
        await self.of_day(gateway, day, shop_id=shop_id)
        asked = self._gateways.get(gateway)
        if asked is None:
            raise BillNotKept("The shop takes no payments through this gateway any more.")
        theirs = await asked.bill(day)
        await self._keep(gateway, day, theirs)
        await self._count()
        return await self.of_day(gateway, day, shop_id=shop_id)

    async def newest(self, shop_id: str) -> list[Bill]:
        """The days that were looked at or wait for their bill, newest first."""
        async with self._db.connect() as conn:
            return await store.newest(conn, shop_id, limit=LISTED_MAX)

    async def of_day(self, gateway: str, day: date, *, shop_id: str) -> Bill:
        async with self._db.connect() as conn:
            found = await store.one(conn, shop_id, gateway, day)
        if found is None:
            raise BillNotKept
        return found

    async def differences_of(self, bill: Bill) -> list[KeptDifference]:
        async with self._db.connect() as conn:
            return await store.differences(conn, bill.gateway, bill.day)

    async def explain(self, difference_id: str, because: str, *, by: Staff) -> None:
        """Note what staff found out. It is said from then on that it is known; it stays listed."""
        words = cleaned_because(because)
        async with self._db.begin() as tx:
            if not await store.explain(tx.conn, by.shop_id, difference_id, words, by=by.id):
                raise DifferenceNotFound
        await self._count()

    async def _note_days(self, gateway: str) -> None:
        async with self._db.begin() as tx:
            now = await store.now(tx.conn)
            newest = await store.newest_day(tx.conn, gateway)
            since = newest + timedelta(days=1) if newest else None
            if since is not None and not days_due(now, since=since):
                return
            since = since or await store.first_day(tx.conn, gateway)
            days = days_due(now, since=since) if since else []
            if days:
                await store.note_days(tx.conn, SHOP_ID, gateway, days)

    async def _claim(self, gateway: str) -> date | None:
        async with self._db.begin() as tx:
            today = (await store.now(tx.conn)).astimezone(CALENDAR).date()
            return await store.claim_due(tx.conn, gateway, since=today - DAYS_BACK)

    async def _keep_problem(self, gateway: str, day: date, problem: str) -> None:
        async with self._db.begin() as tx:
            moved = await reconcile_store.moved_on(tx.conn, gateway, day)
            await store.set_problem(tx.conn, gateway, day, problem, moved=len(moved))

    async def _keep(self, gateway: str, day: date, theirs: list[BillLine]) -> None:
        """Write what was found in place of what was found before, in one transaction."""
        refunds = sum(line.refund_id is not None for line in theirs)
        async with self._db.begin() as tx:
            await store.lock(tx.conn, gateway, day)
            ours = await reconcile_store.moved_on(tx.conn, gateway, day)
            before = await store.differences(tx.conn, gateway, day, limit=None)
            found = differences(ours, theirs)
            orders = await store.orders_of(tx.conn, [one.payment_id for one in found])
            kept = carried_over(before, found, orders)
            await store.replace_differences(tx.conn, gateway, day, kept)
            await store.set_compared(
                tx.conn,
                gateway,
                day,
                payments=len(theirs) - refunds,
                refunds=refunds,
                moved=len(ours),
            )

    async def _count(self) -> None:
        async with self._db.connect() as conn:
            told = await store.counts(conn)
        self.unexplained = dict.fromkeys(self._gateways, 0)
        self.unexplained |= {name: open_ for name, (open_, _) in told.items()}
        self.missing = dict.fromkeys(self._gateways, 0)
        self.missing |= {name: missing for name, (_, missing) in told.items()}


def carried_over(
    before: Sequence[KeptDifference], found: Sequence[Difference], orders: dict[str, str]
) -> list[KeptDifference]:
    """What was found, to be kept. The very same difference as before stays what staff know it as;
    one with another figure is a new one, which nobody has explained."""
    known: dict[Difference, list[KeptDifference]] = {}
    for earlier in before:
        known.setdefault(_bare(earlier), []).append(earlier)
    kept = []
    for one in found:
        same = known.get(one)
        order_id = orders.get(one.payment_id)
        if same:
            kept.append(msgspec.structs.replace(same.pop(0), order_id=order_id))
        else:
            of = msgspec.structs.asdict(one)
            kept.append(KeptDifference(id=new_id("dif"), order_id=order_id, **of))
    return kept


def _bare(kept: KeptDifference) -> Difference:
    return Difference(**{name: getattr(kept, name) for name in Difference.__struct_fields__})
