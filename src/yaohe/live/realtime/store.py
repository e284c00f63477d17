"""All SQL about chat lines and room counts. Lines go in as one statement per batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, update

from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.db import Conn
from yaohe.kernel.raw import RawConnection
from yaohe.live.realtime.model import ChatLine, Quote, stamp
from yaohe.live.realtime.tables import chat_lines, room_counts


class KeptLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as staff see it. `v` is the writer's visitor id; `hidden_by` says who hid it."""

    id: str
    name: str
    name_en: str | None
    text: str
    text_en: str | None
    kind: str
    at: datetime
    hidden: bool
    hidden_by: str | None
    v: str | None
    reply: Quote | None


_INSERT: Final = f"""
    insert into live.chat_lines
           (id, shop_id, room_id, visitor_id, kind, name, name_en, text, text_en, at, reply,
            media_at)
    select line.id, $1, line.room_id, line.visitor_id, line.kind, line.name, line.name_en,
           line.text, line.text_en, line.at::timestamptz, line.reply::jsonb,
           to_timestamp(line.media_at::bigint / 1000.0)
      from unnest({cut(2)}, {cut(3)}, {cut(4)}, {cut(5)}, {cut(6)}, {cut(7)}, {cut(8)}, {cut(9)},
                  {cut(10)}, {cut(11)}, {cut(12)})
           with ordinality
           as line (id, room_id, visitor_id, kind, name, name_en, text, text_en, at, reply,
                    media_at, nth)
      join live.rooms on rooms.id = line.room_id
     order by line.nth
        on conflict (id) do nothing
"""  # noqa: S608

_COUNTS: Final = """
    insert into live.room_counts as kept (room_id, shop_id, likes, viewers_peak)
    select counted.room_id, $1, counted.likes, counted.peak
      from unnest($2::text[], $3::bigint[], $4::int[]) as counted (room_id, likes, peak)
      join live.rooms on rooms.id = counted.room_id
     order by counted.room_id
        on conflict (room_id) do update
       set likes = greatest(kept.likes, excluded.likes),
           viewers_peak = greatest(kept.viewers_peak, excluded.viewers_peak)
"""


async def insert_lines(
    conn: RawConnection, shop_id: str, lines: Sequence[tuple[str, ChatLine]]
) -> None:
    """Write a batch; a line written already (after an unknown outcome) is left as it is."""
    await conn.execute(
        _INSERT,
        shop_id,
        pack([line.id for _, line in lines]),
        pack([room_id for room_id, _ in lines]),
        pack([line.v for _, line in lines]),
        pack([line.kind for _, line in lines]),
        pack([line.name for _, line in lines]),
        pack([line.name_en for _, line in lines]),
        pack([line.text for _, line in lines]),
        pack([line.text_en for _, line in lines]),
        pack([line.at for _, line in lines]),
        pack(
            [msgspec.json.encode(line.reply).decode() if line.reply else None for _, line in lines]
        ),
        pack([str(line.media_at) if line.media_at is not None else None for _, line in lines]),
    )


async def write_counts(
    conn: RawConnection, shop_id: str, counts: Mapping[str, tuple[int, int]]
) -> None:
    rooms = list(counts)
    await conn.execute(
        _COUNTS,
        shop_id,
        rooms,
        [counts[room][0] for room in rooms],
        [counts[room][1] for room in rooms],
    )


async def visible_lines(conn: Conn, room_id: str, *, limit: int) -> list[ChatLine]:
    """The last lines nobody hid, oldest first."""
    found = await conn.execute(
        select(chat_lines)
        .where(chat_lines.c.room_id == room_id, chat_lines.c.hidden_at.is_(None))
        .order_by(chat_lines.c.number.desc())
        .limit(limit)
    )
    return [_line(row) for row in reversed(found.all())]


async def lines_between(
    conn: Conn, room_id: str, begin: datetime, end: datetime, *, limit: int
) -> list[ChatLine]:
    """The lines nobody hid that were said about this stretch of video, in their order."""
    said = func.coalesce(chat_lines.c.media_at, chat_lines.c.at)
    found = await conn.execute(
        select(chat_lines)
        .where(
            chat_lines.c.room_id == room_id,
            chat_lines.c.hidden_at.is_(None),
            said >= begin,
            said < end,
        )
        .order_by(chat_lines.c.number)
        .limit(limit)
    )
    return [_line(row) for row in found]


async def recent_lines(conn: Conn, room_id: str, shop_id: str, *, limit: int) -> list[KeptLine]:
    found = await conn.execute(
        select(chat_lines)
        .where(chat_lines.c.room_id == room_id, chat_lines.c.shop_id == shop_id)
        .order_by(chat_lines.c.number.desc())
        .limit(limit)
    )
    return [
        KeptLine(
            id=row.id,
            name=row.name,
            name_en=row.name_en,
            text=row.text,
            text_en=row.text_en,
            kind=row.kind,
            at=row.at,
            hidden=row.hidden_at is not None,
            hidden_by=row.hidden_by,
            v=row.visitor_id,
            reply=_quote(row.reply),
        )
        for row in reversed(found.all())
    ]


async def hide(conn: Conn, room_id: str, shop_id: str, line_id: str, *, by: str) -> bool:
    """Hide a line; hiding it again changes nothing and is no error."""
    found = await conn.execute(
        update(chat_lines)
        .where(
            chat_lines.c.id == line_id,
            chat_lines.c.room_id == room_id,
            chat_lines.c.shop_id == shop_id,
        )
        .values(
            hidden_at=func.coalesce(chat_lines.c.hidden_at, func.now()),
            hidden_by=func.coalesce(chat_lines.c.hidden_by, by),
        )
    )
    return found.rowcount > 0


async def hide_person(conn: Conn, room_id: str, shop_id: str, visitor_id: str, *, by: str) -> None:
    """Hide everything a visitor said in a room."""
    await conn.execute(
        update(chat_lines)
        .where(
            chat_lines.c.visitor_id == visitor_id,
            chat_lines.c.room_id == room_id,
            chat_lines.c.shop_id == shop_id,
            chat_lines.c.hidden_at.is_(None),
        )
        .values(hidden_at=func.now(), hidden_by=by)
    )


async def likes(conn: Conn, room_id: str) -> int:
    found = await conn.execute(select(room_counts.c.likes).where(room_counts.c.room_id == room_id))
    return found.scalar_one_or_none() or 0


def _line(row: Any) -> ChatLine:
    return ChatLine(
        id=row.id,
        name=row.name,
        text=row.text,
        kind=row.kind,
        at=stamp(row.at),
        v=row.visitor_id,
        name_en=row.name_en,
        text_en=row.text_en,
        reply=_quote(row.reply),
        media_at=round(row.media_at.timestamp() * 1000) if row.media_at else None,
    )


def _quote(kept: Any) -> Quote | None:
    return msgspec.convert(kept, Quote) if kept else None
