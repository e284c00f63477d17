"""All SQL of the reports. Every question is answered from one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from yaohe.sharing.reports.model import (
    ChannelRow,
    Counts,
    Funnel,
    MyShare,
    ShareReport,
    ShareRow,
)
from yaohe.sharing.shares.model import State
from yaohe.sharing.visits.model import PRODUCTIVE_MS

_STATES = """
select s.channel, grouping(s.channel) = 1 as whole, count(*) as prepared,
       count(s.intended_at) as intended, count(s.effective_at) as effective,
       count(s.productive_at) as productive,
       count(*) filter (where s.intended_at is not null or s.effective_at is not null) as sent,
       coalesce(sum(t.hits), 0)::bigint as hits, coalesce(sum(t.bot_hits), 0)::bigint as bot_hits,
       coalesce(sum(t.openings), 0)::bigint as openings
  from sharing.shares s left join sharing.hit_totals t on t.token = s.token
 where s.room_id = $1
 group by grouping sets ((s.channel), ())
"""

_PEOPLE = """
select s.channel, grouping(s.channel) = 1 as whole, count(*) as clicks,
       count(distinct c.visitor_id) as visitors,
       coalesce(sum(v.watch_ms), 0)::bigint as watch_ms,
       count(distinct c.visitor_id) filter (where v.interacted_at is not null) as interacted
  from sharing.clicks c
  join sharing.shares s on s.token = c.token
  left join sharing.visits v
    on v.room_id = c.room_id and v.visitor_id = c.visitor_id and v.token = c.token
 where c.room_id = $1
 group by grouping sets ((s.channel), ())
"""

# One row per person who came: how far they got, by whichever of the room's shares.
_FUNNEL = """
select count(*) as opened,
       count(*) filter (where p.watched or p.interacted or p.ordered) as watched,
       count(*) filter (where p.interacted or p.ordered) as interacted,
       count(*) filter (where p.ordered) as ordered
  from (select coalesce(bool_or(v.watch_ms >= $2), false) as watched,
               bool_or(v.interacted_at is not null) as interacted,
               exists (select from sharing.credits k
                        where k.room_id = $1 and k.visitor_id = c.visitor_id
                          and k.reversed_at is null) as ordered
          from sharing.clicks c
          left join sharing.visits v
            on v.room_id = c.room_id and v.visitor_id = c.visitor_id and v.token = c.token
         where c.room_id = $1 group by c.visitor_id) p
"""

_SALES = """
select s.channel, grouping(s.channel) = 1 as whole, count(*) as orders,
       count(distinct k.visitor_id) as buyers,
       coalesce(sum(k.amount_minor - k.refunded_minor), 0)::bigint as paid_minor
  from sharing.credits k join sharing.shares s on s.token = k.token
 where k.room_id = $1 and k.reversed_at is null
 group by grouping sets ((s.channel), ())
"""

_SHARES = """
select s.token, s.sharer_id, s.sharer_name, s.channel, s.content, s.parent_token, s.created_at,
       s.prepared_at, s.intended_at, s.effective_at, s.productive_at,
       coalesce(t.hits, 0) as hits, coalesce(t.bot_hits, 0) as bot_hits,
       coalesce(t.openings, 0) as openings,
       coalesce(p.clicks, 0) as clicks, coalesce(p.watch_ms, 0)::bigint as watch_ms,
       coalesce(p.interacted, 0) as interacted, coalesce(k.orders, 0) as orders,
       coalesce(k.buyers, 0) as buyers, coalesce(k.paid_minor, 0)::bigint as paid_minor
  from sharing.shares s
  left join sharing.hit_totals t on t.token = s.token
  left join (
        select c.token, count(*) as clicks, sum(v.watch_ms) as watch_ms,
               count(v.interacted_at) as interacted
          from sharing.clicks c
          left join sharing.visits v
            on v.room_id = c.room_id and v.visitor_id = c.visitor_id and v.token = c.token
         where c.room_id = $1 group by c.token
       ) p on p.token = s.token
  left join (
        select token, count(*) as orders, count(distinct visitor_id) as buyers,
               sum(amount_minor - refunded_minor) as paid_minor
          from sharing.credits where room_id = $1 and reversed_at is null group by token
       ) k on k.token = s.token
 where s.room_id = $1
 order by paid_minor desc, orders desc, clicks desc, s.created_at desc, s.token
 limit $2
