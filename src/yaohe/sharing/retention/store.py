"""All SQL about retention. A batch is one transaction: cut short anywhere it did nothing, and the
next one finds the same rows.

Rows stay, so that every report and recount stays what it was; who they were of goes. What one
person did in one room gets one made-up name, for that room alone, that is noted nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from yaohe.kernel.ids import new_ids

Somebody = tuple[str, str]  # a room and a visitor in it

# The key of hits begins with the time, so the oldest are found without an index of their own.
_HITS: Final = """
with due as (
    select at, hit_id from sharing.hits
     where at >= $1 and at < $2
       and (visitor_id <> '' or address_hash <> '' or ua <> '' or referer <> '')
     order by at, hit_id limit $3 for update skip locked
), stripped as (
    update sharing.hits h set visitor_id = '', address_hash = ''::bytea, ua = '', referer = ''
      from due where h.at = due.at and h.hit_id = due.hit_id
    returning h.at
)
select count(*) as hits, max(at) as until from stripped
"""

# A made-up name begins with `x_`; whoever has one is done.
_WHEN: Final = {
    "clicks": "last_at", "visits": "last_at", "landings": "last_at", "credits": "at",
    "paid_orders": "at",
}  # fmt: skip
_OLD: Final = " union ".join(
    f"select room_id, visitor_id from sharing.{table}"  # noqa: S608
    f" where {at} < $1 and visitor_id not like 'x\\_%'"
    for table, at in _WHEN.items()
)
_NEWER: Final = " or ".join(
    f"exists (select from sharing.{table} n where n.room_id = v.room_id"
    f" and n.visitor_id = v.visitor_id and n.{at} >= $1)"
    for table, at in _WHEN.items()
)
_PEOPLE: Final = f"""
select v.room_id, v.visitor_id from ({_OLD}) v where not ({_NEWER})
 order by v.room_id, v.visitor_id limit $2
"""  # noqa: S608

# Who is here again at this moment waits for us here, or we for them; then it is asked once more.
_HELD: Final = tuple(
    f"""
    select from sharing.{table} t, unnest($1::text[], $2::text[]) as p (room_id, visitor_id)
     where t.room_id = p.room_id and t.visitor_id = p.visitor_id for no key update of t
    """
    for table in ("clicks", "visits")
)
_STILL: Final = f"""
select v.room_id, v.visitor_id from unnest($2::text[], $3::text[]) as v (room_id, visitor_id)
 where not ({_NEWER})
"""  # noqa: S608

_RENAME: Final = tuple(
    f"""
    update sharing.{table} t set visitor_id = p.made
      from unnest($1::text[], $2::text[], $3::text[]) as p (room_id, visitor_id, made)
     where t.room_id = p.room_id and t.visitor_id = p.visitor_id
    """  # noqa: S608
    for table in _WHEN
)

_ALL_READ_S: Final = 300

_LOCK: Final = "select pg_try_advisory_xact_lock(x'9A04E000006'::bigint)"

_CUTOFF: Final = "select now() - make_interval(days => $1)"


async def cutoff(conn: asyncpg.Connection, days: int) -> datetime:
    """The moment before which a person is forgotten, by the database's clock."""
    moment = await conn.fetchval(_CUTOFF, days)
    assert isinstance(moment, datetime)
    return moment


async def is_ours(conn: asyncpg.Connection) -> bool:
    """Whether no other process is at it until this transaction ends."""
    return bool(await conn.fetchval(_LOCK))


async def strip_hits(
    conn: asyncpg.Connection, *, since: datetime, before: datetime, most: int
) -> tuple[int, datetime | None]:
    """Take the person out of the oldest hits; how many, and up to which moment."""
    row = await conn.fetchrow(_HITS, since, before, most)
    return row["hits"], row["until"]


async def people(conn: asyncpg.Connection, *, before: datetime, most: int) -> list[Somebody]:
    """(room, visitor) of whom nothing newer is known in that room. Reads all there is of visits."""
    await conn.execute(f"set local statement_timeout = '{_ALL_READ_S}s'")
    rows = await conn.fetch(_PEOPLE, before, most)
    return [(row["room_id"], row["visitor_id"]) for row in rows]


async def rename(
    conn: asyncpg.Connection, whom: Sequence[Somebody], *, before: datetime
) -> list[Somebody]:
    """Give these (room, visitor) made-up names, everywhere they count in that room; not those who
    came again meanwhile. Whom it was done to."""
    for statement in _HELD:
        await conn.execute(statement, *_columns(whom))
    rows = await conn.fetch(_STILL, before, *_columns(whom))
    done = [(row["room_id"], row["visitor_id"]) for row in rows]
    made = new_ids("x", len(done))
    for statement in _RENAME:
        await conn.execute(statement, *_columns(done), made)
    return done


def _columns(whom: Sequence[Somebody]) -> tuple[list[str], list[str]]:
    return [room_id for room_id, _ in whom], [visitor_id for _, visitor_id in whom]
