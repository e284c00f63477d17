"""The API of order sheets, for staff."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from yaohe.commerce.errors import ForbiddenMove, OrderNotFound
from yaohe.commerce.orders.search import order_filter
from yaohe.commerce.orders.sheets.model import (
    BYTES_MAX,
    OrderSheetLong,
    TrackingReport,
    TrackingRounded,
    TrackingSheetWrong,
    TrackingTwice,
)
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput, TryAgain

Word = Annotated[str | None, QueryParameter(max_length=64)]


class OrderSheetDesk(Controller):
    path = "/api/v1/shop/order-sheet"
    tags = ("orders",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="The orders that match as a table, a row for each of their lines",
        opt={"errors": (*STAFF_ERRORS, BadInput, OrderSheetLong, TryAgain)},
    )
    async def write(
        self,
        staff: Given[Staff],
        commerce: Given[Commerce],
        room: Word = None,
        status: Word = None,
        q: Annotated[str, QueryParameter(max_length=400)] = "",
        since: Word = None,
        until: Word = None,
    ) -> Response[bytes]:
        wanted = order_filter(room=room, status=status, q=q, since=since, until=until)
        headers = {
            "Content-Disposition": 'attachment; filename="orders.csv"',
            "Cache-Control": "private, no-store",
        }
        body = await commerce.order_sheets.write(wanted, by=staff)
        return Response(body, media_type="text/csv; charset=utf-8", headers=headers)

    @post(
        "/tracking",
        status_code=200,
        request_max_body_size=BYTES_MAX,
        summary="Ship the orders that a table gives a tracking number to; a dry run only tells",
        opt={
            # The last four are told for the order they are about.
            "errors": (
                *STAFF_ERRORS,
                TryAgain,
                TrackingSheetWrong,
                TrackingTwice,
                TrackingRounded,
                OrderNotFound,
                ForbiddenMove,
            ),
            "body": "text/csv",
        },
    )
    async def take_tracking(
        self,
        request: Request[Any, Any, Any],
        staff: Given[Staff],
        commerce: Given[Commerce],
        dry_run: FromQuery[bool] = False,
    ) -> TrackingReport:
        raw = await request.body()
        return await commerce.order_sheets.take_tracking(raw, by=staff, dry_run=dry_run)
