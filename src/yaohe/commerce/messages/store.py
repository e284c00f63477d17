"""All SQL about messages.

Whoever writes holds the thread's row first, so the ids of a thread are committed in order and what
was read up to an id stays read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.messages.model import PER_MINUTE, SHOWN, Message, Side, ThreadLine, Unread
from yaohe.commerce.orders.lines import titled

_OPEN = text(
    """
    insert into commerce.threads
           (order_id, shop_id, visitor_id, messages, buyer_read, shop_read, last_at)
    select id, shop_id, visitor_id, 0, 0, 0, now() from commerce.orders where id = :order_id
    on conflict (order_id) do update set last_at = now()
    returning visitor_id, messages
    """
)

_LATELY = text(
    f"""
    select count(*) >= {PER_MINUTE} as fast from commerce.messages
     where order_id = :order_id and side = 'buyer' and at > now() - interval '1 minute'
    """  # noqa: S608 - constant text
)

_KNOWN = text(
    """
    select id, side, body as text, at from commerce.messages
     where (order_id, side, idempotency_key) = (:order_id, :side, :key)
    """
)

_WRITE = text(
    """
    with written as (
        insert into commerce.messages (order_id, side, staff_id, body, idempotency_key, at)
        values (:order_id, :side, :staff_id, :body, :key, clock_timestamp())
        returning id, side, body as text, at
    ), counted as (
        update commerce.threads set messages = messages + 1 where order_id = :order_id
    )
    select * from written
    """
)

_MESSAGES = text(
    f"""
    select * from (
        select id, side, body as text, at from commerce.messages
         where order_id = :order_id order by id desc limit {SHOWN}
    ) latest order by id
    """  # noqa: S608 - constant text
)

_UNREAD: Final = """
    (select count(*) from commerce.messages m
      where m.order_id = t.order_id and m.side = '{other}' and m.id > t.{side}_read)
"""
_OTHER: Final[dict[Side, Side]] = {"buyer": "shop", "shop": "buyer"}

_UNREAD_OF = {
    side: text(
        f"select {_UNREAD.format(side=side, other=other)} from commerce.threads t"  # noqa: S608
        " where t.order_id = :order_id"
    )
    for side, other in _OTHER.items()
}

_READ = {
    side: text(
        f"""
        update commerce.threads t set {side}_read = least(:up_to, (
            select coalesce(max(id), 0) from commerce.messages m where m.order_id = t.order_id))
         where t.order_id = :order_id and t.{side}_read < :up_to
        """  # noqa: S608 - constant text
    )
    for side in _OTHER
}

_OF_BUYER = text(
    f"""
    select * from (
        select t.order_id, {_UNREAD.format(side="buyer", other="shop")} as unread
          from commerce.threads t where t.visitor_id = :visitor_id
    ) mine where unread > 0 order by order_id desc
    """  # noqa: S608 - constant text
)

_OF_SHOP = text(
    f"""
    select t.order_id, t.visitor_id, l.title, l.title_en, many.lines, last.side, last.body as text,
           t.last_at, {_UNREAD.format(side="shop", other="buyer")} as unread
      from commerce.threads t
      join commerce.order_lines l on l.order_id = t.order_id and l.place = 0
      cross join lateral (
          select count(*) as lines from commerce.order_lines where order_id = t.order_id
      ) many
      cross join lateral (
          select side, body from commerce.messages m
           where m.order_id = t.order_id order by m.id desc limit 1
      ) last
     where t.shop_id = :shop_id order by t.last_at desc limit :limit
    """  # noqa: S608 - constant text
)

_ANSWERS = text("select body from commerce.canned_answers where shop_id = :shop_id order by place")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('answers:' || :shop_id, 11))")
_CLEAR = text("delete from commerce.canned_answers where shop_id = :shop_id")
_KEEP = text(
    """
    insert into commerce.canned_answers (shop_id, place, body)
    select :shop_id, place, body
      from unnest(cast(:bodies as text[])) with ordinality as t (body, place)
    """
)


class Opened(msgspec.Struct, frozen=True):
    """A thread somebody holds to write in it."""

    visitor_id: str
    messages: int


async def open_thread(conn: AsyncConnection, order_id: str) -> Opened:
    """The thread of an order that exists, made when there is none, held until the end."""
    row = (await conn.execute(_OPEN, {"order_id": order_id})).one()
    return Opened(row.visitor_id, row.messages)


async def wrote_much(conn: AsyncConnection, order_id: str) -> bool:
    return bool((await conn.execute(_LATELY, {"order_id": order_id})).scalar_one())


async def known(conn: AsyncConnection, order_id: str, side: Side, key: str) -> Message | None:
    """What this key wrote before."""
    given = {"order_id": order_id, "side": side, "key": key}
    row = (await conn.execute(_KNOWN, given)).first()
    return None if row is None else Message(**row._mapping)


async def write(
    conn: AsyncConnection, order_id: str, side: Side, body: str, key: str, staff_id: str | None
) -> Message:
    given = {"order_id": order_id, "side": side, "body": body, "key": key, "staff_id": staff_id}
    return Message(**(await conn.execute(_WRITE, given)).one()._mapping)


async def messages(conn: AsyncConnection, order_id: str) -> tuple[Message, ...]:
    rows = await conn.execute(_MESSAGES, {"order_id": order_id})
    return tuple(Message(**row._mapping) for row in rows)


async def unread(conn: AsyncConnection, order_id: str, side: Side) -> int:
    return (await conn.execute(_UNREAD_OF[side], {"order_id": order_id})).scalar() or 0


async def read(conn: AsyncConnection, order_id: str, side: Side, up_to: int) -> None:
    await conn.execute(_READ[side], {"order_id": order_id, "up_to": up_to})


async def of_buyer(conn: AsyncConnection, visitor_id: str) -> list[Unread]:
    rows = await conn.execute(_OF_BUYER, {"visitor_id": visitor_id})
    return [Unread(**row._mapping) for row in rows]


async def of_shop(conn: AsyncConnection, shop_id: str, *, limit: int) -> list[ThreadLine]:
    rows = await conn.execute(_OF_SHOP, {"shop_id": shop_id, "limit": limit})
    return [_thread_line(row._mapping) for row in rows]


def _thread_line(row: Mapping[Any, Any]) -> ThreadLine:
    known = dict(row)
    title, title_en = titled(known.pop("title"), known.pop("title_en"), known.pop("lines"))
    return ThreadLine(title=title, title_en=title_en, **known)


async def answers(conn: AsyncConnection, shop_id: str) -> list[str]:
    return list((await conn.execute(_ANSWERS, {"shop_id": shop_id})).scalars())


async def keep_answers(conn: AsyncConnection, shop_id: str, bodies: Sequence[str]) -> None:
    await conn.execute(_LOCK, {"shop_id": shop_id})
    await conn.execute(_CLEAR, {"shop_id": shop_id})
    await conn.execute(_KEEP, {"shop_id": shop_id, "bodies": list(bodies)})
