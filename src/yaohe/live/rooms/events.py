"""Facts about rooms."""

from __future__ import annotations

from datetime import datetime

from yaohe.kernel.events import Fact


class RoomFact(Fact, frozen=True, kw_only=True):
    room_id: str

    @property
    def aggregate(self) -> str:
        return f"room:{self.room_id}"


class RoomWentLive(RoomFact, frozen=True, kw_only=True, tag="room_went_live.v1"):
    started_at: datetime


class RoomEnded(RoomFact, frozen=True, kw_only=True, tag="room_ended.v1"):
    """`reason`: `host` (ended in the studio) or `grace` (the publisher did not come back)."""

    reason: str
    ended_at: datetime
