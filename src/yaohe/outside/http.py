"""The server API of outside rooms, for app keys: rooms, shares, visits, events, orders, reports.

Every address begins with `/api/v1/outside`; pages on the sites of a public key may call those that
a public key has the scope for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from yaohe.identity import Visitor, friendly_name
from yaohe.identity.consent import ConsentNeeded
from yaohe.identity.keys import APP_ERRORS, APP_ONLY, App, UserTokenRefused
from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import lang_of
from yaohe.outside.errors import (
    EventDiffers,
    KeyUsedDifferently,
    OrderDiffers,
    OutsideOrderNotFound,
    OutsideRoomNotFound,
    SiteNotRegistered,
    StillWorking,
    VisitorUnknown,
)
from yaohe.outside.model import OutsideRoom, RoomPushed
from yaohe.outside.service import Outside
from yaohe.outside.wire import (
    EventAnswer,
    EventBody,
    IdentifyAnswer,
    IdentifyBody,
    IntendBody,
    OrderAnswer,
    OrderBody,
    OutsideShareAnswer,
    OutsideShareRequest,
    RoomBody,
    RoomList,
    RoomReport,
    UserBody,
    VisitAnswer,
    VisitRequest,
    WatchAnswer,
    WatchBody,
    invited_by,
    order_answer,
)
from yaohe.platforms import Message, intents
from yaohe.sharing import SHARE_ERRORS, Sharing, WatchTick, environment

VISITOR_HEADER: Final = "x-yaohe-visitor"
WHO: Final = (VisitorUnknown, ConsentNeeded)
ONCE: Final = (KeyUsedDifferently, StillWorking, BadInput)


async def _once(
    outside: Outside,
    app: App,
    request: Request[Any, Any, Any],
    status: int,
    work: Callable[[str], Awaitable[msgspec.Struct]],
) -> Response[Any]:
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    key = request.headers.get("idempotency-key")
    body, again = await outside.once(app, key, request_hash=sha256(asked).digest(), work=work)
    headers = {"Idempotent-Replayed": "true"} if again else {}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


async def _speaker(
    outside: Outside, app: App, request: Request[Any, Any, Any], user: UserBody | None
) -> Visitor:
    """Whom a call is about: the page's own visitor, or the user a server names."""
    if user is not None:
        if app.kind == "public":
            raise BadInput("A page says who is there by X-Yaohe-Visitor.", field="user")
        return await outside.visitor_of_user(app, user.id, name=user.name)
    return outside.visitor(request.headers.get(VISITOR_HEADER))


def _sharer(outside: Outside, request: Request[Any, Any, Any]) -> Visitor:
    """Whose share it is: it needs no name."""
    header = request.headers.get(VISITOR_HEADER)
    return outside.passing(header) or outside.visitor(header)


def _lang(request: Request[Any, Any, Any]) -> str:
    return lang_of(request.query_params.get("lang"), request.headers.get("accept-language", ""))


class OutsideRooms(Controller):
    path = "/api/v1/outside/rooms"
    tags = ("outside rooms",)
    dependencies = APP_ONLY

    @put(
        "/{ref:str}",
        summary="Say what a room on your site is: title, cover, address, live or ended",
        opt={"scope": "rooms:write", "errors": (*APP_ERRORS, BadInput, SiteNotRegistered)},
    )
    async def push(
        self, ref: FromPath[str], data: JSONBody[RoomBody], app: Given[App], outside: Given[Outside]
    ) -> OutsideRoom:
        pushed = RoomPushed(**msgspec.structs.asdict(data))
        return await outside.push_room(app, ref, pushed)

    @get(
        "/",
        summary="The rooms of this mode, the last changed first",
        opt={"scope": "reports:read", "errors": APP_ERRORS},
    )
    async def all(self, app: Given[App], outside: Given[Outside]) -> RoomList:
        return RoomList(await outside.rooms(app))

    @get(
        "/{ref:str}",
        summary="A room",
        opt={"scope": "reports:read", "errors": (*APP_ERRORS, OutsideRoomNotFound)},
    )
    async def one(
        self, ref: FromPath[str], app: Given[App], outside: Given[Outside]
    ) -> OutsideRoom:
        return await outside.room(app, ref)

    @get(
        "/{ref:str}/report",
        summary="What its shares brought, and what was tracked",
        opt={"scope": "reports:read", "errors": (*APP_ERRORS, OutsideRoomNotFound)},
    )
    async def report(
        self,
        ref: FromPath[str],
        app: Given[App],
        outside: Given[Outside],
        sharing: Given[Sharing],
    ) -> RoomReport:
        room = await outside.room(app, ref)
        return RoomReport(
            room=room,
            shares=await sharing.share_report(room.id),
            events=await outside.event_counts(room),
        )


