"""How realtime meets its neighbours: who a caller is, what a room begins with, what a join shows
and who is told about it. The hub itself knows none of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from yaohe.identity import Identity, friendly_name
from yaohe.kernel.bus import Bus
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.language import lang_of
from yaohe.kernel.wire import TimerWheel, WireRequest
from yaohe.live.media import MediaOrigin
from yaohe.live.realtime import Archive, Caller, Hub, Joined
from yaohe.live.rooms import RoomNotFound, Rooms
from yaohe.live.shelf import Shelf, ShelfState, product_cards
from yaohe.sharing import Sharing, environment

SHELF_FRESH_S: Final = 1.0


def _lang(request: WireRequest) -> str:
    asked = parse_qs(request.query).get("lang", [""])[0]
    return lang_of(asked, request.headers.get("accept-language"))


class Shelves:
    """The shelf of a room, asked for at most once a second however many join at once."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock
        self._kept: dict[str, tuple[float, asyncio.Task[ShelfState]]] = {}

    async def of(self, room_id: str) -> ShelfState:
        now = self._clock.monotonic()
        kept = self._kept.get(room_id)
        if kept is None or now - kept[0] >= SHELF_FRESH_S or _failed(kept[1]):
            self._kept = {room: k for room, k in self._kept.items() if now - k[0] < SHELF_FRESH_S}
            task = asyncio.get_running_loop().create_task(self._shelf.state(room_id))
            kept = self._kept[room_id] = (now, task)
        return await asyncio.shield(kept[1])


def _failed(task: asyncio.Task[ShelfState]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _caller(identity: Identity, request: WireRequest) -> Caller:
    known = identity.visitor_from_cookie(request.cookies.get(identity.cookie_name))
    visitor = known or identity.new_visitor()
    cookie = None if known else identity.visitor_cookie(visitor)
    return Caller(visitor.id, friendly_name(visitor.id, _lang(request)), cookie)


def room_hub(
    *,
    db: Database,
    bus: Bus,
    clock: Clock,
    wheel: TimerWheel,
    identity: Identity,
    sharing: Sharing,
    rooms: Rooms,
    shelf: Shelf,
    origin: MediaOrigin,
) -> Hub:
    """The hub of this house."""
    shelves = Shelves(shelf, clock)

    async def facts(room_id: str) -> dict[str, Any] | None:
        try:
            room = await rooms.get(room_id)
        except RoomNotFound:
            return None
        state = await shelf.state(room_id)
        return {
            "status": room.status,
            "slate": room.slate,
            "live_since": room.started_at if room.status == "live" else None,
            "pinned": state.pinned,
            "coupon_left": None,
            "epoch": 0,
        }

    async def extras(room_id: str, request: WireRequest) -> dict[str, Any]:
        shown = await shelves.of(room_id)
        return {"products": product_cards(shown.items, shown.pinned, _lang(request))}

    async def joined(news: Joined) -> None:
        if news.token is not None:
            user_agent = news.request.headers.get("user-agent", "")
            # Some link fetchers run the whole page, the join included: being there proves nothing.
            person = not sharing.is_program(user_agent)
            env = environment(user_agent)
            await sharing.confirm_click(news.token, news.visitor_id, env=env, joined=person)

    hub = Hub(
        bus,
        clock,
        Archive(db),
        wheel,
        facts=facts,
        caller=partial(_caller, identity),
        extras=extras,
        origin=origin,
    )
    hub.on_joined.append(joined)
    hub.on_interaction.append(sharing.interact)
    return hub
