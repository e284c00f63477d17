"""What happens to rooms: made, changed, live by their publisher, on slate, ended.

The publisher decides when a show begins; the host or the end of the grace decides when it is over.
Every change is told on the bus as `room.<id>.state`, a JSON object of what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog

from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.bus import Bus
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.ids import new_secret
from yaohe.kernel.lease import LeaseLost, Leases, assert_held
from yaohe.live.media import MediaOrigin, PublishEvent
from yaohe.live.media.errors import ShowOver
from yaohe.live.rooms import store
from yaohe.live.rooms.errors import (
    RoomIdTaken,
    RoomNotFound,
    RoomNotLive,
    RoomOwnedElsewhere,
)
from yaohe.live.rooms.events import RoomEnded, RoomWentLive
from yaohe.live.rooms.model import (
    NewRoom,
    PublishLine,
    Room,
    RoomChange,
    check_room_id,
    cleaned,
    is_room_id,
)
from yaohe.live.rooms.names import random_room_id
from yaohe.live.rooms.ownership import Ownership

SWEEP_EVERY_S: Final = 5.0
ROOMS_MAX: Final = 200
EVENTS_MAX: Final = 1_000
KNOWN_MAX: Final = 10_000
_RETRY_S: Final = 0.5

log = structlog.get_logger(__name__)


class Rooms:
    """`rtmp_host` None means "the host the studio is opened by"; `viewers_of` counts a room."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        origin: MediaOrigin,
        leases: Leases,
        *,
        public_url: str,
        rtmp_port: int,
        rtmp_host: str | None = None,
        grace_s: int,
        viewers_of: Callable[[str], int] = lambda _room_id: 0,
        shop_id: str = SHOP_ID,
    ) -> None:
        self._db, self._bus, self._origin = db, bus, origin
        self.public_url, self.rtmp_host, self.rtmp_port = public_url, rtmp_host, rtmp_port
        self.viewers_of = viewers_of
        self._grace_s, self._shop_id = grace_s, shop_id
        self._events: asyncio.Queue[PublishEvent] = asyncio.Queue(EVENTS_MAX)
        self._ownership = Ownership(leases, on_lost=origin.drop)
        origin.on_event(self._note_event)
        self.on_change: list[Callable[[Room], None]] = []
        self._known: set[str] = set()

    # ── what staff do ────────────────────────────────────────────────────────────────────────

    async def create(self, new: NewRoom, *, by: Staff | None = None) -> Room:
        """A new room, upcoming until its publisher begins."""
        values = cleaned(new)
        chosen = check_room_id(new.id) if new.id else None
        async with self._db.begin() as tx:
            for _ in range(5):
                room_id = chosen or random_room_id()
                key = new_secret()
                made = await store.insert_room(tx.conn, room_id, self._shop_id, key, values)
                if made is not None or chosen:
                    break
            if made is None:
                raise RoomIdTaken
            await self._audit(tx, by, "room.create", made.id)
        self._tell(made)
        return made

    async def update(self, room_id: str, change: RoomChange, *, by: Staff | None = None) -> Room:
        values = cleaned(change)
        async with self._db.begin() as tx:
            room = await store.update_room(tx.conn, room_id, self._shop_id, values)
            if room is None:
                raise RoomNotFound
            await self._audit(tx, by, "room.update", room_id)
        self._tell(room, title=room.title)
        return room

    async def rotate_key(self, room_id: str, *, by: Staff | None = None) -> str:
        """A new stream key; whoever publishes with the old one is sent away."""
        key = new_secret()
        async with self._db.begin() as tx:
            values = {"stream_key": key, "shut_at": None}  # no old encoder has the new key
            room = await store.update_room(tx.conn, room_id, self._shop_id, values)
            if room is None:
                raise RoomNotFound
            await self._audit(tx, by, "room.rotate_key", room_id)
        self._origin.drop(room_id, "The stream key was changed in the studio. Use the new one.")
        return key

    async def end(self, room_id: str, *, by: Staff | None = None) -> Room:
        """The host's word that the show is over, for good: an encoder that goes on sending is kept
        out until `let_in`."""
        async with self._db.begin() as tx:
            room = await store.end_room(tx.conn, room_id, self._shop_id)
            if room is None:
                raise RoomNotLive if await store.room(tx.conn, room_id) else RoomNotFound
            await self._record_end(tx, room, "host")
            await self._audit(tx, by, "room.end", room_id)
        self._after_end(room)
        return room

    async def let_in(self, room_id: str, *, by: Staff | None = None) -> Room:
        """Let an encoder in again after `end`; with its picture the next show begins."""
        async with self._db.begin() as tx:
            room = await store.update_room(tx.conn, room_id, self._shop_id, {"shut_at": None})
            if room is None:
                raise RoomNotFound
            await self._audit(tx, by, "room.let_in", room_id)
        return room

    # ── what everybody asks ──────────────────────────────────────────────────────────────────

    async def get(self, room_id: str) -> Room:
        if not is_room_id(room_id):
            raise RoomNotFound
        async with self._db.connect() as conn:
            room = await store.room(conn, room_id)
        if room is None:
            raise RoomNotFound
        return room

    async def exists(self, room_id: str) -> bool:
        """Whether there is such a room. Rooms are never deleted, so a yes is remembered."""
        if room_id not in self._known:
            try:
                await self.get(room_id)
            except RoomNotFound:
                return False
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known.add(room_id)
        return True

    async def is_live(self, room_id: str) -> bool:
        """Whether a show is on; a room that does not exist has none."""
        try:
            return (await self.get(room_id)).status == "live"
        except RoomNotFound:
            return False

    async def is_shut(self, room_id: str) -> bool:
        """Whether encoders are kept out, because the host ended the show."""
        async with self._db.connect() as conn:
            return await store.is_shut(conn, room_id)

    async def rooms(self) -> list[Room]:
        async with self._db.connect() as conn:
            return await store.rooms_of(conn, self._shop_id, limit=ROOMS_MAX)

    async def authorize(self, stream_key: str, /, *, probe: bool = False) -> str | None:
        """The room a stream key opens, owned by this process from now on; None when it fits none.

        What the ingest asks before it accepts a publisher; raises `ShowOver` for one that sends on
        after its show was ended. A `probe` only tests the line and publishes nothing.
        """
        async with self._db.connect() as conn:
            room_id = await store.room_of_key(conn, stream_key)
        if room_id is not None and await self._ownership.own(room_id) is None:
            raise RoomOwnedElsewhere
        if room_id is not None and not probe:
            async with self._db.begin() as tx:
                kept_out = await store.knock(tx.conn, room_id)
            if kept_out:
                raise ShowOver(room_id)
        return room_id

    async def next_show(self, *, besides: str) -> Room | None:
        async with self._db.connect() as conn:
            return await store.next_upcoming(conn, self._shop_id, besides=besides)

    async def publish_log(self, room_id: str, *, limit: int = 20) -> list[PublishLine]:
        async with self._db.connect() as conn:
            return await store.publish_lines(conn, room_id, self._shop_id, limit=limit)

    # ── what publishers do ───────────────────────────────────────────────────────────────────

    def _note_event(self, event: PublishEvent) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("publish_event_dropped", room=event.room_id, kind=event.kind)

    async def run(self) -> None:
        """Follow the publishers, and end rooms whose publisher stays away."""
        async with self._db.begin() as tx:
            await store.all_publishers_went(tx.conn, besides=self._origin.live_rooms())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._sweep())
            group.create_task(self._ownership.run())

    async def _follow(self) -> None:
        while True:
            event = await self._events.get()
            while True:
                try:
                    await self._apply(event)
                    break
                except LeaseLost:
                    log.warning("publish_event_outdated", room=event.room_id)
                    break
                except TryAgain:
                    await asyncio.sleep(_RETRY_S)
                except Exception:
                    # One event that cannot be applied must not stop all publishers.
                    log.exception("publish_event_failed", room=event.room_id, kind=event.kind)
                    break

    async def _apply(self, event: PublishEvent) -> None:
        line = {
            "kind": event.kind,
            "reason": event.reason,
            "detail": (f"Rung {event.rung}. " * bool(event.rung) + event.detail)[:500],
            "remote": event.remote,
        }
        room: Room | None = None
        async with self._db.begin() as tx:
            await store.note_publish(tx.conn, self._shop_id, event.room_id, line)
            if event.room_id is not None and event.kind == "started":
                lease = await self._ownership.own(event.room_id)
                if lease is None:
                    return
                await assert_held(tx, lease)
                came = await store.publisher_came(tx.conn, event.room_id)
                if came is None:
                    self._origin.end(event.room_id)
                else:
                    room, began = came
                    if began and room.started_at is not None:
                        await tx.record(
                            RoomWentLive(
                                shop_id=room.shop_id, room_id=room.id, started_at=room.started_at
                            )
                        )
            elif event.room_id is not None and event.kind == "stopped":
                if self._origin.is_live(event.room_id):
                    return  # another rung goes on: nobody waits
                room = await store.publisher_went(tx.conn, event.room_id)
        if room is not None:
            self._tell(room)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.end_abandoned()
            except TryAgain:
                log.warning("room_sweep_postponed")
            except Exception:
                log.exception("room_sweep_failed")

    async def end_abandoned(self) -> list[Room]:
        """End the rooms whose publisher has been away longer than the grace."""
        async with self._db.begin() as tx:
            ended = await store.end_abandoned(tx.conn, self._grace_s)
            for room in ended:
                await self._record_end(tx, room, "grace")
        for room in ended:
            self._after_end(room)
        return ended

    async def _record_end(self, tx: Tx, room: Room, reason: str) -> None:
        assert room.ended_at is not None
        await tx.record(
            RoomEnded(shop_id=room.shop_id, room_id=room.id, reason=reason, ended_at=room.ended_at)
        )

    def _after_end(self, room: Room) -> None:
        self._origin.end(room.id)
        self._tell(room)

    async def _audit(self, tx: Tx, by: Staff | None, action: str, room_id: str) -> None:
        if by is not None:
            await audit(tx, staff=by, action=action, subject=room_id, detail={})

    def _tell(self, room: Room, **more: Any) -> None:
        state = {
            "status": room.status,
            "slate": room.slate,
            "slate_since": room.slate_since,
            "live_since": room.started_at if room.status == "live" else None,
            **more,
        }
        self._bus.publish(f"room.{room.id}.state", msgspec.json.encode(state))
        for listener in self.on_change:
            listener(room)
