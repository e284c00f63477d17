"""Crediting paid orders to shares, inside the flow step that heard of the payment."""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.kernel.db import Database, Tx
from yaohe.sharing.attribution import store
from yaohe.sharing.attribution.model import Credit, CreditModel, PaidOrder
from yaohe.sharing.events import ShareProductive


class Attribution:
    def __init__(self, db: Database, *, model: CreditModel, window_days: int) -> None:
        assert window_days > 0
        self._db, self._model, self._window_days = db, model, window_days

    async def credit_orders(self, tx: Tx, orders: Sequence[PaidOrder]) -> dict[str, Credit]:
        """Pin first and last touch of each order, and give the credit; asked again, the same.

        Orders without a touch are not in the answer.
        """
        if not orders:
            return {}
        await store.credit(tx.conn, orders, model=self._model, days=self._window_days)
        order_ids = [order.order_id for order in orders]
        for row in await store.mark_productive(tx.conn, order_ids):
            await tx.record(ShareProductive(**row))
        return await store.credits_of(tx.conn, order_ids)

    async def reverse_credit(self, tx: Tx, order_id: str) -> bool:
        """Take the credit back after a refund; False when there was none or it was done before."""
        return await store.reverse(tx.conn, order_id)

    async def credits_of(self, order_ids: Sequence[str]) -> dict[str, Credit]:
        """The credits of these orders, by order id."""
        if not order_ids:
            return {}
        async with self._db.connect() as conn:
            return await store.credits_of(conn, order_ids)
