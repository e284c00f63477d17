"""The API of quotes: asked by a page before it shows a sum."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import JSONBody
from msgspec import Meta

from yaohe.commerce.orders.http import OrderLineRequest, wished
from yaohe.commerce.quotes.model import Quote
from yaohe.commerce.service import Commerce
from yaohe.identity import Guest, WrongOrigin, current_guest
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}

Text = Annotated[str, Meta(max_length=1_000)]


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """As an order would name them; `room_id` is where the buyer is."""

    lines: list[OrderLineRequest]
    room_id: Text | None = None


class MyQuotes(Controller):
    path = "/api/v1/orders/quote"
    tags = ("orders",)
    dependencies = _GUEST

    @post(
        "/",
        status_code=200,
        summary="What an order of these lines would cost now, with each of my coupons and without",
        opt={"errors": (BadInput, WrongOrigin, TryAgain)},
    )
    async def quote(
        self,
        data: JSONBody[QuoteRequest],
        guest: Given[Guest],
        request: Request[Any, Any, Any],
        commerce: Given[Commerce],
    ) -> Response[Quote]:
        refusal = data.room_id and commerce.room_refusal(data.room_id, request.cookies)
        if refusal:
            raise refusal
        quote = await commerce.quote(guest.visitor.id, data.room_id, wished(data.lines))
        return Response(quote, headers={**guest.headers, "Cache-Control": "no-store"})
