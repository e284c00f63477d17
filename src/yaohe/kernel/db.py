"""The database: transactions for services, raw connections for hot statements, migrations.

`begin()` is one transaction: it commits on leaving, rolls back on an exception. A server that is
away, starting or clashing answers `TryAgain` and nothing was written; only when the connection is
lost during the commit itself is the outcome unknown, and then the error says so. Facts recorded
in a transaction wake the relay after the commit, never inside it: a NOTIFY there would make all
commits wait for each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.events import Fact
from yaohe.kernel.migrating import migrate
from yaohe.kernel.outbox import record
from yaohe.kernel.raw import TOOK_TOO_LONG, RawConnection, RawPool, connect_raw, is_clash, is_lost

__all__ = ["Conn", "Database", "Tx", "Unknown", "migrate"]

Conn = AsyncConnection
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Unknown(TryAgain):
    code = "unknown_result"
    message = "It is not known whether this was written. Load it again before you try again."


class Tx:
    """One open transaction."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn
        self.recorded = False

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return await self.conn.execute(statement, parameters)

    async def record(self, *facts: Fact) -> None:
        """Write facts to the outbox: true exactly when this transaction commits.

        Record after the statement that locks the aggregate, so that the order of its facts is
        the order in which they became true.
        """
        self.recorded = True
        await record(self.conn, facts)


class Database:
    """One PostgreSQL by URL (`postgresql://user:password@host/name`, options as libpq's)."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self._raw = RawPool(url, size=pool_size)
        self._engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect_raw(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._on_recorded: list[Callable[[], None]] = []

    async def open(self) -> None:
        """Raise `TryAgain` unless the database answers."""
        async with self.raw() as conn:
            await conn.execute("SELECT 1")

    async def close(self) -> None:
        await self._raw.close()
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """One transaction."""
        with _translated():
            conn = await self._engine.connect()
        try:
            tx = Tx(conn)
            with _translated():
                yield tx
            with _translated(outcome_unknown=True):
                await conn.commit()
        finally:
            await _let_go(conn)
        if tx.recorded:
            self.wake()

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[Conn]:
        """A connection for reading; every statement stands alone."""
        with _translated():
            async with self._autocommit.connect() as conn:
                yield conn

    @contextlib.asynccontextmanager
    async def raw(self, *, writes: bool = False) -> AsyncIterator[RawConnection]:
        """A raw connection for set-based statements; open your own transaction on it.

        Trouble of the engine is answered as by `begin`. Say `writes` when what a lost connection
        leaves behind must not be taken for nothing.
        """
        with _translated(outcome_unknown=writes):
            async with self.bare() as conn:
                yield conn

    @contextlib.asynccontextmanager
    async def bare(self) -> AsyncIterator[RawConnection]:
        """A raw connection with PostgreSQL's own errors, for who repeats what has failed.

        Only failing to connect is translated.
        """
        async with contextlib.AsyncExitStack() as stack:
            with _translated():
                conn = await stack.enter_async_context(self._raw.connection())
            conn.recorded = False
            yield conn
            if conn.recorded:
                self.wake()

    async def dedicated(self, **session: str) -> RawConnection:
        """A connection of its own, for listening and for locks that last. Close it yourself."""
        with _translated():
            return await connect_raw(self.url, **session)

    def on_recorded(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each commit that recorded facts; returns how to take it back."""
        self._on_recorded.append(listener)
        return lambda: self._on_recorded.remove(listener)

    def wake(self) -> None:
        """Tell the relay that facts were committed."""
        for listener in tuple(self._on_recorded):
            listener()


async def _let_go(conn: AsyncConnection) -> None:
    """Give a connection back. One that has died is thrown away, and fails in its rollback; that
    must not hide why we leave: where a cancellation is lost, its task runs for ever."""
    with contextlib.suppress(DBAPIError):
        await conn.close()


def _refuse_closed(connection: Any, *_: object) -> None:
    """Make the pool connect anew when a connection has died; costs no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@contextlib.contextmanager
def _translated(*, outcome_unknown: bool = False) -> Iterator[None]:
    """Answer engine trouble as `TryAgain`; let everything else pass."""
    try:
        yield
    except AppError:
        raise
    except PoolTimeout as error:
        raise TryAgain from error
    except DBAPIError as error:
        cause = _cause(error)
        if is_lost(cause) or error.connection_invalidated:
            raise (Unknown if outcome_unknown else TryAgain) from error
        if is_clash(cause) or isinstance(cause, TOOK_TOO_LONG):
            raise TryAgain from error
        raise
    except Exception as error:
        if is_lost(error):
            raise (Unknown if outcome_unknown else TryAgain) from error
        if is_clash(error) or isinstance(error, TOOK_TOO_LONG):
            raise TryAgain from error
        raise


def _cause(error: DBAPIError) -> BaseException:
    original: BaseException = error.orig or error
    return original.__cause__ or original
