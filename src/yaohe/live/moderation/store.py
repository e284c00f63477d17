"""All SQL about moderation. Times are the database's; whatever may happen once is one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from yaohe.kernel.db import Conn
from yaohe.live.moderation.model import (
    BLOCKS_MAX,
    MODERATORS_MAX,
    ChatRules,
    Helper,
    Penalty,
    PenaltyKind,
    Pinned,
)
from yaohe.live.moderation.tables import (
    blocks,
    chat_moderators,
    chat_penalties,
    chat_reports,
    chat_rules,
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What viewers said about one line, or about the room when there is none. Open ones only."""

    id: str
    line_id: str | None
    reasons: list[str]
    notes: list[str]
    people: int
    at: datetime
    visitor_id: str | None
    """Who wrote the line."""
    name: str | None
    text: str | None
    hidden: bool


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    visitor_id: str
    name: str


# ── rules


async def rules(conn: Conn, room_id: str) -> ChatRules:
    found = await conn.execute(select(chat_rules).where(chat_rules.c.room_id == room_id))
    row = found.first()
    return _rules(row) if row else ChatRules()


async def write_rules(
    conn: Conn, room_id: str, shop_id: str, values: Mapping[str, object]
) -> ChatRules:
    made = upsert(chat_rules).values(room_id=room_id, shop_id=shop_id, **values)
    kept = made.on_conflict_do_update(
        index_elements=[chat_rules.c.room_id], set_={**values, "shop_id": shop_id}
    )
    return _rules((await conn.execute(kept.returning(*chat_rules.c))).one())


def _rules(row: Any) -> ChatRules:
    pinned = None
    if row.pinned_text is not None:
        pinned = Pinned(text=row.pinned_text, by=row.pinned_by, at=row.pinned_at)
    return ChatRules(
        slow_s=row.slow_s,
        links=row.links,
        closed=row.closed,
        followers=row.followers,
        words=tuple(row.words),
        pinned=pinned,
    )


# ── penalties


async def penalize(
    conn: Conn,
    room_id: str,
    shop_id: str,
    *,
    visitor_id: str,
    name: str,
    kind: PenaltyKind,
    minutes: int | None,
    by: str,
) -> Penalty:
    until = None if minutes is None else func.now() + timedelta(minutes=minutes)
    values = {"name": name, "kind": kind, "until": until, "by_name": by, "at": func.now()}
    made = upsert(chat_penalties).values(
        room_id=room_id, shop_id=shop_id, visitor_id=visitor_id, **values
    )
    kept = made.on_conflict_do_update(
        index_elements=[chat_penalties.c.room_id, chat_penalties.c.visitor_id], set_=values
    )
    return _penalty((await conn.execute(kept.returning(*chat_penalties.c))).one())


async def pardon(conn: Conn, room_id: str, visitor_id: str) -> str | None:
    """The name of who is free again, or None when nothing held them."""
    found = await conn.execute(
        delete(chat_penalties)
        .where(chat_penalties.c.room_id == room_id, chat_penalties.c.visitor_id == visitor_id)
        .returning(chat_penalties.c.name)
    )
    return found.scalar_one_or_none()


async def penalties(conn: Conn, room_id: str) -> list[Penalty]:
    """Those in force, the newest first."""
    found = await conn.execute(
        select(chat_penalties)
        .where(
            chat_penalties.c.room_id == room_id,
            or_(chat_penalties.c.until.is_(None), chat_penalties.c.until > func.now()),
        )
        .order_by(chat_penalties.c.at.desc())
    )
    return [_penalty(row) for row in found]


def _penalty(row: Any) -> Penalty:
    return Penalty(
        visitor_id=row.visitor_id,
        name=row.name,
        kind=row.kind,
        until=row.until,
        by=row.by_name,
        at=row.at,
    )


# ── moderators


async def appoint(
    conn: Conn, room_id: str, shop_id: str, *, visitor_id: str, name: str, by: str
) -> bool:
    """False when the room has as many as it may. The caller holds the room's row."""
    count = select(func.count()).where(
        chat_moderators.c.room_id == room_id, chat_moderators.c.visitor_id != visitor_id
    )
    if (await conn.execute(count)).scalar_one() >= MODERATORS_MAX:
        return False
    made = upsert(chat_moderators).values(
        room_id=room_id, shop_id=shop_id, visitor_id=visitor_id, name=name, by_name=by
    )
    await conn.execute(made.on_conflict_do_nothing())
    return True


