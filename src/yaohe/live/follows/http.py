"""The API of follows, for viewers: follow the host of a room, and whom I follow."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Controller, Response, delete, get, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath

from yaohe.identity import Guest, WrongOrigin, current_guest
from yaohe.live.follows.service import Follows, FollowsFull
from yaohe.live.follows.store import Followed
from yaohe.live.rooms import RoomNotFound, Rooms

_GUEST: Final = {"guest": Provide(current_guest)}


class FollowedList(msgspec.Struct, frozen=True):
    items: list[Followed]


class RoomFollow(Controller):
    path = "/api/v1/rooms/{room_id:str}/follow"
    tags = ("follows",)
    dependencies = _GUEST

    @put(
        "/",
        status_code=204,
        summary="Follow the host of this room",
        opt={"errors": (WrongOrigin, RoomNotFound, FollowsFull)},
    )
    async def follow(
        self, room_id: FromPath[str], guest: Given[Guest], rooms: Given[Rooms],
        follows: Given[Follows],
    ) -> Response[None]:  # fmt: skip
        await rooms.get(room_id)
        await follows.follow(room_id, guest.visitor.id)
        return Response(None, headers=guest.headers)

    @delete("/", summary="Follow no longer", opt={"errors": (WrongOrigin,)})
    async def unfollow(
        self, room_id: FromPath[str], guest: Given[Guest], follows: Given[Follows]
    ) -> None:
        await follows.unfollow(room_id, guest.visitor.id)


class MyFollows(Controller):
    path = "/api/v1/me/follows"
    tags = ("follows",)
    dependencies = _GUEST

    @get("/", summary="Whose hosts I follow, the newest first", opt={"errors": ()})
    async def mine(self, guest: Given[Guest], follows: Given[Follows]) -> FollowedList:
        return FollowedList(await follows.of(guest.visitor.id))


controllers = (RoomFollow, MyFollows)
