"""Privacy for parts that are tested alone: every room is open to everybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from yaohe.front.request import Request, Send
from yaohe.kernel.clock import SystemClock
from yaohe.live.media import MediaOrigin
from yaohe.live.privacy import Privacy


def nothing_private() -> Privacy:
    """The real one after a look that found no private room; its database is never asked."""
    rooms = cast(Any, SimpleNamespace(on_change=[]))
    privacy = Privacy(cast(Any, None), SystemClock(), b"x" * 32, rooms, MediaOrigin(), ticket_s=600)
    privacy._private = set()
    return privacy


async def open_to_all(request: Request) -> Send | None:
    """The edge's guard where there is nothing to guard."""
    return request.send
