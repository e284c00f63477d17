"""All SQL about invitations. Who is let in is decided under the invitation's row lock."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.live.privacy.model import Invitation, NewInvitation
from yaohe.live.privacy.tables import invitations, invited
from yaohe.live.rooms.tables import rooms

_VALID = and_(invitations.c.revoked_at.is_(None), invitations.c.expires_at > func.now())


async def private_rooms(conn: AsyncConnection) -> set[str]:
    found = await conn.execute(select(rooms.c.id).where(rooms.c.private))
    return set(found.scalars())


async def valid_invitations(conn: AsyncConnection) -> dict[str, tuple[str, datetime]]:
    """Every invitation that lets people in now: its room and its end."""
    found = await conn.execute(
        select(invitations.c.id, invitations.c.room_id, invitations.c.expires_at).where(_VALID)
    )
    return {one: (room_id, until) for one, room_id, until in found}


async def is_private(conn: AsyncConnection, room_id: str, shop_id: str) -> bool | None:
    """None when there is no such room."""
    found = await conn.execute(
        select(rooms.c.private).where(rooms.c.id == room_id, rooms.c.shop_id == shop_id)
    )
    return found.scalar_one_or_none()


async def insert_invitation(
    conn: AsyncConnection, invitation_id: str, shop_id: str, room_id: str, new: NewInvitation
) -> Invitation:
    made = await conn.execute(
        insert(invitations)
        .values(
            id=invitation_id,
            shop_id=shop_id,
            room_id=room_id,
            note=new.note,
            uses_max=new.uses_max,
            expires_at=func.now() + timedelta(seconds=new.life_s),
        )
        .returning(*invitations.c)
    )
    return Invitation(**made.one()._mapping)


async def of_room(conn: AsyncConnection, room_id: str, shop_id: str) -> list[Invitation]:
    """The invitations of a room, the newest first."""
    found = await conn.execute(
        select(*invitations.c)
        .where(invitations.c.room_id == room_id, invitations.c.shop_id == shop_id)
        .order_by(invitations.c.id.desc())
        .limit(200)
    )
    return [Invitation(**row._mapping) for row in found]


async def revoke(
    conn: AsyncConnection, invitation_id: str, room_id: str, shop_id: str
) -> Invitation | None:
    """No longer valid from now on; revoking twice keeps the first time."""
    found = await conn.execute(
        update(invitations)
        .where(
            invitations.c.id == invitation_id,
            invitations.c.room_id == room_id,
            invitations.c.shop_id == shop_id,
        )
        .values(revoked_at=func.coalesce(invitations.c.revoked_at, func.now()))
        .returning(*invitations.c)
    )
    row = found.first()
    return None if row is None else Invitation(**row._mapping)


async def let_in(
    conn: AsyncConnection, invitation_id: str, room_id: str, visitor_id: str
) -> datetime | None:
    """Count this visitor once and say until when they may come; None when the invitation is over
    or full."""
    valid = await conn.execute(
        select(invitations.c.expires_at, invitations.c.shop_id)
        .where(invitations.c.id == invitation_id, invitations.c.room_id == room_id, _VALID)
        .with_for_update()
    )
    row = valid.first()
    if row is None:
        return None
    came = await conn.execute(
        upsert(invited)
        .values(invitation_id=invitation_id, visitor_id=visitor_id, shop_id=row.shop_id)
        .on_conflict_do_nothing()
        .returning(invited.c.visitor_id)
    )
    if came.first() is not None:
        counted = await conn.execute(
            update(invitations)
            .where(
                invitations.c.id == invitation_id,
                or_(invitations.c.uses_max.is_(None), invitations.c.used < invitations.c.uses_max),
            )
            .values(used=invitations.c.used + 1)
            .returning(invitations.c.id)
        )
        if counted.first() is None:
            return None
    until: datetime = row.expires_at
    return until
