"""Placing orders, many at a time, in the coalescer's transaction.

First the rows everybody wants are locked, each kind in key order (the order in which every
statement of commerce takes them: products, which stand for their variants, then live prices, then
coupons). Then one statement (`deciding`) decides a whole batch. Who lost only to somebody in the
same batch is asked once more after the winners are written, so that a big order that does not fit
never keeps a small one behind it from what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from yaohe.commerce.errors import KeyReused, SoldOut
from yaohe.commerce.events import OrderPaid, ProductChanged, SoldLine
from yaohe.commerce.orders.deciding import REFUSALS, decide
from yaohe.commerce.orders.lines import OrderLine, WishLine, line_field
from yaohe.commerce.orders.model import Order, Wish
from yaohe.commerce.orders.rows import COLUMNS, order_of
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_ids
from yaohe.kernel.outbox import record_raw

_LOCK_PRODUCTS: Final = """
select 1 from commerce.products where id = any($1::text[]) order by id for no key update
"""
_LOCK_LIVE_PRICES: Final = """
select 1 from commerce.live_prices where id = any($1::text[]) order by id for no key update
"""
_LOCK_COUPONS: Final = """
select 1 from commerce.coupons where id = any($1::text[]) order by id for no key update
"""

_EXISTING: Final = f"""
select o.* from unnest({cut(1)}, {cut(2)}) as t (visitor_id, key)
cross join lateral (
    select {COLUMNS}, idempotency_key from commerce.orders
    where orders.visitor_id = t.visitor_id and idempotency_key = t.key limit 1
) o
"""  # noqa: S608 - constant text


def _placed(order_id: str, wish: Wish, rows: Sequence[asyncpg.Record]) -> Order:
    """The order that a granted wish has become."""
    row = rows[0]
    payable_minor = row["payable_minor"]
    return Order(
        id=order_id,
        shop_id=row["shop_id"],
        visitor_id=wish.visitor_id,
        room_id=wish.room_id,
        lines=tuple(_line(asked, one) for asked, one in zip(wish.lines, rows, strict=True)),
        goods_minor=row["goods_minor"],
        discount_minor=row["discount_minor"],
        payable_minor=payable_minor,
        paid_minor=0,
        currency=row["currency"],
        coupon_id=wish.coupon_id,
        status="created" if payable_minor else "paid",
        buyer=wish.buyer,
        created_at=row["at"],
        deadline_at=row["deadline_at"],
        paid_at=None if payable_minor else row["at"],
        closed_at=None,
        delivery=row["delivery"],
        fee_minor=row["fee_minor"],
        buyer_note=wish.note,
        pickup_place=row["pickup_place"],
        pickup_place_en=row["pickup_place_en"],
        pickup_code=row["pickup_code"],
    )


def _line(asked: WishLine, row: asyncpg.Record) -> OrderLine:
    return OrderLine(
        product_id=asked.product_id,
        title=row["title"],
        title_en=row["title_en"],
        picture_key=row["picture_key"],
        quantity=asked.quantity,
        unit_price_minor=row["unit_minor"],
        discount_minor=row["line_off_minor"],
        live_price_id=asked.live_price_id,
        variant_id=asked.variant_id,
    )


def _refusal(wish: Wish, rows: Sequence[asyncpg.Record]) -> AppError | None:
    """Why an order cannot be, by its first line that cannot; None while others only were first."""
    for place, row in enumerate(rows):
        refusal = row["line_refusal"]
        if refusal is None and not row["granted"] and row["left_over"] < row["needed"]:
            refusal = SoldOut.code
        if refusal is not None:
            field = line_field(place) if len(wish.lines) > 1 else None
            return REFUSALS[refusal](field=field)
    whole = rows[0]["refusal"]
    return None if whole is None else REFUSALS[whole]()


def paid_fact(order: Order) -> OrderPaid:
    return OrderPaid(
        shop_id=order.shop_id,
        order_id=order.id,
        visitor_id=order.visitor_id,
        room_id=order.room_id,
        product_id=order.first.product_id,
        quantity=order.quantity,
        lines=sold_lines(order),
        paid_minor=order.paid_minor,
        currency=order.currency,
        coupon_id=order.coupon_id,
    )


def sold_lines(order: Order) -> tuple[SoldLine, ...]:
    return tuple(
        SoldLine(product_id=line.product_id, quantity=line.quantity, variant_id=line.variant_id)
        for line in order.lines
    )


def stock_facts(orders: Iterable[Order]) -> list[ProductChanged]:
    """One for each product whose stock these orders took or gave back, however many they are."""
    shops = {line.product_id: order.shop_id for order in orders for line in order.lines}
    return [
        ProductChanged(shop_id=shop_id, product_id=product_id)
        for product_id, shop_id in sorted(shops.items())
    ]


class Placing:
    """The coalescer's `run`, with how long an order is held."""

    def __init__(self, *, hold: timedelta) -> None:
        self.hold = hold

    async def place(self, conn: asyncpg.Connection, wishes: list[Wish]) -> list[Order | AppError]:
        """One answer per wish, in order."""
        lines = [line for wish in wishes for line in wish.lines]
        await conn.execute(_LOCK_PRODUCTS, sorted({line.product_id for line in lines}))
        live_price_ids = sorted({line.live_price_id for line in lines if line.live_price_id})
        if live_price_ids:
            await conn.execute(_LOCK_LIVE_PRICES, live_price_ids)
        coupon_ids = sorted({w.coupon_id for w in wishes if w.coupon_id is not None})
        if coupon_ids:
            await conn.execute(_LOCK_COUPONS, coupon_ids)
        known = await self._existing(conn, wishes)
        # The same key twice in a batch is one order with two askers.
        first: dict[tuple[str, str], Wish] = {}
        for wish in wishes:
            first.setdefault((wish.visitor_id, wish.idempotency_key), wish)
        fresh = [wish for key, wish in first.items() if key not in known]
        answers = await self._decide(conn, fresh)
        return [_answer(wish, known, answers) for wish in wishes]

    @staticmethod
    async def _existing(
        conn: asyncpg.Connection, wishes: Sequence[Wish]
    ) -> dict[tuple[str, str], Order]:
        rows = await conn.fetch(
            _EXISTING,
            pack([w.visitor_id for w in wishes]),
            pack([w.idempotency_key for w in wishes]),
        )
        return {(row["visitor_id"], row["idempotency_key"]): order_of(row) for row in rows}

    async def _decide(
        self, conn: asyncpg.Connection, wishes: list[Wish]
    ) -> dict[tuple[str, str], Order | AppError]:
        answers: dict[tuple[str, str], Order | AppError] = {}
        placed: list[Order] = []
        # Each round settles at least the first of those still waiting.
        while wishes:
            waiting: list[Wish] = []
            ids = new_ids("ord", len(wishes))
            decided = await decide(conn, ids, wishes, self.hold)
            for order_id, wish, rows in zip(ids, wishes, decided, strict=True):
                key = (wish.visitor_id, wish.idempotency_key)
                if rows[0]["granted"]:
                    placed.append(_placed(order_id, wish, rows))
                    answers[key] = placed[-1]
                elif (refusal := _refusal(wish, rows)) is not None:
                    answers[key] = refusal
                else:
                    waiting.append(wish)
            wishes = waiting
        paid = [paid_fact(order) for order in placed if order.status == "paid"]
        await record_raw(conn, [*paid, *stock_facts(placed)])
        return answers


def _answer(
    wish: Wish,
    known: dict[tuple[str, str], Order],
    answers: dict[tuple[str, str], Order | AppError],
) -> Order | AppError:
    key = (wish.visitor_id, wish.idempotency_key)
    answer = known.get(key) or answers[key]
    if isinstance(answer, AppError):
        return type(answer)(field=answer.field)  # one error for each asker
    same = wish.lines == tuple(line.wished for line in answer.lines)
    # An address that was corrected between two presses must not end in a parcel to the old one.
    if not same or (wish.coupon_id, wish.buyer, wish.note) != (
        answer.coupon_id,
        answer.buyer,
        answer.buyer_note,
    ):
        return KeyReused()
    return answer
