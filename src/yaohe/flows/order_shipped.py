"""What follows when an order is on its way or has arrived: its buyer's page shows it."""

from __future__ import annotations

from typing import Any

from yaohe.commerce.orders import OrderCompleted, OrderShipped
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub

Batch = list[Recorded[OrderShipped]] | list[Recorded[OrderCompleted]]


def steps(*, hub: Hub) -> list[Step[Any]]:
    """The same for both; the page asks for the order and sees which."""

    async def tell_buyer(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            order = recorded.fact
            hub.tell(order.visitor_id, {"type": "order_moved", "order_id": order.order_id})

    return [
        Step("order_shipped.tell_buyer", OrderShipped, tell_buyer),
        Step("order_completed.tell_buyer", OrderCompleted, tell_buyer),
    ]
