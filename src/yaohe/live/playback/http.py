"""The API of playback for staff. Players report at the edge, among the hot endpoints."""

from __future__ import annotations

from litestar import Controller, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.live.playback.model import PlayersHealth
from yaohe.live.playback.service import Playback
from yaohe.live.rooms import RoomNotFound, Rooms


class RoomPlayback(Controller):
    path = "/api/v1/rooms/{room_id:str}/playback"
    tags = ("rooms",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="How it plays at the viewers', by what a sample of them reported lately",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def health(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        rooms: Given[Rooms],
        playback: Given[Playback],
    ) -> PlayersHealth:
        await rooms.get(room_id)
        return playback.health(room_id)


controllers = (RoomPlayback,)
