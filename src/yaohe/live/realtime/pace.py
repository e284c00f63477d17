"""How often something is done: `Later` runs a callback at its pace, `Again` asks a question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

RETRY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Later:
    """Runs a callback once after a delay, however often it is asked for."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._handle: asyncio.TimerHandle | None = None
        self._ran_at = -1e9

    def soon(self, every_s: float) -> None:
        """At once when the last run is long ago, else when `every_s` have passed since."""
        if self._handle is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = max(0.0, self._ran_at + every_s - loop.time())
        self._handle = loop.call_later(wait_s, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._ran_at = asyncio.get_running_loop().time()
        self._run()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Again:
    """Asks the same question again when its answer may be another, one at a time.

    The last word is never missed: who asks while an answer is on its way (it may be from before)
    gets another one, and a question that fails is asked until it is answered.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], *, every_s: float) -> None:
        self._ask, self._every_s = ask, every_s
        self._later = Later(self._begin)
        self._asking: asyncio.Task[None] | None = None
        self._asked_meanwhile = False

    def soon(self) -> None:
        if self._asking is not None:
            self._asked_meanwhile = True
        else:
            self._later.soon(self._every_s)

    def close(self) -> None:
        self._later.close()
        if self._asking is not None:
            self._asking.cancel()

    def _begin(self) -> None:
        self._asked_meanwhile = False
        self._asking = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._ask()
        except Exception as error:
            log.warning("not_answered", reason=repr(error))
            self._later.soon(RETRY_S)
        self._asking = None
        if self._asked_meanwhile:
            self._later.soon(self._every_s)
