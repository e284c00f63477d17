"""The API of orders, for guests: buy, pay, look, give up."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.errors import (
    AddressMissing,
    CouponElsewhere,
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
    OrderSeparately,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
    VariantMissing,
    VariantNotFound,
)
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.model import Buyer
from yaohe.commerce.orders.views import OrderView, order_view
from yaohe.commerce.payments.model import Payment, check_return_path
from yaohe.commerce.service import Commerce
from yaohe.commerce.site import site_of
from yaohe.identity import Guest, Identity, WrongOrigin, current_guest
from yaohe.kernel.errors import BadInput, Busy, TryAgain

GUESTS = {"guest": Provide(current_guest)}

Text = Annotated[str, Meta(max_length=1_000)]


class OrderLineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Each thing (product, variant, live price) stands in one line only."""

    product_id: Text
    quantity: int = 1
    variant_id: Text | None = None
    live_price_id: Text | None = None


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`idempotency_key` is made by the client once per press of "buy" and sent again on retry.
    `expected_minor` is what the buyer was shown to pay; another price is refused. A live price
    must be asked for by its id, and no coupon counts beside it. `note` is read by whoever packs it.
    With `from_cart` what is ordered leaves the buyer's cart once it is paid.

    `lines` is what is ordered, 1 to 20 of it; an order of one product may instead name it with
    `product_id`, `quantity`, `variant_id` and `live_price_id`, as before there were lines."""

    idempotency_key: Text
    lines: list[OrderLineRequest] | None = None
    product_id: Text | None = None
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


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`cashier_url` is null when there is nothing (more) to pay."""

    order: OrderView
    cashier_url: str | None


class OrderList(msgspec.Struct, frozen=True):
    items: list[OrderView]


def wished(lines: list[OrderLineRequest]) -> list[WishLine]:
    return [
        WishLine(
            product_id=line.product_id,
            quantity=line.quantity,
            variant_id=line.variant_id,
            live_price_id=line.live_price_id,
        )
        for line in lines
    ]


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
                CouponElsewhere,
                CouponTooSmallOrder,
                CouponNothing,
                LivePriceOver,
                LivePriceGone,
                LivePriceLimit,
                NotTogether,
                OrderLimit,
                OrderSeparately,
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
            lines=None if data.lines is None else wished(data.lines),
        )
        identity.seen(guest.visitor.id)
        if data.from_cart:
            goods = [(line.product_id, line.variant_id) for line in order.lines]
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
