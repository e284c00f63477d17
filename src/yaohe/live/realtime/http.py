"""The API of a room's chat for staff: reading it, speaking as the host, hiding lines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.live.realtime.errors import ChatLineNotFound, TextEmpty, TextTooLong
from yaohe.live.realtime.hub import Hub
from yaohe.live.realtime.model import clean_line
from yaohe.live.realtime.store import KeptLine
from yaohe.live.rooms import RoomNotFound, Rooms

Limit = Annotated[int, Meta(ge=1, le=300)]


class LineList(msgspec.Struct, frozen=True):
    items: list[KeptLine]


class SayRequest(msgspec.Struct, frozen=True):
    text: Annotated[str, Meta(max_length=1_000)]


class LineAnswer(msgspec.Struct, frozen=True):
    id: str
    name: str
    text: str
    kind: str
    at: datetime


class RoomChat(Controller):
    """The chat of a room, for the desk."""

    path = "/api/v1/rooms/{room_id:str}/chat"
    tags = ("chat",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="The last lines, hidden ones too",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def read(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        rooms: Given[Rooms],
        hub: Given[Hub],
        limit: FromQuery[Limit] = 50,
    ) -> LineList:
        await rooms.get(room_id)
        return LineList(await hub.recent(room_id, limit=limit))

    @post(
        "/",
        summary="Say something as the host",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, TextEmpty, TextTooLong)},
    )
    async def say(
        self,
        room_id: FromPath[str],
        data: JSONBody[SayRequest],
        staff: Given[Staff],
        rooms: Given[Rooms],
        hub: Given[Hub],
    ) -> LineAnswer:
        room = await rooms.get(room_id)
        await hub.opened(room_id)
        line = hub.say(room_id, kind="host", name=room.host_name, text=clean_line(data.text))
        return LineAnswer(line.id, line.name, line.text, line.kind, datetime.fromisoformat(line.at))

    @delete(
        "/{line_id:str}",
        summary="Hide a line from everybody",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, ChatLineNotFound)},
    )
    async def hide(
        self,
        room_id: FromPath[str],
        line_id: FromPath[str],
        staff: Given[Staff],
        rooms: Given[Rooms],
        hub: Given[Hub],
    ) -> None:
        await rooms.get(room_id)
        await hub.hide(room_id, line_id, by=staff)


controllers = (RoomChat,)


controllers = (RoomChat,)
