"""What a room offers to those who come by a share, and to those who brought them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from yaohe.commerce import CouponTemplate
from yaohe.commerce.coupons import PartGiven


class ShareOffer(msgspec.Struct, frozen=True, kw_only=True):
    """The set-up of one room. Help closes with the show; the friends' coupon lives on."""

    room_id: str
    shop_id: str
    friend_template_id: str | None
    sharer_template_id: str | None
    active: bool
    help_closed_at: datetime | None
    show_at: datetime | None
    """When the room's latest show began. It lasts until the next one begins."""

    @property
    def show(self) -> str:
        """The name of this show, for what a show may give."""
        return "first" if self.show_at is None else self.show_at.astimezone(UTC).isoformat()


class OfferParts(msgspec.Struct, frozen=True, kw_only=True):
    """What this room may give of its two coupons, and has given; None: as much as there is."""

    friend: PartGiven | None = None
    sharer: PartGiven | None = None


class RoomOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a page may show: the friends' coupon, how many of it this room has to give now, and
    what a sharer gets for each who helps."""

    friend: CouponTemplate | None
    friend_left: int
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
