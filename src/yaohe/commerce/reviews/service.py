"""The verbs of reviews: the buyer writes, everybody reads, the shop answers and hides."""

from __future__ import annotations

from typing import Final

import msgspec

from yaohe.commerce.messages.service import OwnOrder
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.orders.model import Order
from yaohe.commerce.reviews import store
from yaohe.commerce.reviews.errors import ReviewHidden, ReviewNotFound, ReviewTooEarly
from yaohe.commerce.reviews.model import (
    HiddenFor,
    Review,
    Stars,
    check_stars,
    cleaned_answer,
    cleaned_review,
)
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

PAGE: Final = 20


class ReviewPage(msgspec.Struct, frozen=True):
    """A page of reviews, newest first; `next` is what the following page is asked for with."""

    items: list[Review]
    next: str | None


class Reviews:
    """`own_order` says whether an order is this visitor's."""

    def __init__(self, db: Database, *, own_order: OwnOrder) -> None:
        self._db, self._own_order = db, own_order

    async def write(
        self,
        order_id: str,
        visitor_id: str,
        stars: int,
        text: str,
        *,
        product_id: str | None = None,
    ) -> Review:
        """Review what has arrived, or change one's review; one for each product of an order, of
        which the first is meant unless another is named."""
        stars, body = check_stars(stars), cleaned_review(text)
        product = _product_of(await self._own_order(order_id, visitor_id), product_id)
        async with self._db.begin() as tx:
            written = await store.write(tx.conn, new_id("rev"), order_id, product, stars, body)
            found = await store.of_order(tx.conn, order_id, product)
            if written and found is not None:
                return found
            raise ReviewHidden if found is not None and found.hidden_for else ReviewTooEarly

    async def of_order(
        self, order_id: str, visitor_id: str, *, product_id: str | None = None
    ) -> Review | None:
        """One's own review of a product of an order, also when it is hidden."""
        product = _product_of(await self._own_order(order_id, visitor_id), product_id)
        async with self._db.connect() as conn:
            return await store.of_order(conn, order_id, product)

    async def of_product(
        self, product_id: str, *, before: str | None = None
    ) -> tuple[Stars, ReviewPage]:
        """What everybody may read about a product."""
        check_key(product_id, field="product_id")
        before = None if before is None else check_key(before, field="before")
        async with self._db.connect() as conn:
            stars = await store.stars(conn, product_id)
            found = await store.of_product(conn, product_id, before=before, limit=PAGE + 1)
        return stars, _page(found)

    async def of_shop(self, shop_id: str = SHOP_ID, *, before: str | None = None) -> ReviewPage:
        before = None if before is None else check_key(before, field="before")
        async with self._db.connect() as conn:
            return _page(await store.of_shop(conn, shop_id, before=before, limit=PAGE + 1))

    async def answer(self, review_id: str, text: str, *, by: Staff) -> None:
        """The shop's answer stands below the review; an empty one takes it away."""
        body = cleaned_answer(text)
        check_key(review_id, field="review_id")
        async with self._db.begin() as tx:
            if not await store.answer(tx.conn, review_id, by.shop_id, body):
                raise ReviewNotFound
            await audit(tx, staff=by, action="review.answer", subject=review_id)

    async def hide(self, review_id: str, reason: HiddenFor | None, *, by: Staff) -> None:
        """Hide its words for a reason, which is counted in the open; None: show it again."""
        check_key(review_id, field="review_id")
        async with self._db.begin() as tx:
            if not await store.hide(tx.conn, review_id, by.shop_id, reason):
                raise ReviewNotFound
            action = "review.hide" if reason else "review.show"
            detail = {"reason": reason} if reason else {}
            await audit(tx, staff=by, action=action, subject=review_id, detail=detail)


def _product_of(order: Order, product_id: str | None) -> str:
    """The product of an order that is meant; raises `BadInput` for one it does not have."""
    if product_id is None:
        return order.first.product_id
    if all(line.product_id != product_id for line in order.lines):
        raise BadInput("This order has no such product.", field="product_id")
    return product_id


def _page(found: list[Review]) -> ReviewPage:
    items = found[:PAGE]
    return ReviewPage(items, items[-1].id if len(found) > PAGE else None)
