"""The outbox: facts written in the transaction that makes them true.

`record` and `record_raw` are the only two ways in. The relay (`kernel.relay`) gives each fact its
dense `position` after the commit and hands it to the flow steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.kernel.events import Fact
from yaohe.kernel.raw import RawConnection

_COLUMNS = "(shop_id, aggregate, type, body)"

_INSERT = f"""
    INSERT INTO kernel.outbox {_COLUMNS}
    SELECT shop_id, aggregate, type, body::jsonb
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
           WITH ORDINALITY AS fact (shop_id, aggregate, type, body, nth)
     ORDER BY nth
"""  # noqa: S608 - constant text

_INSERT_CORE = text(
    f"""
    INSERT INTO kernel.outbox {_COLUMNS}
    SELECT shop_id, aggregate, type, body::jsonb
      FROM unnest(CAST(:shop_ids AS text[]), CAST(:aggregates AS text[]),
                  CAST(:types AS text[]), CAST(:bodies AS text[]))
           WITH ORDINALITY AS fact (shop_id, aggregate, type, body, nth)
     ORDER BY nth
    """  # noqa: S608 - constant text
)

_encoder = msgspec.json.Encoder()


def _arrays(facts: Sequence[Fact]) -> tuple[list[str], list[str], list[str], list[str]]:
    return (
        [fact.shop_id for fact in facts],
        [fact.aggregate for fact in facts],
        [type(fact).type_name() for fact in facts],
        [_encoder.encode(fact).decode() for fact in facts],
    )


async def record(conn: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Write `facts` in the open transaction of `conn` (services call `tx.record`)."""
    if facts:
        shop_ids, aggregates, types, bodies = _arrays(facts)
        await conn.execute(
            _INSERT_CORE,
            {"shop_ids": shop_ids, "aggregates": aggregates, "types": types, "bodies": bodies},
        )


async def record_raw(conn: asyncpg.Connection, facts: Sequence[Fact]) -> None:
    """Write `facts` as one statement in the open transaction of a raw connection."""
    if facts:
        await conn.execute(_INSERT, *_arrays(facts))
        if isinstance(conn, RawConnection):
            conn.recorded = True
