"""The API of waits: for guests their own, for staff how many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantNotFound
from yaohe.commerce.service import Commerce
from yaohe.commerce.waits.errors import StillThere, WaitsFull
from yaohe.commerce.waits.model import Wait, Waiting
from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    Identity,
    Staff,
    WrongOrigin,
    current_guest,
)
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}

Text = Annotated[str, Meta(max_length=1_000)]


class WaitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`variant_id` for one variant of it; `room_id` is where the visitor is."""

    variant_id: Text = ""
    room_id: Text | None = None


class WaitView(msgspec.Struct, frozen=True, kw_only=True):
    """`told_at` is null while the visitor waits."""

    product_id: str
    variant_id: str
    room_id: str | None
    title: str
    title_en: str
    picture: str
    stock: int
    asked_at: datetime
    told_at: datetime | None


class WaitList(msgspec.Struct, frozen=True):
    items: list[WaitView]


class WaitingList(msgspec.Struct, frozen=True):
    items: list[Waiting]


def wait_view(wait: Wait) -> WaitView:
    return WaitView(
        product_id=wait.product_id,
        variant_id=wait.variant_id,
        room_id=wait.room_id,
        title=wait.title_in("zh-CN"),
        title_en=wait.title_in("en"),
        picture=wait.picture,
        stock=wait.stock,
        asked_at=wait.asked_at,
        told_at=wait.told_at,
    )


class MyWaits(Controller):
    path = "/api/v1/me/waits"
    tags = ("waits",)
    dependencies = _GUEST

    @get("/", summary="What I wait for, and what is back and I have not seen yet")
    async def mine(self, guest: Given[Guest], commerce: Given[Commerce]) -> Response[WaitList]:
        found = await commerce.waits_of(guest.visitor.id)
        headers = {**guest.headers, "Cache-Control": "no-store"}
        return Response(WaitList([wait_view(wait) for wait in found]), headers=headers)

    @put(
        "/{product_id:str}",
        status_code=204,
        summary="Tell me when this sold-out product is back",
        opt={
            "errors": (
                BadInput,
                WrongOrigin,
                ProductNotFound,
                ProductHidden,
                VariantNotFound,
                StillThere,
                WaitsFull,
                TryAgain,
            )
        },
    )
    async def ask(
        self,
        product_id: FromPath[str],
        guest: Given[Guest],
        request: Request[Any, Any, Any],
        commerce: Given[Commerce],
        identity: Given[Identity],
        data: JSONBody[WaitRequest | None] = None,
    ) -> Response[None]:
        asked = data or WaitRequest()
        refusal = asked.room_id and commerce.room_refusal(asked.room_id, request.cookies)
        if refusal:
            raise refusal
        await commerce.ask_to_be_told(
            guest.visitor.id, product_id, variant_id=asked.variant_id, room_id=asked.room_id
        )
        identity.seen(guest.visitor.id)
        return Response(None, headers=guest.headers)

    @delete(
        "/{product_id:str}",
        summary="Do not tell me any more",
        opt={"errors": (BadInput, WrongOrigin, TryAgain)},
    )
    async def leave(
        self,
        product_id: FromPath[str],
        guest: Given[Guest],
        commerce: Given[Commerce],
        variant_id: FromQuery[str] = "",
    ) -> None:
        await commerce.leave_wait(guest.visitor.id, product_id, variant_id=variant_id)

    @post(
        "/{product_id:str}/seen",
        status_code=204,
        summary="I have seen that it is back",
        opt={"errors": (BadInput, WrongOrigin, TryAgain)},
    )
    async def seen(
        self, product_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> None:
        await commerce.wait_seen(guest.visitor.id, product_id)


class ShopWaits(Controller):
    path = "/api/v1/shop/waits"
    tags = ("waits",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="How many wait for what is sold out, the most wanted first",
        opt={"errors": STAFF_ERRORS},
    )
    async def counts(self, staff: Given[Staff], commerce: Given[Commerce]) -> WaitingList:
        return WaitingList(await commerce.wait_counts(staff.shop_id))
