"""When a day begins at the shop: by its own clock, wherever the buyer is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from zoneinfo import ZoneInfo

KNOWN_S: Final = 60.0

ZoneOf = Callable[[], Awaitable[str]]


class ShopZone:
    """The shop's time zone, asked for again after a minute: it hardly ever changes, and claims are
    many. It is asked for before a claim joins a batch, so that no batch waits for a connection."""

    def __init__(self, zone_of: ZoneOf) -> None:
        self._zone_of = zone_of
        self._asked_at = -KNOWN_S
        self._asking = asyncio.Lock()
        self.known = ZoneInfo("UTC")

    @property
    def is_known(self) -> bool:
        return time.monotonic() - self._asked_at < KNOWN_S

    async def ask(self) -> None:
        """Learn the zone; who comes meanwhile waits for the same answer."""
        async with self._asking:
            if not self.is_known:
                self.known = ZoneInfo(await self._zone_of())
                self._asked_at = time.monotonic()
