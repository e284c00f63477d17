"""The demo's run of show: one product after the other is pinned, as the host would do it.

Whoever pins by hand takes over: from then on the show is theirs.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from yaohe.live.shelf import Shelf

EVERY_S: Final = 20.0

log = structlog.get_logger(__name__)


class Rundown:
    def __init__(self, shelf: Shelf, room_id: str, *, every_s: float = EVERY_S) -> None:
        self._shelf, self._room_id, self._every_s = shelf, room_id, every_s
        self._pinned: str | None = None

    async def run(self) -> None:
        """Until somebody else decides what is shown."""
        await self.begin()
        while True:
            await asyncio.sleep(self._every_s)
            try:
                if not await self.turn():
                    return
            except Exception as error:  # the shop has trouble; the show goes on
                log.warning("rundown_waits", reason=repr(error))

    async def begin(self) -> None:
        """What is pinned now is where the show stands."""
        self._pinned = (await self._shelf.state(self._room_id)).pinned

    async def turn(self) -> bool:
        """Pin the next product of the shelf; False when the pin is no longer ours."""
        state = await self._shelf.state(self._room_id)
        ids = [product.id for product in state.items]
        if state.pinned is None or state.pinned != self._pinned:
            return False
        following = ids[(ids.index(state.pinned) + 1) % len(ids)]
        await self._shelf.pin(self._room_id, following)
        self._pinned = following
        return True
