"""All SQL about app keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity.keys.model import Algorithm, App, AppKey
from yaohe.identity.tables import app_keys

_SHOWN = tuple(app_keys.c[name] for name in AppKey.__struct_fields__)


def _key(row: Mapping[Any, Any]) -> AppKey:
    return AppKey(**{name: row[name] for name in AppKey.__struct_fields__})


async def insert_key(
    conn: AsyncConnection, key: Mapping[str, object], *, key_hash: bytes
) -> AppKey:
    row = (
        await conn.execute(
            insert(app_keys)
            .values(**key, key_hash=key_hash, created_at=func.now())
            .returning(*_SHOWN)
        )
    ).one()
    return _key(row._mapping)


async def keys_of(conn: AsyncConnection, shop_id: str) -> list[AppKey]:
    rows = await conn.execute(
        select(*_SHOWN)
        .where(app_keys.c.shop_id == shop_id, app_keys.c.revoked_at.is_(None))
        .order_by(app_keys.c.created_at.desc(), app_keys.c.id)
    )
    return [_key(row._mapping) for row in rows]


async def sites(conn: AsyncConnection) -> list[tuple[str, str, list[str]]]:
    """Shop, mode and sites of every key that is in use."""
    rows = await conn.execute(
        select(app_keys.c.shop_id, app_keys.c.mode, app_keys.c.sites).where(
            app_keys.c.revoked_at.is_(None)
        )
    )
    return [(row.shop_id, row.mode, row.sites) for row in rows]


async def revoke(conn: AsyncConnection, key_id: str, shop_id: str) -> bool:
    revoked = await conn.execute(
        update(app_keys)
        .where(
            app_keys.c.id == key_id,
            app_keys.c.shop_id == shop_id,
            app_keys.c.revoked_at.is_(None),
        )
        .values(revoked_at=func.now())
        .returning(app_keys.c.id)
    )
    return revoked.first() is not None


async def set_sites(conn: AsyncConnection, key_id: str, shop_id: str, sites: list[str]) -> bool:
    changed = await conn.execute(
        update(app_keys)
        .where(
            app_keys.c.id == key_id,
            app_keys.c.shop_id == shop_id,
            app_keys.c.revoked_at.is_(None),
        )
        .values(sites=sites)
        .returning(app_keys.c.id)
    )
    return changed.first() is not None


async def mode_of(conn: AsyncConnection, key_id: str, shop_id: str) -> str | None:
    found = await conn.execute(
        select(app_keys.c.mode).where(app_keys.c.id == key_id, app_keys.c.shop_id == shop_id)
    )
    return found.scalar_one_or_none()


async def app_of(conn: AsyncConnection, key_hash: bytes) -> tuple[App, bool] | None:
    """Who a key lets in, and whether its time of last use should be written again."""
    stale = func.coalesce(
        app_keys.c.last_used_at < func.now() - timedelta(minutes=1), literal(True)
    )
    fields = [app_keys.c[name] for name in App.__struct_fields__]
    row = (
        await conn.execute(
            select(*fields, stale.label("stale")).where(
                app_keys.c.key_hash == key_hash, app_keys.c.revoked_at.is_(None)
            )
        )
    ).first()
    if row is None:
        return None
    given = {name: row._mapping[name] for name in App.__struct_fields__}
    return msgspec.convert(given, App), bool(row.stale)


async def touch(conn: AsyncConnection, key_id: str) -> None:
    await conn.execute(
        update(app_keys).where(app_keys.c.id == key_id).values(last_used_at=func.now())
    )


async def set_user_key(
    conn: AsyncConnection, key_id: str, shop_id: str, algorithm: Algorithm, sealed: bytes
) -> bool:
    changed = await conn.execute(
        update(app_keys)
        .where(
            app_keys.c.id == key_id,
            app_keys.c.shop_id == shop_id,
            app_keys.c.kind == "public",
            app_keys.c.revoked_at.is_(None),
        )
        .values(user_tokens=algorithm, user_key=sealed)
        .returning(app_keys.c.id)
    )
    return changed.first() is not None


async def user_key(conn: AsyncConnection, key_id: str) -> tuple[Algorithm, bytes] | None:
    row = (
        await conn.execute(
            select(app_keys.c.user_tokens, app_keys.c.user_key).where(app_keys.c.id == key_id)
        )
    ).first()
    return None if row is None or row.user_tokens is None else (row.user_tokens, row.user_key)
