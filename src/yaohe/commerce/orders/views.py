"""How an order and its lines look in answers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from yaohe.commerce.catalog.model import picture_path
from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.orders.lines import OrderLine
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.moves import PAID, OrderStatus


class OrderLineView(msgspec.Struct, frozen=True, kw_only=True):
    """`discount_minor` is its share of what the coupon took off the goods; `refunded_quantity` are
    the pieces whose money went back, or is on its way."""

    product_id: str
    variant_id: str | None
    title: str
    title_en: str
    picture: str | None
    quantity: int
    unit_price_minor: int
    discount_minor: int
    live_price_id: str | None
    refunded_quantity: int


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """`pickup_code` is there once the order is paid; so is `digital_text`, what was bought.

    Of an order with several lines `title` says its first and how many there are, `quantity` counts
    all pieces, and product, variant, picture, unit price and live price are those of the first
    line. `goods_minor` is the sum of all lines before `discount_minor`."""

    id: str
    status: OrderStatus
    room_id: str | None
    lines: list[OrderLineView]
    goods_minor: int
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


def line_view(line: OrderLine) -> OrderLineView:
    return OrderLineView(
        product_id=line.product_id,
        variant_id=line.variant_id,
        title=line.title,
        title_en=line.title_en,
        picture=picture_path(line.picture_key),
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        discount_minor=line.discount_minor,
        live_price_id=line.live_price_id,
        refunded_quantity=line.refunded_quantity,
    )


def order_view(order: Order) -> OrderView:
    first = order.first
    return OrderView(
        id=order.id,
        status=order.status,
        room_id=order.room_id,
        lines=[line_view(line) for line in order.lines],
        goods_minor=order.goods_minor,
        product_id=first.product_id,
        title=order.title,
        title_en=order.title_en,
        picture=picture_path(first.picture_key),
        quantity=order.quantity,
        unit_price_minor=first.unit_price_minor,
        fee_minor=order.fee_minor,
        discount_minor=order.discount_minor,
        payable_minor=order.payable_minor,
        paid_minor=order.paid_minor,
        refunded_minor=order.refunded_minor,
        currency=order.currency,
        coupon_id=order.coupon_id,
        live_price_id=first.live_price_id,
        variant_id=first.variant_id,
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