class OutsideSharing(Controller):
    path = "/api/v1/outside"
    tags = ("outside sharing",)
    dependencies = APP_ONLY

    @post(
        "/rooms/{ref:str}/shares",
        summary="Make a share of a room",
        opt={
            "scope": "shares:write",
            "errors": (*APP_ERRORS, *ONCE, *SHARE_ERRORS, OutsideRoomNotFound, *WHO),
        },
    )
    async def share(
        self,
        ref: FromPath[str],
        data: JSONBody[OutsideShareRequest],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
        sharing: Given[Sharing],
    ) -> Response[OutsideShareAnswer]:
        room = await outside.room(app, ref)
        if data.user is None:
            who = _sharer(outside, request)
        else:
            who = await _speaker(outside, app, request, data.user)
        if app.kind == "public":  # a page; servers answer for their users
            sharing.count_share(who.id, data.channel, prepared=data.prepared)
        lang = _lang(request)
        name = await outside.name_of(app, who) or friendly_name(who.id, lang)

        async def make(token: str) -> OutsideShareAnswer:
            share = await sharing.create_share(
                room.id,
                shop_id=room.book,
                sharer=Visitor(who.id, name),
                channel=data.channel,
                content=data.content,
                parent=data.parent,
                moment_ms=data.moment_ms,
                prepared=data.prepared,
                token=token,
            )
            url = sharing.share_url(share.token)
            said = data.text or room.title_in(lang)
            message = Message(text=said, url=url, picture_url=room.cover_url or None)
            return OutsideShareAnswer(
                token=share.token,
                url=url,
                text=said,
                cover_url=room.cover_url,
                intents=intents(message),
            )

        return await _once(outside, app, request, 201, make)

    @post(
        "/shares/{token:str}/intend",
        status_code=204,
        summary="The person pressed: this prepared share goes out",
        opt={"scope": "shares:write", "errors": (*APP_ERRORS, *SHARE_ERRORS, *WHO)},
    )
    async def intend(
        self,
        token: FromPath[str],
        data: JSONBody[IntendBody],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
        sharing: Given[Sharing],
    ) -> None:
        who = _sharer(outside, request)
        sharing.count_share(who.id, data.channel)
        await sharing.intend(token, sharer_id=who.id, channel=data.channel)

    @post(
        "/rooms/{ref:str}/visits",
        status_code=200,
        summary="Somebody is in the room; answers who they are and what led them",
        opt={"scope": "events:write", "errors": (*APP_ERRORS, OutsideRoomNotFound)},
    )
    async def visit(
        self,
        ref: FromPath[str],
        data: JSONBody[VisitRequest],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
    ) -> VisitAnswer:
        room = await outside.room(app, ref)
        header = request.headers.get(VISITOR_HEADER)
        agent = request.headers.get("user-agent", "")[:512]
        env = environment(agent, None)
        if not outside.may_name(data.consent):
            passed = await outside.pass_by(room, click_id=data.click, user_agent=agent, env=env)
            return VisitAnswer(
                visitor=outside.passing_of(passed.visitor),
                invited=invited_by(passed.share, _lang(request)),
                counted=passed.counted,
                named=False,
                opening=passed.opening or None,
            )
        landing = await outside.land(
            room,
            known=outside.visitor(header) if header else None,
            click_id=data.click,
            user_agent=agent,
            env=env,
            opening=data.opening,
        )
        return VisitAnswer(
            visitor=outside.header_of(landing.visitor),
            invited=invited_by(landing.share, _lang(request)),
            counted=landing.counted,
        )

    @post(
        "/rooms/{ref:str}/watch",
        status_code=200,
        summary="Still watching (every 5 s), or no longer; the server's clock counts",
        opt={"scope": "events:write", "errors": (*APP_ERRORS, OutsideRoomNotFound, *WHO)},
    )
    async def watch(
        self,
        ref: FromPath[str],
        data: JSONBody[WatchBody],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
        sharing: Given[Sharing],
    ) -> WatchAnswer:
        who = outside.visitor(request.headers.get(VISITOR_HEADER))
        room = await outside.room(app, ref)
        tick = WatchTick(room_id=room.id, visitor_id=who.id, token=data.token, visible=data.visible)
        return WatchAnswer(await sharing.tick(tick))


