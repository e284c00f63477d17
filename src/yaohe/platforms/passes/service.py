"""Getting a pass: from memory, else from the table, else from the service by one process.

A lease in the database lets one process of all ask; the others read what it wrote. A pass is
renewed a little before its end while the old one is still handed out. A failure is written down
with how long to wait, so that ten processes and ten thousand visitors make one call and not a
storm, and a day's quota that is used up is left alone until the day turns.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.lease import Lease, Leases, assert_held
from yaohe.platforms.outgoing import PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.passes import store
from yaohe.platforms.passes.model import (
    FORCE_EVERY_S,
    Fetched,
    Kept,
    Seal,
    Trouble,
    error_of,
    margin_s,
    pause_after,
)

LEASE_S: Final = 20.0  # longer than the two calls that are made under it can take
OTHERS_S_MAX: Final = 6.0  # how long to wait for what another process is fetching
LOOK_EVERY_S: Final = 0.1
QUIET_S: Final = 5.0  # so long a known trouble is not asked for again, not even in the database

Fetch = Callable[[bool], Awaitable[Fetched]]  # the argument: force a new one

log = structlog.get_logger(__name__)


class Passes:
    """The passes of this process; `pass_for` makes one by name."""

    def __init__(
        self,
        db: Database,
        leases: Leases,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._db, self._leases, self._clock, self._chance = db, leases, clock, chance

    def pass_for(self, name: str, *, secret: str, fetch: Fetch) -> Pass:
        """The pass of this name. `secret` is what the service gave us to ask with."""
        return Pass(self, name, Seal(secret), fetch)

    async def read(self, name: str) -> Kept:
        async with self._db.connect() as conn:
            return await store.read(conn, name)

    async def refuse_paused(self, name: str) -> None:
        """Raise what paused this kind of call, while the pause lasts."""
        kept = await self.read(name)
        if kept.wait_s > 0:
            raise error_of(kept.trouble, kept.wait_s)

    async def pause(self, name: str, error: Exception, *, forced: bool = False) -> None:
        """Write down that this failed, and how long nobody is to try."""
        kept = await self.read(name)
        planned = pause_after(error, kept.failed + 1, self._chance())
        async with self._db.begin() as tx:
            await store.pause(
                tx.conn, name, seconds=planned.seconds, trouble=planned.trouble, forced=forced
            )
        log.warning("platform_paused", of=name, trouble=planned.trouble, wait_s=planned.seconds)

    async def troubles(self, prefix: str) -> list[Trouble]:
        """What cannot be had now, of the passes and calls whose name begins so."""
        async with self._db.connect() as conn:
            return await store.troubles(conn, prefix)

    async def end_pauses(self, prefix: str) -> None:
        """Somebody mended something: ask again at once, except where a quota is used up."""
        async with self._db.begin() as tx:
            await store.end_pauses(tx.conn, prefix)

    def now(self) -> float:
        return self._clock.monotonic()

    async def lease(self, name: str) -> Lease | None:
        return await self._leases.acquire(f"pass:{name}", ttl_s=LEASE_S)

    async def release(self, lease: Lease) -> None:
        await self._leases.release(lease)

    async def keep(
        self, lease: Lease, name: str, sealed: bytes, *, lasts_s: float, forced: bool
    ) -> None:
        async with self._db.begin() as tx:
            await assert_held(tx, lease)
            await store.keep(tx.conn, name, sealed, lasts_s=lasts_s, forced=forced)


class Pass:
    """One pass of one service."""

    def __init__(self, passes: Passes, name: str, seal: Seal, fetch: Fetch) -> None:
        self._passes, self.name, self._seal, self._fetch = passes, name, seal, fetch
        self._lock = asyncio.Lock()
        self._value: str | None = None
        self._renew_at = self._ends_at = self._quiet_until = 0.0
        self._trouble: AppError | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def value(self) -> str:
        """A pass that is good now; raises `PlatformAway`, `PlatformQuota`, `PlatformRefused`."""
        now = self._passes.now()
        if self._value is not None and now < self._ends_at:
            if now >= self._renew_at and now >= self._quiet_until and self._renewing is None:
                self._renewing = asyncio.create_task(self._renew(), name=f"pass {self.name}")
            return self._value
        return await self._obtain(None)

    async def instead_of(self, refused: str) -> str:
        """Another pass than `refused`, which the service did not take although it should be good.

        Who comes first asks for it; all others who held the same one get what that brought."""
        if self._value == refused:
            self._ends_at = 0.0
        return await self._obtain(refused)

    async def check(self) -> None:
        """Have a pass, asking the service if that is due, and forget that it just failed. For who
        has ended the pauses; raises like `value`."""
        self._trouble, self._quiet_until = None, 0.0
        await self._obtain(None)

    async def _renew(self) -> None:
        try:
            await self._obtain(None)
        except AppError as error:
            log.warning("pass_not_renewed", of=self.name, code=error.code)
        finally:
            self._renewing = None

    async def _obtain(self, refused: str | None) -> str:
        async with self._lock:
            now = self._passes.now()
            if self._value not in {None, refused} and now < self._renew_at:
                assert self._value is not None
                return self._value
            if self._trouble is not None and now < self._quiet_until:
                raise self._trouble
            try:
                return await self._obtain_shared(refused)
            except (PlatformAway, PlatformQuota, PlatformRefused) as error:
                self._trouble, self._quiet_until = error, self._passes.now() + QUIET_S
                raise

    async def _obtain_shared(self, refused: str | None) -> str:
        deadline = self._passes.now() + OTHERS_S_MAX
        while True:
            kept = await self._passes.read(self.name)
            value = self._usable(kept, refused)
            if value is not None and (kept.is_fresh or kept.wait_s > 0):
                return self._remember(value, kept)
            if kept.wait_s > 0:
                raise error_of(kept.trouble, kept.wait_s)
            lease = await self._passes.lease(self.name)
            if lease is not None:
                try:
                    return await self._obtain_alone(lease, refused)
                finally:
                    await self._passes.release(lease)
            if value is not None:  # somebody renews it; it is good until then
                return self._remember(value, kept)
            if self._passes.now() >= deadline:
                raise PlatformAway
            await asyncio.sleep(LOOK_EVERY_S)

    async def _obtain_alone(self, lease: Lease, refused: str | None) -> str:
        """Under the lease: somebody may have been quicker, else ask the service."""
        kept = await self._passes.read(self.name)
        value = self._usable(kept, refused)
        if value is not None and kept.is_fresh:
            return self._remember(value, kept)
        if kept.wait_s > 0:
            raise error_of(kept.trouble, kept.wait_s)
        forced = False
        try:
            fetched = await self._fetch(False)
            if fetched.value == refused:
                if kept.forced_ago_s < FORCE_EVERY_S:
                    raise PlatformRefused("pass_refused")
                forced = True
                fetched = await self._fetch(True)
        except AppError as error:
            await self._passes.pause(self.name, error, forced=forced)
            if value is None:
                raise
            return self._remember(value, kept)
        sealed = self._seal.close(self.name, fetched.value)
        await self._passes.keep(lease, self.name, sealed, lasts_s=fetched.lasts_s, forced=forced)
        return self._take(fetched.value, fetched.lasts_s, fetched.lasts_s)

    def _usable(self, kept: Kept, refused: str | None) -> str | None:
        value = self._seal.open(self.name, kept.sealed) if kept.left_s > 0 else None
        return None if value == refused else value

    def _remember(self, value: str, kept: Kept) -> str:
        return self._take(value, kept.left_s, kept.lasts_s)

    def _take(self, value: str, left_s: float, lasts_s: float) -> str:
        now = self._passes.now()
        self._value, self._trouble = value, None
        self._ends_at, self._renew_at = now + left_s, now + left_s - margin_s(lasts_s)
        # A pass that should be renewed and was not: others are at it, or it is paused.
        self._quiet_until = now + QUIET_S if self._renew_at <= now else 0.0
        return value
