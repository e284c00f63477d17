"""Flows: for each fact that crosses contexts, one file that lists in order what follows from it.

Steps are named, idempotent, take batches and are retried alone. They only call front doors; a rule
about business belongs into a context.
"""

from __future__ import annotations

from typing import Any

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.flows import (
    aftersale_moved,
    assist_counted,
    back_in_stock,
    click_confirmed,
    goods_changed,
    message_written,
    order_closed,
    order_paid,
    order_refunded,
    order_shipped,
    room_ended,
)
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.live.shelf import Shelf
from yaohe.sharing import Sharing

__all__ = ["all_steps"]


def all_steps(
    *, sharing: Sharing, commerce: Commerce, campaigns: Campaigns, hub: Hub, shelf: Shelf
) -> list[Step[Any]]:
    """Every step inside the house, for the relay; `told_outside` has those that leave it."""
    return [
        *click_confirmed.steps(sharing=sharing, campaigns=campaigns, hub=hub),
        *assist_counted.steps(sharing=sharing, campaigns=campaigns, hub=hub),
        *order_paid.steps(sharing=sharing, commerce=commerce, hub=hub),
        *order_closed.steps(hub=hub),
        *order_shipped.steps(hub=hub),
        *order_refunded.steps(sharing=sharing, commerce=commerce, hub=hub),
        *goods_changed.steps(campaigns=campaigns, commerce=commerce, shelf=shelf, hub=hub),
        *back_in_stock.steps(commerce=commerce, hub=hub),
        *message_written.steps(hub=hub),
        *aftersale_moved.steps(hub=hub),
        *room_ended.steps(campaigns=campaigns, commerce=commerce, hub=hub),
    ]
