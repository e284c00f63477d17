"""What follows when a show ends, and when the next one begins in the same room: help for friends
is open during a show and before it, never after."""

from __future__ import annotations

from typing import Any

from yaohe.campaigns import Campaigns
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.rooms import RoomEnded, RoomWentLive


def steps(*, campaigns: Campaigns) -> list[Step[Any]]:
    """Both facts are of one room and keep their order, so the last one holds."""

    async def close_help(tx: Tx, batch: list[Recorded[RoomEnded]]) -> None:
        await campaigns.close_help(tx, [recorded.fact.room_id for recorded in batch])

    async def open_help(tx: Tx, batch: list[Recorded[RoomWentLive]]) -> None:
        await campaigns.open_help(tx, [recorded.fact.room_id for recorded in batch])

    return [
        Step("room_ended.close_help", RoomEnded, close_help),
        Step("room_went_live.open_help", RoomWentLive, open_help),
    ]
