"""All SQL about refunds. Money of a payment is taken for them by one conditional statement."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.payments.model import Payment, Refund
from yaohe.commerce.tables import payments, refunds

_REFUND = (
    refunds.c.id,
    refunds.c.shop_id,
    refunds.c.payment_id,
    refunds.c.order_id,
    refunds.c.gateway,
    refunds.c.amount_minor,
    payments.c.amount_minor.label("paid_minor"),
    refunds.c.currency,
    refunds.c.reason,
    refunds.c.state,
    refunds.c.attempts,
    refunds.c.round,
    refunds.c.pieces,
)


async def claim_back(conn: AsyncConnection, payment_id: str, amount_minor: int) -> bool:
    """Take so much of a paid payment for a refund; False when that much is not left.

    One statement: of many refunds at once no two take the same cent.
    """
    claimed = await conn.execute(
        update(payments)
        .where(
            payments.c.id == payment_id,
            payments.c.state == "paid",
            payments.c.given_back_minor + amount_minor <= payments.c.amount_minor,
        )
        .values(given_back_minor=payments.c.given_back_minor + amount_minor)
        .returning(payments.c.id)
    )
    return claimed.first() is not None


async def insert_refund(
    conn: AsyncConnection,
    refund_id: str,
    payment: Payment,
    reason: str,
    *,
    amount_minor: int,
    key: str | None = None,
    pieces: str | None = None,
) -> Refund:
    await conn.execute(
        insert(refunds).values(
            id=refund_id,
            shop_id=payment.shop_id,
            payment_id=payment.id,
            order_id=payment.order_id,
            gateway=payment.gateway,
            amount_minor=amount_minor,
            currency=payment.currency,
            reason=reason,
            idempotency_key=key,
            pieces=pieces,
            state="due",
            attempts=0,
            round=1,
            next_at=func.now(),
            created_at=func.now(),
        )
    )
    made = await refund(conn, refund_id)
    assert made is not None, "it was just written"
    return made


async def refund(conn: AsyncConnection, refund_id: str) -> Refund | None:
    return await _one(conn, refunds.c.id == refund_id)


async def refund_by_key(conn: AsyncConnection, order_id: str, key: str) -> Refund | None:
    """The refund that was decided by this key; the caller holds the order."""
    return await _one(conn, refunds.c.order_id == order_id, refunds.c.idempotency_key == key)


def _in_round(refund_id: str, round_: int) -> tuple[ColumnElement[bool], ...]:
    """A refund that is not done, while it is asked for under this number."""
    return refunds.c.id == refund_id, refunds.c.state != "done", refunds.c.round == round_


async def _one(conn: AsyncConnection, *where: ColumnElement[bool]) -> Refund | None:
    row = (await conn.execute(select(*_REFUND).join(payments).where(*where))).first()
    return None if row is None else Refund(**row._mapping)


_TAKE_REFUNDS = text(
    """
    update commerce.refunds r
    set attempts = attempts + 1, next_at = now() + make_interval(secs => :lease)
    where r.id in (
        select id from commerce.refunds
        where gateway = :gateway and state <> 'done' and next_at <= now()
        order by next_at limit :limit for update skip locked
    )
    returning r.id, r.shop_id, r.payment_id, r.order_id, r.gateway, r.amount_minor,
        (select amount_minor from commerce.payments p where p.id = r.payment_id) as paid_minor,
        r.currency, r.reason, r.state, r.attempts, r.round
    """
)


async def take_refunds(
    conn: AsyncConnection, gateway: str, *, lease_s: int, limit: int
) -> list[Refund]:
    """Refunds to ask the gateway for now; nobody else gets them for `lease_s`."""
    rows = await conn.execute(_TAKE_REFUNDS, {"gateway": gateway, "lease": lease_s, "limit": limit})
    return [Refund(**row._mapping) for row in rows]


async def refund_asked(conn: AsyncConnection, asked: Refund, *, again: timedelta) -> None:
    """The gateway took the request; news that came before its answer may have begun another
    round, which was not asked for."""
    await conn.execute(
        update(refunds)
        .where(*_in_round(asked.id, asked.round))
        .values(
            state=case((refunds.c.state == "due", "requested"), else_=refunds.c.state),
            next_at=func.now() + again,
        )
    )


async def refund_later(conn: AsyncConnection, asked: Refund, pause: timedelta) -> None:
    """The gateway did not take the request; try again after `pause`."""
    await conn.execute(
        update(refunds).where(*_in_round(asked.id, asked.round)).values(next_at=func.now() + pause)
    )


async def finish_refund(
    conn: AsyncConnection, refund_id: str, *, at: datetime | None
) -> Refund | None:
    """The money went back (`at` by the gateway's clock); None when that was known already."""
    done = await conn.execute(
        update(refunds)
        .where(refunds.c.id == refund_id, refunds.c.state != "done")
        .values(state="done", done_at=func.now(), returned_at=func.coalesce(at, func.now()))
        .returning(refunds.c.id)
    )
    return None if done.first() is None else await refund(conn, refund_id)


async def fail_refund(conn: AsyncConnection, refund_id: str, round_: int) -> bool:
    """The gateway could not give it back by itself; False when that was known."""
    failed = await conn.execute(
        update(refunds)
        .where(*_in_round(refund_id, round_), refunds.c.state != "failed")
        .values(state="failed")
        .returning(refunds.c.id)
    )
    return failed.first() is not None


async def refund_again(
    conn: AsyncConnection, refund_id: str, closed: int, pause: timedelta
) -> bool:
    """The gateway closed it in the round `closed`: the next one begins after `pause`. False when
    that was known, or the money went back."""
    begun = await conn.execute(
        update(refunds)
        .where(*_in_round(refund_id, closed))
        .values(state="due", attempts=0, round=closed + 1, next_at=func.now() + pause)
        .returning(refunds.c.id)
    )
    return begun.first() is not None
