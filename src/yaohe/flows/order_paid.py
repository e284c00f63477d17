"""What follows when an order is paid: its share is credited, what is digital is delivered, the
room hears of it."""

from __future__ import annotations

from yaohe.commerce import Commerce, OrderPaid
from yaohe.commerce.orders import titled
from yaohe.identity import friendly_name
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.sharing import Sharing
from yaohe.sharing.attribution import PaidOrder

Batch = list[Recorded[OrderPaid]]


def steps(*, sharing: Sharing, commerce: Commerce, hub: Hub) -> list[Step[OrderPaid]]:
    """In order: the credit and the delivery, each in the same transaction as its note; then the
    cheer."""

    async def credit_share(tx: Tx, batch: Batch) -> None:
        orders = [
            PaidOrder(
                order_id=recorded.fact.order_id,
                shop_id=recorded.fact.shop_id,
                visitor_id=recorded.fact.visitor_id,
                amount_minor=recorded.fact.paid_minor,
                currency=recorded.fact.currency,
                at=recorded.at,
                room_id=recorded.fact.room_id or "",
            )
            for recorded in batch
        ]
        await sharing.credit_orders(tx, orders)

    async def deliver(tx: Tx, batch: Batch) -> None:
        await commerce.deliver_digital(tx, [recorded.fact.order_id for recorded in batch])

    async def cheer(_: Tx, batch: Batch) -> None:
        orders = [recorded.fact for recorded in batch]
        products = await commerce.products_by_id(sorted({o.product_id for o in orders}))
        for order in orders:
            hub.tell(order.visitor_id, {"type": "order_paid", "order_id": order.order_id})
            product = products.get(order.product_id)
            if order.room_id is not None and product is not None:
                title, title_en = titled(product.title, product.title_en, len(order.goods))
                hub.say(
                    order.room_id,
                    kind="order",
                    name=friendly_name(order.visitor_id, "zh-CN"),
                    name_en=friendly_name(order.visitor_id, "en"),
                    text=f"买了 {title}",
                    text_en=f"bought {title_en or title}",
                )

    return [
        Step("order_paid.credit_share", OrderPaid, credit_share),
        Step("order_paid.deliver", OrderPaid, deliver),
        Step("order_paid.cheer", OrderPaid, cheer),
    ]
