"""`Insights`: what happened, read through the front doors of those who know."""

from __future__ import annotations

import asyncio
from datetime import datetime

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce, OrderFilter
from yaohe.identity import SHOP_ID
from yaohe.insights.model import (
    CreditedOrder,
    OrdersPage,
    ReportRoom,
    RoomReport,
    Totals,
    room_report,
    totals_of,
)
from yaohe.live.rooms import Room, Rooms
from yaohe.sharing import Sharing
from yaohe.sharing.attribution import Model, RoomEarnings
from yaohe.sharing.spread import Spread


def show_at(room: Room) -> datetime:
    """When a room's show was, or is to be."""
    return room.started_at or room.scheduled_at or room.created_at


def previous_show(room: Room, rooms: list[Room]) -> Room | None:
    """The same host's last ended show before this one; what a report is compared with."""
    earlier = [
        other
        for other in rooms
        if other.id != room.id
        and other.host_name == room.host_name
        and other.status == "ended"
        and show_at(other) < show_at(room)
    ]
    return max(earlier, key=show_at, default=None)


class Insights:
    def __init__(
        self, sharing: Sharing, commerce: Commerce, rooms: Rooms, campaigns: Campaigns
    ) -> None:
        self._sharing, self._commerce = sharing, commerce
        self._rooms, self._campaigns = rooms, campaigns

    async def room_report(self, room_id: str) -> RoomReport:
        """What the shares of this room brought; raises `RoomNotFound`."""
        room = await self._rooms.get(room_id)
        report, channels, assists, rooms = await asyncio.gather(
            self._sharing.share_report(room_id),
            self._sharing.effective_shares(room_id),
            self._campaigns.assists_by_token(room_id),
            self._rooms.rooms(),
        )
        before = previous_show(room, rooms)
        coupons, previous = await asyncio.gather(
            self._campaigns.coupons_by_token(list(channels)),
            self._totals(before.id if before is not None else None),
        )
        return room_report(
            ReportRoom(
                id=room.id,
                title=room.title,
                title_en=room.title_en,
                status=room.status,
                started_at=room.started_at,
                ended_at=room.ended_at,
            ),
            report,
            channels=channels,
            assists=assists,
            coupons=coupons,
            previous=previous,
        )

    async def room_earnings(
        self, room_id: str, *, model: Model, window_days: int, half_life_days: int
    ) -> RoomEarnings:
        """Who earned this room's orders under one model; raises `RoomNotFound`."""
        await self._rooms.get(room_id)
        return await self._sharing.room_earnings(
            room_id, model=model, window_days=window_days, half_life_days=half_life_days
        )

    async def spread(self, room_id: str) -> Spread:
        """How far the shares of this room went; raises `RoomNotFound`."""
        await self._rooms.get(room_id)
        return await self._sharing.spread(room_id)

    async def _totals(self, room_id: str | None) -> Totals | None:
        if room_id is None:
            return None
        report, channels, assists = await asyncio.gather(
            self._sharing.share_report(room_id, rows_max=0),
            self._sharing.effective_shares(room_id),
            self._campaigns.assists_by_token(room_id),
        )
        coupons = await self._campaigns.coupons_by_token(list(channels))
        return totals_of(report, assists=assists, coupons=coupons)

    async def shop_orders(self, wanted: OrderFilter, *, shop_id: str = SHOP_ID) -> OrdersPage:
        """Orders of the shop, newest first, each with the share it is owed to."""
        page = await self._commerce.shop_orders(wanted, shop_id=shop_id)
        owed = await self._sharing.credits_of([item.order.id for item in page.items])
        return OrdersPage(
            items=[
                CreditedOrder(
                    order=item.order,
                    coupon_title=item.coupon_title,
                    coupon_title_en=item.coupon_title_en,
                    payment_problem=item.payment_problem,
                    refund_state=item.refund_state,
                    going_back_minor=item.going_back_minor,
                    credit=owed.get(item.order.id),
                )
                for item in page.items
            ],
            next=page.next,
        )
