"""The API of a room's chat for staff: reading it, speaking as the host, hiding lines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff
from yaohe.live.moderation import Moderator
from yaohe.live.moderation.access import MODERATOR_ERRORS, MODERATORS_ONLY
from yaohe.live.realtime.errors import ChatLineNotFound, TextEmpty, TextTooLong
from yaohe.live.realtime.hub import Hub
from yaohe.live.realtime.model import clean_line
from yaohe.live.realtime.store import KeptLine
from yaohe.live.rooms import RoomNotFound, Rooms

Limit = Annotated[int, QueryParameter(ge=1, le=300)]


class LineList(msgspec.Struct, frozen=True):
    items: list[KeptLine]


class SayRequest(msgspec.Struct, frozen=True):
    """`announcement` makes the line stand out; it is said by the host all the same."""

    text: Annotated[str, Meta(max_length=1_000)]
    announcement: bool = False


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
        limit: Limit = 50,
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
        identity: Given[Identity],
        rooms: Given[Rooms],
        hub: Given[Hub],
    ) -> LineAnswer:
        room = await rooms.get(room_id)
        await hub.opened(room_id)
        kind = "announcement" if data.announcement else "host"
        line = hub.say(
            room_id,
            kind=kind,
            name=room.host_name,
            name_en=room.host_name_en,
            text=clean_line(data.text),
        )
        if data.announcement:
            noted = {"line": line.id, "text": line.text}
            await identity.note(staff, "chat.announce", room_id, noted)
        return LineAnswer(line.id, line.name, line.text, line.kind, datetime.fromisoformat(line.at))

    @delete(
        "/{line_id:str}",
        summary="Hide a line from everybody (staff and the room's moderators)",
        dependencies=MODERATORS_ONLY,
        opt={"errors": (*MODERATOR_ERRORS, RoomNotFound, ChatLineNotFound)},
    )
    async def hide(
        self,
        room_id: FromPath[str],
        line_id: FromPath[str],
        moderator: Given[Moderator],
        rooms: Given[Rooms],
        hub: Given[Hub],
    ) -> None:
        await rooms.get(room_id)
        await hub.hide(room_id, line_id, by=moderator)


controllers = (RoomChat,)


controllers = (RoomChat,)
