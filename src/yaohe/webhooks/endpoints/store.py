"""All SQL about endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.webhooks.model import OLD_SECRET_HOURS, Endpoint

_SHOWN: Final = ", ".join(
    f"case when old_until > now() then {name} end as {name}" if name == "old_until" else name
    for name in Endpoint.__struct_fields__
)

# The lock makes two that are added at once count each other.
_LOCK_SHOP = text("select pg_advisory_xact_lock(hashtextextended('webhooks.' || :shop_id, 0))")
_COUNT = text("select count(*) from webhooks.endpoints where shop_id = :shop_id")
_ADD = text(
    f"""
    insert into webhooks.endpoints (id, shop_id, book, mode, url, note, events, secret)
    values (:id, :shop_id, :book, :mode, :url, :note, cast(:events as text[]), :secret)
    returning {_SHOWN}
    """  # noqa: S608
)
_ALL = text(
    f"""
    select {_SHOWN} from webhooks.endpoints where shop_id = :shop_id order by created_at, id
    """  # noqa: S608
)
_ONE = text(f"select {_SHOWN} from webhooks.endpoints where id = :id and shop_id = :shop_id")  # noqa: S608
_CHANGE = text(
    f"""
    update webhooks.endpoints set
           url = coalesce(:url, url),
           note = coalesce(:note, note),
           events = coalesce(cast(:events as text[]), events)
     where id = :id and shop_id = :shop_id
    returning {_SHOWN}
    """  # noqa: S608
)
_PAUSE = text(
    f"""
    update webhooks.endpoints set paused_at = now(), paused_why = 'staff'
     where id = :id and shop_id = :shop_id and paused_at is null
    returning {_SHOWN}
    """  # noqa: S608
)
_RESUME = text(
    f"""
    update webhooks.endpoints set paused_at = null, paused_why = '', failing_since = null
     where id = :id and shop_id = :shop_id and paused_at is not null
    returning {_SHOWN}
    """  # noqa: S608
)
# Turned twice within a day, the secret before stays good: only the newest two are kept.
_ROTATE = text(
    f"""
    update webhooks.endpoints set old_secret = secret, secret = :secret,
           old_until = now() + make_interval(hours => {OLD_SECRET_HOURS})
     where id = :id and shop_id = :shop_id
    returning {_SHOWN}
    """  # noqa: S608
)
_DELETE = text("delete from webhooks.endpoints where id = :id and shop_id = :shop_id returning id")


def _endpoint(row: RowMapping) -> Endpoint:
    return msgspec.convert(dict(row), Endpoint)


async def add(
    conn: AsyncConnection, values: Mapping[str, Any], *, rows_max: int
) -> Endpoint | None:
    """The new endpoint; None when the shop has as many as it may."""
    shop = {"shop_id": values["shop_id"]}
    await conn.execute(_LOCK_SHOP, shop)
    if (await conn.execute(_COUNT, shop)).scalar_one() >= rows_max:
        return None
    return _endpoint((await conn.execute(_ADD, values)).mappings().one())


async def all_of(conn: AsyncConnection, shop_id: str) -> list[Endpoint]:
    return [_endpoint(row) for row in (await conn.execute(_ALL, {"shop_id": shop_id})).mappings()]


async def one(conn: AsyncConnection, endpoint_id: str, shop_id: str) -> Endpoint | None:
    return await _maybe(conn, _ONE, endpoint_id, shop_id)


async def change(
    conn: AsyncConnection, endpoint_id: str, shop_id: str, changed: Mapping[str, Any]
) -> Endpoint | None:
    return await _maybe(conn, _CHANGE, endpoint_id, shop_id, changed)


async def pause(conn: AsyncConnection, endpoint_id: str, shop_id: str) -> Endpoint | None:
    """The paused endpoint; None when it was paused before or is not there."""
    return await _maybe(conn, _PAUSE, endpoint_id, shop_id)


async def resume(conn: AsyncConnection, endpoint_id: str, shop_id: str) -> Endpoint | None:
    return await _maybe(conn, _RESUME, endpoint_id, shop_id)


async def rotate(
    conn: AsyncConnection, endpoint_id: str, shop_id: str, sealed: bytes
) -> Endpoint | None:
    return await _maybe(conn, _ROTATE, endpoint_id, shop_id, {"secret": sealed})


async def delete(conn: AsyncConnection, endpoint_id: str, shop_id: str) -> bool:
    given = {"id": endpoint_id, "shop_id": shop_id}
    return (await conn.execute(_DELETE, given)).first() is not None


async def _maybe(
    conn: AsyncConnection,
    statement: Any,
    endpoint_id: str,
    shop_id: str,
    more: Mapping[str, Any] | None = None,
) -> Endpoint | None:
    given = {"id": endpoint_id, "shop_id": shop_id, **(more or {})}
    row = (await conn.execute(statement, given)).mappings().first()
    return None if row is None else _endpoint(row)
