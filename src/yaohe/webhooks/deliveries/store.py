"""All SQL about messages, deliveries and tries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.webhooks.model import (
    ANSWER_CHARS_KEPT,
    KEPT_DAYS,
    PATIENCE_DAYS,
    Delivery,
    Due,
    Met,
    Try,
)

TAKEN_FOR_S: Final = 60
_SWEPT_MAX: Final = 5_000

# A fact nobody asked for is not written at all; one that is told again finds its message there.
_TELL = text(
    """
    with happened as (
        select h.*, row_number() over (order by h.event_id) as nth
          from unnest(cast(:ids as text[]), cast(:event_ids as bigint[]), cast(:books as text[]),
                      cast(:types as text[]), cast(:bodies as text[]),
                      cast(:ats as timestamptz[]))
               as h (id, event_id, book, type, body, at)
         where exists (select from webhooks.endpoints e
                        where e.book = h.book and h.type = any(e.events))
    ), written as (
        insert into webhooks.messages (id, event_id, book, type, body, at)
        select id, event_id, book, type, body, at from happened order by nth
            on conflict (event_id) do nothing
        returning id, book, type
    )
    insert into webhooks.deliveries (message_id, endpoint_id)
    select w.id, e.id from written w
      join webhooks.endpoints e on e.book = w.book and w.type = any(e.events)
     order by e.id, w.id
    """
)
_TELL_ONE = text(
    """
    with written as (
        insert into webhooks.messages (id, book, type, body, at)
        select :id, e.book, :type, :body, :at from webhooks.endpoints e where e.id = :endpoint_id
        returning id
    )
    insert into webhooks.deliveries (message_id, endpoint_id)
    select id, :endpoint_id from written
    """
)

_WAITED_FOR = text(
    """
    select e.id from webhooks.endpoints e
     where e.paused_at is null
       and exists (select from webhooks.deliveries d
                    where d.endpoint_id = e.id and d.state = 'waiting' and d.next_at <= now())
    """
)

# Who takes a delivery has it for a while; a process that dies with it loses only that while.
_TAKE = text(
    f"""
    with due as (
        select d.message_id from webhooks.deliveries d
         where d.endpoint_id = :endpoint_id and d.state = 'waiting' and d.next_at <= now()
           and exists (select from webhooks.endpoints e
                        where e.id = :endpoint_id and e.paused_at is null)
         order by d.next_at limit :rows_max
           for update skip locked
    ), taken as (
        update webhooks.deliveries d
           set tries = d.tries + 1, next_at = now() + interval '{TAKEN_FOR_S} seconds'
          from due where d.endpoint_id = :endpoint_id and d.message_id = due.message_id
        returning d.endpoint_id, d.message_id, d.tries, d.next_at as fence
    )
    select t.endpoint_id, t.message_id, t.tries, t.fence, m.body, e.url, e.secret,
           case when e.old_until > now() then e.old_secret end as old_secret
      from taken t
      join webhooks.messages m on m.id = t.message_id
      join webhooks.endpoints e on e.id = t.endpoint_id
    """  # noqa: S608
)

_NOTE_TRY = text(
    """
    insert into webhooks.tries (endpoint_id, message_id, took_ms, status, why, answer)
    select endpoint_id, message_id, :took_ms, :status, :why, :answer
      from webhooks.deliveries where endpoint_id = :endpoint_id and message_id = :message_id
    """
)
# Only who has it decides about it: after a replay, or when others took it, nothing moves.
_SETTLE = text(
    """
    update webhooks.deliveries
       set state = :state,
           next_at = clock_timestamp() + make_interval(secs => :pause_s),
           done_at = case when :state = 'waiting' then null else now() end
     where endpoint_id = :endpoint_id and message_id = :message_id
       and state = 'waiting' and next_at = :fence
    """
)
_ARRIVED = text(
    """
    update webhooks.endpoints set failing_since = null
     where id = :endpoint_id and failing_since is not null
    """
)
_MISSED = text(
    f"""
    update webhooks.endpoints
       set failing_since = coalesce(failing_since, now()),
           paused_at = coalesce(paused_at, case when :gone or failing_since
                                < now() - interval '{PATIENCE_DAYS} days' then now() end),
           paused_why = case when paused_at is not null then paused_why
                             when :gone then 'gone'
                             when failing_since < now() - interval '{PATIENCE_DAYS} days'
                             then 'failing' else '' end
     where id = :endpoint_id
       and (failing_since is null or :gone
            or failing_since < now() - interval '{PATIENCE_DAYS} days')
    """  # noqa: S608
)

_LOG = text(
    """
    select d.message_id, m.type, m.at, d.state, d.tries, d.done_at,
           case when d.state = 'waiting' then d.next_at end as next_at,
           t.status as last_status, coalesce(t.why, '') as last_why
      from webhooks.deliveries d
      join webhooks.messages m on m.id = d.message_id
      left join lateral (
            select status, why from webhooks.tries t
             where t.endpoint_id = d.endpoint_id and t.message_id = d.message_id
             order by t.id desc limit 1
           ) t on true
     where d.endpoint_id = :endpoint_id
       and (cast(:before as text) is null or d.message_id < :before)
       and (cast(:state as text) is null or d.state = :state)
       and (cast(:message_id as text) is null or d.message_id = :message_id)
     order by d.message_id desc limit :rows_max
    """
)
_BODY = text("select body from webhooks.messages where id = :message_id")
_TRIES = text(
    """
    select at, took_ms, status, why, answer from webhooks.tries
     where endpoint_id = :endpoint_id and message_id = :message_id order by id desc limit 50
    """
)
_REPLAY = text(
    """
    update webhooks.deliveries
       set state = 'waiting', tries = 0, next_at = now(), waiting_since = now(), done_at = null
     where endpoint_id = :endpoint_id and message_id = :message_id
    returning message_id
    """
)
_REPLAY_FAILED = text(
    """
    update webhooks.deliveries
       set state = 'waiting', tries = 0, next_at = now(), waiting_since = now(), done_at = null
     where endpoint_id = :endpoint_id and state = 'failed'
    """
)

_GIVE_UP = text(
    f"""
    update webhooks.deliveries d set state = 'failed', done_at = now()
      from webhooks.endpoints e
     where e.id = d.endpoint_id and e.paused_at is not null and d.state = 'waiting'
       and d.waiting_since < now() - interval '{PATIENCE_DAYS} days'
    """  # noqa: S608
)
_FORGET = text(
    f"""
    delete from webhooks.messages where id in (
        select m.id from webhooks.messages m
         where m.at < now() - interval '{KEPT_DAYS} days'
           and not exists (select from webhooks.deliveries d
                            where d.message_id = m.id and d.state = 'waiting')
         limit {_SWEPT_MAX})
    """  # noqa: S608
)
_FORGET_OLD_SECRETS = text(
    """
    update webhooks.endpoints set old_secret = null, old_until = null where old_until < now()
    """
)


async def tell(conn: AsyncConnection, rows: dict[str, list[Any]]) -> None:
    await conn.execute(_TELL, rows)


async def tell_one(
    conn: AsyncConnection,
    endpoint_id: str,
    *,
    message_id: str,
    type_name: str,
    body: str,
    at: datetime,
) -> None:
    given = {"id": message_id, "type": type_name, "body": body, "at": at}
    await conn.execute(_TELL_ONE, given | {"endpoint_id": endpoint_id})


async def waited_for(conn: AsyncConnection) -> Sequence[str]:
    """The endpoints for which something is due."""
    return (await conn.execute(_WAITED_FOR)).scalars().all()


async def take(conn: AsyncConnection, endpoint_id: str, rows_max: int) -> list[Due]:
    given = {"endpoint_id": endpoint_id, "rows_max": rows_max}
    return [Due(**row) for row in (await conn.execute(_TAKE, given)).mappings()]


async def settle(conn: AsyncConnection, due: Due, met: Met, pause_s: float | None) -> None:
    """Note what a try met, and what becomes of its delivery and its endpoint. Without `pause_s`
    there is no next try."""
    this = {"endpoint_id": due.endpoint_id, "message_id": due.message_id}
    tried = {"took_ms": met.took_ms, "status": met.status, "why": met.why}
    answer = met.answer.replace("\x00", "\ufffd")[:ANSWER_CHARS_KEPT]
    await conn.execute(_NOTE_TRY, this | tried | {"answer": answer})
    state = "delivered" if met.arrived else "failed" if pause_s is None else "waiting"
    settled = {"state": state, "pause_s": pause_s or 0.0, "fence": due.fence}
    await conn.execute(_SETTLE, this | settled)
    endpoint = {"endpoint_id": due.endpoint_id}
    if met.arrived:
        await conn.execute(_ARRIVED, endpoint)
    else:
        await conn.execute(_MISSED, endpoint | {"gone": met.gone})


async def log(
    conn: AsyncConnection,
    endpoint_id: str,
    *,
    state: str | None = None,
    before: str | None = None,
    message_id: str | None = None,
    rows_max: int = 1,
) -> list[Delivery]:
    """Newest first."""
    given = {
        "endpoint_id": endpoint_id,
        "state": state,
        "before": before,
        "message_id": message_id,
        "rows_max": rows_max,
    }
    rows = await conn.execute(_LOG, given)
    return [msgspec.convert(dict(row), Delivery) for row in rows.mappings()]


async def body(conn: AsyncConnection, message_id: str) -> str:
    found: str = (await conn.execute(_BODY, {"message_id": message_id})).scalar_one()
    return found


async def tries(conn: AsyncConnection, endpoint_id: str, message_id: str) -> list[Try]:
    given = {"endpoint_id": endpoint_id, "message_id": message_id}
    return [Try(**row) for row in (await conn.execute(_TRIES, given)).mappings()]


async def replay(conn: AsyncConnection, endpoint_id: str, message_id: str) -> bool:
    given = {"endpoint_id": endpoint_id, "message_id": message_id}
    return (await conn.execute(_REPLAY, given)).first() is not None


async def replay_failed(conn: AsyncConnection, endpoint_id: str) -> int:
    return (await conn.execute(_REPLAY_FAILED, {"endpoint_id": endpoint_id})).rowcount


async def sweep(conn: AsyncConnection) -> int:
    """Give up what waited too long at paused endpoints; forget what is old. How many were given
    up or forgotten."""
    gave_up = (await conn.execute(_GIVE_UP)).rowcount
    await conn.execute(_FORGET_OLD_SECRETS)
    return gave_up + (await conn.execute(_FORGET)).rowcount
