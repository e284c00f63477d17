"""The verb of quotes: what would these lines cost."""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.commerce.orders.lines import WishLine, check_key, wished_lines
from yaohe.commerce.orders.model import Wish
from yaohe.commerce.quotes import store
from yaohe.commerce.quotes.model import Quote, quote_of
from yaohe.kernel.db import Database


class Quotes:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def quote(self, visitor_id: str, room_id: str | None, lines: Sequence[WishLine]) -> Quote:
        """What an order of these lines, placed in this room, would cost now: with none of the
        buyer's coupons and with each. Nothing is taken, held or locked for it."""
        wish = Wish(
            visitor_id=check_key(visitor_id, field="visitor_id"),
            room_id=None if room_id is None else check_key(room_id, field="room_id"),
            lines=wished_lines(lines, product_id=None),
            coupon_id=None,
            idempotency_key="quote",
            expected_minor=None,
            buyer=None,
        )
        async with self._db.raw() as conn:
            return quote_of(await store.with_each_coupon(conn, wish))
