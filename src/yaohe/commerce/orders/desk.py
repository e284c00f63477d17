"""The API of orders, for staff: ship, correct, refund, note. (The list is a report.)"""

from __future__ import annotations

import msgspec
from litestar import Controller, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from yaohe.commerce.errors import (
    ForbiddenMove,
    KeyReused,
    OrderNotFound,
    PickupDone,
    PickupNotFound,
    RefundElsewhere,
    RefundTooMuch,
    RefundUnderWay,
)
from yaohe.commerce.orders.http import Text
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.orders.views import OrderView, order_view
from yaohe.commerce.payments.model import Pieces, RefundWish
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput, TryAgain


class ShipRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Both may be empty: what is handed over in person has no number."""

    carrier: Text = ""
    tracking: Text = ""


class PickupRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The code as the buyer reads it out; spaces and dashes do not matter."""

    code: Text


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """`place` is the line's in the order's `lines`, from 0."""

    place: int
    quantity: int


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Without an amount: what the pieces of these `lines` cost after what was taken off; without
    lines, too: all that is left. The same key is one refund, however often it is sent."""

    amount_minor: int | None = None
    lines: list[RefundLine] | None = None
    idempotency_key: Text | None = None


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
        summary="Give money back, some or all; the order is refunded once all of it is done",
        opt={
            "errors": (
                *STAFF_ERRORS,
                BadInput,
                OrderNotFound,
                ForbiddenMove,
                RefundElsewhere,
                RefundUnderWay,
                RefundTooMuch,
                KeyReused,
                TryAgain,
            )
        },
    )
    async def refund(
        self,
        order_id: FromPath[str],
        staff: Given[Staff],
        commerce: Given[Commerce],
        data: JSONBody[RefundRequest | None] = None,
    ) -> OrderView:
        asked = data or RefundRequest()
        pieces = None
        if asked.lines is not None:
            pieces = tuple(Pieces(place=line.place, quantity=line.quantity) for line in asked.lines)
        wish = RefundWish(amount_minor=asked.amount_minor, pieces=pieces, key=asked.idempotency_key)
        return order_view(await commerce.refund_order(order_id, wish, by=staff))

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


class Pickups(Controller):
    path = "/api/v1/shop/pickups"
    tags = ("orders",)
    dependencies = STAFF_ONLY

    @post(
        "/",
        status_code=200,
        summary="Hand a paid order over to who knows its pick-up code, once",
        opt={
            "errors": (
                *STAFF_ERRORS,
                BadInput,
                PickupNotFound,
                PickupDone,
                ForbiddenMove,
                TryAgain,
            )
        },
    )
    async def hand_over(
        self, data: JSONBody[PickupRequest], staff: Given[Staff], commerce: Given[Commerce]
    ) -> OrderView:
        return order_view(await commerce.hand_over(data.code, by=staff))
