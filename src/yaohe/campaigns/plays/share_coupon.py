"""Share → coupon. The friend gets the room's coupon on arrival; the sharer gets a mirrored one when
that friend has watched and helped on purpose. Sharing itself earns nothing.

Pure: each function decides from what it is given and returns what should happen as a value.
"""

from __future__ import annotations

from typing import Final

import msgspec

from yaohe.campaigns.assist import judge
from yaohe.campaigns.errors import HelpNotHere, HelpOver
from yaohe.campaigns.model import ShareOffer
from yaohe.campaigns.policy import PlayKind, decide
from yaohe.kernel.errors import AppError
from yaohe.sharing.visits import Arrival

KIND: Final[PlayKind] = "share_coupon"

ARRIVAL: Final = "arrival"
ASSIST: Final = "assist"


class IssueCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """Give this coupon to this person, once for this reason."""

    template_id: str
    visitor_id: str
    source: str
    source_ref: str
    room_id: str
    show: str
    reward_key: str | None = None


def on_arrival(
    offer: ShareOffer | None, *, visitor_id: str, env: str, source_ref: str
) -> IssueCoupon | None:
    """The friend's coupon. It is the one every visitor may have, so it needs no more than that.

    A tap on "take" and an arrival are the same reason: whoever asks twice has one coupon.
    """
    if offer is None or not offer.active or offer.friend_template_id is None:
        return None
    if not decide(env, KIND).open_coupon:
        return None
    return IssueCoupon(
        template_id=offer.friend_template_id,
        visitor_id=visitor_id,
        source=ARRIVAL,
        source_ref=source_ref,
        room_id=offer.room_id,
        show=offer.show,
    )


def on_help(
    offer: ShareOffer | None, arrival: Arrival, *, helper_id: str, env: str, watch_ms: int
) -> AppError | None:
    """Why a tap on "help" does not count; None when it does."""
    if not decide(env, KIND).help:
        return HelpNotHere()
    if offer is None or not offer.active or offer.sharer_template_id is None:
        return HelpOver()
    if offer.help_closed_at is not None:
        return HelpOver()
    return judge(arrival, helper_id=helper_id, watch_ms=watch_ms)


def on_assist(
    offer: ShareOffer | None, *, room_id: str, sharer_id: str, helper_id: str, token: str, env: str
) -> IssueCoupon | None:
    """The sharer's mirrored coupon for one counted assist."""
    if offer is None or offer.sharer_template_id is None or not decide(env, KIND).mirror_reward:
        return None
    return IssueCoupon(
        template_id=offer.sharer_template_id,
        visitor_id=sharer_id,
        source=ASSIST,
        source_ref=token,
        room_id=room_id,
        show=offer.show,
        reward_key=f"{room_id}:{sharer_id}:{helper_id}",
    )