class OutsideEvents(Controller):
    path = "/api/v1/outside"
    tags = ("outside events and orders",)
    dependencies = APP_ONLY

    @post(
        "/rooms/{ref:str}/events",
        summary="Something a visitor did in the room",
        opt={
            "scope": "events:write",
            "errors": (
                *APP_ERRORS, BadInput, OutsideRoomNotFound, *WHO, EventDiffers,
            ),
        },
    )  # fmt: skip
    async def track(
        self,
        ref: FromPath[str],
        data: JSONBody[EventBody],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
    ) -> EventAnswer:
        room = await outside.room(app, ref)
        who = await _speaker(outside, app, request, data.user)
        await outside.track(
            app, room, who, event_id=data.id, name=data.name, properties=data.properties
        )
        return EventAnswer(data.id)

    @post(
        "/identify",
        status_code=200,
        summary="The visitor is this user, as the customer's back end signs",
        opt={"scope": "events:write", "errors": (*APP_ERRORS, UserTokenRefused, *WHO)},
    )
    async def identify(
        self,
        data: JSONBody[IdentifyBody],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
    ) -> IdentifyAnswer:
        who = outside.visitor(request.headers.get(VISITOR_HEADER))
        return IdentifyAnswer(await outside.identify(app, who, data.token))

    @put(
        "/orders/{ref:str}",
        status_code=200,
        summary="A paid order of your own shop; it is credited to the share that led to it",
        opt={
            "scope": "orders:write",
            "errors": (
                *APP_ERRORS, *ONCE, OutsideRoomNotFound, *WHO, OrderDiffers,
            ),
        },
    )  # fmt: skip
    async def order(
        self,
        ref: FromPath[str],
        data: JSONBody[OrderBody],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
    ) -> Response[OrderAnswer]:
        async def tell(_: str) -> OrderAnswer:
            if data.user is not None:
                who = await outside.visitor_of_user(app, data.user.id, name=data.user.name)
            else:
                who = outside.visitor(data.visitor)
            order, credit = await outside.tell_order(
                app,
                ref,
                visitor=who,
                room=await outside.room(app, data.room) if data.room else None,
                amount_minor=data.amount_minor,
                currency=data.currency,
            )
            return order_answer(order, credit)

        return await _once(outside, app, request, 200, tell)

    @post(
        "/orders/{ref:str}/refund",
        status_code=200,
        summary="The whole order went back; its credit is reversed",
        opt={"scope": "orders:write", "errors": (*APP_ERRORS, *ONCE, OutsideOrderNotFound)},
    )
    async def refund(
        self,
        ref: FromPath[str],
        request: Request[Any, Any, Any],
        app: Given[App],
        outside: Given[Outside],
    ) -> Response[OrderAnswer]:
        async def back(_: str) -> OrderAnswer:
            return order_answer(await outside.refund_order(app, ref), None)

        return await _once(outside, app, request, 200, back)


controllers = (OutsideRooms, OutsideSharing, OutsideEvents)
