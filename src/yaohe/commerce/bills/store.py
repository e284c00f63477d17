"""All SQL about kept bills and their differences.

Whoever writes what was found holds the day's row, so that two who compare at once leave one set of
findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.bills.model import Bill, KeptDifference, ready_at
from yaohe.commerce.bills.tables import bill_differences, bills
from yaohe.commerce.payments.reconcile_store import CALENDAR
from yaohe.commerce.tables import payments

_DIFFERENCE = tuple(bill_differences.c[name] for name in KeptDifference.__struct_fields__)
_LISTED_MAX = 500

_LISTED = """
    select b.gateway, b.day, b.payments, b.refunds, b.moved, b.tries, b.next_at, b.compared_at,
           b.problem, count(d.*) as differences,
           count(d.*) filter (where d.because is null) as unexplained
      from commerce.bills b
      left join commerce.bill_differences d on d.gateway = b.gateway and d.day = b.day
     where {} group by b.gateway, b.day order by b.day desc, b.gateway limit :limit
"""
_NEWEST = text(_LISTED.format("b.shop_id = :shop"))
_ONE = text(_LISTED.format("b.shop_id = :shop and b.gateway = :gateway and b.day = :day"))
_CLAIM = text(
    """
    update commerce.bills b
       set tries = tries + 1,
           next_at = now() + least(interval '6 hours',
                                   interval '10 minutes' * (2 ^ least(b.tries, 10)))
     where (b.gateway, b.day) = (
           select gateway, day from commerce.bills
            where gateway = :gateway and compared_at is null and next_at <= now()
              and day >= :since
            order by day limit 1 for update skip locked)
    returning b.day
    """
)
_COUNTS = text(
    """
    select b.gateway, count(*) filter (where b.compared_at is null and b.moved > 0) as missing,
           coalesce(sum(d.unexplained), 0)::bigint as unexplained
      from commerce.bills b
      left join (select gateway, day, count(*) as unexplained from commerce.bill_differences
                  where because is null group by gateway, day) d
        on d.gateway = b.gateway and d.day = b.day
     group by b.gateway
    """
)


async def now(conn: AsyncConnection) -> datetime:
    at: datetime = (await conn.execute(select(func.now()))).scalar_one()
    return at


async def newest_day(conn: AsyncConnection, gateway: str) -> date | None:
    """The last day of this gateway that is noted."""
    found = await conn.execute(select(func.max(bills.c.day)).where(bills.c.gateway == gateway))
    day: date | None = found.scalar_one()
    return day


async def first_day(conn: AsyncConnection, gateway: str) -> date | None:
    """The day on which somebody was first asked for money through this gateway."""
    began = select(func.min(payments.c.created_at)).where(payments.c.gateway == gateway)
    at: datetime | None = (await conn.execute(began)).scalar_one()
    return None if at is None else at.astimezone(CALENDAR).date()


async def note_days(conn: AsyncConnection, shop: str, gateway: str, days: Sequence[date]) -> None:
    """Put days on the list of those to be asked for; what is there stays as it is."""
    statement = text(
        """
        insert into commerce.bills
               (gateway, day, shop_id, payments, refunds, moved, tries, next_at)
        values (:gateway, :day, :shop, 0, 0, 0, 0, :next_at)
        on conflict (gateway, day) do nothing
        """
    )
    of = [{"gateway": gateway, "day": d, "shop": shop, "next_at": ready_at(d)} for d in days]
    await conn.execute(statement, of)


async def claim_due(conn: AsyncConnection, gateway: str, *, since: date) -> date | None:
    """A day whose bill is to be asked for now; whoever asks next gets another one."""
    found = await conn.execute(_CLAIM, {"gateway": gateway, "since": since})
    return found.scalar_one_or_none()


async def lock(conn: AsyncConnection, gateway: str, day: date) -> None:
    await conn.execute(
        select(bills.c.day).where(bills.c.gateway == gateway, bills.c.day == day).with_for_update()
    )


async def set_problem(
    conn: AsyncConnection, gateway: str, day: date, problem: str, *, moved: int
) -> None:
    """Why there is nothing to compare with. A day that was compared before stays so."""
    await conn.execute(
        update(bills)
        .where(bills.c.gateway == gateway, bills.c.day == day, bills.c.compared_at.is_(None))
        .values(problem=problem, moved=moved)
    )


async def set_compared(
    conn: AsyncConnection, gateway: str, day: date, *, payments: int, refunds: int, moved: int
) -> None:
    await conn.execute(
        update(bills)
        .where(bills.c.gateway == gateway, bills.c.day == day)
        .values(
            payments=payments, refunds=refunds, moved=moved, compared_at=func.now(), problem=None
        )
    )


async def orders_of(conn: AsyncConnection, payment_ids: Sequence[str]) -> dict[str, str]:
    """The order of each payment that we have."""
    rows = await conn.execute(
        text("select id, order_id from commerce.payments where id = any(:ids)"),
        {"ids": list(payment_ids)},
    )
    return {row.id: row.order_id for row in rows}


async def differences(
    conn: AsyncConnection, gateway: str, day: date, *, limit: int | None = _LISTED_MAX
) -> list[KeptDifference]:
    rows = await conn.execute(
        select(*_DIFFERENCE)
        .where(bill_differences.c.gateway == gateway, bill_differences.c.day == day)
        .order_by(bill_differences.c.place)
        .limit(limit)
    )
    return [KeptDifference(**row._mapping) for row in rows]


async def replace_differences(
    conn: AsyncConnection, gateway: str, day: date, found: Sequence[KeptDifference]
) -> None:
    of_day = (bill_differences.c.gateway == gateway, bill_differences.c.day == day)
    await conn.execute(delete(bill_differences).where(*of_day))
    if found:
        await conn.execute(
            insert(bill_differences),
            [
                {"gateway": gateway, "day": day, "place": place, **msgspec.structs.asdict(one)}
                for place, one in enumerate(found)
            ],
        )


async def explain(
    conn: AsyncConnection, shop: str, difference_id: str, because: str, *, by: str
) -> bool:
    """False when there is no such difference."""
    of_shop = select(bills.c.day).where(
        bills.c.gateway == bill_differences.c.gateway,
        bills.c.day == bill_differences.c.day,
        bills.c.shop_id == shop,
    )
    done = await conn.execute(
        update(bill_differences)
        .where(bill_differences.c.id == difference_id, of_shop.exists())
        .values(because=because, explained_by=by, explained_at=func.now())
        .returning(bill_differences.c.id)
    )
    return done.first() is not None


async def newest(conn: AsyncConnection, shop: str, *, limit: int) -> list[Bill]:
    rows = await conn.execute(_NEWEST, {"shop": shop, "limit": limit})
    return [Bill(**row._mapping) for row in rows]


async def one(conn: AsyncConnection, shop: str, gateway: str, day: date) -> Bill | None:
    wanted = {"shop": shop, "gateway": gateway, "day": day, "limit": 1}
    row = (await conn.execute(_ONE, wanted)).first()
    return None if row is None else Bill(**row._mapping)


async def counts(conn: AsyncConnection) -> dict[str, tuple[int, int]]:
    """By gateway: differences nobody has explained, and days that moved without a bill."""
    rows = await conn.execute(_COUNTS)
    return {row.gateway: (row.unexplained, row.missing) for row in rows}
