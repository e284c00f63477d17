"""Work that comes round: a sweep is done again and again for as long as its part runs.

Each round may run in several processes at once, so it takes its rows with skip-locked and makes its
moves by compare-and-set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from yaohe.kernel.errors import TryAgain

log = structlog.get_logger(__name__)


async def every(seconds: float, name: str, work: Callable[[], Awaitable[int]]) -> None:
    """Do `work` again and again until cancelled; trouble is logged and the next round comes."""
    while True:
        try:
            done = await work()
            if done:
                log.info(name, count=done)
        except TryAgain as error:
            log.warning(f"{name}_later", reason=error.code)
        except Exception:
            log.exception(f"{name}_failed")
        await asyncio.sleep(seconds)
