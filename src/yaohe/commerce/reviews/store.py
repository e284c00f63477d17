"""All SQL about reviews."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.reviews.model import HiddenFor, Review, Stars

_COLUMNS: Final = """
    r.id, r.order_id, r.product_id, r.visitor_id, l.title, l.title_en, r.stars, r.body as text,
    r.answer, r.hidden_for, o.status = 'refunded' as refunded, r.at
"""

# A review names its product as the order named it.
_REVIEWS: Final = """
    commerce.reviews r join commerce.orders o on o.id = r.order_id
    cross join lateral (
        select title, title_en from commerce.order_lines
         where order_id = r.order_id and product_id = r.product_id order by place limit 1
    ) l
"""

_WRITE = text(
    """
    insert into commerce.reviews as kept
           (id, order_id, shop_id, product_id, visitor_id, stars, body, at)
    select :id, o.id, o.shop_id, :product_id, o.visitor_id, :stars, :body, now()
      from commerce.orders o
     where o.id = :order_id and o.status = 'completed'
        on conflict (order_id, product_id) do update
       set stars = excluded.stars, body = excluded.body, changed_at = now()
     where kept.hidden_for is null
    returning 1
    """
)

_OF_ORDER = text(
    f"""
    select {_COLUMNS} from {_REVIEWS}
     where r.order_id = :order_id and r.product_id = :product_id
    """  # noqa: S608 - constant text
)

_OF_PRODUCT = text(
    f"""
    select {_COLUMNS} from {_REVIEWS}
     where r.product_id = :product_id and r.hidden_for is null
       and (cast(:before as text) is null or r.id < :before)
     order by r.id desc limit :limit
    """  # noqa: S608 - constant text
)

_OF_SHOP = text(
    f"""
    select {_COLUMNS} from {_REVIEWS}
     where r.shop_id = :shop_id and (cast(:before as text) is null or r.id < :before)
     order by r.id desc limit :limit
    """  # noqa: S608 - constant text
)

_STARS = text(
    """
    select stars, hidden_for, count(*) as many from commerce.reviews
     where product_id = :product_id group by 1, 2
    """
)

_ANSWER = text(
    "update commerce.reviews set answer = :answer where id = :id and shop_id = :shop_id returning 1"
)

_HIDE = text(
    """
    update commerce.reviews set hidden_for = :hidden_for
     where id = :id and shop_id = :shop_id returning 1
    """
)


async def write(
    conn: AsyncConnection, review_id: str, order_id: str, product_id: str, stars: int, body: str
) -> bool:
    """Write or replace the review of a product of an order that has arrived; False when it may
    not be."""
    given = {
        "id": review_id, "order_id": order_id, "product_id": product_id, "stars": stars,
        "body": body,
    }  # fmt: skip
    return (await conn.execute(_WRITE, given)).first() is not None


async def of_order(conn: AsyncConnection, order_id: str, product_id: str) -> Review | None:
    given = {"order_id": order_id, "product_id": product_id}
    row = (await conn.execute(_OF_ORDER, given)).first()
    return None if row is None else Review(**row._mapping)


async def of_product(
    conn: AsyncConnection, product_id: str, *, before: str | None, limit: int
) -> list[Review]:
    """What may be read by everybody, newest first."""
    given = {"product_id": product_id, "before": before, "limit": limit}
    return [Review(**row._mapping) for row in await conn.execute(_OF_PRODUCT, given)]


async def of_shop(
    conn: AsyncConnection, shop_id: str, *, before: str | None, limit: int
) -> list[Review]:
    given = {"shop_id": shop_id, "before": before, "limit": limit}
    return [Review(**row._mapping) for row in await conn.execute(_OF_SHOP, given)]


async def stars(conn: AsyncConnection, product_id: str) -> Stars:
    given, hidden = [0] * 5, dict[HiddenFor, int]()
    for row in await conn.execute(_STARS, {"product_id": product_id}):
        given[row.stars - 1] += row.many
        if row.hidden_for is not None:
            hidden[row.hidden_for] = hidden.get(row.hidden_for, 0) + row.many
    one, two, three, four, five = given
    return Stars(given=(one, two, three, four, five), hidden=hidden)


async def answer(conn: AsyncConnection, review_id: str, shop_id: str, body: str) -> bool:
    given = {"id": review_id, "shop_id": shop_id, "answer": body}
    return (await conn.execute(_ANSWER, given)).first() is not None


async def hide(
    conn: AsyncConnection, review_id: str, shop_id: str, reason: HiddenFor | None
) -> bool:
    """Hide it for a reason; None: show it again."""
    given = {"id": review_id, "shop_id": shop_id, "hidden_for": reason}
    return (await conn.execute(_HIDE, given)).first() is not None
