"""What follows when a buyer's request moves on: their page shows it, also in other windows. The
studio looks by itself."""

from __future__ import annotations

from yaohe.commerce.aftersales import AftersaleMoved
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub


def steps(*, hub: Hub) -> list[Step[AftersaleMoved]]:
    """One: the word to the buyer, who asks how it stands."""

    async def tell_buyer(_: Tx, batch: list[Recorded[AftersaleMoved]]) -> None:
        for recorded in batch:
            fact = recorded.fact
            hub.tell(
                fact.visitor_id,
                {"type": "aftersale", "order_id": fact.order_id, "status": fact.status},
            )

    return [Step("aftersale_moved.tell_buyer", AftersaleMoved, tell_buyer)]
