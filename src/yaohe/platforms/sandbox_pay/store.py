"""All SQL of the sandbox gateway. A payment ends by compare-and-set, with its news beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import Integer, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.kernel.ids import new_id
from yaohe.platforms.payments import PaymentRequest
from yaohe.platforms.sandbox_pay.model import (
    Fault,
    Planned,
    SandboxNotice,
    SandboxPayment,
    SandboxState,
)
from yaohe.platforms.sandbox_pay.tables import notices, payments, refunds

_PAYMENT = (
    payments.c.id,
    payments.c.shop_name,
    payments.c.subject,
    payments.c.amount_minor,
    payments.c.currency,
    payments.c.return_url,
    payments.c.notify_url,
    payments.c.state,
    payments.c.faults,
    payments.c.expires_at,
    cast(func.ceil(func.extract("epoch", payments.c.expires_at - func.now())), Integer).label(
        "seconds_left"
    ),
)


async def insert_payment(conn: AsyncConnection, request: PaymentRequest) -> SandboxPayment:
    """The payment with this id, made when there is none."""
    await conn.execute(
        insert(payments)
        .values(
            id=request.payment_id,
            shop_name=request.shop_name,
            subject=request.subject,
            amount_minor=request.amount_minor,
            currency=request.currency,
            return_url=request.return_url,
            notify_url=request.notify_url,
            state="open",
            faults=[],
            expires_at=request.expires_at,
            created_at=func.now(),
        )
        .on_conflict_do_nothing()
    )
    found = await payment(conn, request.payment_id)
    assert found is not None, "it was just written"
    return found


async def payment(conn: AsyncConnection, payment_id: str) -> SandboxPayment | None:
    row = (await conn.execute(select(*_PAYMENT).where(payments.c.id == payment_id))).first()
    return None if row is None else SandboxPayment(**row._mapping)


async def end(
    conn: AsyncConnection,
    payment_id: str,
    *,
    before: SandboxState,
    after: SandboxState,
    in_time: bool = False,
) -> SandboxPayment | None:
    """Compare and set; None when it was not `before` (or, with `in_time`, too late)."""
    statement = (
        update(payments)
        .where(payments.c.id == payment_id, payments.c.state == before)
        .values(state=after, ended_at=func.now())
        .returning(*_PAYMENT)
    )
    if in_time:
        statement = statement.where(payments.c.expires_at > func.now())
    row = (await conn.execute(statement)).first()
    return None if row is None else SandboxPayment(**row._mapping)


async def set_faults(conn: AsyncConnection, payment_id: str, faults: Sequence[Fault]) -> None:
    await conn.execute(
        update(payments).where(payments.c.id == payment_id).values(faults=list(faults))
    )


async def insert_refund(
    conn: AsyncConnection, refund_id: str, payment_id: str, amount_minor: int, reason: str
) -> bool:
    """False when this refund (or another of the payment) exists already."""
    written = await conn.execute(
        insert(refunds)
        .values(
            id=refund_id,
            payment_id=payment_id,
            amount_minor=amount_minor,
            reason=reason,
            created_at=func.now(),
        )
        .on_conflict_do_nothing()
        .returning(refunds.c.id)
    )
    return written.first() is not None


async def insert_notices(
    conn: AsyncConnection, payment: SandboxPayment, planned: Sequence[Planned]
) -> None:
    for one in planned:
        await conn.execute(
            insert(notices).values(
                id=new_id("msg"),
                payment_id=payment.id,
                notify_url=payment.notify_url,
                body=msgspec.json.encode(one.body).decode(),
                copies=one.copies,
                fault=one.fault,
                attempts=0,
                due_at=func.now() + timedelta(seconds=one.delay_s),
                created_at=func.now(),
            )
        )


_TAKE = text(
    """
    update sandbox_pay.notices n
    set attempts = attempts + 1, due_at = now() + make_interval(secs => :lease)
    where n.id in (
        select id from sandbox_pay.notices
        where delivered_at is null and given_up_at is null and due_at <= now()
        order by due_at limit :limit for update skip locked
    )
    returning n.id, n.payment_id, n.notify_url, n.body, n.copies, n.fault, n.attempts
    """
)


async def take_due(conn: AsyncConnection, *, lease_s: int, limit: int) -> list[SandboxNotice]:
    """Notices to deliver now. Nobody else gets them for `lease_s`; after a crash they come back."""
    rows = await conn.execute(_TAKE, {"lease": lease_s, "limit": limit})
    return [SandboxNotice(**row._mapping) for row in rows]


async def seconds_to_next(conn: AsyncConnection) -> float | None:
    """How long until a notice is due; None when none waits."""
    found = await conn.execute(
        select(func.extract("epoch", func.min(notices.c.due_at) - func.now())).where(
            notices.c.delivered_at.is_(None), notices.c.given_up_at.is_(None)
        )
    )
    seconds = found.scalar_one()
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
