"""A whole system with app keys, asked the way outside systems and pages ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.support.browser import ANDROID
from tests.support.system import running_system

from yaohe.app.build import System

SITE = "https://live.example.com"
OWNER = {"email": "owner@example.com", "password": "a shop for everybody", "name": "Owner"}


@dataclass
class Yard:
    """The system and its owner; `anybody` has no cookies of its own."""

    system: System
    owner: httpx.AsyncClient
    anybody: httpx.AsyncClient

    async def key(self, **wish: Any) -> dict[str, Any]:
        """A new app key: `{info, key}`."""
        asked = {"name": "test", "kind": "secret", "mode": "live", "sites": [SITE]} | wish
        if asked["kind"] == "secret":
            asked.setdefault("scopes", list(ALL))
        answer = await self.owner.post("/api/v1/staff/app-keys", json=asked)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def server(self, **wish: Any) -> Caller:
        return Caller(self.anybody, (await self.key(**wish))["key"])

    async def page(self, **wish: Any) -> Caller:
        made = await self.key(kind="public", **wish)
        return Caller(self.anybody, made["key"], site=SITE, key_id=made["info"]["id"])


ALL = ("rooms:write", "shares:write", "events:write", "orders:write", "reports:read")


@dataclass
class Caller:
    """A server or a page with a key; a page remembers who is there."""

    client: httpx.AsyncClient
    key: str
    site: str = ""
    visitor: str = ""
    key_id: str = ""

    def headers(self, **more: str) -> dict[str, str]:
        given = {"authorization": f"Bearer {self.key}", "user-agent": ANDROID} | more
        if self.site:
            given["origin"] = self.site
        if self.visitor:
            given["x-yaohe-visitor"] = self.visitor
        return given

    async def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        return await self.client.request(
            method, f"/api/v1/outside{path}", json=body, headers=self.headers(**headers)
        )

    async def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.call(method, path, body, **headers)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        """The code of the refusal."""
        answer = await self.call(method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        code: str = answer.json()["error"]["code"]
        return code

    async def room(self, ref: str = "show-1", **more: Any) -> Any:
        body = {"title": "茶会", "title_en": "Tea", "url": f"{SITE}/live?id=7#chat"} | more
        return await self.ok("PUT", f"/rooms/{ref}", body)

    async def enter(self, ref: str = "show-1", click: str | None = None) -> Any:
        answer = await self.ok("POST", f"/rooms/{ref}/visits", {"click": click})
        self.visitor = answer["visitor"]
        return answer


def click_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["yh_cid"][0]


async def follow(client: httpx.AsyncClient, url: str, agent: str = ANDROID) -> str:
    """Open a link as somebody new; returns where it leads."""
    answer = await client.get(urlsplit(url).path, headers={"user-agent": agent})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


@asynccontextmanager
async def yard(data: Path, database_url: str, **settings: object) -> AsyncIterator[Yard]:
    async with running_system(data, database_url, **settings) as system:
        transport = httpx.ASGITransport(app=system.app)  # type: ignore[arg-type]

        def client() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                transport=transport, base_url="http://yaohe.test", headers={"accept": "*/*"}
            )

        async with client() as owner, client() as anybody:
            token = await system.identity.setup_token()
            done = await owner.post("/api/v1/staff/setup", json={"token": token, **OWNER})
            assert done.status_code == 201, done.text
            anybody.cookies = httpx.Cookies()
            yield Yard(system, owner, anybody)
