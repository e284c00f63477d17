"""The address book of one buyer: up to twenty, one of them the default.

Who has one at all has a default: the first one is it, and when it goes the one used last takes its
place. Beyond twenty, the one longest unused makes room.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from yaohe.commerce.errors import AddressMissing
from yaohe.commerce.orders.model import Buyer, cleaned_buyer

ADDRESSES_MAX: Final = 20


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """`used_at` is when it was last kept or ordered to."""

    id: str
    visitor_id: str
    name: str
    phone: str
    address: str
    is_default: bool
    created_at: datetime
    used_at: datetime


def cleaned_address(given: Buyer) -> Buyer:
    """Who and where, checked like those of an order; raises `BadInput`."""
    buyer = cleaned_buyer(given)
    assert buyer is not None
    if not buyer.address:
        raise AddressMissing
    return buyer
