"""The API of orders, for guests: buy, pay, look, give up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.catalog.model import picture_path
from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.errors import (
    AddressMissing,
    CouponExpired,
    CouponNotFound,
    CouponNothing,
    CouponSpent,
    CouponTooSmallOrder,
    ForbiddenMove,
    KeyReused,
    LivePriceGone,
    LivePriceLimit,
    LivePriceOver,
    NotTogether,
    OrderLimit,
    OrderNotFound,
    OrderNotPayable,
    OrderRoomNotFound,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
    VariantMissing,
    VariantNotFound,
)
from yaohe.commerce.orders.model import Buyer, Order
from yaohe.commerce.orders.moves import PAID, OrderStatus
from yaohe.commerce.payments.model import Payment, check_return_path
from yaohe.commerce.service import Commerce
from yaohe.commerce.site import site_of
from yaohe.identity import Guest, Identity, WrongOrigin, current_guest
from yaohe.kernel.errors import BadInput, Busy, TryAgain

GUESTS = {"guest": Provide(current_guest)}

Text = Annotated[str, Meta(max_length=1_000)]


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`idempotency_key` is made by the client once per press of "buy" and sent again on retry.
    `expected_minor` is what the buyer was shown to pay; another price is refused. A live price
    must be asked for by its id, and excludes a coupon. `note` is read by whoever packs it. With
    `from_cart` what is ordered leaves the buyer's cart once it is paid."""

    product_id: Text
    idempotency_key: Text
    quantity: int = 1
    room_id: Text | None = None
    coupon_id: Text | None = None
    live_price_id: Text | None = None
    variant_id: Text | None = None
    buyer: Buyer | None = None
    note: Text = ""
    expected_minor: int | None = None
    from_cart: bool = False
    return_path: Text | None = None


