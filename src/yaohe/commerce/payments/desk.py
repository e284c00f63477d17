"""The API of payments, for staff: the gateway's bill of a day beside our books."""

from __future__ import annotations

from datetime import date

from litestar import Controller, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from yaohe.commerce.payments.reconciling import Reconciled
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput, TryAgain
from yaohe.platforms.outgoing import PlatformRefused
from yaohe.platforms.payments import BillNotThere


class Bills(Controller):
    path = "/api/v1/shop/bills"
    tags = ("payments",)
    dependencies = STAFF_ONLY

    @get(
        "/{day:str}",
        summary="Where the gateway's bill of a day and our books differ; nothing is changed",
        opt={"errors": (*STAFF_ERRORS, BadInput, BillNotThere, PlatformRefused, TryAgain)},
    )
    async def show(
        self, day: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> Reconciled:
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            raise BadInput("Name the day as 2026-11-26.", field="day") from None
        return await commerce.reconcile(wanted)
