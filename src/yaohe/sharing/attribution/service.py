"""Crediting paid orders to shares, inside the flow step that heard of the payment, and telling
afterwards who earned them under any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from yaohe.kernel.db import Database, Tx
from yaohe.sharing.attribution import store
from yaohe.sharing.attribution.model import (
    WINDOW_DAYS_MAX,
    Credit,
    CreditModel,
    Earned,
    Model,
    PaidOrder,
    by_source,
    earned,
)
from yaohe.sharing.events import ShareProductive

SHARE_ROWS_MAX: Final = 50


class ShareEarned(msgspec.Struct, frozen=True, kw_only=True):
    """What one share earned, and whose it was."""

    token: str
    sharer_id: str
    sharer_name: str
    channel: str
    orders: int
    amount_minor: int


class RoomEarnings(msgspec.Struct, frozen=True, kw_only=True):
    """Who earned a room's orders under one model. The amounts of `sources` sum to `net_minor`;
    `shares` are those that earned most."""

    model: Model
    window_days: int
    half_life_days: int
    orders: int
    net_minor: int
    sources: list[Earned]
    shares: list[ShareEarned]


class Attribution:
    def __init__(self, db: Database, *, model: CreditModel, window_days: int) -> None:
        assert 0 < window_days <= WINDOW_DAYS_MAX
        self._db, self._model, self._window_days = db, model, window_days

    async def credit_orders(self, tx: Tx, orders: Sequence[PaidOrder]) -> dict[str, Credit]:
        """Keep each order with all its touches, pin its first and last share, and give the credit;
        asked again, the same.

        Orders that no share led to are not in the answer.
        """
        if not orders:
            return {}
        # Whoever logged in between the order and now has taken their clicks along.
        now = await store.names_now(tx.conn, [order.visitor_id for order in orders])
        orders = [
            replace(order, visitor_id=now.get(order.visitor_id, order.visitor_id))
            for order in orders
        ]
        await store.keep_touches(tx.conn, orders)
        await store.credit(tx.conn, orders, model=self._model, days=self._window_days)
        order_ids = [order.order_id for order in orders]
        for row in await store.mark_productive(tx.conn, order_ids):
            await tx.record(ShareProductive(**row))
        return await store.credits_of(tx.conn, order_ids)

    async def reverse_credit(self, tx: Tx, order_id: str) -> bool:
        """Take the credit back after a refund; False when there was none or it was done before."""
        return await store.reverse(tx.conn, order_id)

    async def refund_credit(
        self, tx: Tx, order_id: str, *, refund_id: str, amount_minor: int
    ) -> bool:
        """Take a part of an order back from who earned it; once per `refund_id`, and the credit is
        reversed when nothing is left. False when this refund was told before."""
        assert amount_minor > 0
        return await store.refund(tx.conn, order_id, refund_id=refund_id, amount_minor=amount_minor)

    async def room_earnings(
        self, room_id: str, *, model: Model, window_days: int, half_life_days: int
    ) -> RoomEarnings:
        """Who earned the orders of a room under `model`; nothing that was paid out changes."""
        async with self._db.connect() as conn:
            orders = await store.touched_orders(conn, room_id)
            window = {"window_days": window_days, "half_life_days": half_life_days}
            shares = [row for row in earned(orders, model, **window) if row.token]
            shares = shares[:SHARE_ROWS_MAX]
            whose = await store.sharers(conn, [row.token for row in shares])
        return RoomEarnings(
            model=model,
            window_days=window_days,
            half_life_days=half_life_days,
            orders=len(orders),
            net_minor=sum(order.net_minor for order in orders),
            sources=by_source(orders, model, **window),
            shares=[
                ShareEarned(**whose[row.token], orders=row.orders, amount_minor=row.amount_minor)
                for row in shares
                if row.token in whose
            ],
        )

    async def credits_of(self, order_ids: Sequence[str]) -> dict[str, Credit]:
        """The credits of these orders, by order id."""
        if not order_ids:
            return {}
        async with self._db.connect() as conn:
            return await store.credits_of(conn, order_ids)
