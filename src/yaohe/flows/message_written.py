"""What follows when somebody writes in the thread of an order: its buyer's page shows it, also in
their other windows. The studio looks by itself."""

from __future__ import annotations

from yaohe.commerce.messages import MessageWritten
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub


def steps(*, hub: Hub) -> list[Step[MessageWritten]]:
    """One: the word to the buyer."""

    async def tell_buyer(_: Tx, batch: list[Recorded[MessageWritten]]) -> None:
        for recorded in batch:
            fact = recorded.fact
            hub.tell(
                fact.visitor_id,
                {"type": "message", "order_id": fact.order_id, "mine": fact.side == "buyer"},
            )

    return [Step("message_written.tell_buyer", MessageWritten, tell_buyer)]
