"""All SQL about the rule of delivery (an order's fee is in the orders' statement)."""

from __future__ import annotations

from msgspec.structs import asdict
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.delivery.model import DeliveryRule
from yaohe.commerce.tables import delivery_rules

_RULE = tuple(delivery_rules.c[name] for name in DeliveryRule.__struct_fields__)


async def rule(conn: AsyncConnection, shop_id: str) -> DeliveryRule | None:
    row = (
        await conn.execute(select(*_RULE).where(delivery_rules.c.shop_id == shop_id))
    ).first()  # fmt: skip
    return None if row is None else DeliveryRule(**row._mapping)


async def set_rule(conn: AsyncConnection, shop_id: str, given: DeliveryRule) -> None:
    values = {**asdict(given), "updated_at": func.now()}
    await conn.execute(
        insert(delivery_rules)
        .values(shop_id=shop_id, **values)
        .on_conflict_do_update(index_elements=["shop_id"], set_=values)
    )
