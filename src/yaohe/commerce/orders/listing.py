"""SQL of the orders that staff look through: which they want, and what they see of each.

A filter by words is one `or` over expressions that each have an index: see the migration.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Text, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.orders.model import OrderFilter, ShopOrder
from yaohe.commerce.orders.rows import LINES, order_of
from yaohe.commerce.orders.search import Sought, sought
from yaohe.commerce.tables import (
    coupon_templates,
    coupons,
    order_lines,
    orders,
    payments,
    refunds,
)

_LINES: Final = literal_column(LINES, Text).label("lines")
_LOOK_AT: Final = array(["failed", "due", "requested", "done"])
_LAST: Final = "\U0010ffff"  # sorts behind every other character


async def shop_orders(
    conn: AsyncConnection, shop_id: str, wanted: OrderFilter, zone: ZoneInfo, *, limit: int
) -> list[ShopOrder]:
    """Orders of a shop, newest first (ids sort by time)."""
    rows = await conn.execute(_shop_orders(shop_id, wanted, zone).limit(limit))
    return [
        ShopOrder(
            order=order_of(row._mapping),
            coupon_title=row.coupon_title,
            coupon_title_en=row.coupon_title_en,
            payment_problem=row.payment_problem,
            refund_state=row.refund_state,
            going_back_minor=int(row.going_back_minor),
        )
        for row in rows
    ]


def _shop_orders(shop_id: str, wanted: OrderFilter, zone: ZoneInfo) -> Select[tuple[object, ...]]:
    problem = (
        select(func.max(payments.c.problem))
        .where(payments.c.order_id == orders.c.id)
        .scalar_subquery()
    )
    refund = (  # the one that needs looking at: failed, else due, else requested, else done
        select(refunds.c.state)
        .where(refunds.c.order_id == orders.c.id)
        .order_by(func.array_position(_LOOK_AT, refunds.c.state))
        .limit(1)
        .scalar_subquery()
    )
    going_back = (
        select(func.coalesce(func.sum(refunds.c.amount_minor), 0))
        .where(refunds.c.order_id == orders.c.id, refunds.c.state != "done")
        .scalar_subquery()
    )
    return (
        select(
            orders,
            _LINES,
            coupon_templates.c.title.label("coupon_title"),
            coupon_templates.c.title_en.label("coupon_title_en"),
            problem.label("payment_problem"),
            refund.label("refund_state"),
            going_back.label("going_back_minor"),
        )
        .outerjoin(coupons, coupons.c.id == orders.c.coupon_id)
        .outerjoin(coupon_templates, coupon_templates.c.id == coupons.c.template_id)
        .where(orders.c.shop_id == shop_id, *_wanted(wanted, zone))
        .order_by(orders.c.id.desc())
    )


def _wanted(wanted: OrderFilter, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    """The conditions of a filter; its days begin and end by the shop's clock."""
    if wanted.status is not None:
        yield orders.c.status == wanted.status
    if wanted.room_id is not None:
        yield orders.c.room_id == wanted.room_id
    if wanted.product_id is not None:
        yield has_line_of(wanted.product_id)
    if wanted.visitor_id is not None:
        yield orders.c.visitor_id == wanted.visitor_id
    if wanted.since is not None:
        yield orders.c.created_at >= _begins(wanted.since, zone)
    if wanted.until is not None:
        yield orders.c.created_at < _begins(wanted.until + timedelta(days=1), zone)
    if (words := sought(wanted.text)) is not None:
        yield or_(*_found_by(words))
    if wanted.before is not None:
        yield orders.c.id < wanted.before


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _found_by(words: Sought) -> Iterator[ColumnElement[bool]]:
    name = func.lower(orders.c.buyer_name).collate("C")
    yield name.between(func.lower(words.words), func.lower(words.words).concat(_LAST))
    yield (func.upper(orders.c.tracking) == func.upper(words.words)) & (orders.c.tracking != "")
    if words.order_id is not None:
        yield orders.c.id == words.order_id
    if words.pickup_code is not None:
        yield orders.c.pickup_code == words.pickup_code
    if words.phone_end is not None:
        digits = func.regexp_replace(
            orders.c.buyer_phone, *(literal_column(one) for one in ("'[^0-9]'", "''", "'g'"))
        )
        end = words.phone_end[::-1]
        yield func.reverse(digits).collate("C").between(end, end + _LAST)


def has_line_of(product_id: str) -> ColumnElement[bool]:
    """Whether an order has a line of this product."""
    return exists().where(
        order_lines.c.order_id == orders.c.id, order_lines.c.product_id == product_id
    )
