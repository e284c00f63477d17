"""All SQL about staff: accounts, set-up link, sessions, API keys, login tries, audit.

Times are the database's. Whatever may happen once is one conditional statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity.staff.model import (
    SESSION_AGE_S,
    SETUP_AGE_S,
    TRIES_WINDOW_S,
    Actor,
    ApiKey,
    AuditEntry,
    Role,
    Scope,
    Staff,
)
from yaohe.identity.tables import api_keys, audit, login_tries, sessions, setup_links, staff

_PERSON = (staff.c.id, staff.c.shop_id, staff.c.email, staff.c.name, staff.c.role)


class Tries(msgspec.Struct, frozen=True):
    key: str
    tries: int
    seconds_left: int


async def owner_exists(conn: AsyncConnection) -> bool:
    found = await conn.execute(select(exists().where(staff.c.role == "owner")))
    return bool(found.scalar_one())


async def write_setup_link(conn: AsyncConnection, token_hash: bytes) -> bool:
    """Replace the one set-up link; False when an owner exists."""
    age = timedelta(seconds=SETUP_AGE_S)
    fresh = (
        select(text("1"), text(":hash"), func.now() + age)
        .where(~exists().where(staff.c.role == "owner"))
        .params(hash=token_hash)
    )
    statement = upsert(setup_links).from_select(["id", "token_hash", "expires_at"], fresh)
    written = await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[setup_links.c.id],
            set_={
                "token_hash": statement.excluded.token_hash,
                "expires_at": statement.excluded.expires_at,
            },
        ).returning(setup_links.c.id)
    )
    return written.first() is not None


async def use_setup_link(conn: AsyncConnection, token_hash: bytes) -> bool:
    """Take the link away if it is this one, fresh, and there is no owner yet.

    Of two set-ups at once the second waits here for the first and then finds nothing.
    """
    taken = await conn.execute(
        delete(setup_links)
        .where(
            setup_links.c.token_hash == token_hash,
            setup_links.c.expires_at > func.now(),
            ~exists().where(staff.c.role == "owner"),
        )
        .returning(setup_links.c.id)
    )
    return taken.first() is not None


async def insert_staff(conn: AsyncConnection, person: Staff, password_hash: str) -> None:
    await conn.execute(
        insert(staff).values(
            id=person.id,
            shop_id=person.shop_id,
            email=person.email,
            name=person.name,
            role=person.role,
            password_hash=password_hash,
            created_at=func.now(),
        )
    )


async def staff_by_email(conn: AsyncConnection, email: str) -> tuple[Staff, str] | None:
    """The person and the hash of their password."""
    row = (
        await conn.execute(
            select(*_PERSON, staff.c.password_hash).where(
                staff.c.email == email, staff.c.disabled_at.is_(None)
            )
        )
    ).first()
    return None if row is None else (_person(row._mapping), row.password_hash)


def _person(row: Mapping[Any, Any], **more: Any) -> Staff:
    role: Role = row["role"]
    return Staff(
        id=row["id"],
        shop_id=row["shop_id"],
        email=row["email"],
        name=row["name"],
        role=role,
        **more,
    )


async def password_hash_of(conn: AsyncConnection, staff_id: str) -> str:
    found = await conn.execute(select(staff.c.password_hash).where(staff.c.id == staff_id))
    return str(found.scalar_one())


async def set_password(conn: AsyncConnection, staff_id: str, password_hash: str) -> None:
    await conn.execute(
        update(staff).where(staff.c.id == staff_id).values(password_hash=password_hash)
    )


async def insert_session(conn: AsyncConnection, token_hash: bytes, staff_id: str) -> None:
    await conn.execute(
        insert(sessions).values(
            token_hash=token_hash,
            staff_id=staff_id,
            created_at=func.now(),
            expires_at=func.now() + timedelta(seconds=SESSION_AGE_S),
        )
    )


async def staff_of_session(conn: AsyncConnection, token_hash: bytes) -> Staff | None:
    row = (
        await conn.execute(
            select(*_PERSON)
            .join(sessions, sessions.c.staff_id == staff.c.id)
            .where(
                sessions.c.token_hash == token_hash,
                sessions.c.expires_at > func.now(),
                staff.c.disabled_at.is_(None),
            )
        )
    ).first()
    return None if row is None else _person(row._mapping)


async def delete_session(conn: AsyncConnection, token_hash: bytes) -> None:
    await conn.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


async def delete_sessions_of(conn: AsyncConnection, staff_id: str, *, keep: bytes = b"") -> None:
    await conn.execute(
        delete(sessions).where(sessions.c.staff_id == staff_id, sessions.c.token_hash != keep)
    )


async def sweep(conn: AsyncConnection) -> None:
    """Forget sessions and login windows that are over."""
    await conn.execute(delete(sessions).where(sessions.c.expires_at <= func.now()))
    window = timedelta(seconds=TRIES_WINDOW_S)
    await conn.execute(delete(login_tries).where(login_tries.c.since < func.now() - window))


_COUNT_TRIES = text(
    """
    insert into identity.login_tries as t (key, tries, since)
    select key, 1, now() from unnest(cast(:keys as text[])) as k (key) order by key
    on conflict (key) do update set
        tries = case when t.since < now() - make_interval(secs => :window) then 1
                     else t.tries + 1 end,
        since = case when t.since < now() - make_interval(secs => :window) then now()
                     else t.since end
    returning key, tries,
        ceil(extract(epoch from since + make_interval(secs => :window) - now()))::int
            as seconds_left
    """
)


async def count_tries(conn: AsyncConnection, keys: Sequence[str]) -> list[Tries]:
    """Count one more try for each key before it is judged, so parallel guesses cannot slip by."""
    rows = await conn.execute(_COUNT_TRIES, {"keys": list(keys), "window": TRIES_WINDOW_S})
    return [Tries(row.key, row.tries, row.seconds_left) for row in rows]


async def forget_tries(conn: AsyncConnection, key: str) -> None:
    await conn.execute(delete(login_tries).where(login_tries.c.key == key))


async def insert_api_key(
    conn: AsyncConnection,
    *,
    key_id: str,
    by: Staff,
    name: str,
    prefix: str,
    key_hash: bytes,
    scope: Scope,
) -> ApiKey:
    row = (
        await conn.execute(
            insert(api_keys)
            .values(
                id=key_id,
                shop_id=by.shop_id,
                staff_id=by.id,
                name=name,
                prefix=prefix,
                key_hash=key_hash,
                scope=scope,
                created_at=func.now(),
            )
            .returning(api_keys.c.created_at)
        )
    ).one()
    return ApiKey(
        id=key_id,
        name=name,
        prefix=prefix,
        scope=scope,
        created_at=row.created_at,
        last_used_at=None,
    )


async def api_keys_of(conn: AsyncConnection, shop_id: str) -> list[ApiKey]:
    rows = await conn.execute(
        select(
            api_keys.c.id,
            api_keys.c.name,
            api_keys.c.prefix,
            api_keys.c.scope,
            api_keys.c.created_at,
            api_keys.c.last_used_at,
        )
        .where(api_keys.c.shop_id == shop_id, api_keys.c.revoked_at.is_(None))
        .order_by(api_keys.c.created_at.desc(), api_keys.c.id)
    )
    return [ApiKey(**row._mapping) for row in rows]


async def revoke_api_key(conn: AsyncConnection, key_id: str, shop_id: str) -> bool:
    revoked = await conn.execute(
        update(api_keys)
        .where(
            api_keys.c.id == key_id,
            api_keys.c.shop_id == shop_id,
            api_keys.c.revoked_at.is_(None),
        )
        .values(revoked_at=func.now())
        .returning(api_keys.c.id)
    )
    return revoked.first() is not None


async def staff_of_api_key(conn: AsyncConnection, key_hash: bytes) -> tuple[Staff, bool] | None:
    """The person a key speaks for, and whether its time of last use should be written again."""
    stale = func.coalesce(api_keys.c.last_used_at < func.now() - timedelta(minutes=1), text("true"))
    row = (
        await conn.execute(
            select(*_PERSON, api_keys.c.id.label("key_id"), api_keys.c.scope, stale.label("stale"))
            .join(api_keys, api_keys.c.staff_id == staff.c.id)
            .where(
                api_keys.c.key_hash == key_hash,
                api_keys.c.revoked_at.is_(None),
                staff.c.disabled_at.is_(None),
            )
        )
    ).first()
    if row is None:
        return None
    return _person(row._mapping, key_id=row.key_id, scope=row.scope), bool(row.stale)


async def touch_api_key(conn: AsyncConnection, key_id: str) -> None:
    await conn.execute(
        update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=func.now())
    )


async def insert_audit(
    conn: AsyncConnection, by: Actor, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    await conn.execute(
        insert(audit).values(
            shop_id=by.shop_id,
            staff_id=by.id,
            key_id=by.key_id,
            action=action,
            subject=subject,
            detail=dict(detail),
            at=func.now(),
        )
    )


async def audit_of(
    conn: AsyncConnection, subject: str, shop_id: str, *, limit: int
) -> list[AuditEntry]:
    """What was done to a thing, the newest first, with the names of staff as they are now."""
    found = await conn.execute(
        select(
            audit.c.id,
            audit.c.at,
            audit.c.action,
            audit.c.detail,
            audit.c.staff_id.label("by_id"),
            func.coalesce(staff.c.name, audit.c.detail["by"].astext, "").label("by"),
        )
        .select_from(audit.outerjoin(staff, staff.c.id == audit.c.staff_id))
        .where(audit.c.subject == subject, audit.c.shop_id == shop_id)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    return [AuditEntry(**row._mapping) for row in found]
