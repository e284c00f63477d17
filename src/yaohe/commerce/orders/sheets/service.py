"""The verbs of order sheets: take the orders away, take tracking numbers in.

Each order of a table is a transaction of its own, with the move that staff make by hand: what
cannot be shipped is told, and keeps nothing else back. A dry run makes the same move and takes it
back. Given once more, a table finds every order as it left it.
"""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from yaohe.commerce.coupons.days import ZoneOf
from yaohe.commerce.orders import moves
from yaohe.commerce.orders.model import OrderFilter, Shipment, cleaned_shipment
from yaohe.commerce.orders.service import Orders
from yaohe.commerce.orders.sheets.model import (
    ORDERS_MAX,
    OrderSheetLong,
    Outcome,
    Parcel,
    ParcelReport,
    TrackingReport,
)
from yaohe.commerce.orders.sheets.table import order_table, parcels_in
from yaohe.commerce.orders.shipping import Shipping
from yaohe.identity import Staff, audit
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, TryAgain


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


class OrderSheets:
    def __init__(
        self, db: Database, orders: Orders, shipping: Shipping, *, time_zone: ZoneOf
    ) -> None:
        self._db, self._orders, self._shipping = db, orders, shipping
        self._time_zone = time_zone

    async def write(self, wanted: OrderFilter, *, by: Staff) -> bytes:
        """The orders of a filter as a table, all of them or none; who took it away is noted."""
        found = await self._orders.found(wanted, limit=ORDERS_MAX + 1, shop_id=by.shop_id)
        if len(found) > ORDERS_MAX:
            raise OrderSheetLong
        zone = ZoneInfo(await self._time_zone())
        detail = {
            "orders": len(found),
            "status": wanted.status,
            "room_id": wanted.room_id,
            "since": wanted.since and wanted.since.isoformat(),
            "until": wanted.until and wanted.until.isoformat(),
            "searched": bool(wanted.text),
        }
        async with self._db.begin() as tx:
            await audit(tx, staff=by, action="orders.sheet", subject="", detail=detail)
        return await asyncio.to_thread(order_table, [one.order for one in found], zone)

    async def take_tracking(
        self, raw: bytes, *, by: Staff, dry_run: bool = False
    ) -> TrackingReport:
        """Ship every order that a table gives a number to and that can be shipped."""
        parcels = await asyncio.to_thread(parcels_in, raw)
        told = [await self._told(parcel, by, dry_run=dry_run) for parcel in parcels]
        return TrackingReport(written=not dry_run, parcels=told)

    async def _told(self, parcel: Parcel, by: Staff, *, dry_run: bool) -> ParcelReport:
        line, order_id = parcel.line, parcel.order_id[:80]
        try:
            if parcel.wrong:
                raise parcel.wrong
            outcome = await self._ship(parcel, by, dry_run=dry_run)
        except TryAgain:
            raise
        except AppError as error:
            return ParcelReport(
                line=line, order_id=order_id, outcome="refused", code=error.code, message=error.text
            )
        return ParcelReport(line=line, order_id=order_id, outcome=outcome)

    async def _ship(self, parcel: Parcel, by: Staff, *, dry_run: bool) -> Outcome:
        """An empty carrier leaves the one that is there."""
        outcome: Outcome = "ship"
        try:
            async with self._db.begin() as tx:
                held = await self._shipping.held(tx, parcel.order_id, by)
                carrier = parcel.carrier or held.shipment.carrier
                given = cleaned_shipment(Shipment(carrier=carrier, tracking=parcel.tracking))
                if held.shipped_at is not None and held.shipment == given:
                    return "same"
                if held.status == moves.after("ship"):
                    outcome = "correct"
                await self._shipping.ship_in(tx, held, given, by=by)
                if dry_run:
                    raise _TakenBack
        except _TakenBack:
            pass
        return outcome
