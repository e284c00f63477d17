"""The API of the cart: everybody's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, delete, get, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from yaohe.commerce.cart.errors import CartFull
from yaohe.commerce.cart.model import CartLine, LineState
from yaohe.commerce.catalog.model import picture_path
from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantMissing, VariantNotFound
from yaohe.commerce.service import Commerce
from yaohe.identity import Guest, Identity, WrongOrigin, current_guest
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}

Text = Annotated[str, Meta(max_length=1_000)]


class CartLineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` is how many there are to be in the cart, not how many more. `variant_id` is needed
    when the product has variants; `room_id` is where the buyer is."""

    quantity: int
    variant_id: Text = ""
    room_id: Text | None = None


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is now. `seen_minor` is what a piece cost when it was put in. `state` says
    whether it can be bought: `short` is fewer left than wanted, `off_sale` and `variant_gone` are
    not sold any more. `order_id` is the unpaid order it is part of."""

    product_id: str
    variant_id: str
    room_id: str | None
    quantity: int
    seen_minor: int
    put_at: datetime
    title: str
    title_en: str
    variant_title: str
    variant_title_en: str
    picture: str
    delivery: DeliveryKind
    currency: str
    price_minor: int
    live_price_id: str | None
    live_price_minor: int | None
    live_price_until: datetime | None
    live_price_left: int | None
    live_price_each: int | None
    stock: int
    state: LineState
    order_id: str | None


class CartView(msgspec.Struct, frozen=True):
    items: list[CartLineView]


def _line_view(line: CartLine) -> CartLineView:
    return CartLineView(
        product_id=line.product_id,
        variant_id=line.variant_id,
        room_id=line.room_id,
        quantity=line.quantity,
        seen_minor=line.seen_minor,
        put_at=line.put_at,
        title=line.title,
        title_en=line.title_en,
        variant_title=line.variant_title,
        variant_title_en=line.variant_title_en,
        picture=picture_path(line.picture_key),
        delivery=line.delivery,
        currency=line.currency,
        price_minor=line.price_minor,
        live_price_id=line.live_price_id,
        live_price_minor=line.live_price_minor,
        live_price_until=line.live_price_until,
        live_price_left=line.live_price_left,
        live_price_each=line.live_price_each,
        stock=max(0, line.stock),
        state=line.state,
        order_id=line.order_id,
    )


def _answer(lines: list[CartLine], guest: Guest) -> Response[CartView]:
    headers = {**guest.headers, "Cache-Control": "no-store"}
    return Response(CartView([_line_view(line) for line in lines]), headers=headers)


class MyCart(Controller):
    path = "/api/v1/me/cart"
    tags = ("cart",)
    dependencies = _GUEST

    @get(
        "/",
        summary="What is in my cart, with the prices and the stock of now; nothing is held for me",
        opt={"errors": (BadInput,)},
    )
    async def show(
        self, guest: Given[Guest], commerce: Given[Commerce], room_id: FromQuery[str | None] = None
    ) -> Response[CartView]:
        return _answer(await commerce.cart.of(guest.visitor.id, room_id=room_id), guest)

    @put(
        "/{product_id:str}",
        summary="So many pieces of this are to be in my cart",
        opt={
            "errors": (
                BadInput,
                WrongOrigin,
                ProductNotFound,
                ProductHidden,
                VariantNotFound,
                VariantMissing,
                CartFull,
                TryAgain,
            )
        },
    )
    async def put(
        self,
        product_id: FromPath[str],
        data: JSONBody[CartLineRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> Response[CartView]:
        lines = await commerce.cart.put(
            guest.visitor.id,
            product_id,
            data.quantity,
            variant_id=data.variant_id,
            room_id=data.room_id,
        )
        identity.seen(guest.visitor.id)
        return _answer(lines, guest)

    @delete(
        "/{product_id:str}",
        status_code=200,
        summary="Take this out of my cart",
        opt={"errors": (BadInput, WrongOrigin, TryAgain)},
    )
    async def remove(
        self,
        product_id: FromPath[str],
        guest: Given[Guest],
        commerce: Given[Commerce],
        variant_id: FromQuery[str] = "",
        room_id: FromQuery[str | None] = None,
    ) -> Response[CartView]:
        lines = await commerce.cart.remove(
            guest.visitor.id, product_id, variant_id=variant_id, room_id=room_id
        )
        return _answer(lines, guest)

    @delete(
        "/",
        summary="Empty my cart",
        opt={"errors": (WrongOrigin, TryAgain)},
    )
    async def empty(self, guest: Given[Guest], commerce: Given[Commerce]) -> None:
        await commerce.cart.empty(guest.visitor.id)
