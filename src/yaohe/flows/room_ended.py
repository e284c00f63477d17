"""What follows when a show ends, and when the next one begins in the same room: help for friends
is open during a show and before it, never after; live prices end with the show; another show has
coupons of its own to give."""

from __future__ import annotations

from typing import Any

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.live.rooms import RoomEnded, RoomWentLive


def steps(*, campaigns: Campaigns, commerce: Commerce, hub: Hub) -> list[Step[Any]]:
    """Both facts are of one room and keep their order, so the last one holds."""

    async def close_help(tx: Tx, batch: list[Recorded[RoomEnded]]) -> None:
        await campaigns.close_help(tx, [recorded.fact.room_id for recorded in batch])

    async def end_prices(tx: Tx, batch: list[Recorded[RoomEnded]]) -> None:
        # Told late, this must not end what the next show in the room has begun by then.
        ended = {recorded.fact.room_id: recorded.fact.ended_at for recorded in batch}
        await commerce.end_live_prices(tx, ended)

    async def open_help(tx: Tx, batch: list[Recorded[RoomWentLive]]) -> None:
        starts = {recorded.fact.room_id: recorded.fact.started_at for recorded in batch}
        await campaigns.begin_shows(tx, starts)

    async def show_supply(_: Tx, batch: list[Recorded[RoomWentLive]]) -> None:
        for room_id in sorted({recorded.fact.room_id for recorded in batch}):
            hub.goods_changed(room_id)

    return [
        Step("room_ended.close_help", RoomEnded, close_help),
        Step("room_ended.end_prices", RoomEnded, end_prices),
        Step("room_went_live.open_help", RoomWentLive, open_help),
        Step("room_went_live.show_supply", RoomWentLive, show_supply),
    ]
