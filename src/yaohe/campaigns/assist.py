"""A valid assist: somebody else, who came by the share, watched, and then tapped on purpose.

All of it is judged by what the server saw: the confirmed click, and the time the page was visible
by the database's clock. Each refusal has its code, so that a page and the staff can explain it. Two
rules are kept by a unique key and not here: one help per friend and sharer in a room.
"""

from __future__ import annotations

from typing import Final

from yaohe.campaigns.errors import HelpNotArrived, HelpSelf, HelpTooEarly
from yaohe.kernel.errors import AppError
from yaohe.sharing.visits import Arrival

WATCH_MS: Final = 15_000


def judge(arrival: Arrival, *, helper_id: str, watch_ms: int = WATCH_MS) -> AppError | None:
    """Why this help does not count, or None when it is a valid assist."""
    if arrival.sharer_id == helper_id:
        return HelpSelf()
    if not arrival.clicked:
        return HelpNotArrived()
    missing_ms = watch_ms - arrival.watch_ms
    if missing_ms > 0:
        return HelpTooEarly(retry_after_s=-(-missing_ms // 1_000))
    return None
