"""The present moment of every room that somebody looks at, gathered at most once a second.

A landing page must not ask six services; it takes the last snapshot, and the first reader after a
second has it renewed behind their back. Who comes to a room that nobody looked at for a while waits
for a new one, but not long: a price of an hour ago is no true line, and a database that has trouble
must not keep the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from yaohe.campaigns import Campaigns, RoomOffer
from yaohe.content.keyframes import LatestStills, Still
from yaohe.front.view import CouponView, NextShow, PictureView, Snapshot
from yaohe.identity import Identity
from yaohe.kernel.clock import Clock
from yaohe.live.realtime import Hub
from yaohe.live.rooms import RoomNotFound, Rooms
from yaohe.live.shelf import Shelf

FRESH_S: Final = 1.0
OLD_S: Final = 5.0
PATIENCE_S: Final = 0.1
ROOMS_MAX: Final = 500
CHAT_LINES: Final = 6

log = structlog.get_logger(__name__)


class Snapshots:
    def __init__(
        self,
        *,
        clock: Clock,
        identity: Identity,
        rooms: Rooms,
        shelf: Shelf,
        hub: Hub,
        campaigns: Campaigns,
        stills: LatestStills,
        has_replay: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._clock, self._identity, self._rooms, self._shelf = clock, identity, rooms, shelf
        self._hub, self._campaigns, self._stills = hub, campaigns, stills
        self._has_replay = has_replay
        self._kept: dict[str, Snapshot] = {}
        self._looked_at: dict[str, float] = {}
        self._gathering: dict[str, asyncio.Task[Snapshot]] = {}

    async def of(self, room_id: str) -> Snapshot:
        """The room's moment, a few seconds old at most while the database answers; raises
        `RoomNotFound`."""
        kept = self._kept.get(room_id)
        if kept is None:
            return await asyncio.shield(self._gather(room_id))
        age_s = self._clock.monotonic() - self._looked_at[room_id]
        if age_s >= FRESH_S:
            renewing = self._gather(room_id)
            if age_s >= OLD_S:
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        return await asyncio.shield(renewing)
                except RoomNotFound:
                    raise
                except Exception:
                    return kept  # a page of a while ago beats an error; the cause is logged
        return kept

    async def fresh(self, room_id: str) -> Snapshot:
        """The room's moment as it is now."""
        return await asyncio.shield(self._gather(room_id))

    def still(self, room_id: str) -> Snapshot | None:
        """What is known without waiting."""
        return self._kept.get(room_id)

    def forget(self, room_id: str) -> None:
        """Something changed that nobody may see a second late (a price, the end of a show)."""
        self._kept.pop(room_id, None)
        self._looked_at.pop(room_id, None)

    def _gather(self, room_id: str) -> asyncio.Task[Snapshot]:
        task = self._gathering.get(room_id)
        if task is None:
            task = asyncio.create_task(self._look(room_id))
            self._gathering[room_id] = task
            task.add_done_callback(lambda done: self._gathered(room_id, done))
        return task

    def _gathered(self, room_id: str, task: asyncio.Task[Snapshot]) -> None:
        self._gathering.pop(room_id, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            if len(self._kept) >= ROOMS_MAX:
                self.forget(next(iter(self._kept)))
            kept, moment = self._kept.get(room_id), task.result()
            self._looked_at[room_id] = moment.at
            # A room where nothing changed keeps its moment, and its pages with it.
            self._kept[room_id] = kept if kept == moment else moment
        elif isinstance(error, RoomNotFound):
            self.forget(room_id)
        else:
            # The last moment stays on show; a page a few seconds old beats an error.
            log.warning("snapshot_not_renewed", room=room_id, reason=repr(error))

    async def _look(self, room_id: str) -> Snapshot:
        room = await self._rooms.get(room_id)
        shelf, offer, shop, still, following, has_replay = await asyncio.gather(
            self._shelf.state(room_id),
            self._campaigns.room_offer(room_id),
            self._identity.shop(),
            self._stills.of(room_id),
            self._rooms.next_show(besides=room_id),
            self._has_replay(room_id),
        )
        state = self._hub.room_state(room_id)
        return Snapshot(
            room_id=room.id,
            shop_id=room.shop_id,
            shop_name=shop.name,
            shop_name_en=shop.name_en,
            zone=shop.time_zone,
            currency=shop.currency,
            title=room.title,
            title_en=room.title_en,
            host=room.host_name,
            host_en=room.host_name_en,
            status=room.status,
            slate=room.slate,
            slate_since=room.slate_since,
            scheduled_at=room.scheduled_at,
            started_at=room.started_at,
            ended_at=room.ended_at,
            viewers=state.viewers,
            likes=state.likes,
            products=tuple(shelf.items),
            pinned_id=shelf.pinned,
            live_prices=shelf.live,
            chat=tuple(self._hub.tail(room_id, CHAT_LINES)),
            coupon=_coupon(offer),
            sharer_amount_minor=offer.sharer_amount_minor if offer else None,
            picture=_picture(still),
            next_show=None
            if following is None or following.scheduled_at is None
            else NextShow(
                following.id, following.title, following.title_en, following.scheduled_at
            ),
            has_replay=has_replay,
            at=self._clock.monotonic(),
        )


def _coupon(offer: RoomOffer | None) -> CouponView | None:
    if offer is None or offer.friend is None:
        return None
    template = offer.friend
    return CouponView(
        template.id,
        template.title,
        template.title_en,
        template.amount_minor,
        template.threshold_minor,
        offer.friend_left,
        template.kind,
        template.percent,
        template.scoped,
        template.again,
    )


def _picture(still: Still | None) -> PictureView | None:
    return None if still is None else PictureView(still.tiny, still.mark, still.width, still.height)
