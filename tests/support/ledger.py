"""A crowd that writes down what the server acknowledged, and the database asked directly."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from tests.support.browser import ANDROID
from tests.support.patience import PATIENCE_S
from tests.support.phone import Room


@dataclass
class Ledger:
    """What was tried and what was answered with success. Tried minus acknowledged is unknown."""

    shares: set[str] = field(default_factory=set)
    hits_tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    clicks: set[tuple[str, str]] = field(default_factory=set)
    coupons: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    keys_tried: set[tuple[str, str]] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return len(self.shares) + sum(self.hits.values()) + len(self.orders) + len(self.paid)


class Visitor:
    """A person with a cookie; whatever fails because the server died is simply not written."""

    def __init__(self, url: str, room: Room, ledger: Ledger) -> None:
        self._room, self._ledger = room, ledger
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"user-agent": ANDROID, "origin": url},
            timeout=PATIENCE_S,
            trust_env=False,
        )

    @property
    def id(self) -> str:
        return (self._http.cookies.get("yh_v") or "").partition(".")[0]

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    async def come(self) -> None:
        (await self._http.get(self._room.path)).raise_for_status()

    async def share(self) -> str:
        wish = {"channel": "copy_link", "content": "card"}
        token = str((await self._post(f"/api/v1/rooms/{self._room.id}/shares", wish))["token"])
        self._ledger.shares.add(token)
        return token

    async def open(self, token: str) -> None:
        self._ledger.hits_tried[token, self.id] += 1
        (await self._http.get(f"/s/{token}")).raise_for_status()
        self._ledger.hits[token, self.id] += 1
        if (await self._post("/api/v1/beacon", {"token": token}))["counted"]:
            self._ledger.clicks.add((token, self.id))

    async def claim(self) -> str:
        coupon = (await self._post(f"/api/v1/rooms/{self._room.id}/coupon", {}))["coupon"]
        self._ledger.coupons[str(coupon["id"])] = self.id
        return str(coupon["id"])

    async def buy(self, coupon: str) -> None:
        key = uuid.uuid4().hex
        self._ledger.keys_tried.add((self.id, key))
        placed = await self._post(
            "/api/v1/orders",
            {
                "product_id": self._room.product["id"],
                "quantity": 1,
                "room_id": self._room.id,
                "coupon_id": coupon,
                "idempotency_key": key,
                "buyer": {"name": "梅子", "phone": "13800001111", "address": "长乐路 100 号"},
            },
        )
        order = str(placed["order"]["id"])
        self._ledger.orders[order] = key
        page = await self._http.get(placed["cashier_url"], follow_redirects=True)
        token = page.text.partition('name="token"')[2].partition('value="')[2].partition('"')[0]
        answer = await self._http.post(f"{page.url.path}/pay", data={"token": token, "lang": "en"})
        if answer.status_code == 303:
            self._ledger.paid.add(order)


async def crowd(url: str, room: Room, ledger: Ledger, *, seats: int, seed: int = 7) -> None:
    """People share, friends open, claim, buy and pay, until the server is gone or cancelled."""

    async def seat(number: int) -> None:
        rng = random.Random(seed * 1_000 + number)
        while True:
            sharer, friend = (Visitor(url, room, ledger) for _ in range(2))
            try:
                await sharer.come()
                token = await sharer.share()
                await friend.come()
                await friend.open(token)
                if rng.random() < 0.7:
                    await friend.buy(await friend.claim())
            except httpx.TransportError:
                return  # the server is gone
            finally:
                await sharer.close()
                await friend.close()

    async with asyncio.TaskGroup() as group:
        for number in range(seats):
            group.create_task(seat(number))


@asynccontextmanager
async def database_of(data: Path) -> AsyncIterator[asyncpg.Connection]:
    """The embedded PostgreSQL of a running data directory, past the program."""
    conn = await asyncpg.connect(
        host=str(data / "run"),
        user="yaohe",
        database="yaohe",
        password=(data / "postgres.password").read_text().strip(),
    )
    try:
        yield conn
    finally:
        await conn.close()
