"""Set-based group commit: concurrent calls of one kind become one statement in one transaction.

Callers `submit` items; while one batch is in flight the next gathers. `run` gets a raw connection
inside an open transaction and a list of items, executes set-based SQL over arrays (`unnest`), and
returns one answer per item, in order: a value, or an `AppError` for that caller alone. Callers are
answered after the commit. What is promised, and what `run` must keep:

- An item is checked (`check`) before it joins, so that one bad string cannot fail the others.
- `key` names the row that is contended. Items of one key share a lane, come in key order, and
  among equals in the order of arrival: lock rows in that order (`ORDER BY`), and decide the same
  taker twice in a batch with `ranks`. Keys of one coalescer must be comparable with each other.
- `run` must be idempotent by its own unique keys: after a lost connection nobody knows what
  became of the commit, so the batch is asked again and must answer as it would have the first
  time. Rules live in SQL conditions and unique keys, never in check-then-act.
- A batch that fails is cut in halves until the bad item stands alone and gets the error itself.
  Serialization failures and deadlocks repeat the whole batch.
- The queue is bounded: when it is full, `submit` raises `Busy` at once.
- A caller that goes away does not take the statement with it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar

import asyncpg
import structlog

from yaohe.kernel.db import Database, Unknown
from yaohe.kernel.errors import AppError, BadInput, Busy, TryAgain
from yaohe.kernel.raw import TOOK_TOO_LONG, RawConnection, is_clash, is_lost

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_CLASHES_MAX = 12
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.005, 0.5
_STREAK_MAX = 64  # batches before the connection goes back, so that others get their turn
_key_of = itemgetter(0)


def check_text(text: str, *, field: str, chars_max: int, chars_min: int = 0) -> None:
    """Raise `BadInput` unless PostgreSQL can store `text` and its length is within bounds."""
    if not chars_min <= len(text) <= chars_max:
        raise BadInput(f"{field} must have {chars_min} to {chars_max} characters.", field=field)
    if "\x00" in text:
        raise BadInput(f"{field} holds a character that cannot be stored.", field=field)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput(
                f"{field} holds a character that cannot be stored.", field=field
            ) from None


def ranks(items: Sequence[Item], key: Callable[[Item], Hashable]) -> list[int]:
    """For each item how many items of the same key stand before it: 0 for the first."""
    seen: dict[Hashable, int] = {}
    result = []
    for item in items:
        mark = key(item)
        rank = seen.get(mark, 0)
        seen[mark] = rank + 1
        result.append(rank)
    return result


@dataclass
class Counts:
    """What a coalescer did so far, for `/metrics`."""

    items: int = 0
    batches: int = 0
    repeated: int = 0
    halved: int = 0
    refused: int = 0


_Entry = tuple[Any, Item, "asyncio.Future[Answer]"]  # key, item, who waits


class _Lane(Generic[Item, Answer]):
    def __init__(self) -> None:
        self.waiting: deque[_Entry[Item, Answer]] = deque()
        self.flying: list[_Entry[Item, Answer]] = []
        self.worker: asyncio.Task[None] | None = None


class Coalescer(Generic[Item, Answer]):
    """Group commit for one kind of call. Its lanes start with the first item."""

    def __init__(
        self,
        name: str,
        run: Callable[[asyncpg.Connection, list[Item]], Awaitable[list[Answer | AppError]]],
        *,
        db: Database,
        key: Callable[[Item], Hashable],
        lanes: int = 1,
        batch_max: int = 512,
        queue_max: int = 20_000,
        check: Callable[[Item], None] | None = None,
        patience_s: float = 5.0,
    ) -> None:
        self.name = name
        self.counts = Counts()
        self._run = run
        self._db = db
        self._key = key
        self._check = check
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._patience_s = patience_s
        self._lanes: list[_Lane[Item, Answer]] = [_Lane() for _ in range(lanes)]
        self._waiting = 0
        self._closed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Items accepted and not answered yet."""
        return self._waiting

    async def submit(self, item: Item) -> Answer:
        """The answer for `item`, after the commit that holds it."""
        answer = self.enter(item)
        try:
            return await answer
        finally:
            # An error would hold its traceback, that this frame, and that the future with the
            # error: a circle for the garbage collector, and half the price of a refusal.
            del answer

    def enter(self, item: Item) -> asyncio.Future[Answer]:
        """Like `submit`, without waiting; who gives the future up may cancel or settle it."""
        if self._check is not None:
            self._check(item)
        if self._waiting >= self._queue_max or self._closed.is_set():
            self.counts.refused += 1
            raise Busy(retry_after_s=1)
        key = self._key(item)
        lanes = self._lanes
        lane = lanes[0] if len(lanes) == 1 else lanes[hash(key) % len(lanes)]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        lane.waiting.append((key, item, answer))
        self._waiting += 1
        if lane.worker is None:
            lane.worker = loop.create_task(self._work(lane), name=f"coalesce {self.name}")
        return answer

    async def run(self) -> None:
        """Stay until `close()`, then until the last accepted item is answered."""
        await self._closed.wait()
        await self._drain()

    async def close(self) -> None:
        """Take no more items; return when every accepted one is answered."""
        self._closed.set()
        await self._drain()

    async def _drain(self) -> None:
        while workers := [lane.worker for lane in self._lanes if lane.worker is not None]:
            await asyncio.wait(workers)

    async def _work(self, lane: _Lane[Item, Answer]) -> None:
        try:
            while lane.waiting:
                try:
                    await self._streak(lane)
                except Exception as error:
                    if lane.flying:
                        await self._settle(lane.flying, _Failed.of(error))
                    else:
                        log.exception("coalesce_streak_ended", coalescer=self.name)
                self._landed(lane)
        finally:
            # Something is left only when this worker itself was cancelled.
            for _, _, answer in (*lane.flying, *lane.waiting):
                answer.cancel()
            self._waiting -= len(lane.waiting)
            lane.waiting.clear()
            self._landed(lane)
            lane.worker = None

    def _take(self, lane: _Lane[Item, Answer]) -> list[Item]:
        waiting = lane.waiting
        if len(waiting) <= self._batch_max:
            batch = list(waiting)
            waiting.clear()
        else:
            batch = [waiting.popleft() for _ in range(self._batch_max)]
        lane.flying = batch
        # Sorting is stable: among equals the order of arrival decides.
        batch.sort(key=_key_of)
        return [entry[1] for entry in batch]

    def _landed(self, lane: _Lane[Item, Answer]) -> None:
        self._waiting -= len(lane.flying)
        lane.flying = []

    async def _streak(self, lane: _Lane[Item, Answer]) -> None:
        """Batch after batch on one connection, as long as all goes well.

        Callers of one batch are answered when the statement of the next is on its way, so that
        they run while the server works. `lane.flying` is the batch that is not decided yet.
        """
        loop = asyncio.get_running_loop()
        items = self._take(lane)
        decided: tuple[list[_Entry[Item, Answer]], list[Answer | AppError]] | None = None
        async with self._db.bare() as conn:
            await conn.execute("BEGIN")
            try:
                for left in range(_STREAK_MAX, 0, -1):
                    statement = loop.create_task(self._call(conn, items))
                    if decided is not None:
                        self._answer(*decided)
                        decided = None
                    answers = await statement
                    more = left > 1 and bool(lane.waiting)
                    try:
                        await _commit(conn, chain=more)
                    except Exception as error:
                        raise _Failed(error, while_committing=True) from error
                    decided = (lane.flying, answers)
                    self._landed(lane)
                    if conn.recorded:
                        conn.recorded = False
                        self._db.wake()
                    if not more:
                        return
                    items = self._take(lane)
            finally:
                if decided is not None:
                    self._answer(*decided)

    async def _call(self, conn: RawConnection, items: list[Item]) -> list[Answer | AppError]:
        answers = await self._run(conn, items)
        assert len(answers) == len(items), f"{self.name}: one answer per item"
        return answers

    async def _settle(
        self, batch: list[_Entry[Item, Answer]], failed: _Failed | None = None
    ) -> None:
        """Answer every caller of a batch that has failed, or of a part of one."""
        items = [item for _, item, _ in batch]
        deadline = time.monotonic() + self._patience_s
        clashes, unknown, pause_s = 0, False, _PAUSE_S_MIN
        while True:
            if failed is None:
                try:
                    answers = await self._attempt(items)
                except Exception as error:
                    failed = _Failed.of(error)
                else:
                    return self._answer(batch, answers)
            cause = failed.cause
            if failed.lost:
                unknown = unknown or failed.while_committing
                if time.monotonic() + pause_s > deadline:
                    return _fail(batch, Unknown if unknown else TryAgain)
                log.warning("coalesce_lost", coalescer=self.name, reason=str(cause))
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
            elif is_clash(cause) and clashes < _CLASHES_MAX:
                clashes += 1
            elif is_clash(cause) or isinstance(cause, TOOK_TOO_LONG):
                return _fail(batch, TryAgain)
            elif len(batch) == 1:
                if not isinstance(cause, AppError):
                    log.error("coalesce_bad_item", coalescer=self.name, exc_info=cause)
                return _fail(batch, cause)
            else:
                self.counts.halved += 1
                await self._settle(batch[: len(batch) // 2])
                return await self._settle(batch[len(batch) // 2 :])
            failed = None
            self.counts.repeated += 1
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))

    async def _attempt(self, items: list[Item]) -> list[Answer | AppError]:
        """One batch in a transaction of its own."""
        async with self._db.bare() as conn:
            await conn.execute("BEGIN")
            answers = await self._call(conn, items)
            try:
                await _commit(conn, chain=False)
            except Exception as error:
                raise _Failed(error, while_committing=True) from error
        return answers

    def _answer(self, batch: list[_Entry[Item, Answer]], answers: list[Answer | AppError]) -> None:
        self.counts.items += len(batch)
        self.counts.batches += 1
        for (_, _, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue  # the caller went away
            if isinstance(answer, AppError):
                future.set_exception(answer)
            else:
                future.set_result(answer)


class _Failed(Exception):
    """Why a batch failed, and whether its commit was under way."""

    def __init__(self, cause: Exception, *, while_committing: bool = False) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.while_committing = while_committing
        # `TryAgain` is how the database says that it cannot be reached.
        self.lost = is_lost(cause) or isinstance(cause, TryAgain)

    @classmethod
    def of(cls, error: Exception) -> _Failed:
        return error if isinstance(error, cls) else cls(error)


async def _commit(conn: RawConnection, *, chain: bool) -> None:
    done = await conn.execute("COMMIT AND CHAIN" if chain else "COMMIT")
    # A run that swallowed an error of PostgreSQL has written nothing.
    assert done == "COMMIT", "the transaction had failed"


def _fail(batch: list[_Entry[Item, Answer]], error: Exception | type[AppError]) -> None:
    for _, _, future in batch:
        if not future.done():
            # Each caller gets an exception of its own: raising one object in many tasks would
            # tie their tracebacks together.
            future.set_exception(error() if isinstance(error, type) else error)
