"""Who follows the host of which room. What changed is told as `room.<id>.follows`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from yaohe.kernel.bus import Bus, Subscription
from yaohe.kernel.db import Database
from yaohe.kernel.errors import Conflict
from yaohe.live.follows import store
from yaohe.live.follows.store import Followed

FOLLOWED_MAX: Final = 500


class FollowsFull(Conflict):
    code = "follows_full"
    message = f"You follow {FOLLOWED_MAX} hosts. Leave one before you follow another."


class FollowChange(msgspec.Struct, frozen=True):
    """Somebody follows from now on, or no longer. Hearing one twice is harmless."""

    visitor_id: str
    on: bool


_change = msgspec.json.Decoder(FollowChange)


class Follows:
    def __init__(self, db: Database, bus: Bus) -> None:
        self._db, self._bus = db, bus

    async def follow(self, room_id: str, visitor_id: str) -> None:
        """Following twice is following once. Raises `FollowsFull`; the room is known to be."""
        async with self._db.begin() as tx:
            made = await store.follow(tx.conn, room_id, visitor_id, most=FOLLOWED_MAX)
            if not made and not await store.is_follower(tx.conn, room_id, visitor_id):
                raise FollowsFull
        self._tell(room_id, FollowChange(visitor_id, on=True))

    async def unfollow(self, room_id: str, visitor_id: str) -> None:
        async with self._db.begin() as tx:
            await store.unfollow(tx.conn, room_id, visitor_id)
        self._tell(room_id, FollowChange(visitor_id, on=False))

    async def of(self, visitor_id: str) -> list[Followed]:
        """Whom somebody follows."""
        async with self._db.connect() as conn:
            return await store.followed(conn, visitor_id)

    async def followers(self, room_id: str) -> list[str]:
        """The visitors who follow the host of this room."""
        async with self._db.connect() as conn:
            return await store.followers(conn, room_id)

    def listen(self, room_id: str, hear: Callable[[FollowChange], None]) -> Subscription:
        """Hear of every change until the subscription is closed."""
        return self._bus.subscribe(
            f"room.{room_id}.follows", lambda _, change: hear(_change.decode(change))
        )

    def tell(self, room_id: str, visitor_id: str) -> None:
        """Somebody follows under another name than before."""
        self._tell(room_id, FollowChange(visitor_id, on=True))

    def _tell(self, room_id: str, change: FollowChange) -> None:
        self._bus.publish(f"room.{room_id}.follows", msgspec.json.encode(change))
