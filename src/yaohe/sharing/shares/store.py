"""All SQL about the shares themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.sharing.shares.model import NewShare, Share
from yaohe.sharing.shares.terms import LinkTerms

_COLUMNS = ", ".join(f"s.{name}" for name in Share.__struct_fields__ if name != "link")

# What led the sharer here: the given token when it is of this room, else the link by which they
# last came in. Who shares from their own link passes its parent on instead of becoming their own.
_TEXTS = (
    "token", "shop_id", "room_id", "sharer_id", "sharer_name", "channel", "content", "variant",
    "parent", "moment_ms", "prepared", "moment_at", "product_id", "clip_key", "clip_ms",
    "clip_bytes",
)  # fmt: skip
_CUT = ", ".join(cut(number) for number in range(1, 1 + len(_TEXTS)))
_CREATE = f"""
insert into sharing.shares as made (
    token, shop_id, room_id, sharer_id, sharer_name, parent_token, generation,
    channel, content, variant, moment_ms, intended_at, moment_at, product_id,
    clip_key, clip_ms, clip_bytes)
select w.token, w.shop_id, w.room_id, w.sharer_id, w.sharer_name,
       case when led.sharer_id = w.sharer_id then led.parent_token else led.token end,
       case when led.token is null then 1
            when led.sharer_id = w.sharer_id then led.generation
            else least(led.generation + 1, 32767) end,
       w.channel, w.content, coalesce(w.variant, ''), w.moment_ms::bigint,
       case when w.prepared = 'y' then null else now() end,
       w.moment_at::timestamptz, w.product_id, w.clip_key, w.clip_ms::int, w.clip_bytes::bigint
  from unnest({_CUT}) as w ({", ".join(_TEXTS)})
  left join lateral (
        select s.token from sharing.shares s
         where s.token = w.parent and s.room_id = w.room_id limit 1
       ) given on true
  left join lateral (
        select v.token from sharing.visits v
         where v.room_id = w.room_id and v.visitor_id = w.sharer_id and v.token <> ''
         order by v.last_at desc, v.token limit 1
       ) visit on given.token is null
  left join lateral (
        select s.token, s.sharer_id, s.parent_token, s.generation from sharing.shares s
         where s.token = coalesce(given.token, visit.token) limit 1
       ) led on true
 order by w.token
    on conflict (token) do nothing
"""  # noqa: S608

_READ = f"select {_COLUMNS} from sharing.shares s where s.token = any($1::text[])"  # noqa: S608

# What stands after /s/ is a share's token, or the name of a link in letters of any size. A token
# goes first, so that no name hides a share.
_FIND = f"""
select a.name, {_COLUMNS}, l.token is not null as is_link, l.slug, l.source, l.url,
       l.url = '' or h.site is not null as allowed, l.utm, l.expires_at,
       l.paused_at is not null as paused
  from unnest($1::text[]) as a (name)
  left join sharing.links named on named.slug = lower(a.name)
 cross join lateral (
        select * from sharing.shares where token = a.name
        union all
        select * from sharing.shares where token = named.token
         limit 1
       ) s
  left join sharing.links l on l.token = s.token
  left join sharing.link_sites h on h.shop_id = l.shop_id and h.site = l.site
"""  # noqa: S608

_INTEND = f"""
update sharing.shares s
   set channel = case when s.intended_at is null then $3 else s.channel end,
       intended_at = coalesce(s.intended_at, now())
 where s.token = $1 and s.sharer_id = $2
returning {_COLUMNS}
"""  # noqa: S608

_SAY = f"""
update sharing.shares s set note = $3, bought = $4
 where s.token = $1 and s.sharer_id = $2
returning {_COLUMNS}
"""  # noqa: S608

_TIMES = """
select date_bin('10 seconds', s.intended_at, $2) as at, count(*)::int as n
  from sharing.shares s
 where s.room_id = $1 and s.intended_at >= $2 and s.intended_at < $3
 group by 1 order by 1
