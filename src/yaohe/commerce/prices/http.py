"""The API of live prices, for staff."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, JSONBody

from yaohe.commerce.errors import (
    LivePriceNotFound,
    OrderRoomNotFound,
    ProductHidden,
    ProductNotFound,
    VariantsDiffer,
)
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.prices.model import LivePrice, NewLivePrice
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput


class LivePriceView(msgspec.Struct, frozen=True, kw_only=True):
    """`left` is null when only the stock limits it."""

    id: str
    room_id: str
    product_id: str
    price_minor: int
    total: int | None
    per_person: int | None
    taken: int
    left: int | None
    starts_at: datetime
    ends_at: datetime


class LivePriceList(msgspec.Struct, frozen=True):
    items: list[LivePriceView]


def live_price_view(price: LivePrice) -> LivePriceView:
    return LivePriceView(
        id=price.id,
        room_id=price.room_id,
        product_id=price.product_id,
        price_minor=price.price_minor,
        total=price.total,
        per_person=price.per_person,
        taken=price.taken,
        left=price.left,
        starts_at=price.starts_at,
        ends_at=price.ends_at,
    )


class LivePrices(Controller):
    path = "/api/v1/live-prices"
    tags = ("live prices",)
    dependencies = STAFF_ONLY

    @get("/", summary="What runs in a room now", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def show(
        self, room_id: FromQuery[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> LivePriceList:
        found = await commerce.live_prices(check_key(room_id, field="room_id"))
        mine = [price for price in found if price.shop_id == staff.shop_id]
        return LivePriceList([live_price_view(price) for price in mine])

    @post(
        "/",
        summary="Lower a product's price in a room for some minutes, from now on",
        opt={
            "errors": (
                *STAFF_ERRORS,
                BadInput,
                OrderRoomNotFound,
                ProductNotFound,
                ProductHidden,
                VariantsDiffer,
            )
        },
    )
    async def start(
        self, data: JSONBody[NewLivePrice], staff: Given[Staff], commerce: Given[Commerce]
    ) -> LivePriceView:
        made = await commerce.start_live_price(data, by=staff, shop_id=staff.shop_id)
        return live_price_view(made)

    @post(
        "/{live_price_id:str}/stop",
        status_code=200,
        summary="End it now; orders already made keep their price",
        opt={"errors": (*STAFF_ERRORS, LivePriceNotFound)},
    )
    async def stop(
        self, live_price_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> LivePriceView:
        ended = await commerce.stop_live_price(live_price_id, by=staff, shop_id=staff.shop_id)
        return live_price_view(ended)
