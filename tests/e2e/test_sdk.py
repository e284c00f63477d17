"""The SDK in a live room that is not ours: a share is given away, followed and bought by, on two
phones that know each other only by the link."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser
from tests.support.browser import Phone, phone
from tests.support.demo import Demo, free_ports
from tests.support.example import example
from tests.support.outside import ALL
from tests.support.phone import Desk, until

PYTHON_PAGE = Path(__file__).resolve().parents[2] / "docs" / "developers" / "python.md"

pytestmark = pytest.mark.browser

SHEET = "document.querySelector('body > div:last-child')?.shadowRoot"
SHARED_URL = f"{SHEET}.querySelector('.url').textContent"


async def keys(desk: Desk, site: str) -> dict[str, str]:
    """What the example is started with: a secret key and a public one for its site."""
    scopes = ["rooms:write", "orders:write", "reports:read"]
    made = [
        await desk.post("/api/v1/staff/app-keys", {"name": "example", "sites": [site], **wish})
        for wish in (
            {"kind": "secret", "mode": "live", "scopes": scopes},
            {"kind": "public", "mode": "live"},
        )
    ]
    return {"YAOHE_SECRET_KEY": made[0]["key"], "YAOHE_PUBLIC_KEY": made[1]["key"]}


async def shares(sharer: Phone) -> str:
    """Press the button, copy the link; returns it."""
    await sharer.page.get_by_role("button", name="分享").click()
    await sharer.page.wait_for_function(f"{SHEET}?.querySelector('dialog')?.open")
    await sharer.page.get_by_role("button", name="复制链接").click()
    await sharer.page.wait_for_function("document.body.dataset.shared === 'copy_link'")
    return str(await sharer.page.evaluate(SHARED_URL))


async def test_a_share_of_a_foreign_room_is_followed_to_its_order(
    demo: Demo, desk: Desk, browser: Browser
) -> None:
    (port,) = free_ports(1)
    site = f"http://127.0.0.1:{port}"
    given = await keys(desk, site)
    async with example("foreign-room/server.py", port, YAOHE_URL=demo.url, **given) as home:
        async with phone(browser, site) as sharer:
            await sharer.page.goto(home)
            link = await shares(sharer)
            assert (await sharer.clipboard()).endswith(link)
        assert link.startswith(demo.url)
        async with phone(browser, site) as friend:
            await friend.page.goto(link)
            assert friend.page.url.startswith(home)
            await friend.page.wait_for_function(
                "document.querySelector('.call').textContent.includes('请你来看')"
            )
            assert "yh_cid" not in friend.page.url
            assert "utm_source" in friend.page.url
            stored = await friend.page.evaluate("JSON.stringify(localStorage)")
            assert "yaohe.visitor.yhp_live_" in stored
            await friend.page.get_by_role("button", name="买").click()
            await friend.page.wait_for_function(
                "document.querySelector('output').textContent.includes('买好了')"
            )
        async with httpx.AsyncClient(base_url=demo.url, trust_env=False) as http:

            async def report() -> Any:
                bearer = {"authorization": f"Bearer {given['YAOHE_SECRET_KEY']}"}
                answer = await http.get("/api/v1/outside/rooms/tea-evening/report", headers=bearer)
                return answer.json()

            told = await until(report, lambda found: found["shares"]["totals"]["orders"] == 1)
    totals = told["shares"]["totals"]
    assert (totals["intended"], totals["clicks"], totals["productive"]) == (1, 1, 1)
    assert totals["paid_minor"] == 12_800
    assert told["shares"]["shares"][0]["token"] == urlsplit(link).path[3:]
    assert {event["name"]: event["by_pages"] for event in told["events"]} == {"checkout": 1}


async def test_a_page_of_another_site_gets_nothing_by_a_key(
    demo: Demo, desk: Desk, browser: Browser
) -> None:
    """The key of one site in the page of another: the browser keeps the answer from the page."""
    given = await keys(desk, "https://elsewhere.example.com")
    ports = free_ports(1)
    site = f"http://127.0.0.1:{ports[0]}"
    own = await keys(desk, site)
    given["YAOHE_SECRET_KEY"] = own["YAOHE_SECRET_KEY"]
    async with (
        example("foreign-room/server.py", ports[0], YAOHE_URL=demo.url, YAOHE_ROOM="b", **given)
        as home,
        phone(browser, site, expected=["403", "YaoheError", "site"]) as thief,
    ):  # fmt: skip
        await thief.page.goto(home)
        code = await thief.page.evaluate("room.enter().catch((error) => error.code)")
        assert code == "site_refused"
        assert await thief.page.evaluate("client.visitor") is None


async def test_the_quick_start_in_python_does_what_it_says(demo: Demo, desk: Desk) -> None:
    site = "https://live.example.com"
    wish = {"kind": "secret", "mode": "test", "scopes": list(ALL), "sites": [site]}
    made = await desk.post("/api/v1/staff/app-keys", {"name": "quick start", **wish})
    code = re.findall(r"```python\n(.*?)```", PYTHON_PAGE.read_text(), re.DOTALL)[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code,
        env=os.environ | {
            "YAOHE_URL": demo.url, "YAOHE_SECRET_KEY": made["key"], "ROOM_URL": f"{site}/show",
        },
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0
    assert told.decode().split("\n") == [
        f"give this away: {demo.url}/s/{told.decode().partition('/s/')[2][:10]}",
        "owed to: nobody",
        "shares: 1",
        "refused: outside_order_not_found",
        "",
    ]
