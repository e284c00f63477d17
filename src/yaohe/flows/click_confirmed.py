"""What follows when a friend has opened a share: their coupon, and a word to the one who shared."""

from __future__ import annotations

from yaohe.campaigns import Campaigns
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.sharing import ClickConfirmed, Sharing

Batch = list[Recorded[ClickConfirmed]]


def steps(*, sharing: Sharing, campaigns: Campaigns, hub: Hub) -> list[Step[ClickConfirmed]]:
    """In order: the friend's coupon, the sharer's news. Claims are idempotent by their source;
    what the hub tells may be lost or told again."""

    async def friend_coupon(_: Tx, batch: Batch) -> None:
        clicks = [recorded.fact for recorded in batch]
        for coupon in await campaigns.on_arrival(clicks):
            if coupon is not None and coupon.new:
                hub.tell(
                    coupon.visitor_id,
                    {
                        "type": "coupon",
                        "source": coupon.source,
                        "amount_minor": coupon.amount_minor,
                        "kind": coupon.kind,
                        "percent": coupon.percent,
                        "threshold_minor": coupon.threshold_minor,
                    },
                )

    async def tell_sharer(_: Tx, batch: Batch) -> None:
        sharers = [(r.fact.room_id, r.fact.sharer_id) for r in batch]
        for (room_id, sharer_id), friends in (await sharing.friends(sharers)).items():
            hub.tell(sharer_id, {"type": "friend_here", "room": room_id, "n": friends})

    return [
        Step("click_confirmed.friend_coupon", ClickConfirmed, friend_coupon),
        Step("click_confirmed.tell_sharer", ClickConfirmed, tell_sharer),
    ]
