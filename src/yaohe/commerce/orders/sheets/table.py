"""From orders to rows, and from rows to parcels.

Orders are written a row for each line; sums of the whole order stand in the row of its first line
only, so that a column can be added up. Such a table, with carrier and tracking filled in, can be
given back: other columns are not read, and an order without a number is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.sheets.model import (
    PARCELS_MAX,
    Parcel,
    TrackingRounded,
    TrackingSheetWrong,
    TrackingTwice,
)
from yaohe.commerce.sheets.cells import amount, plain, rows_in, written
from yaohe.kernel.errors import BadInput

COLUMNS: Final = (
    "order_id", "status", "created_at", "paid_at", "shipped_at", "completed_at", "delivery",
    "name", "phone", "address", "buyer_note", "staff_note", "line", "product", "product_id",
    "variant_id", "quantity", "unit_price", "line_discount", "line_sum", "refunded_quantity",
    "goods", "delivery_fee", "discount", "payable", "paid", "refunded", "currency", "carrier",
    "tracking",
)  # fmt: skip
_SUMS: Final = 6  # goods to refunded
# What Chinese spreadsheets and carriers call the columns that are read.
_ALSO: Final = {
    "订单号": "order_id", "订单编号": "order_id", "快递公司": "carrier", "物流公司": "carrier",
    "快递单号": "tracking", "运单号": "tracking", "物流单号": "tracking",
}  # fmt: skip
_ROUNDED: Final = re.compile(r"\d(?:\.\d+)?E\+?\d+\Z", re.ASCII | re.IGNORECASE)


def order_table(orders: Iterable[Order], zone: ZoneInfo) -> bytes:
    """Orders with all their lines; times are by the shop's clock."""
    return written(COLUMNS, (row for order in orders for row in _rows(order, zone)))


def _rows(order: Order, zone: ZoneInfo) -> Iterator[Sequence[object]]:
    def money(minor: int) -> str:
        return amount(minor, order.currency)

    buyer = order.buyer
    times = (order.created_at, order.paid_at, order.shipped_at, order.completed_at)
    head = (
        order.id, order.status, *(_time(at, zone) for at in times), order.delivery,
        buyer.name if buyer else "", buyer.phone if buyer else "", buyer.address if buyer else "",
        order.buyer_note, order.staff_note,
    )  # fmt: skip
    sums = tuple(map(money, (
        order.goods_minor, order.fee_minor, order.discount_minor, order.payable_minor,
        order.paid_minor, order.refunded_minor,
    )))  # fmt: skip
    for place, line in enumerate(order.lines):
        yield (
            *head, place + 1, line.title, line.product_id, line.variant_id or "", line.quantity,
            money(line.unit_price_minor), money(line.discount_minor), money(line.cost_minor),
            line.refunded_quantity, *(("",) * _SUMS if place else sums), order.currency,
            order.shipment.carrier, order.shipment.tracking,
        )  # fmt: skip


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def parcels_in(raw: bytes) -> list[Parcel]:
    """The orders that a table gives a number to; raises `TrackingSheetWrong`."""
    rows = rows_in(raw, TrackingSheetWrong)
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    columns = [_ALSO.get(name, name) for name in names]
    if any(columns.count(name) != 1 for name in ("order_id", "tracking")) or (
        columns.count("carrier") > 1
    ):
        raise TrackingSheetWrong(
            "The first line names the columns order_id, carrier and tracking, each once.",
            field="sheet",
        )
    parcels: dict[str, Parcel] = {}
    for line, row in enumerate(rows[1:], 2):
        told = _parcel(line, dict(zip(columns, map(plain, row), strict=False)))
        if any(map(str.strip, row[len(columns) :])):
            told = _refused(told, BadInput('There are more cells than columns: put "" around.'))
        if told.tracking or told.wrong:
            parcels[told.order_id] = _both(parcels.get(told.order_id), told)
    if not 1 <= len(parcels) <= PARCELS_MAX:
        raise TrackingSheetWrong(
            f"A table has 1 to {PARCELS_MAX} orders with a tracking number.", field="sheet"
        )
    return list(parcels.values())


def _parcel(line: int, cells: dict[str, str]) -> Parcel:
    parcel = Parcel(
        line=line,
        order_id=cells.get("order_id", ""),
        carrier=cells.get("carrier", ""),
        tracking=cells.get("tracking", ""),
    )
    return _refused(parcel, TrackingRounded()) if _ROUNDED.match(parcel.tracking) else parcel


def _both(first: Parcel | None, second: Parcel) -> Parcel:
    """What two rows of one order say together."""
    if first is None or first.wrong:
        return first or second
    if second.wrong:
        return second
    if (first.carrier, first.tracking) != (second.carrier, second.tracking):
        return _refused(first, TrackingTwice())
    return first


def _refused(parcel: Parcel, wrong: BadInput) -> Parcel:
    return Parcel(
        line=parcel.line,
        order_id=parcel.order_id,
        carrier=parcel.carrier,
        tracking=parcel.tracking,
        wrong=wrong,
    )
