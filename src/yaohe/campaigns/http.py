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
from yaohe.commerce.coupons import CouponPartLow, Part, PartGiven
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput
from yaohe.live.rooms import RoomNotFound, Rooms

TemplateId = Annotated[str, Meta(min_length=1, max_length=64)]


class OfferBody(msgspec.Struct, frozen=True, kw_only=True):
    """The friends' coupon and the sharers'; null for none. A part is what this room may give of
    it, in all and in one show (which lasts until the next one begins); null for as many as there
    are."""

    friend_template_id: TemplateId | None = None
    sharer_template_id: TemplateId | None = None
    friend_part: Part | None = None
    sharer_part: Part | None = None


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """The same, and what is given of each part."""

    friend_template_id: str | None = None
    sharer_template_id: str | None = None
    friend_part: PartGiven | None = None
    sharer_part: PartGiven | None = None


async def _view(offer: ShareOffer | None, campaigns: Campaigns) -> OfferView:
    if offer is None:
        return OfferView()
    parts = await campaigns.offer_parts(offer)
    return OfferView(
        friend_template_id=offer.friend_template_id,
        sharer_template_id=offer.sharer_template_id,
        friend_part=parts.friend,
        sharer_part=parts.sharer,
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
    ) -> OfferView:
        await rooms.get(room_id)
        return await _view(await campaigns.share_offer(room_id), campaigns)

    @put(
        "/",
        summary="Set the coupons of a room's shares",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, TemplateNotFound, CouponPartLow, BadInput)},
    )
    async def configure(
        self,
        room_id: FromPath[str],
        data: JSONBody[OfferBody],
        staff: Given[Staff],
        rooms: Given[Rooms],
        campaigns: Given[Campaigns],
    ) -> OfferView:
        room = await rooms.get(room_id)
        offer = await campaigns.configure_room(
            room_id,
            friend_template_id=data.friend_template_id,
            sharer_template_id=data.sharer_template_id,
            friend_part=data.friend_part,
            sharer_part=data.sharer_part,
            show_at=room.started_at,
            shop_id=room.shop_id,
            by=staff,
        )
        return await _view(offer, campaigns)


controllers = (RoomShareOffer,)
