"""The system, the owner and Chromium, started once for all stories told here.

Each story opens a room of its own, so that its report counts nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.support.browser import launched
from tests.support.demo import Demo, running_demo
from tests.support.phone import Desk, owner_of
from tests.support.platforms import WechatDouble, connected_to, wechat_double


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session")
async def wechat() -> AsyncIterator[WechatDouble]:
    async with wechat_double() as double:
        yield double


@pytest_asyncio.fixture(scope="session")
async def demo(
    tmp_path_factory: pytest.TempPathFactory, wechat: WechatDouble
) -> AsyncIterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("demo")
    connected = connected_to(wechat)
    async with running_demo(
        folder / "data", "--no-crowd", "--no-host", environment=connected
    ) as demo:
        yield demo


@pytest_asyncio.fixture(scope="session")
async def desk(demo: Demo) -> AsyncIterator[Desk]:
    async with owner_of(demo) as desk:
        yield desk
