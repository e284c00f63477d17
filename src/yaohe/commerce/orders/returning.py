"""SQL about what comes back from a paid order that will not be shipped."""

from __future__ import annotations

from sqlalchemy import case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.orders.lines import OrderLine
from yaohe.commerce.orders.model import Order
from yaohe.commerce.tables import coupons, live_prices, order_lines, products, variants


async def take_pieces(conn: AsyncConnection, order_id: str, place: int, pieces: int) -> int | None:
    """Count pieces of a line as given back; how many of it were before, None when not so many are
    left. The caller holds the order, but may have read its lines before it did."""
    taken = await conn.execute(
        update(order_lines)
        .where(
            order_lines.c.order_id == order_id,
            order_lines.c.place == place,
            order_lines.c.refunded_quantity + pieces <= order_lines.c.quantity,
        )
        .values(refunded_quantity=order_lines.c.refunded_quantity + pieces)
        .returning(order_lines.c.refunded_quantity - pieces)
    )
    before: int | None = taken.scalar_one_or_none()
    return before


async def all_taken(conn: AsyncConnection, order_id: str) -> bool:
    """Whether no piece of this order is left to give back. The caller holds the order."""
    left = exists().where(
        order_lines.c.order_id == order_id,
        order_lines.c.refunded_quantity < order_lines.c.quantity,
    )
    return bool((await conn.execute(select(~left))).scalar_one())


def _by(order: Order, name: str) -> dict[str, list[OrderLine]]:
    """The lines of an order by the product, variant or live price they name, in the order of ids,
    in which everybody locks them."""
    found: dict[str, list[OrderLine]] = {}
    for line in order.lines:
        if getattr(line, name) is not None:
            found.setdefault(getattr(line, name), []).append(line)
    return dict(sorted(found.items()))


async def put_back(conn: AsyncConnection, order: Order) -> None:
    """What a paid order that will not be shipped had goes back: stock, live price, coupon. The
    caller moved it by compare-and-set, so this happens once."""
    for product_id, lines in _by(order, "product_id").items():
        plain = sum(line.quantity for line in lines if line.variant_id is None)
        pieces = sum(line.quantity for line in lines)
        await conn.execute(
            update(products)
            .where(products.c.id == product_id)
            .values(stock=products.c.stock + plain, sold=products.c.sold - pieces)
        )
    for variant_id, lines in _by(order, "variant_id").items():
        pieces = sum(line.quantity for line in lines)
        await conn.execute(
            update(variants)
            .where(variants.c.id == variant_id)
            .values(stock=variants.c.stock + pieces, sold=variants.c.sold - pieces)
        )
    for live_price_id, lines in _by(order, "live_price_id").items():
        await conn.execute(
            update(live_prices)
            .where(live_prices.c.id == live_price_id)
            .values(taken=live_prices.c.taken - sum(line.quantity for line in lines))
        )
    await conn.execute(
        update(coupons)
        .where(coupons.c.order_id == order.id, coupons.c.state == "used")
        .values(
            order_id=None,
            used_at=None,
            state=case((coupons.c.expires_at <= func.now(), "expired"), else_="claimed"),
        )
    )