async def dismiss(conn: Conn, room_id: str, visitor_id: str) -> str | None:
    found = await conn.execute(
        delete(chat_moderators)
        .where(chat_moderators.c.room_id == room_id, chat_moderators.c.visitor_id == visitor_id)
        .returning(chat_moderators.c.name)
    )
    return found.scalar_one_or_none()


async def moderators(conn: Conn, room_id: str) -> list[Helper]:
    found = await conn.execute(
        select(chat_moderators)
        .where(chat_moderators.c.room_id == room_id)
        .order_by(chat_moderators.c.at)
    )
    return [
        Helper(visitor_id=row.visitor_id, name=row.name, by=row.by_name, at=row.at) for row in found
    ]


async def lock_room(conn: Conn, room_id: str, shop_id: str) -> bool:
    """Hold the room's row, so that what is counted stays true; False when there is no room."""
    found = await conn.execute(
        text("select 1 from live.rooms where id = :room and shop_id = :shop for no key update"),
        {"room": room_id, "shop": shop_id},
    )
    return found.first() is not None


# ── reports

_REPORTS = text(
    """
    select min(report.id) as id, report.line_id, array_agg(distinct report.reason) as reasons,
           array_remove((array_agg(report.note order by report.at desc))[1:5], '') as notes,
           count(*) as people, max(report.at) as at, line.visitor_id, line.name, line.text,
           coalesce(line.hidden_at is not null, false) as hidden
      from live.chat_reports report
      left join live.chat_lines line on line.id = report.line_id
     where report.room_id = :room and report.shop_id = :shop and report.closed_at is null
     group by report.line_id, line.id
     order by people desc, at desc
     limit :limit
    """
)


async def write_report(conn: Conn, shop_id: str, values: Mapping[str, object]) -> bool:
    """False when the line is not of this room. Reporting the same again changes nothing."""
    if values["line_id"] is not None:
        found = await conn.execute(
            text("select 1 from live.chat_lines where id = :line and room_id = :room"),
            {"line": values["line_id"], "room": values["room_id"]},
        )
        if found.first() is None:
            return False
    await conn.execute(
        upsert(chat_reports).values(shop_id=shop_id, **values).on_conflict_do_nothing()
    )
    return True


async def open_reports(conn: Conn, room_id: str, shop_id: str, *, limit: int) -> list[Report]:
    found = await conn.execute(_REPORTS, {"room": room_id, "shop": shop_id, "limit": limit})
    return [Report(**row._mapping) for row in found]


async def close_report(conn: Conn, room_id: str, shop_id: str, report_id: str, *, by: str) -> bool:
    """Close what was said about the same line; False when there is no such open report."""
    line = (
        select(func.coalesce(chat_reports.c.line_id, ""))
        .where(
            chat_reports.c.id == report_id,
            chat_reports.c.room_id == room_id,
            chat_reports.c.shop_id == shop_id,
            chat_reports.c.closed_at.is_(None),
        )
        .scalar_subquery()
    )
    closed = await conn.execute(
        update(chat_reports)
        .where(
            chat_reports.c.room_id == room_id,
            chat_reports.c.closed_at.is_(None),
            func.coalesce(chat_reports.c.line_id, "") == line,
        )
        .values(closed_at=func.now(), closed_by=by)
    )
    return closed.rowcount > 0


# ── blocks


async def block(conn: Conn, shop_id: str, visitor_id: str, blocked_id: str, name: str) -> bool:
    """False when there are as many as one may have."""
    count = select(func.count()).where(blocks.c.visitor_id == visitor_id)
    if (await conn.execute(count)).scalar_one() >= BLOCKS_MAX:
        return False
    made = upsert(blocks).values(
        visitor_id=visitor_id, shop_id=shop_id, blocked_id=blocked_id, name=name
    )
    await conn.execute(made.on_conflict_do_nothing())
    return True


async def unblock(conn: Conn, visitor_id: str, blocked_id: str) -> None:
    await conn.execute(
        delete(blocks).where(blocks.c.visitor_id == visitor_id, blocks.c.blocked_id == blocked_id)
    )


async def blocked(conn: Conn, visitor_id: str) -> list[Blocked]:
    found = await conn.execute(
        select(blocks.c.blocked_id, blocks.c.name)
        .where(blocks.c.visitor_id == visitor_id)
        .order_by(blocks.c.at)
    )
    return [Blocked(visitor_id=row.blocked_id, name=row.name) for row in found]
