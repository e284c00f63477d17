"""All SQL about passes. Every time is the database's: processes whose clocks differ agree."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.platforms.passes.model import Kept, Trouble

_READ = text(
    """
    select sealed, failed, trouble,
           extract(epoch from good_until - now())::float8 as left_s,
           extract(epoch from good_until - fetched_at)::float8 as lasts_s,
           extract(epoch from now() - forced_at)::float8 as forced_ago_s,
           extract(epoch from wait_until - now())::float8 as wait_s
      from platforms.passes where name = :name
    """
)

_KEEP = text(
    """
    insert into platforms.passes as kept
           (name, sealed, fetched_at, good_until, forced_at, failed, trouble)
    values (:name, :sealed, now(), now() + make_interval(secs => :lasts_s),
            case when :forced then now() end, 0, '')
        on conflict (name) do update
       set sealed = excluded.sealed, fetched_at = excluded.fetched_at,
           good_until = excluded.good_until,
           forced_at = coalesce(excluded.forced_at, kept.forced_at),
           wait_until = null, failed = 0, trouble = ''
    """
)

# Quotas of the Chinese platforms are counted by the day of Beijing.
_PAUSE = text(
    """
    insert into platforms.passes as kept (name, wait_until, forced_at, failed, trouble)
    values (:name,
            case when cast(:seconds as float8) is null
                 then (date_trunc('day', now() at time zone 'Asia/Shanghai') + interval '1 day')
                      at time zone 'Asia/Shanghai'
                 else now() + make_interval(secs => cast(:seconds as float8)) end,
            case when :forced then now() end, 1, :trouble)
        on conflict (name) do update
       set wait_until = excluded.wait_until, failed = kept.failed + 1, trouble = excluded.trouble,
           forced_at = coalesce(excluded.forced_at, kept.forced_at)
    """
)

_TROUBLES = text(
    """
    select name, trouble as kind, wait_until as until from platforms.passes
     where failed > 0 and starts_with(name, :prefix)
       and (wait_until > now() or trouble <> 'quota')
     order by name
    """
)

_END_PAUSES = text(
    """
    update platforms.passes set wait_until = now()
     where wait_until > now() and trouble <> 'quota' and starts_with(name, :prefix)
    """
)

_NOTHING = Kept(
    sealed=None, left_s=0, lasts_s=0, forced_ago_s=float("inf"), wait_s=0, failed=0, trouble=""
)


async def read(conn: AsyncConnection, name: str) -> Kept:
    row = (await conn.execute(_READ, {"name": name})).one_or_none()
    if row is None:
        return _NOTHING
    return Kept(
        sealed=row.sealed,
        left_s=row.left_s or 0.0,
        lasts_s=row.lasts_s or 0.0,
        forced_ago_s=float("inf") if row.forced_ago_s is None else row.forced_ago_s,
        wait_s=max(0.0, row.wait_s or 0.0),
        failed=row.failed,
        trouble=row.trouble,
    )


async def keep(
    conn: AsyncConnection, name: str, sealed: bytes, *, lasts_s: float, forced: bool
) -> None:
    """A new pass; what troubled it is over."""
    given = {"name": name, "sealed": sealed, "lasts_s": lasts_s, "forced": forced}
    await conn.execute(_KEEP, given)


async def pause(
    conn: AsyncConnection, name: str, *, seconds: float | None, trouble: str, forced: bool = False
) -> None:
    """Leave the service alone for `seconds`, or until the day turns when that is None."""
    given = {"name": name, "seconds": seconds, "trouble": trouble[:100], "forced": forced}
    await conn.execute(_PAUSE, given)


async def troubles(conn: AsyncConnection, prefix: str) -> list[Trouble]:
    """What failed when it was last asked for. A used-up quota is over when its day is; anything
    else stays until it succeeds, for nobody knows before."""
    rows = await conn.execute(_TROUBLES, {"prefix": prefix})
    return [Trouble(row.name, row.kind, row.until) for row in rows]


async def end_pauses(conn: AsyncConnection, prefix: str) -> None:
    """Let what was refused or away be asked for again now; a used-up quota stays left alone."""
    await conn.execute(_END_PAUSES, {"prefix": prefix})
