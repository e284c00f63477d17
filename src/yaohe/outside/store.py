"""All SQL about outside rooms, landings, people, tracked events, orders and kept answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.outside.model import (
    EVENTS_PER_ROOM_SHOWN,
    EventCount,
    OutsideOrder,
    OutsideRoom,
    RoomPushed,
    Tracked,
)

ROOMS_SHOWN: Final = 200

_ROOM: Final = ", ".join(OutsideRoom.__struct_fields__)
_ORDER: Final = ", ".join(OutsideOrder.__struct_fields__)

_PUSH = text(
    f"""
    insert into outside.rooms as r (id, book, ref, title, title_en, cover_url, url, status, utm)
    values (:id, :book, :ref, :title, :title_en, :cover_url, :url, :status, cast(:utm as jsonb))
        on conflict (book, ref) do update set
           title = excluded.title, title_en = excluded.title_en, cover_url = excluded.cover_url,
           url = excluded.url, status = excluded.status, utm = excluded.utm, updated_at = now()
    returning {_ROOM}
    """  # noqa: S608
)
_ROOM_BY_REF = text(f"select {_ROOM} from outside.rooms where book = :book and ref = :ref")  # noqa: S608
_ROOM_BY_ID = text(f"select {_ROOM} from outside.rooms where id = :id")  # noqa: S608
_REFS = text("select id, ref from outside.rooms where id = any(cast(:ids as text[]))")
_ROOMS = text(
    f"""
    select {_ROOM} from outside.rooms where book = :book
     order by updated_at desc, id limit :rows_max
    """  # noqa: S608
)

# Of two pages with the same click id the first is the one that was sent; the row tells who it is.
_LAND = text(
    """
    insert into outside.landings as l (click_hash, visitor_id, at)
    values (:click_hash, :visitor_id, now())
        on conflict (click_hash) do update set at = l.at
    returning l.visitor_id, l.xmax = 0 as new
    """
)

_MEET = text(
    """
    insert into outside.people (book, user_ref, visitor_id, name, at)
    values (:book, :user_ref, :visitor_id, :name, now())
        on conflict (book, user_ref, visitor_id) do update set name = excluded.name, at = now()
    """
)
_VISITOR_OF = text(
    """
    select visitor_id from outside.people where book = :book and user_ref = :user_ref
     order by at desc, visitor_id limit 1
    """
)
_NAME_OF = text(
    """
    select name from outside.people where book = :book and visitor_id = :visitor_id and name <> ''
     order by at desc limit 1
    """
)

_TRACK = text(
    """
    insert into outside.events (book, id, room_id, visitor_id, name, source, properties, at)
    values (:book, :id, :room_id, :visitor_id, :name, :source, cast(:properties as jsonb), now())
        on conflict (book, id) do nothing
    returning id
    """
)
_EVENT = text(
    """
    select id, room_id, visitor_id, name, source, properties from outside.events
     where book = :book and id = :id
    """
)
_EVENT_COUNTS = text(
    """
    select name, count(*) filter (where source = 'page') as by_pages,
           count(*) filter (where source = 'server') as by_servers,
           count(distinct visitor_id) as visitors
      from outside.events where room_id = :room_id
     group by name order by count(*) desc, name limit :rows_max
    """
)

_ORDER_IN = text(
    f"""
    insert into outside.orders (id, book, ref, room_id, visitor_id, amount_minor, currency, at)
    values (:id, :book, :ref, :room_id, :visitor_id, :amount_minor, :currency, now())
        on conflict (book, ref) do nothing
    returning {_ORDER}
    """  # noqa: S608
)
_ORDER_READ = text(f"select {_ORDER} from outside.orders where book = :book and ref = :ref")  # noqa: S608
_ORDER_BACK = text(
    f"""
    update outside.orders set refunded_at = now()
     where book = :book and ref = :ref and refunded_at is null
    returning {_ORDER}
    """  # noqa: S608
)

# A claim nobody finished is taken over after a while; its seed stays, so that what the first one
# may have written is found again instead of being written twice.
_CLAIM = text(
    """
    insert into outside.answers as a (key_id, idem_key, request_hash, seed, claimed_at)
    values (:key_id, :idem_key, :request_hash, :seed, now())
        on conflict (key_id, idem_key) do update set claimed_at = now()
     where a.body is null and a.request_hash = excluded.request_hash
       and a.claimed_at < now() - interval '30 seconds'
    returning a.seed
    """
)
_CLAIMED = text(
    """
    select request_hash, body from outside.answers where key_id = :key_id and idem_key = :idem_key
    """
)
_ANSWERED = text(
    """
    update outside.answers set body = :body where key_id = :key_id and idem_key = :idem_key
    """
)
_LET_GO = text(
    """
    update outside.answers set claimed_at = '-infinity'
     where key_id = :key_id and idem_key = :idem_key and body is null
    """
)
_SWEEP = (
    text("delete from outside.answers where claimed_at < now() - interval '7 days'"),
    text("delete from outside.landings where at < now() - interval '7 days'"),
)


def _room(row: RowMapping | None) -> OutsideRoom | None:
    return None if row is None else OutsideRoom(**row)


def _packed(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


async def push_room(
    conn: AsyncConnection, pushed: RoomPushed, *, room_id: str, book: str, ref: str
) -> OutsideRoom:
    values = {**msgspec.structs.asdict(pushed), "utm": _packed(pushed.utm)}
    row = await conn.execute(_PUSH, {**values, "id": room_id, "book": book, "ref": ref})
    return OutsideRoom(**row.mappings().one())


async def room_by_ref(conn: AsyncConnection, book: str, ref: str) -> OutsideRoom | None:
    return _room((await conn.execute(_ROOM_BY_REF, {"book": book, "ref": ref})).mappings().first())


async def room_by_id(conn: AsyncConnection, room_id: str) -> OutsideRoom | None:
    return _room((await conn.execute(_ROOM_BY_ID, {"id": room_id})).mappings().first())


async def refs(conn: AsyncConnection, room_ids: Sequence[str]) -> dict[str, str]:
    rows = await conn.execute(_REFS, {"ids": list(room_ids)})
    return {row.id: row.ref for row in rows}


async def rooms(conn: AsyncConnection, book: str) -> list[OutsideRoom]:
    rows = await conn.execute(_ROOMS, {"book": book, "rows_max": ROOMS_SHOWN})
    return [OutsideRoom(**row) for row in rows.mappings()]


async def land(conn: AsyncConnection, click_hash: bytes, visitor_id: str) -> tuple[str, bool]:
    """Hand a click id in; returns the visitor it belongs to (the first who did), and whether that
    was now."""
    row = (await conn.execute(_LAND, {"click_hash": click_hash, "visitor_id": visitor_id})).one()
    return row.visitor_id, row.new


async def meet(
    conn: AsyncConnection, *, book: str, user_ref: str, visitor_id: str, name: str
) -> None:
    await conn.execute(
        _MEET, {"book": book, "user_ref": user_ref, "visitor_id": visitor_id, "name": name}
    )


async def visitor_of(conn: AsyncConnection, book: str, user_ref: str) -> str | None:
    """The visitor this user was seen as last."""
    found = await conn.execute(_VISITOR_OF, {"book": book, "user_ref": user_ref})
    return found.scalar_one_or_none()


async def name_of(conn: AsyncConnection, book: str, visitor_id: str) -> str | None:
    found = await conn.execute(_NAME_OF, {"book": book, "visitor_id": visitor_id})
    return found.scalar_one_or_none()


async def track(conn: AsyncConnection, book: str, event: Tracked) -> bool:
    """Keep an event; False when its id was there before."""
    values = {**msgspec.structs.asdict(event), "properties": _packed(event.properties)}
    return (await conn.execute(_TRACK, {**values, "book": book})).first() is not None


async def event(conn: AsyncConnection, book: str, event_id: str) -> Tracked:
    row = await conn.execute(_EVENT, {"book": book, "id": event_id})
    return Tracked(**row.mappings().one())


async def event_counts(conn: AsyncConnection, room_id: str) -> list[EventCount]:
    given = {"room_id": room_id, "rows_max": EVENTS_PER_ROOM_SHOWN}
    return [EventCount(**row) for row in (await conn.execute(_EVENT_COUNTS, given)).mappings()]


async def add_order(conn: AsyncConnection, values: Mapping[str, Any]) -> OutsideOrder | None:
    """The new order; None when there was one with this ref."""
    row = (await conn.execute(_ORDER_IN, values)).mappings().first()
    return None if row is None else OutsideOrder(**row)


async def order(conn: AsyncConnection, book: str, ref: str) -> OutsideOrder | None:
    row = (await conn.execute(_ORDER_READ, {"book": book, "ref": ref})).mappings().first()
    return None if row is None else OutsideOrder(**row)


async def refund(conn: AsyncConnection, book: str, ref: str) -> OutsideOrder | None:
    """The order, refunded by this call; None when it was before or does not exist."""
    row = (await conn.execute(_ORDER_BACK, {"book": book, "ref": ref})).mappings().first()
    return None if row is None else OutsideOrder(**row)


async def claim(
    conn: AsyncConnection, key_id: str, idem_key: str, *, request_hash: bytes, seed: str
) -> str | None:
    """The seed to work with, or None when somebody else works or has answered."""
    given = {"key_id": key_id, "idem_key": idem_key, "request_hash": request_hash, "seed": seed}
    return (await conn.execute(_CLAIM, given)).scalar_one_or_none()


async def claimed(
    conn: AsyncConnection, key_id: str, idem_key: str
) -> tuple[bytes, bytes | None] | None:
    """The hash of the request that has this key, and its answer when there is one."""
    row = (await conn.execute(_CLAIMED, {"key_id": key_id, "idem_key": idem_key})).first()
    return None if row is None else (row.request_hash, row.body)


async def answered(conn: AsyncConnection, key_id: str, idem_key: str, body: bytes) -> None:
    await conn.execute(_ANSWERED, {"key_id": key_id, "idem_key": idem_key, "body": body})


async def let_go(conn: AsyncConnection, key_id: str, idem_key: str) -> None:
    await conn.execute(_LET_GO, {"key_id": key_id, "idem_key": idem_key})


async def sweep(conn: AsyncConnection) -> None:
    for statement in _SWEEP:
        await conn.execute(statement)
