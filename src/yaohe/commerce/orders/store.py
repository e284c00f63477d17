"""SQL about orders besides placing and closing them: reading, and the moves money makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.orders.listing import has_line_of
from yaohe.commerce.orders.model import Order, RoomSales, Shipment
from yaohe.commerce.orders.moves import PAID, Step, after, before
from yaohe.commerce.orders.rows import LINES, order_of
from yaohe.commerce.tables import (
    coupons,
    order_lines,
    orders,
    payments,
    refunds,
)

_LINES: Final = literal_column(LINES, Text).label("lines")
# What the buyer of something digital gets: its text; of several, each below its title.
_DIGITAL_TEXT: Final = """(
    select case when count(*) = 1 then max(p.digital_text)
                else string_agg(l.title || E'\\n' || p.digital_text, E'\\n\\n' order by l.place)
           end
      from commerce.order_lines l join commerce.products p on p.id = l.product_id
     where l.order_id = orders.id
)"""
_GONE_NOW: Final = {"shipped_at": func.now(), "completed_at": func.now()}


async def order(conn: AsyncConnection, order_id: str) -> Order | None:
    row = (await conn.execute(select(orders, _LINES).where(orders.c.id == order_id))).first()
    return None if row is None else order_of(row._mapping)


async def locked_order(conn: AsyncConnection, order_id: str) -> Order | None:
    """The order, held until the transaction ends."""
    row = (
        await conn.execute(
            select(orders, _LINES).where(orders.c.id == order_id).with_for_update(key_share=True)
        )
    ).first()
    return None if row is None else order_of(row._mapping)


async def orders_of(conn: AsyncConnection, visitor_id: str, *, limit: int) -> list[Order]:
    rows = await conn.execute(
        select(orders, _LINES)
        .where(orders.c.visitor_id == visitor_id)
        .order_by(orders.c.id.desc())
        .limit(limit)
    )
    return [order_of(row._mapping) for row in rows]


async def has_bought(conn: AsyncConnection, visitor_id: str, product_id: str) -> bool:
    """Whether this person paid for this product and kept it."""
    paid = (
        select(orders.c.id)
        .where(
            orders.c.visitor_id == visitor_id,
            has_line_of(product_id),
            orders.c.status.in_(PAID),
        )
        .limit(1)
    )
    return (await conn.execute(paid)).first() is not None


async def room_sales(conn: AsyncConnection, room_id: str) -> RoomSales:
    """What was paid and kept: less what went back of it."""
    row = (
        await conn.execute(
            select(
                func.count().label("orders"),
                func.coalesce(func.sum(orders.c.paid_minor - orders.c.refunded_minor), 0).label(
                    "paid_minor"
                ),
                func.count(orders.c.visitor_id.distinct()).label("buyers"),
                func.count(orders.c.coupon_id).label("coupons"),
            ).where(orders.c.room_id == room_id, orders.c.status.in_(PAID))
        )
    ).one()
    return RoomSales(
        orders=row.orders,
        paid_minor=int(row.paid_minor),
        buyers=row.buyers,
        coupons=row.coupons,
    )


async def move(
    conn: AsyncConnection, order_id: str, step: Step, *, paid_minor: int | None = None
) -> Order | None:
    """Compare and set the status; None when the order does not stand where this step begins.

    `paid_minor` is written with the time when the move is one of money coming in.
    """
    values: dict[str, object] = {}
    if paid_minor is not None:
        values = {"paid_minor": paid_minor, "paid_at": func.now()}
    moved = await _move(conn, [order_id], step, values)
    return moved[0] if moved else None


async def ship(conn: AsyncConnection, order_id: str, shipment: Shipment) -> Order | None:
    values = {
        "carrier": shipment.carrier,
        "tracking": shipment.tracking,
        "shipped_at": func.now(),
    }
    moved = await _send(conn, [order_id], "ship", values)
    return moved[0] if moved else None


async def hand_over(conn: AsyncConnection, order_id: str) -> Order | None:
    """The buyer came and has it; None when it is not theirs to take (any more)."""
    moved = await _send(conn, [order_id], "hand_over", _GONE_NOW)
    return moved[0] if moved else None


async def deliver(conn: AsyncConnection, order_ids: Sequence[str]) -> list[Order]:
    """Write into paid orders of something digital what their buyers get."""
    await _hold(conn, order_ids)
    values = {**_GONE_NOW, "digital_text": literal_column(_DIGITAL_TEXT, Text)}
    return await _send(conn, order_ids, "deliver", values, orders.c.delivery == "digital")


async def _hold(conn: AsyncConnection, order_ids: Sequence[str]) -> None:
    await conn.execute(
        select(orders.c.id)
        .where(orders.c.id.in_(order_ids))
        .order_by(orders.c.id)
        .with_for_update(key_share=True)
    )


async def _send(
    conn: AsyncConnection,
    order_ids: Sequence[str],
    step: Step,
    values: Mapping[str, object],
    where: ColumnElement[bool] | None = None,
) -> list[Order]:
    """Move orders whose goods leave the shop: not those all of whose money is on its way back, nor
    those of which no piece is left to send. The caller holds them, and so does who refunds them."""
    going_back = exists().where(
        payments.c.order_id == orders.c.id,
        payments.c.given_back_minor == payments.c.amount_minor,
        exists().where(refunds.c.payment_id == payments.c.id, refunds.c.reason == "shop"),
    )
    kept = exists().where(
        order_lines.c.order_id == orders.c.id,
        order_lines.c.refunded_quantity < order_lines.c.quantity,
    )
    return await _move(
        conn, order_ids, step, values, kept & ~going_back & (true() if where is None else where)
    )


async def locked_by_code(conn: AsyncConnection, shop_id: str, code: str) -> Order | None:
    """The order that is picked up by this code, held until the transaction ends."""
    row = (
        await conn.execute(
            select(orders, _LINES)
            .where(orders.c.shop_id == shop_id, orders.c.pickup_code == code)
            .with_for_update(key_share=True)
        )
    ).first()
    return None if row is None else order_of(row._mapping)


async def correct_shipment(
    conn: AsyncConnection, order_id: str, shipment: Shipment
) -> Order | None:
    """Another carrier or number for what is on its way; None when it is not."""
    return await _set(
        conn, order_id, {"carrier": shipment.carrier, "tracking": shipment.tracking},
        orders.c.status == after("ship"),
    )  # fmt: skip


async def complete(conn: AsyncConnection, order_ids: Sequence[str]) -> list[Order]:
    return await _move(conn, order_ids, "complete", {"completed_at": func.now()})


async def long_shipped(conn: AsyncConnection, *, since: timedelta, limit: int) -> list[str]:
    """Orders shipped so long ago; those somebody holds are left for the next round."""
    rows = await conn.execute(
        select(orders.c.id)
        .where(orders.c.status == "shipped", orders.c.shipped_at <= func.now() - since)
        .order_by(orders.c.shipped_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(rows.scalars())


async def set_note(conn: AsyncConnection, order_id: str, text: str) -> Order:
    noted = await _set(conn, order_id, {"staff_note": text}, true())
    assert noted is not None, "the order was locked"
    return noted


async def _set(
    conn: AsyncConnection, order_id: str, values: Mapping[str, object],
    where: ColumnElement[bool],
) -> Order | None:  # fmt: skip
    row = (
        await conn.execute(
            update(orders)
            .where(orders.c.id == order_id, where)
            .values(**values)
            .returning(orders, _LINES)
        )
    ).first()
    return None if row is None else order_of(row._mapping)


async def _move(
    conn: AsyncConnection, order_ids: Sequence[str], step: Step, values: Mapping[str, object],
    where: ColumnElement[bool] | None = None,
) -> list[Order]:  # fmt: skip
    """The one way an order gets another status besides being closed."""
    if not order_ids:
        return []
    rows = await conn.execute(
        update(orders)
        .where(
            orders.c.id.in_(order_ids),
            orders.c.status.in_(sorted(before(step))),
            true() if where is None else where,
        )
        .values(status=after(step), **values)
        .returning(orders, _LINES)
    )
    return [order_of(row._mapping) for row in rows]


async def give_back(conn: AsyncConnection, order_id: str, amount_minor: int) -> None:
    """So much of what was paid for an order went back."""
    await conn.execute(
        update(orders)
        .where(orders.c.id == order_id)
        .values(refunded_minor=orders.c.refunded_minor + amount_minor)
    )


async def use_coupon(conn: AsyncConnection, order_id: str) -> None:
    """The coupon an order held is spent now that the order is paid."""
    await conn.execute(
        update(coupons)
        .where(and_(coupons.c.order_id == order_id, coupons.c.state == "locked"))
        .values(state="used", used_at=func.now())
    )
