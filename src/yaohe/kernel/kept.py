"""What a context keeps of one person, read by its own queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec


async def rows_of(
    conn: asyncpg.Connection, queries: Mapping[str, str], visitor_id: str
) -> dict[str, Any]:
    """The rows of each query, in which `$1` is the visitor, by the query's name. Values are as JSON
    has them, so that they can be given out."""
    found: dict[str, Any] = {}
    for name, query in queries.items():
        rows = await conn.fetchval(
            f"select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from ({query}) t",  # noqa: S608
            visitor_id,
        )
        found[name] = msgspec.json.decode(rows)
    return found
