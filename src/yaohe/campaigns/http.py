"""The API of campaigns for staff: which coupons a room's shares bring."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.campaigns.model import ShareOffer
from yaohe.campaigns.service import Campaigns
from yaohe.commerce import TemplateNotFound
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput
from yaohe.live.rooms import RoomNotFound, Rooms

TemplateId = Annotated[str, Meta(min_length=1, max_length=64)]


class OfferBody(msgspec.Struct, frozen=True, kw_only=True):
    """The friends' coupon and the sharers'; null for none."""

    friend_template_id: TemplateId | None = None
    sharer_template_id: TemplateId | None = None


def _body(offer: ShareOffer | None) -> OfferBody:
    if offer is None:
        return OfferBody()
    return OfferBody(
        friend_template_id=offer.friend_template_id, sharer_template_id=offer.sharer_template_id
    )


class RoomShareOffer(Controller):
    path = "/api/v1/rooms/{room_id:str}/share-offer"
    tags = ("campaigns",)
    dependencies = STAFF_ONLY

    @get(
        "/", summary="The coupons of a room's shares", opt={"errors": (*STAFF_ERRORS, RoomNotFound)}
    )
    async def show(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        rooms: Given[Rooms],
        campaigns: Given[Campaigns],
    ) -> OfferBody:
        await rooms.get(room_id)
        return _body(await campaigns.share_offer(room_id))

    @put(
        "/",
        summary="Set the coupons of a room's shares",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, TemplateNotFound, BadInput)},
    )
    async def configure(
        self,
        room_id: FromPath[str],
        data: JSONBody[OfferBody],
        staff: Given[Staff],
        rooms: Given[Rooms],
        campaigns: Given[Campaigns],
    ) -> OfferBody:
        room = await rooms.get(room_id)
        offer = await campaigns.configure_room(
            room_id,
            friend_template_id=data.friend_template_id,
            sharer_template_id=data.sharer_template_id,
            shop_id=room.shop_id,
            by=staff,
        )
        return _body(offer)


controllers = (RoomShareOffer,)
