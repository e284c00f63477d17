"""The API of sheets, for staff."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery

from yaohe.commerce.service import Commerce
from yaohe.commerce.sheets.model import BYTES_MAX, ProductSheetWrong, SheetReport
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff
from yaohe.kernel.errors import TryAgain


class ProductSheets(Controller):
    path = "/api/v1/shop/product-sheet"
    tags = ("products",)
    dependencies = STAFF_ONLY

    @get("/", summary="All products as a table", opt={"errors": STAFF_ERRORS})
    async def write(self, staff: Given[Staff], commerce: Given[Commerce]) -> Response[bytes]:
        headers = {
            "Content-Disposition": 'attachment; filename="products.csv"',
            "Cache-Control": "private, no-store",
        }
        body = await commerce.sheets.write(staff.shop_id)
        return Response(body, media_type="text/csv; charset=utf-8", headers=headers)

    @post(
        "/",
        status_code=200,
        request_max_body_size=BYTES_MAX,
        summary="Do what a table says, all of it or nothing; a dry run only tells",
        opt={"errors": (*STAFF_ERRORS, ProductSheetWrong, TryAgain), "body": "text/csv"},
    )
    async def take_in(
        self,
        request: Request[Any, Any, Any],
        staff: Given[Staff],
        commerce: Given[Commerce],
        identity: Given[Identity],
        dry_run: FromQuery[bool] = False,
    ) -> SheetReport:
        currency = (await identity.shop()).currency
        return await commerce.sheets.take_in(
            await request.body(), currency=currency, by=staff, dry_run=dry_run
        )
