"""All SQL of the spread: whole rooms at a time, so that a million shares are a few rows."""

from __future__ import annotations

import asyncpg

from yaohe.sharing.spread.model import STEPS_PER_E, Generation

_WENT_OUT = "(s.intended_at is not null or s.effective_at is not null)"

_SHARES = f"""
select least(s.generation, 100) as generation, count(*) as shares,
       count(distinct s.sharer_id) as sharers
  from sharing.shares s where s.room_id = $1 and {_WENT_OUT} group by 1
"""  # noqa: S608

_FRIENDS = """
select least(s.generation, 100) as generation, count(distinct c.visitor_id) as friends
  from sharing.clicks c join sharing.shares s using (token)
 where c.room_id = $1 group by 1
"""

_SALES = """
select least(s.generation, 100) as generation, count(*) as orders,
       sum(k.amount_minor - k.refunded_minor)::bigint as paid_minor
  from sharing.credits k join sharing.shares s using (token)
 where k.room_id = $1 and k.reversed_at is null group by 1
"""


def _bin(seconds: str) -> str:
    # As floats: what `extract` answers is exact, and its logarithm costs 15 µs a row.
    return f"floor(ln(1 + greatest(({seconds})::float8, 0)) * {STEPS_PER_E})::int"


# Everybody once, with their first share; whoever led to it shared before.
_WAITS = f"""
with people as materialized (
    select distinct on (s.sharer_id) s.sharer_id, s.parent_token, s.created_at
      from sharing.shares s
     where s.room_id = $1 and {_WENT_OUT}
     order by s.sharer_id, s.created_at, s.token
), seen as materialized (
    select p.sharer_id, p.parent_token, p.created_at,
           {_bin("extract(epoch from now() - p.created_at)")} as watched
      from people p
)
select watched, null as waited, count(*) as people from seen group by watched
union all
select parent.watched,
       {_bin("extract(epoch from child.created_at - parent.created_at)")}, count(*)
  from seen child
  join sharing.shares s on s.token = child.parent_token
  join seen parent on parent.sharer_id = s.sharer_id
 group by 1, 2
"""  # noqa: S608


async def generations(conn: asyncpg.Connection, room_id: str) -> list[Generation]:
    """What each generation shared and brought, the first one first."""
    found: dict[int, dict[str, int]] = {}
    for query in (_SHARES, _FRIENDS, _SALES):
        for row in await conn.fetch(query, room_id):
            numbers = dict(row)
            empty = dict.fromkeys(("sharers", "shares", "friends", "orders", "paid_minor"), 0)
            found.setdefault(numbers.pop("generation"), empty).update(numbers)
    return [Generation(generation=nth, **found[nth]) for nth in sorted(found)]


async def waits(
    conn: asyncpg.Connection, room_id: str
) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
    """Sharers by time since they shared; of those led here, by (how long it took, that time of
    whoever led them)."""
    watched: dict[int, int] = {}
    waited: dict[tuple[int, int], int] = {}
    for row in await conn.fetch(_WAITS, room_id):
        if row["waited"] is None:
            watched[row["watched"]] = row["people"]
        else:
            waited[row["waited"], row["watched"]] = row["people"]
    return watched, waited
