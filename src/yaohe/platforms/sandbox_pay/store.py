"""All SQL of the sandbox gateway. A payment ends by compare-and-set, with its news beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.kernel.ids import new_id
from yaohe.platforms.sandbox_pay.model import (
    Fault,
    Planned,
    SandboxNotice,
    SandboxPayment,
    SandboxRefund,
    SandboxState,
)
from yaohe.platforms.sandbox_pay.tables import notices, payments, refunds

_PAYMENT = (
    payments.c.id,
    payments.c.way,
    payments.c.shop_name,
    payments.c.subject,
    payments.c.amount_minor,
    payments.c.currency,
    payments.c.site,
    payments.c.notify_url,
    payments.c.state,
    payments.c.faults,
    payments.c.expires_at,
    payments.c.paid_at,
    cast(func.ceil(func.extract("epoch", payments.c.expires_at - func.now())), Integer).label(
        "seconds_left"
    ),
)
_REFUND = (
    refunds.c.id,
    refunds.c.payment_id,
    refunds.c.amount_minor,
    refunds.c.state,
    refunds.c.notify_url,
    refunds.c.done_at,
)


async def insert_payment(conn: AsyncConnection, new: SandboxPayment) -> SandboxPayment:
    """The payment with this id, made when there is none."""
    await conn.execute(
        insert(payments)
        .values(
            id=new.id,
            way=new.way,
            shop_name=new.shop_name,
            subject=new.subject,
            amount_minor=new.amount_minor,
            currency=new.currency,
            site=new.site,
            notify_url=new.notify_url,
            state="open",
            faults=[],
            expires_at=new.expires_at,
            created_at=func.now(),
        )
        .on_conflict_do_nothing()
    )
    found = await payment(conn, new.id)
    assert found is not None, "it was just written"
    return found


async def payment(
    conn: AsyncConnection, payment_id: str, *, lock: bool = False
) -> SandboxPayment | None:
    wanted = select(*_PAYMENT).where(payments.c.id == payment_id)
    row = (await conn.execute(wanted.with_for_update() if lock else wanted)).first()
    return None if row is None else SandboxPayment(**row._mapping)


async def end(
    conn: AsyncConnection,
    payment_id: str,
    *,
    before: Collection[SandboxState],
    after: SandboxState,
    in_time: bool = False,
) -> SandboxPayment | None:
    """Compare and set; None when it was not `before` (or, with `in_time`, too late)."""
    statement = (
        update(payments)
        .where(payments.c.id == payment_id, payments.c.state.in_(sorted(before)))
        .values(state=after, ended_at=func.now())
        .returning(*_PAYMENT)
    )
    if in_time:
        statement = statement.where(payments.c.expires_at > func.now())
    if after == "paid":
        statement = statement.values(paid_at=func.now())
    row = (await conn.execute(statement)).first()
    return None if row is None else SandboxPayment(**row._mapping)


async def set_faults(conn: AsyncConnection, payment_id: str, faults: Sequence[Fault]) -> bool:
    """False when there is no such payment."""
    done = await conn.execute(
        update(payments)
        .where(payments.c.id == payment_id)
        .values(faults=list(faults))
        .returning(payments.c.id)
    )
    return done.first() is not None


async def refund(conn: AsyncConnection, refund_id: str) -> SandboxRefund | None:
    row = (await conn.execute(select(*_REFUND).where(refunds.c.id == refund_id))).first()
    return None if row is None else SandboxRefund(**row._mapping)


async def refunded_minor(conn: AsyncConnection, payment_id: str, *states: str) -> int:
    """How much of a payment has refunds in these states; who holds the payment asks."""
    total = select(func.coalesce(func.sum(refunds.c.amount_minor), 0)).where(
        refunds.c.payment_id == payment_id, refunds.c.state.in_(states)
    )
    return int((await conn.execute(total)).scalar_one())


async def insert_refund(
    conn: AsyncConnection, new: SandboxRefund, *, reason: str, due_s: float | None
) -> SandboxRefund:
    """With `due_s` it is done so much later."""
    row = await conn.execute(
        insert(refunds)
        .values(
            id=new.id,
            payment_id=new.payment_id,
            amount_minor=new.amount_minor,
            reason=reason,
            state=new.state,
            notify_url=new.notify_url,
            created_at=func.now(),
            due_at=None if due_s is None else func.now() + timedelta(seconds=due_s),
            done_at=func.now() if new.state == "done" else None,
        )
        .returning(*_REFUND)
    )
    return SandboxRefund(**row.one()._mapping)


async def take_due_refunds(conn: AsyncConnection) -> list[SandboxRefund]:
    """Refunds that are done now."""
    rows = await conn.execute(
        update(refunds)
        .where(refunds.c.state.in_(["pending", "failed"]), refunds.c.due_at <= func.now())
        .values(state="done", done_at=func.now())
        .returning(*_REFUND)
    )
    return [SandboxRefund(**row._mapping) for row in rows]


async def insert_notice(conn: AsyncConnection, payment_id: str, planned: Planned) -> str:
    notice_id = new_id("msg")
    await conn.execute(
        insert(notices).values(
            id=notice_id,
            payment_id=payment_id,
            notify_url=planned.notify_url,
            event_type=planned.event_type,
            body=planned.body,
            copies=planned.copies,
            fault=planned.fault,
            attempts=0,
            due_at=func.now() + timedelta(seconds=planned.delay_s),
            created_at=func.now(),
        )
    )
    return notice_id


_TAKE = text(
    """
    update sandbox_pay.notices n
    set attempts = attempts + 1, due_at = now() + make_interval(secs => :lease)
    where n.id in (
        select id from sandbox_pay.notices
        where delivered_at is null and given_up_at is null and due_at <= now()
          and (cast(:only as text) is null or id = :only)
        order by due_at limit :limit for update skip locked
    )
    returning n.id, n.payment_id, n.notify_url, n.event_type, n.body, n.copies, n.fault, n.attempts
    """
)


async def take_due(
    conn: AsyncConnection, *, lease_s: int, limit: int, only: str | None = None
) -> list[SandboxNotice]:
    """Notices to deliver now. Nobody else gets them for `lease_s`; after a crash they come back."""
    rows = await conn.execute(_TAKE, {"lease": lease_s, "limit": limit, "only": only})
    return [SandboxNotice(**row._mapping) for row in rows]


_NEXT = text(
    """
    select extract(epoch from least(
        (select min(due_at) from sandbox_pay.notices
          where delivered_at is null and given_up_at is null),
        (select min(due_at) from sandbox_pay.refunds where state <> 'done')) - now())
    """
)


async def seconds_to_next(conn: AsyncConnection) -> float | None:
    """How long until something is due; None when nothing waits."""
    seconds = (await conn.execute(_NEXT)).scalar_one()
    return None if seconds is None else float(seconds)


async def delivered(conn: AsyncConnection, notice_id: str, result: str) -> None:
    await conn.execute(
        update(notices)
        .where(notices.c.id == notice_id)
        .values(delivered_at=func.now(), last_result=result)
    )


async def refused(conn: AsyncConnection, notice_id: str, result: str, pause_s: int | None) -> None:
    """Not taken: try again after `pause_s`, or give up when that is None."""
    values: dict[str, object] = {"last_result": result}
    if pause_s is None:
        values["given_up_at"] = func.now()
    else:
        values["due_at"] = func.now() + timedelta(seconds=pause_s)
    await conn.execute(update(notices).where(notices.c.id == notice_id).values(values))


async def paid_between(
    conn: AsyncConnection, since: datetime, until: datetime
) -> list[SandboxPayment]:
    rows = await conn.execute(
        select(*_PAYMENT)
        .where(payments.c.paid_at >= since, payments.c.paid_at < until)
        .order_by(payments.c.paid_at, payments.c.id)
    )
    return [SandboxPayment(**row._mapping) for row in rows]


async def refunded_between(
    conn: AsyncConnection, since: datetime, until: datetime
) -> list[SandboxRefund]:
    rows = await conn.execute(
        select(*_REFUND)
        .where(refunds.c.state == "done", refunds.c.done_at >= since, refunds.c.done_at < until)
        .order_by(refunds.c.done_at, refunds.c.id)
    )
    return [SandboxRefund(**row._mapping) for row in rows]


async def payments_by_id(
    conn: AsyncConnection, payment_ids: Collection[str]
) -> dict[str, SandboxPayment]:
    rows = await conn.execute(select(*_PAYMENT).where(payments.c.id.in_(sorted(payment_ids))))
    found = [SandboxPayment(**row._mapping) for row in rows]
    return {one.id: one for one in found}
