"""Live prices: a lower price for a product in one room, for some minutes, for so many pieces."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from yaohe.commerce.orders.lines import QUANTITY_MAX, check_key
from yaohe.kernel.errors import BadInput

MINUTES_MAX: Final = 24 * 60
TOTAL_MAX: Final = 10_000_000


class LivePrice(msgspec.Struct, frozen=True, kw_only=True):
    """`total` pieces are there for it (None: as many as are in stock), of which `taken` are in
    orders; nobody gets more than `per_person`. It holds from `starts_at` until before `ends_at`,
    by the database's clock."""

    id: str
    shop_id: str
    room_id: str
    product_id: str
    price_minor: int
    total: int | None
    per_person: int | None
    taken: int
    starts_at: datetime
    ends_at: datetime
    created_at: datetime

    @property
    def left(self) -> int | None:
        """How many can still be had for it; None when only the stock limits it."""
        return None if self.total is None else max(0, self.total - self.taken)


class NewLivePrice(msgspec.Struct, frozen=True, kw_only=True):
    """What staff give. It begins at once; one that runs for the same product there ends."""

    room_id: str
    product_id: str
    price_minor: int
    minutes: int
    total: int | None = None
    per_person: int | None = None


def checked_live_price(new: NewLivePrice) -> NewLivePrice:
    """Raises `BadInput`; that it is below the regular price is asked where that is known."""
    check_key(new.room_id, field="room_id")
    check_key(new.product_id, field="product_id")
    if new.price_minor < 1:
        raise BadInput("A live price is at least 1 minor unit.", field="price_minor")
    if not 1 <= new.minutes <= MINUTES_MAX:
        raise BadInput(f"It lasts between 1 and {MINUTES_MAX} minutes.", field="minutes")
    if new.total is not None and not 1 <= new.total <= TOTAL_MAX:
        raise BadInput(f"The number of pieces is between 1 and {TOTAL_MAX}.", field="total")
    if new.per_person is not None and not 1 <= new.per_person <= QUANTITY_MAX:
        raise BadInput(f"Per person is between 1 and {QUANTITY_MAX}.", field="per_person")
    if new.total is not None and new.per_person is not None and new.per_person > new.total:
        raise BadInput("One person cannot have more than there are.", field="per_person")
    return new
