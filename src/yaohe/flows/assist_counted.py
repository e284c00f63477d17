"""What follows when a friend's help counted: the sharer's coupon, and thanks for all to see."""

from __future__ import annotations

from yaohe.campaigns import AssistCounted, Campaigns
from yaohe.identity import friendly_name
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.sharing import Sharing

Batch = list[Recorded[AssistCounted]]


def steps(*, sharing: Sharing, campaigns: Campaigns, hub: Hub) -> list[Step[AssistCounted]]:
    """In order: the mirrored coupon, then a line in the room and a word to both. A coupon is owed
    once per assist, whatever is retried."""

    async def mirror_coupon(_: Tx, batch: Batch) -> None:
        for coupon in await campaigns.reward([recorded.fact for recorded in batch]):
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

    async def thank(_: Tx, batch: Batch) -> None:
        assists = [recorded.fact for recorded in batch]
        counts = await campaigns.assists_of([(a.room_id, a.sharer_id) for a in assists])
        for assist in assists:
            hub.tell(assist.helper_id, {"type": "helped", "token": assist.token})
        latest = {(a.room_id, a.sharer_id): a.token for a in assists}
        for (room_id, sharer_id), token in latest.items():
            n = counts.get((room_id, sharer_id), 1)
            share = await sharing.share(token)
            given = share.sharer_name if share is not None else ""
            hub.tell(sharer_id, {"type": "assist", "room": room_id, "n": n})
            hub.say(
                room_id,
                kind="thanks",
                name=friendly_name(sharer_id, "zh-CN", given=given),
                name_en=friendly_name(sharer_id, "en", given=given),
                text=f"带来了 {n} 位朋友",
                text_en="brought a friend" if n == 1 else f"brought {n} friends",
            )

    return [
        Step("assist_counted.mirror_coupon", AssistCounted, mirror_coupon),
        Step("assist_counted.thank", AssistCounted, thank),
    ]
