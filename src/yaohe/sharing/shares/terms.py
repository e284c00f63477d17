"""What opening a link needs to know of what staff decided about it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Closed = Literal["paused", "expired"]


class LinkTerms(msgspec.Struct, frozen=True, kw_only=True):
    """`url` leads outside, "" into the room; `allowed`: that site is (still) on the shop's list."""

    slug: str | None
    source: str
    url: str
    allowed: bool
    utm: dict[str, str]
    expires_at: datetime | None
    paused: bool

    def closed(self, now: datetime) -> Closed | None:
        """Why the link opens nothing by now; None when it does."""
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "paused" if self.paused or not self.allowed else None
