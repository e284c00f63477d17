"""The API of delivery: the rule for everybody who buys, and for staff to change."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody
from msgspec import Meta

from yaohe.commerce.delivery.model import DeliveryRule
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput

Text = Annotated[str, Meta(max_length=1_000)]


class DeliveryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`fee_minor` 0: shipping is free. `free_from_minor` left out: it never becomes so."""

    fee_minor: int = 0
    free_from_minor: int | None = None
    pickup_place: Text = ""
    pickup_place_en: Text = ""


class DeliveryInfo(Controller):
    path = "/api/v1/delivery"
    tags = ("orders",)

    @get("/", summary="What shipping costs, and where goods are picked up")
    async def show(self, commerce: Given[Commerce]) -> Response[DeliveryRule]:
        return Response(await commerce.delivery_rule(), headers={"Cache-Control": "no-store"})


class DeliveryDesk(Controller):
    path = "/api/v1/shop/delivery"
    tags = ("orders",)
    dependencies = STAFF_ONLY

    @put(
        "/",
        summary="Say what shipping costs, and where goods are picked up",
        opt={"errors": (*STAFF_ERRORS, BadInput)},
    )
    async def change(
        self, data: JSONBody[DeliveryRequest], staff: Given[Staff], commerce: Given[Commerce]
    ) -> DeliveryRule:
        rule = DeliveryRule(
            fee_minor=data.fee_minor,
            free_from_minor=data.free_from_minor,
            pickup_place=data.pickup_place,
            pickup_place_en=data.pickup_place_en,
        )
        return await commerce.set_delivery_rule(rule, by=staff, shop_id=staff.shop_id)
