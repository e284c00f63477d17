"""Leases: a named right held by one process at a time, with a fencing token.

The token grows each time the owner changes, never goes back, and is checked where the right is
used: `assert_held` inside a transaction makes sure that a process which slept through the end of
its lease writes nothing. Times are the database's, so clocks that disagree do no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import text

from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import Conflict, TryAgain

log = structlog.get_logger(__name__)


class LeaseLost(Conflict):
    code = "lease_lost"
    message = "Another process has taken over. Nothing was written; try again."


class Lease(msgspec.Struct, frozen=True):
    name: str
    owner: str
    token: int
    expires: datetime


_ACQUIRE = text(
    """
    INSERT INTO kernel.leases AS held (name, owner, token, expires)
    VALUES (:name, :owner, 1, clock_timestamp() + make_interval(secs => :ttl_s))
        ON CONFLICT (name) DO UPDATE
       SET owner = excluded.owner,
           token = held.token + 1,
           expires = clock_timestamp() + make_interval(secs => :ttl_s)
     WHERE held.expires <= clock_timestamp()
    RETURNING token, expires
    """
)

_RENEW = text(
    """
    UPDATE kernel.leases SET expires = clock_timestamp() + make_interval(secs => :ttl_s)
     WHERE (name, owner, token) = (:name, :owner, :token) AND expires > clock_timestamp()
    RETURNING expires
    """
)

_RELEASE = text(
    """
    UPDATE kernel.leases SET expires = '-infinity'
     WHERE (name, owner, token) = (:name, :owner, :token)
    """
)

_HOLDER = text(
    """
    SELECT owner, token, expires FROM kernel.leases
     WHERE name = :name AND expires > clock_timestamp()
    """
)

_CHECK = text(
    """
    SELECT 1 FROM kernel.leases
     WHERE (name, owner, token) = (:name, :owner, :token) AND expires > clock_timestamp()
       FOR SHARE
    """
)


class Leases:
    """The leases of one process, which is `owner` (unique for each start of a process)."""

    def __init__(self, db: Database, owner: str) -> None:
        self._db = db
        self.owner = owner

    async def acquire(self, name: str, *, ttl_s: float) -> Lease | None:
        """The lease, or None while somebody (this owner too) holds it."""
        async with self._db.begin() as tx:
            row = (
                await tx.execute(_ACQUIRE, {"name": name, "owner": self.owner, "ttl_s": ttl_s})
            ).one_or_none()
        return Lease(name, self.owner, row.token, row.expires) if row else None

    async def renew(self, lease: Lease, *, ttl_s: float) -> Lease:
        """The same lease for longer; `LeaseLost` when it has ended."""
        async with self._db.begin() as tx:
            row = (await tx.execute(_RENEW, _key(lease) | {"ttl_s": ttl_s})).one_or_none()
        if row is None:
            raise LeaseLost
        return msgspec.structs.replace(lease, expires=row.expires)

    async def release(self, lease: Lease) -> None:
        """Let others have it at once; does nothing when it is no longer ours."""
        async with self._db.begin() as tx:
            await tx.execute(_RELEASE, _key(lease))

    async def holder(self, name: str) -> Lease | None:
        """Who holds `name` now."""
        async with self._db.connect() as conn:
            row = (await conn.execute(_HOLDER, {"name": name})).one_or_none()
        return Lease(name, row.owner, row.token, row.expires) if row else None

    async def end_all(self) -> None:
        """End every lease. Only at the start of the process that holds the data directory of an
        embedded database: all other owners are dead, and waiting for them would be a pause."""
        async with self._db.begin() as tx:
            await tx.execute(text("UPDATE kernel.leases SET expires = '-infinity'"))

    @contextlib.asynccontextmanager
    async def held(self, name: str, *, ttl_s: float = 10.0) -> AsyncIterator[Lease]:
        """Wait for the lease and keep it while inside; the body is cancelled when it is lost.

        Leaving by loss raises `LeaseLost`.
        """
        while (lease := await self._try_acquire(name, ttl_s)) is None:  # noqa: ASYNC110
            await asyncio.sleep(min(ttl_s / 4, 1.0))
        try:
            async with asyncio.timeout(None) as scope:
                keeper = asyncio.create_task(self._keep(lease, ttl_s, scope), name=f"lease {name}")
                try:
                    yield lease
                finally:
                    keeper.cancel()
        except TimeoutError:
            if scope.expired():
                raise LeaseLost from None
            raise
        finally:
            with contextlib.suppress(TryAgain):
                await self.release(lease)

    async def _try_acquire(self, name: str, ttl_s: float) -> Lease | None:
        try:
            return await self.acquire(name, ttl_s=ttl_s)
        except TryAgain:
            return None

    async def _keep(self, lease: Lease, ttl_s: float, scope: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        sure_until = loop.time() + ttl_s
        while True:
            await asyncio.sleep(ttl_s / 4)
            asked = loop.time()
            try:
                async with asyncio.timeout_at(sure_until):
                    await self.renew(lease, ttl_s=ttl_s)
                sure_until = asked + ttl_s
            except (LeaseLost, TimeoutError):
                log.warning("lease_lost", lease=lease.name, token=lease.token)
                scope.reschedule(loop.time())
                return
            except TryAgain:
                continue  # the database is away: the lease lasts until `sure_until`


async def assert_held(tx: Tx, lease: Lease) -> None:
    """Raise `LeaseLost` unless `lease` holds, and make it hold until `tx` has ended."""
    if (await tx.execute(_CHECK, _key(lease))).one_or_none() is None:
        raise LeaseLost


def _key(lease: Lease) -> dict[str, str | int]:
    return {"name": lease.name, "owner": lease.owner, "token": lease.token}