class PayRequest(msgspec.Struct, frozen=True, kw_only=True):
    return_path: Text | None = None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """`pickup_code` is there once the order is paid; so is `digital_text`, what was bought."""

    id: str
    status: OrderStatus
    room_id: str | None
    product_id: str
    title: str
    title_en: str
    picture: str | None
    quantity: int
    unit_price_minor: int
    fee_minor: int
    discount_minor: int
    payable_minor: int
    paid_minor: int
    refunded_minor: int
    currency: str
    coupon_id: str | None
    live_price_id: str | None
    variant_id: str | None
    created_at: datetime
    deadline_at: datetime
    paid_at: datetime | None
    carrier: str
    tracking: str
    shipped_at: datetime | None
    completed_at: datetime | None
    delivery: DeliveryKind
    buyer_note: str
    pickup_place: str
    pickup_place_en: str
    pickup_code: str | None
    digital_text: str


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`cashier_url` is null when there is nothing (more) to pay."""

    order: OrderView
    cashier_url: str | None


class OrderList(msgspec.Struct, frozen=True):
    items: list[OrderView]


def order_view(order: Order) -> OrderView:
    return OrderView(
        id=order.id,
        status=order.status,
        room_id=order.room_id,
        product_id=order.product_id,
        title=order.title,
        title_en=order.title_en,
        picture=picture_path(order.picture_key),
        quantity=order.quantity,
        unit_price_minor=order.unit_price_minor,
        fee_minor=order.fee_minor,
        discount_minor=order.discount_minor,
        payable_minor=order.payable_minor,
        paid_minor=order.paid_minor,
        refunded_minor=order.refunded_minor,
        currency=order.currency,
        coupon_id=order.coupon_id,
        live_price_id=order.live_price_id,
        variant_id=order.variant_id,
        created_at=order.created_at,
        deadline_at=order.deadline_at,
        paid_at=order.paid_at,
        carrier=order.shipment.carrier,
        tracking=order.shipment.tracking,
        shipped_at=order.shipped_at,
        completed_at=order.completed_at,
        delivery=order.delivery,
        buyer_note=order.buyer_note,
        pickup_place=order.pickup_place,
        pickup_place_en=order.pickup_place_en,
        pickup_code=order.pickup_code if order.status in PAID else None,
        digital_text=order.digital_text if order.status in PAID else "",
    )


def _cashier_url(
    request: Request[Any, Any, Any], commerce: Commerce, payment: Payment, return_path: str
) -> str:
    query = urlencode({"return_path": return_path})
    return f"{site_of(request, commerce.base_url)}/pay/{payment.id}?{query}"


def _return_path(asked: str | None, room_id: str | None) -> str:
    return check_return_path(asked or (f"/r/{room_id}" if room_id else "/"))


class MyOrders(Controller):
    path = "/api/v1/orders"
    tags = ("orders",)
    dependencies = GUESTS

    @post(
        "/",
        summary="Buy: place an order and open its payment",
        opt={
            "errors": (
                BadInput,
                WrongOrigin,
                OrderRoomNotFound,
                ProductNotFound,
                ProductHidden,
                VariantNotFound,
                VariantMissing,
                AddressMissing,
                SoldOut,
                PriceChanged,
                CouponNotFound,
                CouponSpent,
                CouponExpired,
                CouponTooSmallOrder,
                CouponNothing,
                LivePriceOver,
                LivePriceGone,
                LivePriceLimit,
                NotTogether,
                OrderLimit,
                KeyReused,
                Busy,
                TryAgain,
            )
        },
    )
    async def create(
        self,
        data: JSONBody[OrderRequest],
        guest: Given[Guest],
        request: Request[Any, Any, Any],
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> Response[OrderAnswer]:
        return_path = _return_path(data.return_path, data.room_id)
        refusal = data.room_id and commerce.room_refusal(data.room_id, request.cookies)
        if refusal:
            raise refusal
        order = await commerce.create_order(
            guest.visitor.id,
            data.room_id,
            data.product_id,
            data.quantity,
            data.coupon_id,
            data.idempotency_key,
            data.buyer,
            expected_minor=data.expected_minor,
            live_price_id=data.live_price_id,
            variant_id=data.variant_id,
            note=data.note,
        )
        identity.seen(guest.visitor.id)
        if data.from_cart:
            goods = [(order.product_id, order.variant_id)]
            await commerce.cart.ordered(guest.visitor.id, order.id, goods)
        cashier_url = None
        if order.status == "created":
            payment = await commerce.start_payment(order.id, guest.visitor.id)
            cashier_url = _cashier_url(request, commerce, payment, return_path)
        answer = OrderAnswer(order=order_view(order), cashier_url=cashier_url)
        return Response(answer, status_code=201, headers=guest.headers)

    @get("/", summary="One's own orders, newest first")
    async def show(self, guest: Given[Guest], commerce: Given[Commerce]) -> Response[OrderList]:
        found = await commerce.orders_of(guest.visitor.id)
        headers = {**guest.headers, "Cache-Control": "no-store"}
        return Response(OrderList([order_view(order) for order in found]), headers=headers)

    @get("/{order_id:str}", summary="One's own order", opt={"errors": (OrderNotFound,)})
    async def one(
        self, order_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> Response[OrderView]:
        order = await commerce.order(order_id, guest.visitor.id)
        return Response(order_view(order), headers={"Cache-Control": "no-store"})

    @post(
        "/{order_id:str}/pay",
        status_code=200,
        summary="Open the payment of one's own unpaid order (again)",
        opt={"errors": (BadInput, WrongOrigin, OrderNotFound, OrderNotPayable, TryAgain)},
    )
    async def pay(
        self,
        order_id: FromPath[str],
        guest: Given[Guest],
        request: Request[Any, Any, Any],
        commerce: Given[Commerce],
        data: JSONBody[PayRequest | None] = None,
    ) -> OrderAnswer:
        order = await commerce.order(order_id, guest.visitor.id)
        return_path = _return_path((data or PayRequest()).return_path, order.room_id)
        payment = await commerce.start_payment(order_id, guest.visitor.id)
        url = _cashier_url(request, commerce, payment, return_path)
        return OrderAnswer(order=order_view(order), cashier_url=url)

    @post(
        "/{order_id:str}/cancel",
        status_code=200,
        summary="Give up one's own unpaid order; stock and coupon go back",
        opt={"errors": (WrongOrigin, OrderNotFound, ForbiddenMove, TryAgain)},
    )
    async def cancel(
        self, order_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> OrderView:
        return order_view(await commerce.cancel_order(order_id, guest.visitor.id))

    @post(
        "/{order_id:str}/complete",
        status_code=200,
        summary="Say that one's own shipped order has arrived",
        opt={"errors": (WrongOrigin, OrderNotFound, ForbiddenMove, TryAgain)},
    )
    async def complete(
        self, order_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> OrderView:
        return order_view(await commerce.complete_order(order_id, guest.visitor.id))
