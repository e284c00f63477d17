"""How realtime meets its neighbours: who a caller is, what a room begins with, what it has to sell
and who is told about a join. The hub itself knows none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from yaohe.commerce import CouponTemplate
from yaohe.identity import Identity, friendly_name
from yaohe.kernel.bus import Bus
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.language import lang_of
from yaohe.kernel.wire import TimerWheel, WireRequest
from yaohe.live.media import MediaOrigin
from yaohe.live.moderation import Moderation, Ward
from yaohe.live.privacy import Privacy
from yaohe.live.realtime import Archive, Caller, Hub, Joined
from yaohe.live.rooms import RoomNotFound, Rooms
from yaohe.live.shelf import Shelf, bilingual_cards
from yaohe.sharing import Sharing, environment

# The coupon that everybody in a room may have, and how many are left; None, None: it offers none.
RoomCoupon = Callable[[str], Awaitable[tuple[CouponTemplate | None, int | None]]]


def _lang(request: WireRequest) -> str:
    asked = parse_qs(request.query).get("lang", [""])[0]
    return lang_of(asked, request.headers.get("accept-language"))


def _caller(identity: Identity, request: WireRequest) -> Caller:
    # A socket takes no header from a page.
    frame = parse_qs(request.query).get("frame", [""])[0]
    known = identity.visitor_of(request.cookies.get, frame=frame)
    visitor = known or identity.new_visitor()
    named = identity.remembers(request.cookies.get)
    cookie = identity.visitor_cookie(visitor) if named and known is None else None
    zh, en = (friendly_name(visitor.id, lang) for lang in ("zh-CN", "en"))
    return Caller(visitor.id, zh, cookie, en, _lang(request), named)


async def _person(
    identity: Identity,
    clock: Clock,
    moderation: Moderation,
    ward: Ward,
    caller: Caller,
    request: WireRequest,
) -> dict[str, Any]:
    """What concerns the one who came in: whether they moderate, whether they may write, whom they
    do not want to read."""
    held = ward.penalty(caller.id, clock.now())
    staff = caller.id not in ward.moderators and await identity.staff_of(request.cookies)
    return {
        "moderator": caller.id in ward.moderators or bool(staff),
        "following": caller.id in ward.followers,
        "penalty": {"kind": held.kind, "until": held.until} if held else None,
        "blocked": [one.visitor_id for one in await moderation.blocked(caller.id)],
    }


def _admits(
    privacy: Privacy, room_id: str, ticket: str | None, request: WireRequest
) -> AppError | None:
    return privacy.refusal(room_id, ticket=ticket, cookies=request.cookies)


async def _facts(rooms: Rooms, shelf: Shelf, room_id: str) -> dict[str, Any] | None:
    """What a room begins with; None when there is no such room."""
    try:
        room = await rooms.get(room_id)
    except RoomNotFound:
        return None
    return {
        "status": room.status,
        "slate": room.slate,
        "slate_since": room.slate_since,
        "live_since": room.started_at if room.status == "live" else None,
        "pinned": (await shelf.state(room_id)).pinned,
        "epoch": 0,
    }


async def _goods(
    shelf: Shelf,
    room_coupon: RoomCoupon,
    room_id: str,
) -> dict[str, Any]:
    """What a room has to sell and to give at this moment."""
    state, (coupon, left) = await asyncio.gather(shelf.state(room_id), room_coupon(room_id))
    return {
        "shelf": [product.id for product in state.items],
        "products": bilingual_cards(state.items, state.live),
        "coupon": _coupon(coupon),
        "coupon_left": left,
    }


def _coupon(template: CouponTemplate | None) -> dict[str, Any] | None:
    """What a coupon promises, in both languages; how many are left is told beside it."""
    if template is None:
        return None
    names = (
        "title", "title_en", "amount_minor", "threshold_minor", "kind", "percent", "scoped",
        "again",
    )  # fmt: skip
    return {name: getattr(template, name) for name in names}


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
    moderation: Moderation,
    privacy: Privacy,
    room_coupon: RoomCoupon,
) -> Hub:
    """The hub of this house."""

    async def joined(news: Joined) -> None:
        if news.token is None:
            return
        share = await sharing.share(news.token)
        # The link of another room led nobody here.
        if share is not None and share.room_id == news.room_id:
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
        facts=partial(_facts, rooms, shelf),
        caller=partial(_caller, identity),
        goods=partial(_goods, shelf, room_coupon),
        wards=moderation.ward,
        person=partial(_person, identity, clock, moderation),
        origin=origin,
        admits=partial(_admits, privacy),
    )
    privacy.on_closed.append(hub.people.cut)
    hub.on_joined.append(joined)
    hub.on_interaction.append(sharing.interact)
    return hub
