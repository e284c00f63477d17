"""What follows when the shop has given an order's money back: its share earned nothing, the request
it was made for has ended, and its buyer's page shows it."""

from __future__ import annotations

from typing import Any

from yaohe.commerce import Commerce
from yaohe.commerce.orders import OrderRefunded
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.sharing import Sharing

Batch = list[Recorded[OrderRefunded]]


def steps(*, sharing: Sharing, commerce: Commerce, hub: Hub) -> list[Step[Any]]:
    """In order: the credit goes, in the same transaction as its note; the request ends; the buyer
    is told."""

    async def reverse_credit(tx: Tx, batch: Batch) -> None:
        for recorded in batch:
            order = recorded.fact
            await sharing.refund_credit(
                tx, order.order_id, refund_id=order.refund_id, amount_minor=order.amount_minor
            )

    async def end_request(tx: Tx, batch: Batch) -> None:
        for recorded in batch:
            order = recorded.fact
            await commerce.aftersales.settle(tx, order.order_id, order.refund_id)

    async def tell_buyer(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            order = recorded.fact
            hub.tell(order.visitor_id, {"type": "order_moved", "order_id": order.order_id})

    return [
        Step("order_refunded.reverse_credit", OrderRefunded, reverse_credit),
        Step("order_refunded.end_request", OrderRefunded, end_request),
        Step("order_refunded.tell_buyer", OrderRefunded, tell_buyer),
    ]
