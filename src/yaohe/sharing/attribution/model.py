"""A credit pins an order to the shares that led to it: the first touch and the last.

A touch is a confirmed click of the buyer, in the shop, opened within the window before the order.
The model says which of the two gets the credit; both stay on record, so a shop may change its mind
about the model without losing the past. One order gives at most one credit; a refund reverses it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

CreditModel = Literal["first", "last"]

WINDOW_DAYS: Final = 7


class PaidOrder(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    shop_id: str
    visitor_id: str
    amount_minor: int
    currency: str
    at: datetime


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    visitor_id: str
    room_id: str  # the room of the credited share
    token: str
    first_token: str
    last_token: str
    model: CreditModel
    sharer_id: str
    sharer_name: str
    channel: str
    amount_minor: int
    currency: str
    reversed_at: datetime | None
