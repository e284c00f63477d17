"""A cart and what may be in it.

A cart holds nothing back for anybody: no stock, no price. It keeps what somebody picked, how many,
in which room, and what it cost then; everything else is read as it is now. What can no longer be
had stays in it and says so, until its owner takes it out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from yaohe.commerce.delivery import DeliveryKind

LINES_MAX: Final = 50
KEPT: Final = timedelta(days=90)  # untouched for so long, it is forgotten

LineState = Literal["here", "short", "sold_out", "off_sale", "variant_gone"]


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product, in one variant (empty: it has none), so many pieces of it.

    `seen_minor` is what a piece cost when it was put in, `price_minor` what it costs now without
    a live price. The live price is the one that runs where the buyer is, below that. `order_id` is
    the unpaid order this line is part of.
    """

    product_id: str
    variant_id: str
    room_id: str | None
    quantity: int
    seen_minor: int
    put_at: datetime
    title: str
    title_en: str
    variant_title: str
    variant_title_en: str
    picture_key: str | None
    delivery: DeliveryKind
    currency: str
    price_minor: int
    stock: int
    on_sale: bool
    variant_found: bool
    live_price_id: str | None
    live_price_minor: int | None
    live_price_until: datetime | None
    live_price_left: int | None
    live_price_each: int | None
    order_id: str | None

    def without_live_price(self) -> CartLine:
        """As it is told to who may not know what runs in that room."""
        return msgspec.structs.replace(
            self,
            live_price_id=None,
            live_price_minor=None,
            live_price_until=None,
            live_price_left=None,
            live_price_each=None,
        )

    @property
    def state(self) -> LineState:
        """Whether it can be bought as it stands here; the first thing that is in the way."""
        if not self.on_sale:
            return "off_sale"
        if not self.variant_found:
            return "variant_gone"
        if self.stock <= 0:
            return "sold_out"
        return "short" if self.stock < self.quantity else "here"
