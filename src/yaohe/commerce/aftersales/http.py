"""The API of after-sale requests: a buyer's own, and all of them for staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from yaohe.commerce.aftersales.errors import (
    AftersaleLimit,
    AftersaleMove,
    AftersaleNotFound,
    AftersaleOpen,
    AftersaleOver,
)
from yaohe.commerce.aftersales.model import (
    Aftersale,
    AftersaleRule,
    AftersaleWish,
    OrderAftersales,
    Reason,
    ShopAftersale,
)
from yaohe.commerce.aftersales.moves import OPEN, STATUSES, AftersaleKind, AftersaleStatus
from yaohe.commerce.errors import (
    ForbiddenMove,
    KeyReused,
    OrderNotFound,
    RefundElsewhere,
    RefundTooMuch,
    RefundUnderWay,
)
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.service import Commerce
from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    Staff,
    WrongOrigin,
    current_guest,
    friendly_name,
)
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}
_FRESH: Final = {"Cache-Control": "no-store"}
_MOVE_ERRORS: Final = (BadInput, AftersaleNotFound, AftersaleMove, TryAgain)
_MONEY_ERRORS: Final = (ForbiddenMove, RefundElsewhere, RefundTooMuch, RefundUnderWay, KeyReused)

Text = Annotated[str, Meta(max_length=4_000)]
Word = Annotated[str | None, QueryParameter(max_length=64)]


class AftersaleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The same key is one request, however often it is sent."""

    kind: AftersaleKind
    reason: Reason
    amount_minor: int
    idempotency_key: Text
    text: Text = ""


class ParcelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Both may be empty: what is brought back in person has no number."""

    carrier: Text = ""
    tracking: Text = ""


class AgreeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """For goods the answer says where they go."""

    answer: Text = ""


class DeclineRequest(msgspec.Struct, frozen=True, kw_only=True):
    answer: Text


class ShopAftersaleView(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its order's product and buyer. `moved_at` is when it came to stand here."""

    id: str
    order_id: str
    title: str
    title_en: str
    buyer_name: str
    buyer_name_en: str
    kind: AftersaleKind
    reason: Reason
    text: str
    amount_minor: int
    currency: str
    status: AftersaleStatus
    answer: str
    carrier: str
    tracking: str
    asked_at: datetime
    moved_at: datetime


class AftersaleList(msgspec.Struct, frozen=True, kw_only=True):
    """`open` counts those of the shop that have not ended."""

    items: list[ShopAftersaleView]
    next: str | None
    open: int


def _view(found: ShopAftersale) -> ShopAftersaleView:
    return ShopAftersaleView(
        title=found.title,
        title_en=found.title_en,
        buyer_name=friendly_name(found.visitor_id, "zh-CN"),
        buyer_name_en=friendly_name(found.visitor_id, "en"),
        **msgspec.structs.asdict(found.request),
    )


