"""Flow steps and the lanes that apply them: in order, in batches, exactly once, each alone.

A `Step` is one named thing that follows from one kind of fact. A `Lane` serves the aggregates that
hash to it: its batch goes through the steps of its fact type in the order they are listed, each
step in a transaction that also notes the facts in `kernel.inbox`, so an effect and its note stand
or fall together. When a step fails, its facts are tried one by one; the aggregate of a fact that
still fails waits, with growing pauses, while that fact's other steps and all other aggregates go
on. Every step sees the facts of one aggregate in order, and a fact waits for an earlier fact of
another type of its aggregate (a refund never overtakes the payment).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic

import msgspec
import structlog
from sqlalchemy import text

from yaohe.kernel.db import Database, Tx
from yaohe.kernel.events import F, Fact, Recorded

log = structlog.get_logger(__name__)

STEP_TIMEOUT_S = 30.0
PAUSE_S_MIN, PAUSE_S_MAX = 0.1, 60.0

_NOTE = text(
    """
    INSERT INTO kernel.inbox (event_id, step)
    SELECT event_id, :step FROM unnest(CAST(:event_ids AS bigint[])) AS event_id
     ORDER BY event_id
        ON CONFLICT DO NOTHING
    RETURNING event_id
    """
)


@dataclass(frozen=True)
class Step(Generic[F]):
    """`apply` gets the transaction in which the facts are noted; it may be called again for a
    fact only when that transaction did not commit. Calls to outside systems carry `event_id`."""

    name: str
    fact: type[F]
    apply: Callable[[Tx, list[Recorded[F]]], Awaitable[None]]


@dataclass(eq=False)
class Pending:
    """A fact on its way, with the steps that have not applied it yet."""

    event_id: int
    position: int
    aggregate: str
    at: datetime
    fact_type: type[Fact]
    body: str
    steps: list[Step[Any]]
    _recorded: Recorded[Any] | None = None

    def recorded(self) -> Recorded[Any]:
        if self._recorded is None:
            fact = msgspec.json.decode(self.body, type=self.fact_type)
            self._recorded = Recorded(self.event_id, self.position, self.at, fact)
        return self._recorded


@dataclass
class _Held:
    """The facts of one aggregate that wait for its first."""

    facts: deque[Pending] = field(default_factory=deque)
    pause_s: float = PAUSE_S_MIN
    due: float = 0.0

    def failed_again(self) -> None:
        self.due = time.monotonic() + self.pause_s
        self.pause_s = min(self.pause_s * 2, PAUSE_S_MAX)


def rounds(batch: Sequence[Pending]) -> Iterator[dict[type[Fact], list[Pending]]]:
    """Cut a batch so that inside one round an aggregate has facts of one type only."""
    groups: dict[type[Fact], list[Pending]] = {}
    types: dict[str, type[Fact]] = {}
    for pending in batch:
        if types.setdefault(pending.aggregate, pending.fact_type) is not pending.fact_type:
            yield groups
            groups, types = {}, {pending.aggregate: pending.fact_type}
        groups.setdefault(pending.fact_type, []).append(pending)
    if groups:
        yield groups


class Lane:
    """One line of facts, applied one batch after the other."""

    def __init__(
        self,
        db: Database,
        steps: Mapping[type[Fact], Sequence[Step[Any]]],
        *,
        batch_max: int,
        finished: Callable[[Pending], None],
    ) -> None:
        self._db = db
        self._steps = steps
        self._batch_max = batch_max
        self._finished = finished
        self._line: deque[Pending] = deque()
        self._held: dict[str, _Held] = {}
        self._more = asyncio.Event()

    def put(self, pending: Pending) -> None:
        self._line.append(pending)
        self._more.set()

    @property
    def held(self) -> int:
        """Facts that wait because their aggregate's first fact fails."""
        return sum(len(held.facts) for held in self._held.values())

    def held_aggregates(self) -> list[str]:
        return list(self._held)

    async def run(self) -> None:
        while True:
            if not self._line:
                await self._wait()
            for aggregate in [a for a, h in self._held.items() if h.due <= time.monotonic()]:
                await self._again(aggregate)
            for groups in rounds(self._take()):
                # An earlier round may have left an aggregate waiting.
                for group in groups.values():
                    if ready := [p for p in group if not self._hold(p)]:
                        await self._through(ready)

    async def _wait(self) -> None:
        self._more.clear()
        due = min((held.due for held in self._held.values()), default=None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else due - time.monotonic()):
                await self._more.wait()

    def _take(self) -> list[Pending]:
        return [self._line.popleft() for _ in range(min(len(self._line), self._batch_max))]

    def _hold(self, pending: Pending) -> bool:
        held = self._held.get(pending.aggregate)
        if held is not None:
            held.facts.append(pending)
        return held is not None

    async def _through(self, group: list[Pending]) -> None:
        """All steps over facts of one type; what fails is held."""
        for step in self._steps[group[0].fact_type]:
            wanted = [pending for pending in group if step in pending.steps]
            if not wanted:
                continue
            if not await self._applied(step, wanted):
                await self._one_by_one(step, wanted)
        for pending in group:
            self._settle(pending)

    async def _one_by_one(self, step: Step[Any], wanted: list[Pending]) -> None:
        failed: set[str] = set()
        for pending in wanted:
            if pending.aggregate not in failed and not await self._applied(step, [pending]):
                failed.add(pending.aggregate)

    async def _again(self, aggregate: str) -> None:
        """Another try for a held aggregate: its facts one after the other, as far as they go."""
        held = self._held[aggregate]
        while held.facts:
            pending = held.facts[0]
            for step in tuple(pending.steps):
                await self._applied(step, [pending])
            if pending.steps:
                held.failed_again()
                return
            held.facts.popleft()
            held.pause_s = PAUSE_S_MIN
            self._finished(pending)
        del self._held[aggregate]

    def _settle(self, pending: Pending) -> None:
        if not pending.steps and pending.aggregate not in self._held:
            self._finished(pending)
            return
        held = self._held.get(pending.aggregate)
        if held is None:
            held = self._held[pending.aggregate] = _Held()
            held.failed_again()
        held.facts.append(pending)

    async def _applied(self, step: Step[Any], wanted: list[Pending]) -> bool:
        try:
            await self._apply(step, wanted)
        except Exception as error:
            if len(wanted) > 1:
                log.warning("step_batch_failed", step=step.name, facts=len(wanted), why=str(error))
            else:
                log.exception("step_failed", step=step.name, event_id=wanted[0].event_id)
            return False
        return True

    async def _apply(self, step: Step[Any], wanted: list[Pending]) -> None:
        async with asyncio.timeout(STEP_TIMEOUT_S), self._db.begin() as tx:
            rows = await tx.execute(
                _NOTE, {"step": step.name, "event_ids": [pending.event_id for pending in wanted]}
            )
            fresh = set(rows.scalars())
            facts = [pending.recorded() for pending in wanted if pending.event_id in fresh]
            if facts:
                await step.apply(tx, facts)
        for pending in wanted:
            pending.steps.remove(step)
