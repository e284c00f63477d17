"""People and staff over plain HTTP, past no door: what a test asks of the API."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
from tests.support.demo import Demo
from tests.support.patience import PATIENCE_S

Got = TypeVar("Got")

WHATSAPP = "WhatsApp/2.23.20.0"
OWNER = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}


async def until(
    ask: Callable[[], Awaitable[Got]],
    right: Callable[[Got], object],
    *,
    within_s: float = PATIENCE_S,
) -> Got:
    """Ask until the answer is right; fails with the last answer."""
    deadline = time.monotonic() + within_s
    while True:
        got = await ask()
        if right(got):
            return got
        assert time.monotonic() < deadline, f"waited in vain; last: {got!r}"
        await asyncio.sleep(0.05)


class Caller:
    """A client of one base address that raises with the server's own words."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, path, json=body)
        if answer.status_code >= 400:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.call("POST", path, body or {})

    async def put(self, path: str, body: Any) -> Any:
        return await self.call("PUT", path, body)


@asynccontextmanager
async def calling(url: str, **headers: str) -> AsyncIterator[Caller]:
    """Somebody's HTTP client with a cookie jar of its own."""
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=PATIENCE_S, trust_env=False
    ) as http:
        yield Caller(http)


class Room:
    """A room with one product on its shelf, pinned, and a coupon for friend and sharer."""

    def __init__(self, told: dict[str, Any], product: dict[str, Any], ingest: dict[str, Any]):
        self.id: str = told["id"]
        self.url: str = told["url"]
        self.product = product
        self.publish_url = f"{ingest['rtmp_url']}/{ingest['stream_key']}"

    @property
    def path(self) -> str:
        return f"/r/{self.id}"


class Desk(Caller):
    """The owner at the desk."""

    async def room(
        self,
        title: str = "春茶夜话",
        *,
        price_minor: int = 9_900,
        off_minor: int = 2_000,
        stock: int = 50,
        scheduled_at: str | None = None,
    ) -> Room:
        """A fresh room, so that its report counts nobody else."""
        told = await self.post(
            "/api/v1/rooms",
            {
                "title": title,
                "title_en": "Tea at night",
                "host_name": "小林",
                "host_name_en": "Lin",
                "scheduled_at": scheduled_at,
            },
        )
        product = await self.post(
            "/api/v1/products",
            {
                "title": "明前春茶 250 g",
                "title_en": "Spring tea 250 g",
                "subtitle": "当天炒制",
                "subtitle_en": "Fired the same day",
                "price_minor": price_minor,
                "list_price_minor": None,
                "stock": stock,
                "status": "on_sale",
            },
        )
        friend, sharer = [
            await self._coupon(words, off_minor, total=stock * 2) for words in ("好友券", "谢谢券")
        ]
        at = f"/api/v1/rooms/{told['id']}"
        await self.put(f"{at}/shelf", {"product_ids": [product["id"]]})
        await self.post(f"{at}/pin", {"product_id": product["id"]})
        offer = {"friend_template_id": friend, "sharer_template_id": sharer}
        await self.put(f"{at}/share-offer", offer)
        return Room(told, product, await self.get(f"{at}/ingest"))

    async def _coupon(self, title: str, off_minor: int, *, total: int) -> str:
        made = await self.post(
            "/api/v1/coupon-templates",
            {
                "title": title,
                "title_en": "Coupon",
                "amount_minor": off_minor,
                "threshold_minor": off_minor * 2,
                "total": total,
                "valid_days": 7,
            },
        )
        return str(made["id"])

    async def report(self, room_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/api/v1/rooms/{room_id}/share-report")
        return found

    async def report_with(
        self, room_id: str, *, within_s: float = PATIENCE_S, **totals: int
    ) -> dict[str, Any]:
        """The report once its totals hold these numbers."""
        last: dict[str, Any] = {}

        async def ask() -> dict[str, int]:
            nonlocal last
            last = await self.report(room_id)
            return {name: last["totals"][name] for name in totals}

        await until(ask, lambda got: got == totals, within_s=within_s)
        return last

    async def status(self, room_id: str, status: str, *, within_s: float = PATIENCE_S) -> None:
        await until(
            lambda: self.get(f"/api/v1/rooms/{room_id}"),
            lambda room: room["status"] == status,
            within_s=within_s,
        )


@asynccontextmanager
async def owner_of(demo: Demo, *, trust: ssl.SSLContext | bool = True) -> AsyncIterator[Desk]:
    """The one-time set-up link used as its page uses it; afterwards the owner is signed in."""
    async with httpx.AsyncClient(
        base_url=demo.url,
        headers={"origin": demo.url},
        timeout=PATIENCE_S,
        trust_env=False,
        verify=trust,
    ) as http:
        desk = Desk(http)
        await desk.post("/api/v1/staff/setup", {"token": demo.setup_token, **OWNER})
        yield desk