"""

_EFFECTIVE = """
select token, channel from sharing.shares where room_id = $1 and effective_at is not null
"""

_MINE = """
select s.token, s.room_id, s.channel, s.content, s.created_at,
       s.prepared_at, s.intended_at, s.effective_at, s.productive_at,
       (select count(*) from sharing.clicks c where c.token = s.token) as friends,
       (select count(*) from sharing.clicks c
          join sharing.visits v on v.room_id = c.room_id and v.visitor_id = c.visitor_id
                               and v.token = c.token
         where c.token = s.token and v.watch_ms >= $2) as watched,
       (select count(*) from sharing.credits k
         where k.token = s.token and k.reversed_at is null) as orders
  from sharing.shares s
 where s.sharer_id = $1 and (s.intended_at is not null or s.effective_at is not null)
 order by s.created_at desc, s.token limit $3
"""


def _state(row: asyncpg.Record) -> State:
    if row["productive_at"] is not None:
        return "productive"
    if row["effective_at"] is not None:
        return "effective"
    return "prepared" if row["intended_at"] is None else "intended"


def _counts(*rows: Mapping[str, Any] | None) -> Counts:
    """Counts out of the columns that have their names; a missing row counts nothing."""
    known = Counts.__struct_fields__
    values = {key: row[key] for row in rows if row is not None for key in row.keys() & set(known)}
    return Counts(**values)


async def share_report(conn: asyncpg.Connection, room_id: str, *, rows_max: int) -> ShareReport:
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        parts = [
            await conn.fetch(_STATES, room_id),
            await conn.fetch(_PEOPLE, room_id),
            await conn.fetch(_SALES, room_id),
        ]
        people = await conn.fetchrow(_FUNNEL, room_id, PRODUCTIVE_MS)
        shares = await conn.fetch(_SHARES, room_id, rows_max)
        as_of = await conn.fetchval("select now()")
    by_name: dict[str | None, list[Mapping[str, Any]]] = {}
    for part in parts:
        for row in part:
            by_name.setdefault(None if row["whole"] else row["channel"], []).append(dict(row))
    totals = _counts(*by_name.pop(None))
    sent = next(row["sent"] for row in parts[0] if row["whole"])
    channels = [ChannelRow(channel=str(c), counts=_counts(*r)) for c, r in by_name.items()]
    channels.sort(key=lambda row: (-row.counts.paid_minor, -row.counts.clicks, row.channel))
    return ShareReport(
        totals=totals,
        funnel=Funnel(shared=sent, **dict(people or {})),
        by_channel=channels,
        shares=[_share_row(dict(row)) for row in shares],
        as_of=as_of,
    )


def _share_row(row: dict[str, Any]) -> ShareRow:
    reached = {
        state: int(row[f"{state}_at"] is not None)
        for state in ("prepared", "intended", "effective", "productive")
    }
    return ShareRow(
        token=row["token"],
        sharer_id=row["sharer_id"],
        sharer_name=row["sharer_name"],
        channel=row["channel"],
        content=row["content"],
        parent_token=row["parent_token"],
        state=_state(row),
        created_at=row["created_at"],
        counts=_counts(row, reached, {"visitors": row["clicks"]}),
    )


async def shares_of(conn: asyncpg.Connection, sharer_id: str, *, rows_max: int) -> list[MyShare]:
    rows = await conn.fetch(_MINE, sharer_id, PRODUCTIVE_MS, rows_max)
    return [
        MyShare(
            token=row["token"],
            room_id=row["room_id"],
            channel=row["channel"],
            content=row["content"],
            state=_state(row),
            created_at=row["created_at"],
            friends=row["friends"],
            watched=row["watched"],
            orders=row["orders"],
        )
        for row in rows
    ]


async def effective(conn: asyncpg.Connection, room_id: str) -> dict[str, str]:
    """The channel of each effective share of a room, by token."""
    return {row["token"]: row["channel"] for row in await conn.fetch(_EFFECTIVE, room_id)}
