"""All SQL about addresses. Whoever changes a book holds it (`hold`), so that it has one default."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.addresses.model import Address
from yaohe.commerce.orders.model import Buyer
from yaohe.commerce.tables import addresses

_ADDRESS = tuple(addresses.c[name] for name in Address.__struct_fields__)
_NEWEST = (addresses.c.used_at.desc(), addresses.c.id.desc())


async def hold(conn: AsyncConnection, visitor_id: str) -> None:
    """This buyer's book is ours until the transaction ends; there may be no row to lock yet."""
    await conn.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"addresses {visitor_id}", 0)))
    )


async def of(conn: AsyncConnection, visitor_id: str) -> list[Address]:
    """The default first, then the one used last."""
    rows = await conn.execute(
        select(*_ADDRESS)
        .where(addresses.c.visitor_id == visitor_id)
        .order_by(addresses.c.is_default.desc(), *_NEWEST)
    )
    return [Address(**row._mapping) for row in rows]


async def keep(
    conn: AsyncConnection, address_id: str, shop_id: str, visitor_id: str, buyer: Buyer
) -> str:
    """Write an address, or note that it was used again; answers its id."""
    values = {"name": buyer.name, "phone": buyer.phone, "address": buyer.address}
    kept = await conn.execute(
        insert(addresses)
        .values(
            id=address_id,
            shop_id=shop_id,
            visitor_id=visitor_id,
            is_default=False,
            created_at=func.now(),
            used_at=func.clock_timestamp(),
            **values,
        )
        .on_conflict_do_update(
            constraint="addresses_once", set_={"used_at": func.clock_timestamp()}
        )
        .returning(addresses.c.id)
    )
    return str(kept.scalar_one())


async def drop(conn: AsyncConnection, visitor_id: str, address_id: str) -> bool:
    dropped = await conn.execute(
        delete(addresses)
        .where(addresses.c.id == address_id, addresses.c.visitor_id == visitor_id)
        .returning(addresses.c.id)
    )
    return dropped.first() is not None


async def trim(conn: AsyncConnection, visitor_id: str, *, keep: int) -> None:
    """The ones longest unused go, never the default."""
    last = (
        select(addresses.c.id)
        .where(addresses.c.visitor_id == visitor_id)
        .order_by(addresses.c.is_default.desc(), *_NEWEST)
        .offset(keep)
    )
    await conn.execute(delete(addresses).where(addresses.c.id.in_(last)))


async def set_default(conn: AsyncConnection, visitor_id: str, address_id: str) -> None:
    mine = addresses.c.visitor_id == visitor_id
    await conn.execute(
        update(addresses).where(mine, addresses.c.is_default).values(is_default=False)
    )
    await conn.execute(
        update(addresses).where(mine, addresses.c.id == address_id).values(is_default=True)
    )


async def default_if_none(conn: AsyncConnection, visitor_id: str) -> None:
    """A book that is not empty has a default."""
    first = next(iter(await of(conn, visitor_id)), None)
    if first is not None and not first.is_default:
        await set_default(conn, visitor_id, first.id)
