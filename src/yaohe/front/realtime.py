"""Realtime's door to the rest of the house: who connects, what a room is, what joining brings."""

from __future__ import annotations

from typing import Any, Final

from yaohe.front.request import VISITOR_COOKIE
from yaohe.front.snapshots import Snapshots
from yaohe.front.view import product_data
from yaohe.identity import Identity, friendly_name
from yaohe.kernel.wire import WireRequest
from yaohe.live.realtime import Caller, Joined
from yaohe.live.rooms import RoomNotFound, Rooms
from yaohe.live.shelf import Shelf
from yaohe.sharing import Sharing, environment

_ZH: Final = "zh-CN"


class RealtimeDoor:
    def __init__(self, *, identity: Identity, rooms: Rooms, shelf: Shelf, sharing: Sharing) -> None:
        self._identity, self._rooms, self._shelf = identity, rooms, shelf
        self._sharing = sharing
        self.snapshots: Snapshots | None = None

    def caller(self, request: WireRequest) -> Caller:
        """The visitor of the cookie, or a new one who gets it with the handshake."""
        lang = language(request)
        visitor = self._identity.visitor_from_cookie(request.cookies.get(VISITOR_COOKIE))
        if visitor is not None:
            self._identity.seen(visitor.id)
            return Caller(visitor.id, friendly_name(visitor.id, lang))
        visitor = self._identity.new_visitor()
        cookie = self._identity.visitor_cookie(visitor)
        return Caller(visitor.id, friendly_name(visitor.id, lang), cookie)

    async def facts(self, room_id: str) -> dict[str, Any] | None:
        """What a room's state begins with; None when there is no such room."""
        try:
            room = await self._rooms.get(room_id)
        except RoomNotFound:
            return None
        shelf = await self._shelf.state(room_id)
        return {
            "status": room.status,
            "slate": room.slate,
            "live_since": room.started_at if room.status == "live" else None,
            "pinned": shelf.pinned,
        }

    async def extras(self, room_id: str, request: WireRequest) -> dict[str, Any]:
        """What `join` adds: the products, in the caller's language."""
        assert self.snapshots is not None, "the root sets it"
        moment = await self.snapshots.of(room_id)
        lang = language(request)
        return {"products": [product_data(moment, product, lang) for product in moment.products]}

    async def joined(self, joined: Joined) -> None:
        """Being in the room confirms the open of the share that led here."""
        if joined.token:
            agent = joined.request.headers.get("user-agent", "")
            await self._sharing.confirm_click(
                joined.token, joined.visitor_id, env=environment(agent).value, joined=True
            )


def language(request: WireRequest) -> str:
    wish = request.headers.get("accept-language", "").lower().lstrip()
    return _ZH if wish.startswith("zh") or not wish else "en"
