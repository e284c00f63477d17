"""All SQL about after-sale requests. Every move is made under the lock of its order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Executable, RowMapping, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.aftersales.model import (
    Aftersale,
    AftersaleRule,
    AftersaleWish,
    Room,
    ShopAftersale,
)
from yaohe.commerce.aftersales.moves import OPEN, AftersaleStatus, Move
from yaohe.commerce.aftersales.tables import aftersale_rules, aftersales
from yaohe.commerce.orders.lines import titled
from yaohe.commerce.orders.model import Order
from yaohe.commerce.tables import order_lines, orders

_REQUEST: Final = tuple(
    aftersales.c[{"text": "body"}.get(name, name)].label(name)
    for name in Aftersale.__struct_fields__
)

# What is left of a payment is what no refund took; money that came a second time is no part of it.
_ROOM: Final = text(
    """
    select coalesce((
               select p.amount_minor - p.given_back_minor from commerce.payments p
                where p.order_id = o.id and p.state = 'paid'
                  and not exists (select from commerce.refunds r
                                   where r.payment_id = p.id and r.reason <> 'shop')
           ), 0) as left_minor,
           o.completed_at + make_interval(days => :days) as until,
           coalesce(o.completed_at + make_interval(days => :days) < now(), false) as over,
           (select count(*) from commerce.aftersales a where a.order_id = o.id) as requests
      from commerce.orders o where o.id = :order_id
    """
)


async def rule(conn: AsyncConnection, shop_id: str) -> AftersaleRule:
    """What the shop said, or what holds until it says something."""
    row = (
        await conn.execute(
            select(aftersale_rules.c.days).where(aftersale_rules.c.shop_id == shop_id)
        )
    ).first()
    return AftersaleRule() if row is None else AftersaleRule(days=row.days)


async def set_rule(conn: AsyncConnection, shop_id: str, given: AftersaleRule) -> None:
    values = {"days": given.days, "updated_at": func.now()}
    await conn.execute(
        insert(aftersale_rules)
        .values(shop_id=shop_id, **values)
        .on_conflict_do_update(index_elements=["shop_id"], set_=values)
    )


async def room(conn: AsyncConnection, order_id: str, days: int) -> Room:
    row = (await conn.execute(_ROOM, {"order_id": order_id, "days": days})).one()
    return Room(**row._mapping)


async def by_key(conn: AsyncConnection, order_id: str, key: str) -> Aftersale | None:
    """The request that was made by this key; the caller holds the order."""
    return await _one(
        conn,
        select(*_REQUEST).where(
            aftersales.c.order_id == order_id, aftersales.c.idempotency_key == key
        ),
    )


async def ask(
    conn: AsyncConnection, request_id: str, order: Order, wish: AftersaleWish
) -> Aftersale | None:
    """A new request; None when one of this order is open. The caller holds the order and has
    looked for the key, so no other row can be in the way."""
    return await _one(
        conn,
        insert(aftersales)
        .values(
            id=request_id,
            shop_id=order.shop_id,
            order_id=order.id,
            kind=wish.kind,
            reason=wish.reason,
            body=wish.text,
            amount_minor=wish.amount_minor,
            currency=order.currency,
            status="asked",
            answer="",
            carrier="",
            tracking="",
            idempotency_key=wish.key,
            asked_at=func.now(),
            moved_at=func.now(),
        )
        .on_conflict_do_nothing()
        .returning(*_REQUEST),
    )


async def request(conn: AsyncConnection, request_id: str) -> Aftersale | None:
    return await _one(conn, select(*_REQUEST).where(aftersales.c.id == request_id))


async def move(
    conn: AsyncConnection, request_id: str, step: Move, values: Mapping[str, object]
) -> Aftersale | None:
    """Compare and set where a request stands; None when it does not stand where this begins."""
    return await _one(
        conn,
        update(aftersales)
        .where(
            aftersales.c.id == request_id,
            aftersales.c.status == step.before,
            aftersales.c.kind.in_(step.kinds),
        )
        .values(status=step.after, moved_at=func.now(), **values)
        .returning(*_REQUEST),
    )


async def of_order(conn: AsyncConnection, order_id: str) -> list[Aftersale]:
    rows = await conn.execute(
        select(*_REQUEST).where(aftersales.c.order_id == order_id).order_by(aftersales.c.id.desc())
    )
    return [Aftersale(**row._mapping) for row in rows]


async def of_refund(conn: AsyncConnection, refund_id: str) -> Aftersale | None:
    """The request whose money this refund is."""
    return await _one(conn, select(*_REQUEST).where(aftersales.c.refund_id == refund_id))


async def of_shop(
    conn: AsyncConnection,
    shop_id: str,
    *,
    statuses: tuple[AftersaleStatus, ...],
    order_id: str | None,
    before: str | None,
    limit: int,
) -> list[ShopAftersale]:
    """Newest first; no statuses: all."""
    first = order_lines.alias()
    many = (
        select(func.count())
        .where(order_lines.c.order_id == aftersales.c.order_id)
        .scalar_subquery()
    )
    statement = (
        select(*_REQUEST, orders.c.visitor_id, first.c.title, first.c.title_en, many.label("lines"))
        .join(orders, orders.c.id == aftersales.c.order_id)
        .join(first, and_(first.c.order_id == aftersales.c.order_id, first.c.place == 0))
        .where(aftersales.c.shop_id == shop_id)
        .order_by(aftersales.c.id.desc())
        .limit(limit)
    )
    if statuses:
        statement = statement.where(aftersales.c.status.in_(statuses))
    if order_id is not None:
        statement = statement.where(aftersales.c.order_id == order_id)
    if before is not None:
        statement = statement.where(aftersales.c.id < before)
    return [_listed(row._mapping) for row in await conn.execute(statement)]


def _listed(row: RowMapping) -> ShopAftersale:
    title, title_en = titled(row["title"], row["title_en"], row["lines"])
    return ShopAftersale(
        request=Aftersale(**{name: row[name] for name in Aftersale.__struct_fields__}),
        visitor_id=row["visitor_id"],
        title=title,
        title_en=title_en,
    )


async def count_open(conn: AsyncConnection, shop_id: str) -> int:
    found = await conn.execute(
        select(func.count()).where(aftersales.c.shop_id == shop_id, aftersales.c.status.in_(OPEN))
    )
    return int(found.scalar_one())


async def _one(conn: AsyncConnection, statement: Executable) -> Aftersale | None:
    row = (await conn.execute(statement)).first()
    return None if row is None else Aftersale(**row._mapping)