"""

_PRODUCTIVE = """
with due as (
    select s.token, c.visitor_id
      from sharing.shares s
      join lateral (
            select p.visitor_id
              from unnest($1::text[], $2::text[]) as p (token, visitor_id)
              join sharing.clicks c using (token, visitor_id)
             where p.token = s.token
             order by c.first_at, p.visitor_id limit 1
           ) c on true
     where s.token = any($1::text[]) and s.productive_at is null
     order by s.token
       for no key update of s
)
update sharing.shares s
   set productive_at = now(), effective_at = coalesce(s.effective_at, now())
  from due where s.token = due.token and s.productive_at is null
returning s.token, s.shop_id, s.room_id, s.sharer_id, due.visitor_id
"""


def share_of(row: asyncpg.Record) -> Share:
    return Share(**dict(row))


async def create(conn: asyncpg.Connection, shares: Sequence[NewShare]) -> list[Share | AppError]:
    """Insert many shares; asking again with the same tokens changes nothing."""
    await conn.execute(
        _CREATE,
        *(pack([getattr(s, name) for s in shares]) for name in _TEXTS[:9]),
        pack([None if s.moment_ms is None else str(s.moment_ms) for s in shares]),
        pack(["y" if s.prepared else "n" for s in shares]),
        pack([None if s.moment_at is None else s.moment_at.isoformat() for s in shares]),
        pack([s.product_id for s in shares]),
        pack([s.clip_key for s in shares]),
        pack([None if s.clip_ms is None else str(s.clip_ms) for s in shares]),
        pack([None if s.clip_bytes is None else str(s.clip_bytes) for s in shares]),
    )
    found = {share.token: share for share in await read(conn, [s.token for s in shares])}
    # 59 bits met twice: the share is somebody else's, and the caller may simply try again.
    return [
        found[s.token] if found[s.token].sharer_id == s.sharer_id else TryAgain() for s in shares
    ]


async def find(conn: asyncpg.Connection, names: Sequence[str]) -> dict[str, Share]:
    """The shares of tokens and of the names of links, by what was asked."""
    return {row["name"]: _found(row) for row in await conn.fetch(_FIND, list(names))}


def _found(row: asyncpg.Record) -> Share:
    known = {name: row[name] for name in Share.__struct_fields__ if name != "link"}
    if not row["is_link"]:
        return Share(**known)
    terms = {name: row[name] for name in LinkTerms.__struct_fields__}
    return Share(**known, link=LinkTerms(**{**terms, "utm": msgspec.json.decode(row["utm"])}))


async def read(conn: asyncpg.Connection, tokens: Sequence[str]) -> list[Share]:
    return [share_of(row) for row in await conn.fetch(_READ, list(tokens))]


async def times(
    conn: asyncpg.Connection, room_id: str, begin: datetime, end: datetime
) -> list[tuple[datetime, int]]:
    """How often a room was shared, by ten seconds in which it was."""
    return [(row["at"], row["n"]) for row in await conn.fetch(_TIMES, room_id, begin, end)]


async def intend(
    conn: asyncpg.Connection, token: str, sharer_id: str, channel: str
) -> Share | None:
    """Note that the sharer pressed; the first press decides the channel."""
    row = await conn.fetchrow(_INTEND, token, sharer_id, channel)
    return None if row is None else share_of(row)


async def say(
    conn: asyncpg.Connection, token: str, sharer_id: str, note: str, bought: bool
) -> Share | None:
    """Keep what the sharer says to the friend."""
    row = await conn.fetchrow(_SAY, token, sharer_id, note, bought)
    return None if row is None else share_of(row)


async def mark_productive(
    conn: asyncpg.Connection, arrivals: Sequence[tuple[str, str]]
) -> list[asyncpg.Record]:
    """Of (token, visitor) pairs that earned it, mark the shares with a confirmed click of that
    visitor; returns the rows of shares that were not productive before."""
    if not arrivals:
        return []
    rows = await conn.fetch(_PRODUCTIVE, [a[0] for a in arrivals], [a[1] for a in arrivals])
    return list(rows)
