"""How an order is read: its columns, and its lines as one more column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from yaohe.commerce.orders.lines import OrderLine
from yaohe.commerce.orders.model import Buyer, Order, Shipment

# Read beside the row of an order, in the same statement: the table is to be called `orders` there.
LINES: Final = """(
    select json_agg(json_build_object(
               'product_id', l.product_id, 'variant_id', l.variant_id, 'title', l.title,
               'title_en', l.title_en, 'picture_key', l.picture_key, 'quantity', l.quantity,
               'unit_price_minor', l.unit_price_minor, 'discount_minor', l.discount_minor,
               'live_price_id', l.live_price_id,
               'refunded_quantity', l.refunded_quantity) order by l.place)::text
      from commerce.order_lines l where l.order_id = orders.id
)"""

COLUMNS: Final = f"""id, shop_id, visitor_id, room_id, goods_minor, discount_minor, payable_minor,
    paid_minor, currency, coupon_id, status, buyer_name, buyer_phone, buyer_address, created_at,
    deadline_at, paid_at, closed_at, carrier, tracking, shipped_at, completed_at, staff_note,
    refunded_minor, delivery, fee_minor, buyer_note, pickup_place, pickup_place_en, pickup_code,
    digital_text, {LINES} as lines"""

_lines = msgspec.json.Decoder(tuple[OrderLine, ...])


def order_of(row: Mapping[Any, Any]) -> Order:
    """The order in a row that holds `COLUMNS`."""
    name = row["buyer_name"]
    return Order(
        id=row["id"],
        shop_id=row["shop_id"],
        visitor_id=row["visitor_id"],
        room_id=row["room_id"],
        lines=_lines.decode(row["lines"]),
        goods_minor=row["goods_minor"],
        discount_minor=row["discount_minor"],
        payable_minor=row["payable_minor"],
        paid_minor=row["paid_minor"],
        refunded_minor=row["refunded_minor"],
        currency=row["currency"],
        coupon_id=row["coupon_id"],
        status=row["status"],
        buyer=None
        if name is None
        else Buyer(name=name, phone=row["buyer_phone"], address=row["buyer_address"] or ""),
        created_at=row["created_at"],
        deadline_at=row["deadline_at"],
        paid_at=row["paid_at"],
        closed_at=row["closed_at"],
        shipment=Shipment(carrier=row["carrier"], tracking=row["tracking"]),
        shipped_at=row["shipped_at"],
        completed_at=row["completed_at"],
        staff_note=row["staff_note"],
        delivery=row["delivery"],
        fee_minor=row["fee_minor"],
        buyer_note=row["buyer_note"],
        pickup_place=row["pickup_place"],
        pickup_place_en=row["pickup_place_en"],
        pickup_code=row["pickup_code"],
        digital_text=row["digital_text"],
    )
