"""A visit: one visitor in one room by one share (token '' when no share led there).

Watching is counted by the database's clock between ticks that the page sends while it is visible,
never by what the page claims. A silence counts for at most 7 s, so a phone put to sleep or a lost
hide costs seconds, not hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from yaohe.sharing.shares.model import check_key

GAP_MS_MAX: Final = 7_000
PRODUCTIVE_MS: Final = 30_000


class WatchTick(msgspec.Struct, frozen=True, kw_only=True):
    room_id: str
    visitor_id: str
    token: str | None = None
    visible: bool = True


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    room_id: str
    visitor_id: str
    token: str
    first_at: datetime
    watch_ms: int  # up to this moment when the page is visible
    interacted_at: datetime | None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one visitor of one share: the ground for judging a help."""

    token: str
    room_id: str
    shop_id: str
    sharer_id: str
    clicked: bool
    watch_ms: int


def check_tick(tick: WatchTick) -> None:
    check_key(tick.room_id, field="room")
    check_key(tick.visitor_id, field="visitor_id")
    check_key(tick.token or "", field="token", empty=True)


def accrued_ms(*, visible_before: bool, silence_ms: int) -> int:
    """What the time since the last tick adds. The store says the same in SQL; a test compares."""
    return min(max(silence_ms, 0), GAP_MS_MAX) if visible_before else 0
