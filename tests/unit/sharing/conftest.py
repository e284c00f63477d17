"""A sharing context on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.support.town import Town

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.sharing import Sharing


@pytest_asyncio.fixture(scope="module")
async def sharing(db: Database) -> AsyncIterator[Sharing]:
    context = Sharing(db, SystemClock(), "https://shop.example/")
    yield context
    await context.close()


@pytest_asyncio.fixture
async def town(sharing: Sharing, db: Database) -> Town:
    return Town(sharing, db)
