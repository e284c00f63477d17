"""All SQL of the recount: whole tables, grouped by room, without any kept number."""

from __future__ import annotations

import asyncpg

from yaohe.sharing.visits.model import PRODUCTIVE_MS

_ROOMS = "select distinct room_id from sharing.shares order by room_id"

# What a share became, from what its friends did.
_BECAME = f"""
select s.token, s.room_id,
       exists (select from sharing.clicks c where c.token = s.token)
       or exists (select from sharing.openings o where o.token = s.token) as effective,
       exists (select from sharing.clicks c
                 join sharing.visits v on v.room_id = c.room_id and v.token = c.token
                                      and v.visitor_id = c.visitor_id
                where c.token = s.token
                  and (v.watch_ms >= {PRODUCTIVE_MS} or v.interacted_at is not null))
       or exists (select from sharing.credits k where k.token = s.token) as productive
  from sharing.shares s
"""  # noqa: S608

_SHARES = f"""
select s.room_id, count(*) as prepared, count(s.intended_at) as intended,
       count(*) filter (where b.effective) as effective,
       count(*) filter (where b.productive) as productive,
       count(*) filter (where b.effective or s.intended_at is not null) as funnel_shared
  from sharing.shares s join ({_BECAME}) b using (token)
 group by s.room_id
"""  # noqa: S608

_HITS = """
select s.room_id, count(*) as hits,
       count(*) filter (where h.is_bot or h.is_prefetch) as bot_hits
  from sharing.hits h join sharing.shares s using (token)
 where h.method = 'GET' group by s.room_id
"""

_OPENINGS = "select room_id, count(*) as openings from sharing.openings group by room_id"

_PEOPLE = f"""
with came as (
    select c.room_id, c.visitor_id, count(*) as clicks,
           coalesce(sum(v.watch_ms), 0)::bigint as watch_ms,
           bool_or(v.interacted_at is not null) as took_part,
           bool_or(coalesce(v.watch_ms, 0) >= {PRODUCTIVE_MS}) as watched,
           bool_or(exists (select from sharing.credits k
                            where k.room_id = c.room_id and k.visitor_id = c.visitor_id
                              and k.reversed_at is null)) as bought
      from sharing.clicks c
      left join sharing.visits v using (room_id, visitor_id, token)
     group by c.room_id, c.visitor_id
)
select room_id, sum(clicks)::bigint as clicks, count(*) as visitors,
       sum(watch_ms)::bigint as watch_ms,
       count(*) filter (where took_part) as interacted, count(*) as funnel_opened,
       count(*) filter (where watched or took_part or bought) as funnel_watched,
       count(*) filter (where took_part or bought) as funnel_interacted,
       count(*) filter (where bought) as funnel_ordered
  from came group by room_id
"""  # noqa: S608

_SALES = """
select room_id, count(*) as orders, count(distinct visitor_id) as buyers,
       sum(amount_minor - refunded_minor)::bigint as paid_minor
  from sharing.credits where reversed_at is null group by room_id
"""

_NAMES = (
    "prepared", "intended", "effective", "productive", "hits", "bot_hits", "openings", "clicks",
    "visitors", "watch_ms", "interacted", "orders", "buyers", "paid_minor", "funnel_shared",
    "funnel_opened", "funnel_watched", "funnel_interacted", "funnel_ordered",
)  # fmt: skip

_UNKNOWN_TOTALS = """
select coalesce(sum(t.hits), 0)::bigint as hits, coalesce(sum(t.bot_hits), 0)::bigint as bot_hits
  from sharing.hit_totals t
 where not exists (select from sharing.shares s where s.token = t.token)
"""

_UNKNOWN_ROWS = """
select count(*) as hits, count(*) filter (where h.is_bot or h.is_prefetch) as bot_hits
  from sharing.hits h
 where h.method = 'GET' and not exists (select from sharing.shares s where s.token = h.token)
"""

_REBUILD = f"""
update sharing.shares s
   set effective_at = case when b.effective or b.productive
                           then coalesce(s.effective_at, s.productive_at, now()) end,
       productive_at = case when b.productive then coalesce(s.productive_at, now()) end
  from ({_BECAME}) b
 where b.token = s.token
   and ((s.effective_at is not null) <> (b.effective or b.productive)
        or (s.productive_at is not null) <> b.productive)
"""  # noqa: S608


async def shared_rooms(conn: asyncpg.Connection) -> list[str]:
    return [row["room_id"] for row in await conn.fetch(_ROOMS)]


async def count_rows(conn: asyncpg.Connection) -> dict[str, dict[str, int]]:
    """The numbers of each shared room, from the rows."""
    rooms = {room_id: dict.fromkeys(_NAMES, 0) for room_id in await shared_rooms(conn)}
    for query in (_SHARES, _HITS, _OPENINGS, _PEOPLE, _SALES):
        for row in await conn.fetch(query):
            numbers = dict(row)
            rooms.setdefault(numbers.pop("room_id"), dict.fromkeys(_NAMES, 0)).update(numbers)
    return rooms


async def unknown_totals(conn: asyncpg.Connection) -> dict[str, int]:
    """The kept totals of links that no share is behind."""
    return dict(await conn.fetchrow(_UNKNOWN_TOTALS))


async def unknown_rows(conn: asyncpg.Connection) -> dict[str, int]:
    """The same from the rows."""
    return dict(await conn.fetchrow(_UNKNOWN_ROWS))


async def rebuild_states(conn: asyncpg.Connection) -> None:
    """Give every share the states that the rows say it has reached; known moments stay."""
    await conn.execute("lock table sharing.openings, sharing.clicks, sharing.visits in share mode")
    await conn.execute(_REBUILD)
