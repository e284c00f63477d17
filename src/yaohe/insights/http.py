"""The API of insights, for staff: the report of a room's shares, and the orders they led to."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter

from yaohe.commerce import picture_path
from yaohe.commerce.orders import OrderLineView, line_view, order_filter
from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Identity,
    Staff,
    friendly_name,
)
from yaohe.insights.model import (
    ChannelTotals,
    CreditedOrder,
    ReportRoom,
    RoomReport,
    Sentence,
    ShareTotals,
    Totals,
)
from yaohe.insights.reports import Insights
from yaohe.kernel.errors import BadInput
from yaohe.live.rooms import RoomNotFound
from yaohe.sharing.attribution import Credit
from yaohe.sharing.reports import Funnel

Word = Annotated[str | None, QueryParameter(max_length=64)]
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`totals` are over all shares of the room, `shares` are the busiest ones."""

    room: ReportRoom
    currency: str
    sentence: Sentence
    totals: Totals
    funnel: Funnel
    by_channel: list[ChannelTotals]
    shares: list[ShareTotals]
    previous: Totals | None
    as_of: datetime


class OrderedProduct(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    picture: str | None


class BuyerView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    phone: str
    address: str


class CreditedShare(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    sharer_name: str
    sharer_name_en: str
    channel: str


class ShopOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the desk sees it, with the share it is owed to. `product` is the first line's,
    its title says how many there are; `quantity` counts all pieces."""

    id: str
    created_at: datetime
    status: str
    visitor_id: str
    buyer_name: str
    buyer_name_en: str
    buyer: BuyerView | None
    room_id: str | None
    lines: list[OrderLineView]
    product: OrderedProduct
    quantity: int
    total_minor: int
    fee_minor: int
    discount_minor: int
    paid_minor: int
    currency: str
    paid_at: datetime | None
    coupon_title: str | None
    coupon_title_en: str | None
    payment_problem: str | None
    refund_state: str | None
    refunded_minor: int
    going_back_minor: int
    carrier: str
    tracking: str
    shipped_at: datetime | None
    completed_at: datetime | None
    staff_note: str
    delivery: str
    buyer_note: str
    pickup_place: str
    pickup_place_en: str
    share: CreditedShare | None


class ShopOrderList(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ShopOrderView]
    next: str | None


def etag_of(report: RoomReport) -> str:
    """The same numbers have the same tag, whenever they were read."""
    told = msgspec.structs.replace(report, as_of=_NEVER)
    return f'"{blake2b(msgspec.json.encode(told), digest_size=12).hexdigest()}"'


class ShareReports(Controller):
    path = "/api/v1/rooms/{room_id:str}/share-report"
    tags = ("insights",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="What the shares of a room brought; 304 while nothing has changed",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def report(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        insights: Given[Insights],
        identity: Given[Identity],
        request: Request[Any, Any, Any],
    ) -> Response[ReportAnswer | None]:
        found = await insights.room_report(room_id)
        etag = etag_of(found)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(None, status_code=304, headers=headers)
        answer = ReportAnswer(
            room=found.room,
            currency=(await identity.shop()).currency,
            sentence=found.sentence,
            totals=found.totals,
            funnel=found.funnel,
            by_channel=found.by_channel,
            shares=found.shares,
            previous=found.previous,
            as_of=found.as_of,
        )
        return Response(answer, headers=headers)


def _order(item: CreditedOrder) -> ShopOrderView:
    order, credit = item.order, item.credit
    buyer = order.buyer
    return ShopOrderView(
        id=order.id,
        created_at=order.created_at,
        status=order.status,
        visitor_id=order.visitor_id,
        buyer_name=friendly_name(order.visitor_id, "zh-CN", given=buyer.name if buyer else ""),
        buyer_name_en=friendly_name(order.visitor_id, "en", given=buyer.name if buyer else ""),
        buyer=None
        if buyer is None
        else BuyerView(name=buyer.name, phone=buyer.phone, address=buyer.address),
        room_id=order.room_id,
        lines=[line_view(line) for line in order.lines],
        product=OrderedProduct(
            id=order.first.product_id,
            title=order.title,
            title_en=order.title_en,
            picture=picture_path(order.first.picture_key),
        ),
        quantity=order.quantity,
        total_minor=order.goods_minor,
        fee_minor=order.fee_minor,
        discount_minor=order.discount_minor,
        paid_minor=order.paid_minor,
        currency=order.currency,
        paid_at=order.paid_at,
        coupon_title=item.coupon_title,
        coupon_title_en=item.coupon_title_en,
        payment_problem=item.payment_problem,
        refund_state=item.refund_state,
        refunded_minor=order.refunded_minor,
        going_back_minor=item.going_back_minor,
        carrier=order.shipment.carrier,
        tracking=order.shipment.tracking,
        shipped_at=order.shipped_at,
        completed_at=order.completed_at,
        staff_note=order.staff_note,
        delivery=order.delivery,
        buyer_note=order.buyer_note,
        pickup_place=order.pickup_place,
        pickup_place_en=order.pickup_place_en,
        share=None if credit is None or credit.reversed_at is not None else _credited(credit),
    )


def _credited(credit: Credit) -> CreditedShare:
    return CreditedShare(
        token=credit.token,
        sharer_name=friendly_name(credit.sharer_id, "zh-CN", given=credit.sharer_name),
        sharer_name_en=friendly_name(credit.sharer_id, "en", given=credit.sharer_name),
        channel=credit.channel,
    )


class ShopOrdersReport(Controller):
    path = "/api/v1/shop/orders"
    tags = ("insights",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="Orders of the shop that match, newest first, each with the share it is owed to",
        opt={"errors": (*STAFF_ERRORS, BadInput)},
    )
    async def orders(
        self,
        staff: Given[Staff],
        insights: Given[Insights],
        room: Word = None,
        status: Word = None,
        q: Annotated[str, QueryParameter(max_length=400)] = "",
        since: Word = None,
        until: Word = None,
        before: Word = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> ShopOrderList:
        wanted = order_filter(
            room=room, status=status, q=q, since=since, until=until, before=before, limit=limit
        )
        page = await insights.shop_orders(wanted, shop_id=staff.shop_id)
        return ShopOrderList(items=[_order(item) for item in page.items], next=page.next)


controllers = (ShareReports, ShopOrdersReport)
