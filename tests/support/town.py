"""People in one room: the few moves that every story about sharing is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg

from yaohe.identity import Visitor
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.sharing import Fetch, Share, Sharing, WatchTick

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
WHATSAPP = "WhatsApp/2.24.13.77 A"


@dataclass
class Town:
    """People, one room of its own, and what they do."""

    sharing: Sharing
    db: Database
    room: str = field(default_factory=lambda: new_id("r"))

    def person(self, name: str = "Lin") -> Visitor:
        return Visitor(new_id("v"), name)

    async def share(self, sharer: Visitor, **more: object) -> Share:
        values: dict[str, object] = {
            "shop_id": "shop_main",
            "sharer": sharer,
            "channel": "copy_link",
            "content": "card",
        }
        return await self.sharing.create_share(self.room, **(values | more))  # type: ignore[arg-type]

    async def fetch(
        self,
        token: str,
        visitor: Visitor | None = None,
        *,
        user_agent: str = SAFARI,
        method: str = "GET",
        headers: dict[bytes, bytes] | None = None,
        query: dict[str, str] | None = None,
    ) -> None:
        """Fetch a share link; a fetcher without a cookie gets one, as from the landing page."""
        asked = Fetch(
            method=method,
            user_agent=user_agent,
            address="203.0.113.7",
            headers=headers,
            query=query,
        )
        share = await self.sharing.share(token)
        visitor_id = (visitor or self.person()).id
        hit = self.sharing.hit(asked, token=token, share=share, visitor_id=visitor_id)
        await self.sharing.record_hit(hit)

    async def open(self, token: str, visitor: Visitor, **more: object) -> bool:
        """Fetch the link and let the page speak up; returns whether this was a new click."""
        await self.fetch(token, visitor, **more)  # type: ignore[arg-type]
        return (await self.sharing.confirm_click(token, visitor.id)).new

    async def tick(
        self, visitor: Visitor, token: str | None = None, *, visible: bool = True
    ) -> int:
        return await self.sharing.tick(
            WatchTick(room_id=self.room, visitor_id=visitor.id, token=token, visible=visible)
        )

    async def pass_time(self, visitor: Visitor, seconds: float) -> None:
        """Let time pass for one visitor's visits, by moving their last tick into the past."""
        async with self.db.raw() as conn:
            await conn.execute(
                "update sharing.visits set last_at = last_at - make_interval(secs => $2)"
                " where visitor_id = $1",
                visitor.id,
                seconds,
            )

    async def watch(self, visitor: Visitor, token: str | None, seconds: int) -> int:
        """Watch visibly for so long, with a tick every 5 s as the page sends it."""
        watched = await self.tick(visitor, token)
        left = seconds
        while left > 0:
            await self.pass_time(visitor, min(left, 5))
            left -= 5
            watched = await self.tick(visitor, token)
        return watched

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with self.db.raw() as conn:
            return list(await conn.fetch(query, *values))

    async def facts(self, kind: str, token: str) -> list[str]:
        """The visitors in the recorded facts of this kind about this share."""
        rows = await self.rows(
            "select body->>'visitor_id' as visitor from kernel.outbox"
            " where type = $1 and body->>'token' = $2 order by event_id",
            kind,
            token,
        )
        return [row["visitor"] for row in rows]
