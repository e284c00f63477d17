"""Raw connections to PostgreSQL: a small pool of asyncpg connections, the last used first.

Hot, set-based statements go through here. A connection that comes back inside a transaction or
closed is thrown away, so nobody inherits another's state; prepared statements stay warm because
the same few connections are used again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

import asyncpg

from yaohe.kernel.errors import TryAgain

SESSION = {
    "application_name": "yaohe",
    "timezone": "UTC",
    "statement_timeout": "20000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "30000",
}

# Raw statements find rows by index. One planned while its table was tiny (the first minute of a
# show) would otherwise keep reading the whole table as it grows: 2,000 claims/s became 70.
_BY_INDEX = {"enable_seqscan": "off"}

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # the server is stopping or starting
    asyncpg.TooManyConnectionsError,
    # asyncpg lost its place in the protocol: the connection was cut while it asked for types.
    asyncpg.InternalClientError,
    ConnectionError,
    FileNotFoundError,  # the Unix socket of a server that is down
)
_WAIT_S = 10.0  # in line for a connection
TOOK_TOO_LONG = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class RawConnection(asyncpg.Connection):  # type: ignore[misc]
    """An asyncpg connection that remembers whether facts were recorded on it."""

    __slots__ = ("recorded",)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.recorded = False


def is_lost(error: BaseException) -> bool:
    """The server or the way to it is gone; what became of the statement is unknown."""
    if isinstance(error, asyncpg.QueryCanceledError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg also uses this class for arguments it cannot encode.
        return "connection is closed" in str(error)
    return isinstance(error, _LOST)


def is_clash(error: BaseException) -> bool:
    """Two transactions met; nothing was written and the same work may be done again."""
    return isinstance(error, _AGAIN)


async def connect_raw(url: str, **session: str) -> RawConnection:
    """One connection of its own, outside every pool."""
    try:
        conn = await asyncpg.connect(
            url,
            connection_class=RawConnection,
            timeout=10,
            server_settings=SESSION | session,
        )
    except TimeoutError as error:
        raise TryAgain from error
    assert isinstance(conn, RawConnection)
    return conn


class RawPool:
    """At most `size` connections; who finds none free waits in line."""

    def __init__(self, url: str, *, size: int) -> None:
        self._url = url
        self._left = size
        self._free: list[RawConnection] = []
        self._line: deque[asyncio.Future[RawConnection | None]] = deque()
        self._closed = False

    async def _take(self) -> RawConnection:
        while True:
            while self._free:
                conn = self._free.pop()
                if not conn.is_closed():
                    return conn
                self._left += 1
            if self._closed:
                raise TryAgain("The server is shutting down. Nothing was written; try again.")
            if self._left > 0:
                self._left -= 1
                try:
                    return await connect_raw(self._url, **_BY_INDEX)
                except BaseException:
                    self._left += 1
                    self._next(None)
                    raise
            if (given := await self._stand_in_line()) is not None:
                return given

    async def _stand_in_line(self) -> RawConnection | None:
        """A connection handed over, or None when one may be opened."""
        turn: asyncio.Future[RawConnection | None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(_WAIT_S):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # Our turn came in the moment we left: pass it on.
                if (given := turn.result()) is not None:
                    self._give_back(given)
                else:
                    self._next(None)
            if isinstance(error, TimeoutError):
                raise TryAgain from None
            raise

    def _next(self, conn: RawConnection | None) -> bool:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(conn)
                return True
        return False

    def _give_back(self, conn: RawConnection) -> None:
        if conn.is_closed() or conn.is_in_transaction() or self._closed:
            conn.terminate()
            self._left += 1
            self._next(None)
        elif not self._next(conn):
            self._free.append(conn)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[RawConnection]:
        conn = await self._take()
        try:
            yield conn
        except Exception as error:
            if is_lost(error):
                conn.terminate()
            elif conn.is_in_transaction():
                with contextlib.suppress(Exception):
                    await conn.execute("ROLLBACK")
            raise
        finally:
            self._give_back(conn)

    async def close(self) -> None:
        self._closed = True
        while self._free:
            conn = self._free.pop()
            try:
                await conn.close(timeout=2)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                conn.terminate()  # the server has gone before us
        while self._next(None):
            pass
