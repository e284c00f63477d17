"""What is told outside: every fact that webhooks carry, and how it looks from there.

The fields are promises to programs of others (docs/developers/webhooks.md): a fact may change with
our needs, what is told of it only grows. Rooms of others carry the `room_ref` by which their
server knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from yaohe.campaigns import AssistCounted
from yaohe.commerce import OrderPaid
from yaohe.commerce.aftersales import AftersaleMoved
from yaohe.commerce.orders import (
    OrderCanceled,
    OrderCompleted,
    OrderExpired,
    OrderShipped,
)
from yaohe.commerce.payments import PaymentRefunded
from yaohe.kernel.db import Tx
from yaohe.kernel.events import F, Recorded
from yaohe.kernel.relay import Step
from yaohe.live.rooms import RoomEnded, RoomWentLive
from yaohe.outside import Outside, OutsideOrderPaid, OutsideOrderRefunded
from yaohe.sharing import ClickConfirmed, ShareProductive
from yaohe.webhooks import Happened, Webhooks

Data = dict[str, Any]


def steps(*, webhooks: Webhooks, outside: Outside) -> list[Step[Any]]:
    """One for each kind of fact; a message is written once per fact, in the step's transaction."""

    def told(fact: type[F], name: str, data_of: Callable[[F], Data]) -> Step[F]:
        async def tell(tx: Tx, batch: list[Recorded[F]]) -> None:
            happened = [
                Happened(
                    event_id=recorded.event_id,
                    book=recorded.fact.shop_id,
                    type=name,
                    at=recorded.at,
                    data=data_of(recorded.fact),
                )
                for recorded in batch
            ]
            await _name_rooms(outside, (one.data for one in happened))
            await webhooks.tell(tx, happened)

        return Step(f"{fact.type_name().removesuffix('.v1')}.tell_outside", fact, tell)

    return [
        told(ClickConfirmed, "share.clicked", _clicked),
        told(ShareProductive, "share.productive", _productive),
        told(AssistCounted, "assist.counted", _assist),
        told(OrderPaid, "order.paid", _paid),
        told(OrderShipped, "order.shipped", _order),
        told(OrderCompleted, "order.completed", _order),
        told(OrderExpired, "order.expired", _closed),
        told(OrderCanceled, "order.canceled", _closed),
        told(PaymentRefunded, "order.refunded", _refunded),
        told(AftersaleMoved, "aftersale.moved", _aftersale),
        told(OutsideOrderPaid, "outside_order.paid", _outside_paid),
        told(OutsideOrderRefunded, "outside_order.refunded", _outside_order),
        told(RoomWentLive, "room.live", _live),
        told(RoomEnded, "room.ended", _ended),
    ]


async def _name_rooms(outside: Outside, told: Iterable[Data]) -> None:
    of_rooms = [data for data in told if data.get("room_id") is not None]
    refs = await outside.refs({data["room_id"] for data in of_rooms})
    for data in of_rooms:
        data["room_ref"] = refs.get(data["room_id"])


def _clicked(click: ClickConfirmed) -> Data:
    return _share(click) | {"visitor_id": click.visitor_id, "env": click.env}


def _productive(visit: ShareProductive) -> Data:
    return _share(visit) | {"visitor_id": visit.visitor_id}


def _assist(assist: AssistCounted) -> Data:
    return _share(assist) | {"assist_id": assist.assist_id, "visitor_id": assist.helper_id}


def _share(fact: ClickConfirmed | ShareProductive | AssistCounted) -> Data:
    return {"share": fact.token, "room_id": fact.room_id, "sharer_id": fact.sharer_id}


def _order(order: OrderShipped | OrderCompleted) -> Data:
    return {"order_id": order.order_id, "visitor_id": order.visitor_id}


def _paid(order: OrderPaid) -> Data:
    return _goods(order) | {"amount_minor": order.paid_minor, "currency": order.currency}


def _closed(order: OrderExpired | OrderCanceled) -> Data:
    return _goods(order)


def _goods(order: OrderPaid | OrderExpired | OrderCanceled) -> Data:
    return {
        "order_id": order.order_id,
        "visitor_id": order.visitor_id,
        "room_id": order.room_id,
        "lines": [
            {
                "product_id": line.product_id,
                "variant_id": line.variant_id,
                "quantity": line.quantity,
            }
            for line in order.goods
        ],
        "product_id": order.product_id,
        "quantity": order.quantity,
        "coupon_id": order.coupon_id,
    }


def _refunded(refund: PaymentRefunded) -> Data:
    return {
        "order_id": refund.order_id,
        "visitor_id": refund.visitor_id,
        "room_id": refund.room_id,
        "payment_id": refund.payment_id,
        "refund_id": refund.refund_id,
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
    }


def _aftersale(moved: AftersaleMoved) -> Data:
    return {
        "aftersale_id": moved.aftersale_id,
        "order_id": moved.order_id,
        "visitor_id": moved.visitor_id,
        "kind": moved.kind,
        "reason": moved.reason,
        "status": moved.status,
        "amount_minor": moved.amount_minor,
        "currency": moved.currency,
    }


def _outside_paid(order: OutsideOrderPaid) -> Data:
    return _outside_order(order) | {
        "visitor_id": order.visitor_id,
        "room_id": order.room_id or None,
        "share": order.token or None,
        "sharer_id": order.sharer_id or None,
    }


def _outside_order(order: OutsideOrderPaid | OutsideOrderRefunded) -> Data:
    return {
        "order_id": order.order_id,
        "ref": order.ref,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
    }


def _live(room: RoomWentLive) -> Data:
    return {"room_id": room.room_id, "started_at": room.started_at}


def _ended(room: RoomEnded) -> Data:
    return {"room_id": room.room_id, "reason": room.reason, "ended_at": room.ended_at}
