"""All SQL about templates and coupons besides the claim (`claims`) and the sale (orders)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.coupons.model import Coupon, CouponTemplate, TemplateStatus
from yaohe.commerce.tables import coupon_templates, coupons, products

# What a coupon is worth now: nobody has to write `expired` for it to be so.
_STATE: ColumnElement[str] = case(
    ((coupons.c.state == "claimed") & (coupons.c.expires_at <= func.now()), "expired"),
    else_=coupons.c.state,
).label("state")

_ITS_TEMPLATE = coupon_templates.c.id == coupons.c.template_id

_COUPON = (
    coupons.c.id,
    coupons.c.shop_id,
    coupons.c.template_id,
    coupons.c.visitor_id,
    coupon_templates.c.title,
    coupon_templates.c.title_en,
    _STATE,
    coupons.c.amount_minor,
    coupons.c.threshold_minor,
    coupons.c.currency,
    coupon_templates.c.kind,
    coupon_templates.c.percent,
    coupon_templates.c.product_ids,
    coupons.c.source,
    coupons.c.source_ref,
    coupons.c.order_id,
    coupons.c.claimed_at,
    coupons.c.expires_at,
)

_USED = (
    select(func.count())
    .select_from(coupons)
    .where(coupons.c.template_id == coupon_templates.c.id, coupons.c.state == "used")
    .scalar_subquery()
    .label("used")
)


async def insert_template(
    conn: AsyncConnection, template_id: str, shop_id: str, values: Mapping[str, object]
) -> CouponTemplate:
    written = dict(values)
    if written["valid_from"] is None:
        written["valid_from"] = func.now()
    row = (
        await conn.execute(
            insert(coupon_templates)
            .values(
                id=template_id,
                shop_id=shop_id,
                claimed=0,
                status="active",
                created_at=func.now(),
                **written,
            )
            .returning(coupon_templates)
        )
    ).one()
    return CouponTemplate(**row._mapping)


async def all_products(conn: AsyncConnection, shop_id: str, product_ids: Sequence[str]) -> bool:
    """Whether the shop has every one of these."""
    found = await conn.execute(
        select(func.count())
        .select_from(products)
        .where(products.c.id.in_(product_ids), products.c.shop_id == shop_id)
    )
    return bool(found.scalar_one() == len(product_ids))


async def set_template_status(
    conn: AsyncConnection, template_id: str, shop_id: str, status: TemplateStatus
) -> CouponTemplate | None:
    row = (
        await conn.execute(
            update(coupon_templates)
            .where(coupon_templates.c.id == template_id, coupon_templates.c.shop_id == shop_id)
            .values(status=status)
            .returning(coupon_templates)
        )
    ).first()
    return None if row is None else CouponTemplate(**row._mapping)


async def template(conn: AsyncConnection, template_id: str) -> CouponTemplate | None:
    row = (
        await conn.execute(select(coupon_templates).where(coupon_templates.c.id == template_id))
    ).first()
    return None if row is None else CouponTemplate(**row._mapping)


async def templates_of(conn: AsyncConnection, shop_id: str, *, limit: int) -> list[CouponTemplate]:
    rows = await conn.execute(
        select(coupon_templates, _USED)
        .where(coupon_templates.c.shop_id == shop_id)
        .order_by(coupon_templates.c.created_at.desc(), coupon_templates.c.id.desc())
        .limit(limit)
    )
    return [CouponTemplate(**row._mapping) for row in rows]


async def coupon(conn: AsyncConnection, coupon_id: str) -> Coupon | None:
    row = (
        await conn.execute(
            select(*_COUPON).join(coupon_templates, _ITS_TEMPLATE).where(coupons.c.id == coupon_id)
        )
    ).first()
    return None if row is None else Coupon(**row._mapping)


async def coupons_of(conn: AsyncConnection, visitor_id: str, *, limit: int) -> list[Coupon]:
    rows = await conn.execute(
        select(*_COUPON)
        .join(coupon_templates, _ITS_TEMPLATE)
        .where(coupons.c.visitor_id == visitor_id)
        .order_by(coupons.c.claimed_at.desc(), coupons.c.id.desc())
        .limit(limit)
    )
    return [Coupon(**row._mapping) for row in rows]


async def revoke(conn: AsyncConnection, coupon_id: str, shop_id: str) -> bool:
    """Take an unused coupon back; False when it is not there to be taken."""
    revoked = await conn.execute(
        update(coupons)
        .where(
            coupons.c.id == coupon_id, coupons.c.shop_id == shop_id, coupons.c.state == "claimed"
        )
        .values(state="revoked")
        .returning(coupons.c.id)
    )
    return revoked.first() is not None


async def claims_by_source(
    conn: AsyncConnection, source: str, refs: Sequence[str]
) -> dict[str, int]:
    rows = await conn.execute(
        select(coupons.c.source_ref, func.count().label("times"))
        .where(
            coupons.c.source == source,
            coupons.c.source_ref == any_(bindparam("refs", list(refs), ARRAY(Text))),
            coupons.c.state != "revoked",
        )
        .group_by(coupons.c.source_ref)
    )
    return {row.source_ref: row.times for row in rows}
