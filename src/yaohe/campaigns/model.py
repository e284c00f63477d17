"""What a room offers to those who come by a share, and to those who brought them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from yaohe.commerce import CouponTemplate


class ShareOffer(msgspec.Struct, frozen=True, kw_only=True):
    """The set-up of one room. Help closes with the show; the friends' coupon lives on."""

    room_id: str
    shop_id: str
    friend_template_id: str | None
    sharer_template_id: str | None
    active: bool
    help_closed_at: datetime | None


class RoomOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a page may show: the friends' coupon, and what a sharer gets for each who helps."""

    friend: CouponTemplate | None
    sharer_amount_minor: int | None


class Assist(msgspec.Struct, frozen=True, kw_only=True):
    """A valid assist, as it is written down."""

    assist_id: str
    shop_id: str
    room_id: str
    sharer_id: str
    helper_id: str
    token: str
    env: str
    watch_ms: int
