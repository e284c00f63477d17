"""The API of sharing for the one who shares: press a prepared share, see what one's shares brought.

Making shares, beacons and ticks are hot and stand in `front/edge.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.identity import SHOP_ID, Guest, Identity, WrongOrigin, current_guest
from yaohe.identity.keys import AppKeys
from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import lang_of
from yaohe.platforms.channels import Choice, Need
from yaohe.sharing.channels import channels_for
from yaohe.sharing.errors import SHARE_ERRORS
from yaohe.sharing.service import Sharing

GUESTS: Final = {"guest": Provide(current_guest)}
Word = Annotated[str, Meta(max_length=40)]


class IntendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Through which channel the prepared share goes out. `maker` comes with a share that was made
    without consent: the page that made it is the only one to know."""

    channel: Word
    maker: Annotated[str, Meta(max_length=64)] = ""


class IntendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    channel: str
    state: str


class MyShareView(msgspec.Struct, frozen=True, kw_only=True):
    """What one of my shares brought: how many, never who."""

    token: str
    url: str
    room_id: str
    channel: str
    content: str
    state: str
    created_at: datetime
    friends: int
    watched: int
    orders: int


class MyShareList(msgspec.Struct, frozen=True):
    items: list[MyShareView]


class ChannelList(msgspec.Struct, frozen=True):
    """The channels that work in the browser that asks, the likeliest first."""

    items: list[Choice]


class ShareChannels(Controller):
    path = "/api/v1/share-channels"
    tags = ("sharing",)

    @get("/", summary="Where a share can go from this browser, in the order to show")
    async def here(
        self, request: Request[Any, Any, Any], sharing: Given[Sharing], app_keys: Given[AppKeys]
    ) -> Response[ChannelList]:
        lang = lang_of(request.query_params.get("lang"), request.headers.get("accept-language"))
        agent = request.headers.get("user-agent", "")
        # A room stands only in named sites: without one there is nothing to embed it in.
        offered = frozenset[Need](("embed",) if await app_keys.sites(SHOP_ID) else ())
        items = channels_for(agent, lang, link_base=sharing.share_url(""), offered=offered)
        headers = {
            "Cache-Control": "private, max-age=600",
            "Vary": "accept-language, user-agent",
        }
        return Response(ChannelList(items), headers=headers)


class MyShares(Controller):
    path = "/api/v1"
    tags = ("sharing",)
    dependencies = GUESTS
    opt = {"framed": True}  # noqa: RUF012 - Litestar's way

    @post(
        "/shares/{token:str}/intend",
        status_code=200,
        summary="I pressed: this prepared share goes out",
        opt={"named": False, "errors": (*SHARE_ERRORS, BadInput, WrongOrigin)},
    )
    async def intend(
        self,
        token: FromPath[str],
        data: JSONBody[IntendRequest],
        guest: Given[Guest],
        identity: Given[Identity],
        sharing: Given[Sharing],
    ) -> IntendAnswer:
        sharer = identity.visitor_from_passing(data.maker or None) or guest.visitor
        sharing.count_share(sharer.id, data.channel)
        share = await sharing.intend(token, sharer_id=sharer.id, channel=data.channel)
        return IntendAnswer(token=share.token, channel=share.channel, state=share.state)

    @get("/me/shares", summary="What my shares brought")
    async def mine(self, guest: Given[Guest], sharing: Given[Sharing]) -> Response[MyShareList]:
        rows = await sharing.shares_of(guest.visitor.id)
        items = [
            MyShareView(
                token=row.token,
                url=sharing.share_url(row.token),
                room_id=row.room_id,
                channel=row.channel,
                content=row.content,
                state=row.state,
                created_at=row.created_at,
                friends=row.friends,
                watched=row.watched,
                orders=row.orders,
            )
            for row in rows
        ]
        headers = {**guest.headers, "Cache-Control": "private, no-store"}
        return Response(MyShareList(items), headers=headers)


controllers = (ShareChannels, MyShares)
