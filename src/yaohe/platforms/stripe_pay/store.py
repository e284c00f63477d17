"""All SQL about Stripe's pages: which one is a payment's, and what was asked for it."""

from __future__ import annotations

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`wish` is what Stripe is asked for; `session_id` is null until it answered."""

    wish: str
    session_id: str | None


_WISH = text(
    """
    insert into platforms.stripe_sessions (payment_id, wish) values (:payment_id, :wish)
        on conflict (payment_id) do nothing
    """
)
_READ = text(
    "select wish, session_id from platforms.stripe_sessions where payment_id = :payment_id"
)
_KEEP = text(
    """
    update platforms.stripe_sessions set session_id = :session_id
     where payment_id = :payment_id and session_id is null
    """
)


async def wish(conn: AsyncConnection, payment_id: str, wanted: str) -> Kept:
    """What is asked for a payment; the first who asks decides."""
    await conn.execute(_WISH, {"payment_id": payment_id, "wish": wanted})
    kept = await read(conn, payment_id)
    assert kept is not None, "it was just written"
    return kept


async def read(conn: AsyncConnection, payment_id: str) -> Kept | None:
    row = (await conn.execute(_READ, {"payment_id": payment_id})).first()
    return None if row is None else Kept(**row._mapping)


async def keep(conn: AsyncConnection, payment_id: str, session_id: str) -> None:
    await conn.execute(_KEEP, {"payment_id": payment_id, "session_id": session_id})
