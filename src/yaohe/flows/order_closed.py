"""What follows when an order ended unpaid: its buyer's page shows it, and the coupon that came
back."""

from __future__ import annotations

from typing import Any

from yaohe.commerce.orders import OrderCanceled, OrderExpired
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub

Batch = list[Recorded[OrderExpired]] | list[Recorded[OrderCanceled]]


def steps(*, hub: Hub) -> list[Step[Any]]:
    """The same for an order that expired and one that was given up, perhaps in another window."""

    async def tell_buyer(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            order = recorded.fact
            hub.tell(order.visitor_id, {"type": "order_closed", "order_id": order.order_id})

    return [
        Step("order_expired.tell_buyer", OrderExpired, tell_buyer),
        Step("order_canceled.tell_buyer", OrderCanceled, tell_buyer),
    ]
