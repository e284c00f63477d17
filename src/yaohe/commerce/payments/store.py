"""All SQL about payments, refunds and the notices gateways sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.orders.model import Order
from yaohe.commerce.payments.model import Outcome, Payment
from yaohe.commerce.tables import payment_notices, payments, refunds
from yaohe.platforms.payments import PaymentNotice, Way

_PAYMENT = (
    payments.c.id,
    payments.c.shop_id,
    payments.c.order_id,
    payments.c.gateway,
    payments.c.amount_minor,
    payments.c.currency,
    payments.c.given_back_minor,
    payments.c.state,
    payments.c.way,
    payments.c.subject,
    payments.c.created_at,
)


async def open_payment(
    conn: AsyncConnection, payment_id: str, order: Order, gateway: str
) -> Payment:
    """The open payment of an order, made when there is none; two askers get the same one.

    The caller holds the order, and so does whoever moves one of its payments: what is open when
    this begins is open when it ends. What the shop's gateway of before has open ends here: nobody
    would believe its news any more.
    """
    await conn.execute(
        update(payments)
        .where(
            payments.c.order_id == order.id,
            payments.c.state == "open",
            payments.c.gateway != gateway,
        )
        .values(state="canceled")
    )
    await conn.execute(
        insert(payments)
        .values(
            id=payment_id,
            shop_id=order.shop_id,
            order_id=order.id,
            gateway=gateway,
            amount_minor=order.payable_minor,
            currency=order.currency,
            state="open",
            created_at=func.now(),
        )
        .on_conflict_do_nothing(
            # A literal: with a parameter the prepared plan no longer recognizes the index.
            index_elements=[payments.c.order_id],
            index_where=text("state = 'open'"),
        )
    )
    row = (
        await conn.execute(
            select(*_PAYMENT).where(payments.c.order_id == order.id, payments.c.state == "open")
        )
    ).one()
    return Payment(**row._mapping)


async def begin(
    conn: AsyncConnection, payment_id: str, way: Way, *, subject: str
) -> Payment | None:
    """An open payment with its way and its words, which the first who comes decides; None when it
    is not open."""
    row = (
        await conn.execute(
            update(payments)
            .where(payments.c.id == payment_id, payments.c.state == "open")
            .values(
                way=func.coalesce(payments.c.way, way),
                subject=func.coalesce(payments.c.subject, subject),
            )
            .returning(*_PAYMENT)
        )
    ).first()
    return None if row is None else Payment(**row._mapping)


async def payment(conn: AsyncConnection, payment_id: str) -> Payment | None:
    row = (await conn.execute(select(*_PAYMENT).where(payments.c.id == payment_id))).first()
    return None if row is None else Payment(**row._mapping)


async def open_payments_of(conn: AsyncConnection, order_id: str) -> list[str]:
    """What somebody took to the cashier for this order, and nobody has paid."""
    rows = await conn.execute(
        select(payments.c.id).where(
            payments.c.order_id == order_id,
            payments.c.state == "open",
            payments.c.way.is_not(None),
        )
    )
    return list(rows.scalars())


async def note_notice(conn: AsyncConnection, gateway: str, notice: PaymentNotice) -> Outcome | None:
    """Take a notice in; None when it is new, else what was made of it before.

    A twin that is being judged right now makes this wait for its end.
    """
    taken = await conn.execute(
        insert(payment_notices)
        .values(
            gateway=gateway,
            notice_id=notice.id,
            payment_id=notice.news.payment_id,
            kind=notice.news.type,
            outcome="nothing",
            body=notice.text,
            received_at=func.now(),
        )
        .on_conflict_do_nothing()
        .returning(payment_notices.c.notice_id)
    )
    if taken.first() is not None:
        return None
    before = await conn.execute(
        select(payment_notices.c.outcome).where(
            payment_notices.c.gateway == gateway, payment_notices.c.notice_id == notice.id
        )
    )
    outcome: Outcome = before.scalar_one()
    return outcome


async def set_outcome(
    conn: AsyncConnection, gateway: str, notice_id: str, outcome: Outcome
) -> None:
    await conn.execute(
        update(payment_notices)
        .where(payment_notices.c.gateway == gateway, payment_notices.c.notice_id == notice_id)
        .values(outcome=outcome)
    )


async def order_id_of(conn: AsyncConnection, payment_id: str, gateway: str) -> str | None:
    """Whose payment this is; None for one that this gateway never had."""
    found = await conn.execute(
        select(payments.c.order_id).where(
            payments.c.id == payment_id, payments.c.gateway == gateway
        )
    )
    return found.scalar_one_or_none()


async def locked_payment(conn: AsyncConnection, payment_id: str) -> Payment | None:
    row = (
        await conn.execute(
            select(*_PAYMENT).where(payments.c.id == payment_id).with_for_update(key_share=True)
        )
    ).first()
    return None if row is None else Payment(**row._mapping)


async def capture(conn: AsyncConnection, payment_id: str, *, at: datetime | None) -> bool:
    """The money came (`at` by the gateway's clock); False when that was known."""
    moved = await conn.execute(
        update(payments)
        .where(payments.c.id == payment_id, payments.c.state.in_(["open", "canceled"]))
        .values(state="paid", paid_at=func.now(), captured_at=func.coalesce(at, func.now()))
        .returning(payments.c.id)
    )
    return moved.first() is not None


async def cancel(conn: AsyncConnection, payment_id: str) -> None:
    """Nobody paid it, and nobody can any more."""
    await conn.execute(
        update(payments)
        .where(payments.c.id == payment_id, payments.c.state == "open")
        .values(state="canceled")
    )


async def give_back(conn: AsyncConnection, payment_id: str) -> bool:
    """Whether everything of a paid payment went back; it is refunded then."""
    back = (
        select(func.coalesce(func.sum(refunds.c.amount_minor), 0))
        .where(refunds.c.payment_id == payment_id, refunds.c.state == "done")
        .scalar_subquery()
    )
    done = await conn.execute(
        update(payments)
        .where(
            payments.c.id == payment_id,
            payments.c.state == "paid",
            payments.c.amount_minor == back,
        )
        .values(state="refunded")
        .returning(payments.c.id)
    )
    return done.first() is not None


_MARK = text(
    """
    with due as (
        select id from commerce.orders
         where status = 'created' and deadline_at <= now() - cast(:grace as interval)
         order by deadline_at limit :limit
    )
    update commerce.payments p set ask_at = now() from due
     where p.order_id = due.id and p.state = 'open' and p.way is not null and p.ask_at is null
    """
)
_TAKE_ENDING = text(
    """
    update commerce.payments p
       set ask_at = now()
           + make_interval(secs => case when problem is null
               then cast(:again as int) else cast(:problem_again as int) end)
     where p.id in (
        select id from commerce.payments
         where state = 'open' and ask_at <= now() and gateway = :gateway
         order by ask_at limit :limit for no key update skip locked)
    returning p.id
    """
)


async def mark_overdue(conn: AsyncConnection, *, grace: timedelta, limit: int) -> None:
    """The gateway is to be asked about what orders whose time is over have open."""
    await conn.execute(_MARK, {"grace": grace, "limit": limit})


async def take_ending(
    conn: AsyncConnection, gateway: str, *, again_s: int, problem_again_s: int, limit: int
) -> list[str]:
    """Open payments that are to end; nobody else gets them for `again_s`, or `problem_again_s`."""
    wanted = {
        "gateway": gateway, "again": again_s, "problem_again": problem_again_s, "limit": limit,
    }  # fmt: skip
    return list((await conn.execute(_TAKE_ENDING, wanted)).scalars())


_ELSEWHERE = text(
    """
    select gateway, sum(payments) as payments, sum(refunds) as refunds from (
        select gateway, 1 as payments, 0 as refunds from commerce.payments
         where state = 'open' and way is not null
        union all
        select gateway, 0, 1 from commerce.refunds where state <> 'done') as unfinished
     where gateway not in (:gateway, 'sandbox')
     group by gateway
    """
)


async def unfinished_elsewhere(conn: AsyncConnection, gateway: str) -> dict[str, tuple[int, int]]:
    """Payments and refunds that other gateways than this one have open, and nobody asks about;
    no money is at the sandbox."""
    rows = await conn.execute(_ELSEWHERE, {"gateway": gateway})
    return {row.gateway: (row.payments, row.refunds) for row in rows}


async def set_problem(conn: AsyncConnection, payment_id: str, problem: str) -> None:
    await conn.execute(update(payments).where(payments.c.id == payment_id).values(problem=problem))


async def captured(conn: AsyncConnection, order_id: str) -> Payment | None:
    """The payment that paid an order, held; None when nothing was left to pay.

    Money that came a second time has a refund of its own from the moment it came.
    """
    row = (
        await conn.execute(
            select(*_PAYMENT)
            .where(
                payments.c.order_id == order_id,
                payments.c.state == "paid",
                ~exists().where(refunds.c.payment_id == payments.c.id, refunds.c.reason != "shop"),
            )
            .with_for_update(key_share=True)
        )
    ).first()
    return None if row is None else Payment(**row._mapping)
