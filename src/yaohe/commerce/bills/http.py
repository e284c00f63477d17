"""The API of kept bills, for staff."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.bills.errors import BillNotKept, DifferenceNotFound
from yaohe.commerce.bills.model import BECAUSE_CHARS_MAX, Bill, KeptDifference
from yaohe.commerce.payments.reconciling import Reconciled
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput, TryAgain
from yaohe.platforms.outgoing import PlatformRefused
from yaohe.platforms.payments import BillNotThere


class BillList(msgspec.Struct, frozen=True):
    items: list[Bill]


class BillView(msgspec.Struct, frozen=True):
    """A day and its differences; no more than five hundred of them are listed."""

    bill: Bill
    differences: list[KeptDifference]


class ExplainRequest(msgspec.Struct, frozen=True, kw_only=True):
    because: Annotated[str, Meta(min_length=1, max_length=BECAUSE_CHARS_MAX)]


class Bills(Controller):
    path = "/api/v1/shop/bills"
    tags = ("payments",)
    dependencies = STAFF_ONLY

    @get("/", summary="The days looked at, newest first", opt={"errors": STAFF_ERRORS})
    async def all(self, staff: Given[Staff], commerce: Given[Commerce]) -> BillList:
        return BillList(await commerce.bills.newest(staff.shop_id))

    @get(
        "/{day:str}",
        summary="Where the gateway's bill of a day and our books differ; nothing is changed",
        opt={"errors": (*STAFF_ERRORS, BadInput, BillNotThere, PlatformRefused, TryAgain)},
    )
    async def show(
        self, day: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> Reconciled:
        return await commerce.reconcile(_day(day))

    @get(
        "/{day:str}/{gateway:str}",
        summary="What was found on a day, and what staff noted about it",
        opt={"errors": (*STAFF_ERRORS, BadInput, BillNotKept)},
    )
    async def kept(
        self,
        day: FromPath[str],
        gateway: FromPath[str],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> BillView:
        found = await commerce.bills.of_day(gateway, _day(day), shop_id=staff.shop_id)
        return BillView(found, await commerce.bills.differences_of(found))

    @post(
        "/{day:str}/{gateway:str}/again",
        status_code=200,
        summary="Compare a day once more; what was found before is replaced, notes stay",
        opt={
            "errors": (
                *STAFF_ERRORS,
                BadInput,
                BillNotKept,
                BillNotThere,
                PlatformRefused,
                TryAgain,
            )
        },
    )
    async def again(
        self,
        day: FromPath[str],
        gateway: FromPath[str],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> BillView:
        found = await commerce.bills.again(gateway, _day(day), shop_id=staff.shop_id)
        return BillView(found, await commerce.bills.differences_of(found))

    @put(
        "/differences/{difference_id:str}",
        status_code=204,
        summary="Note that a difference was looked into, and what it is",
        opt={"errors": (*STAFF_ERRORS, BadInput, DifferenceNotFound, TryAgain)},
    )
    async def explain(
        self,
        difference_id: FromPath[str],
        data: JSONBody[ExplainRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> None:
        await commerce.bills.explain(difference_id, data.because, by=staff)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("Name the day as 2026-11-26.", field="day") from None
