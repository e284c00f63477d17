"""The API of reviews: read by everybody, written by buyers, answered and hidden by staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from yaohe.commerce.errors import OrderNotFound
from yaohe.commerce.reviews.errors import ReviewHidden, ReviewNotFound, ReviewTooEarly
from yaohe.commerce.reviews.model import HiddenFor, Review
from yaohe.commerce.service import Commerce
from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    Staff,
    WrongOrigin,
    current_guest,
    friendly_name,
)
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}
_FRESH: Final = {"Cache-Control": "no-store"}

Text = Annotated[str, Meta(max_length=4_000)]


class ReviewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`product_id` is one of the order's; left out, the first is meant."""

    product_id: Text | None = None
    stars: int
    text: Text = ""


class AnswerRequest(msgspec.Struct, frozen=True):
    text: Text


class HideRequest(msgspec.Struct, frozen=True):
    reason: HiddenFor


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """`refunded`: the buyer got all the money back since. `answer` is the shop's, "" without."""

    id: str
    name: str
    name_en: str
    title: str
    title_en: str
    stars: int
    text: str
    answer: str
    refunded: bool
    at: datetime


class MyReview(msgspec.Struct, frozen=True):
    """`review` is null before one is written; `hidden_for` is why the shop hid it."""

    review: ReviewView | None
    hidden_for: HiddenFor | None


class ProductReviews(msgspec.Struct, frozen=True, kw_only=True):
    """`stars` are how many gave 1, 2, 3, 4 and 5; `average_tenths` is 48 for 4.8, null without a
    review. Hidden reviews count in both, and are counted by reason."""

    count: int
    average_tenths: int | None
    stars: tuple[int, int, int, int, int]
    hidden: dict[HiddenFor, int]
    items: list[ReviewView]
    next: str | None


class ShopReview(msgspec.Struct, frozen=True, kw_only=True):
    review: ReviewView
    order_id: str
    product_id: str
    hidden_for: HiddenFor | None


class ShopReviews(msgspec.Struct, frozen=True):
    items: list[ShopReview]
    next: str | None


def review_view(review: Review) -> ReviewView:
    return ReviewView(
        id=review.id,
        name=friendly_name(review.visitor_id, "zh-CN"),
        name_en=friendly_name(review.visitor_id, "en"),
        title=review.title,
        title_en=review.title_en,
        stars=review.stars,
        text=review.text,
        answer=review.answer,
        refunded=review.refunded,
        at=review.at,
    )


class ReadReviews(Controller):
    path = "/api/v1/products/{product_id:str}/reviews"
    tags = ("reviews",)

    @get("/", summary="What buyers say of a product, newest first", opt={"errors": (BadInput,)})
    async def show(
        self, product_id: FromPath[str], commerce: Given[Commerce], before: FromQuery[str] = ""
    ) -> Response[ProductReviews]:
        stars, page = await commerce.reviews.of_product(product_id, before=before or None)
        answer = ProductReviews(
            count=stars.count,
            average_tenths=stars.average_tenths,
            stars=stars.given,
            hidden=stars.hidden,
            items=[review_view(review) for review in page.items],
            next=page.next,
        )
        return Response(answer, headers={"Cache-Control": "public, max-age=5"})


class WriteReview(Controller):
    path = "/api/v1/orders/{order_id:str}/review"
    tags = ("reviews",)
    dependencies = _GUEST

    @get(
        "/",
        summary="One's own review of a product of an order, of the first unless one is named",
        opt={"errors": (BadInput, OrderNotFound)},
    )
    async def mine(
        self,
        order_id: FromPath[str],
        guest: Given[Guest],
        commerce: Given[Commerce],
        product_id: FromQuery[str] = "",
    ) -> Response[MyReview]:
        found = await commerce.reviews.of_order(
            order_id, guest.visitor.id, product_id=product_id or None
        )
        mine = MyReview(None, None)
        if found is not None:
            mine = MyReview(review_view(found), found.hidden_for)
        return Response(mine, headers=_FRESH)

    @put(
        "/",
        summary="Review what has arrived, or change one's review",
        opt={
            "errors": (
                BadInput,
                WrongOrigin,
                OrderNotFound,
                ReviewTooEarly,
                ReviewHidden,
                TryAgain,
            )
        },
    )
    async def write(
        self,
        order_id: FromPath[str],
        data: JSONBody[ReviewRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> ReviewView:
        return review_view(
            await commerce.reviews.write(
                order_id, guest.visitor.id, data.stars, data.text, product_id=data.product_id
            )
        )


class ReviewDesk(Controller):
    path = "/api/v1/shop/reviews"
    tags = ("reviews",)
    dependencies = STAFF_ONLY

    @get("/", summary="All reviews, newest first", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def show(
        self, staff: Given[Staff], commerce: Given[Commerce], before: FromQuery[str] = ""
    ) -> ShopReviews:
        page = await commerce.reviews.of_shop(staff.shop_id, before=before or None)
        items = [
            ShopReview(
                review=review_view(review),
                order_id=review.order_id,
                product_id=review.product_id,
                hidden_for=review.hidden_for,
            )
            for review in page.items
        ]
        return ShopReviews(items, page.next)

    @put(
        "/{review_id:str}/answer",
        status_code=204,
        summary="Answer a review for everybody to read; an empty answer takes it away",
        opt={"errors": (*STAFF_ERRORS, BadInput, ReviewNotFound, TryAgain)},
    )
    async def answer(
        self,
        review_id: FromPath[str],
        data: JSONBody[AnswerRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> None:
        await commerce.reviews.answer(review_id, data.text, by=staff)

    @post(
        "/{review_id:str}/hide",
        status_code=204,
        summary="Hide a review's words; its stars count on, and its hiding is counted openly",
        opt={"errors": (*STAFF_ERRORS, BadInput, ReviewNotFound, TryAgain)},
    )
    async def hide(
        self,
        review_id: FromPath[str],
        data: JSONBody[HideRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> None:
        await commerce.reviews.hide(review_id, data.reason, by=staff)

    @post(
        "/{review_id:str}/show",
        status_code=204,
        summary="Show a hidden review again",
        opt={"errors": (*STAFF_ERRORS, BadInput, ReviewNotFound, TryAgain)},
    )
    async def show_again(
        self, review_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> None:
        await commerce.reviews.hide(review_id, None, by=staff)


controllers = (ReadReviews, WriteReview, ReviewDesk)
