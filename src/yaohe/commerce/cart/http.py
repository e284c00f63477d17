"""The API of the cart: everybody's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, delete, get, put
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


class _Door:
    """Who asks, and which rooms are closed to them: of those they learn no price."""

    def __init__(self, guest: Guest, commerce: Commerce, jar: Mapping[str, str]) -> None:
        self._guest, self._refusal, self._jar = guest, commerce.room_refusal, jar

    def room(self, room_id: str | None) -> str | None:
        """The room they say they are in, if it is open to them."""
        return None if self._is_closed(room_id) else room_id

    def answer(self, lines: list[CartLine], room_id: str | None) -> Response[CartView]:
        """Prices are those of the room they are in; else of the one where each was put in, which
        may have been closed since."""
        told = [
            line.without_live_price() if self._is_closed(room_id or line.room_id) else line
            for line in lines
        ]
        headers = {**self._guest.headers, "Cache-Control": "no-store"}
        return Response(CartView([_line_view(line) for line in told]), headers=headers)

    def _is_closed(self, room_id: str | None) -> bool:
        return bool(room_id and self._refusal(room_id, self._jar))


async def _door(
    request: Request[Any, Any, Any], guest: Given[Guest], commerce: Given[Commerce]
) -> _Door:
    return _Door(guest, commerce, request.cookies)


_GIVEN: Final = {"guest": Provide(current_guest), "door": Provide(_door)}


class MyCart(Controller):
    path = "/api/v1/me/cart"
    tags = ("cart",)
    dependencies = _GIVEN

    @get(
        "/",
        summary="What is in my cart, with the prices and the stock of now; nothing is held for me",
        opt={"errors": (BadInput,)},
    )
    async def show(
        self,
        door: Given[_Door],
        guest: Given[Guest],
        commerce: Given[Commerce],
        room_id: FromQuery[str | None] = None,
    ) -> Response[CartView]:
        room_id = door.room(room_id)
        return door.answer(await commerce.cart.of(guest.visitor.id, room_id=room_id), room_id)

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
        door: Given[_Door],
        guest: Given[Guest],
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> Response[CartView]:
        room_id = door.room(data.room_id)
        lines = await commerce.cart.put(
            guest.visitor.id,
            product_id,
            data.quantity,
            variant_id=data.variant_id,
            room_id=room_id,
        )
        identity.seen(guest.visitor.id)
        return door.answer(lines, room_id)

    @delete(
        "/{product_id:str}",
        status_code=200,
        summary="Take this out of my cart",
        opt={"errors": (BadInput, WrongOrigin, TryAgain)},
    )
    async def remove(
        self,
        product_id: FromPath[str],
        door: Given[_Door],
        guest: Given[Guest],
        commerce: Given[Commerce],
        variant_id: FromQuery[str] = "",
        room_id: FromQuery[str | None] = None,
    ) -> Response[CartView]:
        room_id = door.room(room_id)
        lines = await commerce.cart.remove(
            guest.visitor.id, product_id, variant_id=variant_id, room_id=room_id
        )
        return door.answer(lines, room_id)

    @delete(
        "/",
        summary="Empty my cart",
        opt={"errors": (WrongOrigin, TryAgain)},
    )
    async def empty(self, guest: Given[Guest], commerce: Given[Commerce]) -> None:
        await commerce.cart.empty(guest.visitor.id)