class MyOrderAftersales(Controller):
    path = "/api/v1/orders/{order_id:str}/aftersales"
    tags = ("aftersales",)
    dependencies = _GUEST

    @get(
        "/",
        summary="The requests of one's own order, and what may be asked for",
        opt={"errors": (OrderNotFound,)},
    )
    async def show(
        self, order_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> Response[OrderAftersales]:
        found = await commerce.aftersales.of_order(order_id, guest.visitor.id)
        return Response(found, headers=_FRESH)

    @post(
        "/",
        summary="Ask for money of one's own paid order, with or without sending the goods back",
        opt={
            "errors": (
                BadInput,
                WrongOrigin,
                OrderNotFound,
                ForbiddenMove,
                AftersaleOpen,
                AftersaleOver,
                AftersaleLimit,
                RefundTooMuch,
                KeyReused,
                TryAgain,
            )
        },
    )
    async def ask(
        self,
        order_id: FromPath[str],
        data: JSONBody[AftersaleRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> Aftersale:
        wish = AftersaleWish(
            kind=data.kind,
            reason=data.reason,
            text=data.text,
            amount_minor=data.amount_minor,
            key=data.idempotency_key,
        )
        return await commerce.aftersales.ask(order_id, guest.visitor.id, wish)


class MyAftersales(Controller):
    path = "/api/v1/aftersales/{request_id:str}"
    tags = ("aftersales",)
    dependencies = _GUEST

    @post(
        "/withdraw",
        status_code=200,
        summary="Take one's own request back",
        opt={"errors": (WrongOrigin, *_MOVE_ERRORS)},
    )
    async def withdraw(
        self, request_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> Aftersale:
        return await commerce.aftersales.withdraw(request_id, guest.visitor.id)

    @post(
        "/sent-back",
        status_code=200,
        summary="Say that the goods are on their way to the shop",
        opt={"errors": (WrongOrigin, *_MOVE_ERRORS)},
    )
    async def send_back(
        self,
        request_id: FromPath[str],
        data: JSONBody[ParcelRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> Aftersale:
        parcel = Shipment(carrier=data.carrier, tracking=data.tracking)
        return await commerce.aftersales.send_back(request_id, guest.visitor.id, parcel)


class AftersaleDesk(Controller):
    path = "/api/v1/shop/aftersales"
    tags = ("aftersales",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="After-sale requests, newest first",
        opt={"errors": (*STAFF_ERRORS, BadInput)},
    )
    async def show(
        self,
        staff: Given[Staff],
        commerce: Given[Commerce],
        status: Word = None,
        order: Word = None,
        before: Word = None,
    ) -> Response[AftersaleList]:
        page = await commerce.aftersales.page(
            staff.shop_id, statuses=_statuses(status), order_id=order, before=before
        )
        found = AftersaleList(
            items=[_view(one) for one in page.items], next=page.next, open=page.open
        )
        return Response(found, headers=_FRESH)

    @post(
        "/{request_id:str}/agree",
        status_code=200,
        summary="Agree: money goes back now, or the buyer reads where the goods go",
        opt={"errors": (*STAFF_ERRORS, *_MOVE_ERRORS, *_MONEY_ERRORS)},
    )
    async def agree(
        self,
        request_id: FromPath[str],
        data: JSONBody[AgreeRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> Aftersale:
        return await commerce.aftersales.agree(request_id, data.answer, by=staff)

    @post(
        "/{request_id:str}/receive",
        status_code=200,
        summary="The goods are back: give the money back",
        opt={"errors": (*STAFF_ERRORS, *_MOVE_ERRORS, *_MONEY_ERRORS)},
    )
    async def receive(
        self, request_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> Aftersale:
        return await commerce.aftersales.receive(request_id, by=staff)

    @post(
        "/{request_id:str}/decline",
        status_code=200,
        summary="Say no, and why",
        opt={"errors": (*STAFF_ERRORS, *_MOVE_ERRORS)},
    )
    async def decline(
        self,
        request_id: FromPath[str],
        data: JSONBody[DeclineRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> Aftersale:
        return await commerce.aftersales.decline(request_id, data.answer, by=staff)


class AftersaleRules(Controller):
    path = "/api/v1/shop/aftersale-rule"
    tags = ("aftersales",)
    dependencies = STAFF_ONLY

    @get("/", summary="How long buyers may ask", opt={"errors": STAFF_ERRORS})
    async def show(self, staff: Given[Staff], commerce: Given[Commerce]) -> AftersaleRule:
        return await commerce.aftersales.rule(staff.shop_id)

    @put(
        "/",
        summary="Say how many days after arrival buyers may ask",
        opt={"errors": (*STAFF_ERRORS, BadInput, TryAgain)},
    )
    async def change(
        self, data: JSONBody[AftersaleRule], staff: Given[Staff], commerce: Given[Commerce]
    ) -> AftersaleRule:
        return await commerce.aftersales.set_rule(data, by=staff)


def _statuses(wanted: str | None) -> tuple[AftersaleStatus, ...]:
    if wanted is None:
        return ()
    if wanted == "open":
        return OPEN
    found = tuple(status for status in STATUSES if status == wanted)
    if not found:
        raise BadInput(f"The status is one of open, {', '.join(STATUSES)}.", field="status")
    return found


controllers = (MyOrderAftersales, MyAftersales, AftersaleDesk, AftersaleRules)
