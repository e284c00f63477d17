"""All SQL about links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.sharing.links.model import Link, LinkCounts, NewLink, TagCount, site_of
from yaohe.sharing.visits.model import PRODUCTIVE_MS

_ASKED = """
    asked as (
        select * from jsonb_to_recordset(cast(:rows as jsonb)) as r (
            nth int, token text, slug text, sharer_id text, room_id text, product_id text,
            clip text, url text, site text, moment_at timestamptz, name text, source text,
            channel text, tags text[], utm jsonb, expires_at timestamptz, paused boolean)
    )
"""
# Names are written in their order, so that two who write many never wait for each other.
# A chosen name is refused where it is some share's token, so a link never hides a share.
_CREATE = text(
    f"""
    with {_ASKED}, shared as (
        insert into sharing.shares (
            token, shop_id, room_id, sharer_id, sharer_name, channel, content, product_id,
            moment_at, clip_key, clip_ms, clip_bytes, intended_at)
        select a.token, :shop_id, coalesce(c.room_id, a.room_id), a.sharer_id, a.name, a.channel,
               case when c.token is null then 'card' else 'clip' end,
               coalesce(nullif(a.product_id, ''), c.product_id), coalesce(a.moment_at, c.moment_at),
               c.clip_key, c.clip_ms, c.clip_bytes, now()
          from asked a left join sharing.shares c on c.token = nullif(a.clip, '')
         order by a.token
        returning token
    )
    insert into sharing.links (
        token, slug, shop_id, name, source, tags, clip, url, site, utm, expires_at, paused_at,
        created_by)
    select a.token, a.slug, :shop_id, a.name, a.source, a.tags, a.clip, a.url, a.site, a.utm,
           a.expires_at, case when a.paused then now() end, :staff_id
      from asked a
     where a.slug is null or not exists (select from sharing.shares s where s.token = a.slug)
     order by a.slug, a.nth
        on conflict (slug) do nothing
    returning token
    """  # noqa: S608
)

_CHANGE = text(
    f"""
    with {_ASKED}, shared as (
        update sharing.shares s
           set room_id = coalesce(c.room_id, a.room_id), sharer_name = a.name,
               channel = a.channel, content = case when c.token is null then 'card' else 'clip' end,
               product_id = coalesce(nullif(a.product_id, ''), c.product_id),
               moment_at = coalesce(a.moment_at, c.moment_at), clip_key = c.clip_key,
               clip_ms = c.clip_ms, clip_bytes = c.clip_bytes
          from asked a left join sharing.shares c on c.token = nullif(a.clip, '')
         where s.token = a.token
    )
    update sharing.links l
       set slug = a.slug, name = a.name, source = a.source, tags = a.tags, clip = a.clip,
           url = a.url, site = a.site, utm = a.utm, expires_at = a.expires_at,
           paused_at = case when a.paused then coalesce(l.paused_at, now()) end, updated_at = now()
      from asked a where l.token = a.token
    """  # noqa: S608
)

_TAKEN = text(
    """
    select exists (select from sharing.links where slug = :slug and token <> :token)
        or exists (select from sharing.shares where token = :slug) as taken
    """
)

_LOCK = text(
    """
    select slug from sharing.links where token = :token and shop_id = :shop_id for no key update
    """
)

# Counts come from the rows of these links alone, by the keys that reports use as well.
_READ = f"""
    select l.token, l.slug, l.name, s.room_id, s.product_id, l.clip, l.url, s.moment_at, l.source,
           s.channel, l.tags, l.utm, l.expires_at, l.paused_at, l.created_at,
           l.url = '' or h.site is not null as site_allowed,
           coalesce(t.hits, 0) as hits, coalesce(t.bot_hits, 0) as bot_hits,
           (select count(*) from sharing.clicks c where c.token = l.token) as clicks,
           (select count(distinct v.visitor_id) from sharing.visits v
             where v.token = l.token and v.token <> '' and v.watch_ms >= {PRODUCTIVE_MS})
               as watched,
           k.orders, k.paid_minor
      from sharing.links l
      join sharing.shares s on s.token = l.token
      left join sharing.link_sites h on h.shop_id = l.shop_id and h.site = l.site
      left join sharing.hit_totals t on t.token = l.token
     cross join lateral (
            select count(*) as orders,
                   coalesce(sum(k.amount_minor - k.refunded_minor), 0)::bigint as paid_minor
              from sharing.credits k where k.token = l.token and k.reversed_at is null
           ) k
     where l.shop_id = :shop_id
"""  # noqa: S608
_SOME = text(f"{_READ} and l.token = any(cast(:tokens as text[]))")
_FOUND = """
       and (:tag = '' or :tag = any(l.tags))
       and (:words = '' or position(lower(:words) in lower(concat_ws(' ',
                l.name, l.slug, l.token, l.url, array_to_string(l.tags, ' ')))) > 0)
