"""The API of orders, for staff: ship, correct, refund, note. (The list is a report.)"""

from __future__ import annotations

import msgspec
from litestar import Controller, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from yaohe.commerce.errors import ForbiddenMove, OrderNotFound, RefundUnderWay
from yaohe.commerce.orders.http import OrderView, Text, order_view
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput, TryAgain


class ShipRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Both may be empty: what is handed over in person has no number."""

    carrier: Text = ""
    tracking: Text = ""


class NoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    note: Text


class OrderDesk(Controller):
    path = "/api/v1/shop/orders/{order_id:str}"
    tags = ("orders",)
    dependencies = STAFF_ONLY

    @post(
        "/ship",
        status_code=200,
        summary="Ship a paid order; on a shipped one, correct carrier and number",
        opt={"errors": (*STAFF_ERRORS, BadInput, OrderNotFound, ForbiddenMove, TryAgain)},
    )
    async def ship(
        self,
        order_id: FromPath[str],
        data: JSONBody[ShipRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> OrderView:
        shipment = Shipment(carrier=data.carrier, tracking=data.tracking)
        return order_view(await commerce.ship_order(order_id, shipment, by=staff))

    @post(
        "/refund",
        status_code=202,
        summary="Give the whole price back; the order is refunded once the gateway has done it",
        opt={"errors": (*STAFF_ERRORS, OrderNotFound, ForbiddenMove, RefundUnderWay, TryAgain)},
    )
    async def refund(
        self, order_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> OrderView:
        return order_view(await commerce.refund_order(order_id, by=staff))

    @put(
        "/note",
        summary="Write a note that only staff see",
        opt={"errors": (*STAFF_ERRORS, BadInput, OrderNotFound, TryAgain)},
    )
    async def note(
        self,
        order_id: FromPath[str],
        data: JSONBody[NoteRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> OrderView:
        return order_view(await commerce.note_order(order_id, data.note, by=staff))
