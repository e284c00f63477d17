"""Waits and how many people are told at once.

More are told than there are pieces, because not everybody comes; but not many more, because who
comes for nothing was told for nothing. Who was told has a turn; when it is over without a purchase
and something is left, the next are told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from yaohe.commerce.catalog.model import picture_path
from yaohe.kernel.language import said

TOLD_PER_PIECE: Final = 3
TURN: Final = timedelta(minutes=30)
WAITS_MAX: Final = 100  # of one visitor
KEPT: Final = timedelta(days=60)  # news of before that is of no use to anybody


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody waits for; `told_at` is when it was back and their turn."""

    product_id: str
    variant_id: str
    room_id: str | None
    title: str
    title_en: str
    variant_title: str
    variant_title_en: str
    picture_key: str | None
    stock: int
    asked_at: datetime
    told_at: datetime | None

    @property
    def picture(self) -> str:
        return picture_path(self.picture_key)

    def title_in(self, lang: str) -> str:
        """What it is called, with its variant."""
        name = said(lang, self.title, self.title_en)
        variant = said(lang, self.variant_title, self.variant_title_en)
        return f"{name} · {variant}" if variant else name


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many wait for one thing."""

    product_id: str
    variant_id: str
    waiting: int
