"""All SQL about captions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.live.captions.model import CaptionLine
from yaohe.live.captions.tables import captions


async def write(conn: AsyncConnection, lines: Sequence[tuple[str, CaptionLine]]) -> None:
    """Of two captions of one moment the later one stands; `lines` holds each moment once."""
    statement = insert(captions)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[captions.c.room_id, captions.c.at],
            set_={"text": statement.excluded.text},
        ),
        [{"room_id": room_id, "at": line.at, "text": line.text} for room_id, line in lines],
    )


async def between(
    conn: AsyncConnection, room_id: str, begin: datetime, end: datetime, *, limit: int
) -> list[CaptionLine]:
    found = await conn.execute(
        select(captions.c.at, captions.c.text)
        .where(captions.c.room_id == room_id, captions.c.at >= begin, captions.c.at < end)
        .order_by(captions.c.at)
        .limit(limit)
    )
    return [CaptionLine(row.at, row.text) for row in found]


async def forget(conn: AsyncConnection, before: datetime) -> None:
    await conn.execute(delete(captions).where(captions.c.at < before))
