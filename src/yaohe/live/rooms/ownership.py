"""Which rooms this process owns: only the owner takes a room's publisher and numbers its fragments.

A room is owned by a lease in PostgreSQL with a fencing token. One process owns every room it
is asked for, by the same code; of several, the second is refused until the first lets go or dies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from yaohe.kernel.errors import TryAgain
from yaohe.kernel.lease import Lease, LeaseLost, Leases

LEASE_S: Final = 15.0

log = structlog.get_logger(__name__)


class Ownership:
    """`on_lost(room_id)` is called when a room must be given up."""

    def __init__(self, leases: Leases, on_lost: Callable[[str], None]) -> None:
        self._leases, self._on_lost = leases, on_lost
        self._owned: dict[str, Lease] = {}

    async def own(self, room_id: str) -> Lease | None:
        """The lease of the room; None while another process has it."""
        held = self._owned.get(room_id)
        if held is not None:
            return held
        lease = await self._leases.acquire(f"room:{room_id}", ttl_s=LEASE_S)
        if lease is None:
            return self._owned.get(room_id)  # two asked at once and the other one won
        self._owned[room_id] = lease
        return lease

    async def run(self) -> None:
        """Keep what is owned until cancelled, then let everything go."""
        try:
            while True:
                await asyncio.sleep(LEASE_S / 4)
                await self.renew()
        finally:
            for lease in list(self._owned.values()):
                try:
                    await self._leases.release(lease)
                except TryAgain:
                    break  # the database is away: the leases end by themselves

    async def renew(self) -> None:
        """Hold everything for another while."""
        for room_id in list(self._owned):
            await self._renew(room_id)

    async def _renew(self, room_id: str) -> None:
        try:
            self._owned[room_id] = await self._leases.renew(self._owned[room_id], ttl_s=LEASE_S)
        except LeaseLost:
            await self._take_back(room_id, self._owned.pop(room_id))
        except TryAgain:
            return  # asked again before the lease ends

    async def _take_back(self, room_id: str, lost: Lease) -> None:
        """A lease that ended while the database was away is ours again when nobody had it since.

        The next token says that nobody did; video then goes on as if nothing had happened.
        """
        again = await self._leases.acquire(lost.name, ttl_s=LEASE_S)
        if again is not None:
            self._owned[room_id] = again
            if again.token == lost.token + 1:
                return
        log.warning("room_lost", room=room_id)
        self._on_lost(room_id)