"""
_PAGE = text(f"{_READ} {_FOUND} order by l.created_at desc, l.token limit :limit offset :offset")
_AFTER = text(
    f"""
    {_READ}
       and (cast(:at as timestamptz) is null or l.created_at < :at
            or l.created_at = :at and l.token > :token)
     order by l.created_at desc, l.token limit :limit
    """
)
# The lock makes those that are added at once count each other.
_LOCK_SHOP = text("select pg_advisory_xact_lock(hashtextextended('links.' || :shop_id, 0))")
_COUNT = text(f"select count(*) from sharing.links l where l.shop_id = :shop_id {_FOUND}")  # noqa: S608

_TAGS = text(
    """
    select tag, count(*) as links from sharing.links l, unnest(l.tags) as tag
     where l.shop_id = :shop_id group by tag order by links desc, tag limit 200
    """
)

_CLIPS = text(
    """
    select token from sharing.shares
     where token = any(cast(:tokens as text[])) and shop_id = :shop_id and clip_key is not null
    """
)

_SITES = text("select site from sharing.link_sites where shop_id = :shop_id order by site")
_KEEP_SITES = text(
    """
    insert into sharing.link_sites (shop_id, site)
    select :shop_id, site from unnest(cast(:sites as text[])) as site order by site
        on conflict do nothing
    """
)
_DROP_SITES = text(
    """
    delete from sharing.link_sites
     where shop_id = :shop_id and not site = any(cast(:sites as text[]))
    """
)


def _asked(nth: int, token: str, sharer_id: str, link: NewLink) -> dict[str, Any]:
    return {
        "nth": nth,
        "token": token,
        "slug": link.slug or None,
        "sharer_id": sharer_id,
        "room_id": link.room,
        "product_id": link.product,
        "clip": link.clip,
        "url": link.url,
        "site": site_of(link.url) if link.url else "",
        "moment_at": link.moment_at,
        "name": link.name,
        "source": link.source,
        "channel": link.channel,
        "tags": link.tags,
        "utm": link.utm,
        "expires_at": link.expires_at,
        "paused": link.paused,
    }


def _rows(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def _link(row: RowMapping) -> Link:
    kept = NewLink(
        name="", room=row["room_id"], product=row["product_id"] or "", clip=row["clip"],
        url=row["url"],
    )  # fmt: skip
    names = LinkCounts.__struct_fields__
    known = {name: row[name] for name in row if name in Link.__struct_fields__}
    return Link(
        **known,
        kind=kept.kind,
        room=row["room_id"],
        product=row["product_id"] or "",
        counts=LinkCounts(**{name: row[name] for name in names}),
    )


async def create(
    conn: AsyncConnection,
    links: Sequence[tuple[str, str, NewLink]],
    *,
    shop_id: str,
    staff_id: str,
) -> set[str]:
    """Write (token, sharer id, link); returns the tokens whose name was free."""
    rows = _rows([_asked(nth, *one) for nth, one in enumerate(links)])
    made = await conn.execute(_CREATE, {"rows": rows, "shop_id": shop_id, "staff_id": staff_id})
    return {row.token for row in made}


async def lock(conn: AsyncConnection, token: str, shop_id: str) -> str | None:
    """Hold a link until the end of the transaction; its slug, "" without one, None: no link."""
    row = (await conn.execute(_LOCK, {"token": token, "shop_id": shop_id})).first()
    return None if row is None else row.slug or ""


async def is_taken(conn: AsyncConnection, slug: str, token: str) -> bool:
    return bool((await conn.execute(_TAKEN, {"slug": slug, "token": token})).scalar_one())


async def change(conn: AsyncConnection, token: str, link: NewLink) -> None:
    await conn.execute(_CHANGE, {"rows": _rows([_asked(0, token, "", link)])})


async def some(conn: AsyncConnection, shop_id: str, tokens: Sequence[str]) -> dict[str, Link]:
    """Those of these links that there are, by token."""
    rows = await conn.execute(_SOME, {"tokens": list(tokens), "shop_id": shop_id})
    return {row["token"]: _link(row) for row in rows.mappings()}


async def page(
    conn: AsyncConnection, shop_id: str, *, words: str, tag: str, limit: int, offset: int
) -> tuple[list[Link], int]:
    """The newest links that hold these words and this tag, and how many there are."""
    asked = {"shop_id": shop_id, "words": words, "tag": tag}
    rows = await conn.execute(_PAGE, {**asked, "limit": limit, "offset": offset})
    links = [_link(row) for row in rows.mappings()]
    return links, int((await conn.execute(_COUNT, asked)).scalar_one())


async def tags(conn: AsyncConnection, shop_id: str) -> list[TagCount]:
    return [TagCount(row.tag, row.links) for row in await conn.execute(_TAGS, {"shop_id": shop_id})]


async def after(
    conn: AsyncConnection, shop_id: str, last: Link | None, *, limit: int
) -> list[Link]:
    """The newest links, or those that come after `last`; what is made meanwhile moves none."""
    at, token = (None, "") if last is None else (last.created_at, last.token)
    asked = {"shop_id": shop_id, "at": at, "token": token, "limit": limit}
    return [_link(row) for row in (await conn.execute(_AFTER, asked)).mappings()]


async def count_locked(conn: AsyncConnection, shop_id: str) -> int:
    """How many links there are; nobody else adds one until the transaction ends."""
    await conn.execute(_LOCK_SHOP, {"shop_id": shop_id})
    asked = {"shop_id": shop_id, "words": "", "tag": ""}
    return int((await conn.execute(_COUNT, asked)).scalar_one())


async def clips(conn: AsyncConnection, shop_id: str, tokens: Sequence[str]) -> set[str]:
    """Those of these shares that have a clip."""
    rows = await conn.execute(_CLIPS, {"shop_id": shop_id, "tokens": list(tokens)})
    return {row.token for row in rows}


async def sites(conn: AsyncConnection, shop_id: str) -> list[str]:
    return [row.site for row in await conn.execute(_SITES, {"shop_id": shop_id})]


async def set_sites(conn: AsyncConnection, shop_id: str, wanted: Sequence[str]) -> None:
    asked = {"shop_id": shop_id, "sites": list(wanted)}
    await conn.execute(_DROP_SITES, asked)
    await conn.execute(_KEEP_SITES, asked)
