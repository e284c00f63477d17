"""`Outside`: rooms of others, who came to them by a share, and what came of it.

Shares, clicks, visits and credits are those of `sharing`, under the id of the outside room and in
the book of the key that speaks; here is only what an outside room adds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from hashlib import sha256
from typing import Any, Final

import msgspec
import structlog

from yaohe.identity import Identity, Visitor
from yaohe.identity.consent import ConsentNeeded
from yaohe.identity.keys import App, AppKeys
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.ids import is_id, new_id
from yaohe.kernel.seal import Sealer
from yaohe.outside import store
from yaohe.outside.answers import Answers
from yaohe.outside.errors import (
    EventDiffers,
    OutsideRoomNotFound,
    SiteNotRegistered,
    VisitorUnknown,
)
from yaohe.outside.links import (
    CLICK_ID_LIFE_S,
    ROOM_PREFIX,
    ClickId,
    link_out,
    open_click,
    seal_click,
    site_of,
)
from yaohe.outside.model import (
    PASSIVE,
    EventCount,
    OutsideRoom,
    RoomPushed,
    Tracked,
    clean_event,
    clean_ref,
)
from yaohe.outside.orders import OutsideOrders
from yaohe.outside.people import People
from yaohe.sharing import Env, Share, Sharing

KNOWN_FOR_S: Final = 2.0
REMEMBERED_MAX: Final = 5_000
SWEEP_EVERY_S: Final = 3_600.0

log = structlog.get_logger(__name__)


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there and what led them: `share` is None when no share did."""

    visitor: Visitor
    share: Share | None
    counted: bool
    opening: str = ""


class Outside:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        secret: bytes,
        *,
        identity: Identity,
        app_keys: AppKeys,
        sharing: Sharing,
    ) -> None:
        self._db, self._clock, self._sharing = db, clock, sharing
        self._identity, self._keys = identity, app_keys
        self._clicks = Sealer(secret, "outside.click.v1")
        self._known: OrderedDict[str, tuple[float, OutsideRoom | None]] = OrderedDict()
        self.once = Answers(db).once
        orders = OutsideOrders(db, sharing)
        self.tell_order = orders.tell
        self.refund_order = orders.refund
        people = People(db)
        self.person_kept, self.erase_person = people.kept, people.erase

    # Rooms --------------------------------------------------------------------------------

    async def push_room(self, app: App, ref: str, pushed: RoomPushed) -> OutsideRoom:
        """Say what an outside room is by now. It must be on a site of one of the book's keys."""
        cleaned = pushed.cleaned()
        if site_of(cleaned.url) not in await self._keys.sites(app.book):
            raise SiteNotRegistered(field="url")
        async with self._db.begin() as tx:
            room = await store.push_room(
                tx.conn, cleaned, room_id=new_id(ROOM_PREFIX), book=app.book, ref=clean_ref(ref)
            )
        self._known.pop(room.id, None)
        return room

    async def room(self, app: App, ref: str) -> OutsideRoom:
        async with self._db.connect() as conn:
            room = await store.room_by_ref(conn, app.book, clean_ref(ref))
        if room is None:
            raise OutsideRoomNotFound
        return room

    async def rooms(self, app: App) -> list[OutsideRoom]:
        async with self._db.connect() as conn:
            return await store.rooms(conn, app.book)

    async def refs(self, room_ids: Collection[str]) -> dict[str, str]:
        """By which ref their server knows these rooms; only outside rooms are in the answer."""
        asked = sorted(room for room in room_ids if is_id(room, ROOM_PREFIX))
        if not asked:
            return {}
        async with self._db.connect() as conn:
            return await store.refs(conn, asked)

    # Links --------------------------------------------------------------------------------

    async def way_out(self, share: Share, *, visitor_id: str | None) -> str | None:
        """Where a share of an outside room leads by now; None when that site is no longer
        registered. People (`visitor_id`) carry a click id, programs do not."""
        room = await self._room_by_id(share.room_id)
        if room is None or site_of(room.url) not in await self._keys.sites(room.book):
            return None
        click_id = None
        if visitor_id is not None:
            now_s = int(self._clock.now().timestamp())
            click_id = seal_click(self._clicks, share.token, visitor_id, now_s)
        return link_out(room.url, ref=room.ref, rule=room.utm, share=share, click_id=click_id)

    async def _room_by_id(self, room_id: str) -> OutsideRoom | None:
        until, known = self._known.get(room_id, (0.0, None))
        if until > self._clock.monotonic():
            return known
        try:
            async with self._db.connect() as conn:
                room = await store.room_by_id(conn, room_id)
        except TryAgain:
            if known is None:
                raise
            return known  # links lead where they led while the database has trouble
        self._known[room_id] = (self._clock.monotonic() + KNOWN_FOR_S, room)
        self._known.move_to_end(room_id)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return room

    # Visitors -----------------------------------------------------------------------------

    def visitor(self, header: str | None) -> Visitor:
        """Who the page says is there; raises `VisitorUnknown` for what we did not hand out."""
        visitor = self._identity.visitor_from_header(header)
        if visitor is None and self.passing(header) is not None:
            raise ConsentNeeded
        if visitor is None:
            raise VisitorUnknown
        return visitor

    def may_name(self, consent: bool | None) -> bool:
        """Whether somebody may be remembered; the shop's mode decides for a page that is silent."""
        return self._identity.consent == "open" if consent is None else consent

    def passing(self, header: str | None) -> Visitor | None:
        """Who somebody is while their page is open, of whom nothing may be kept."""
        return self._identity.visitor_from_passing(header)

    def passing_of(self, visitor: Visitor) -> str:
        return self._identity.visitor_passing(visitor)

    def header_of(self, visitor: Visitor) -> str:
        """What the page keeps, to be this visitor again."""
        return self._identity.visitor_header(visitor)

    async def land(
        self,
        room: OutsideRoom,
        *,
        known: Visitor | None,
        click_id: str | None,
        user_agent: str,
        env: Env,
        opening: str | None = None,
    ) -> Landing:
        """Somebody is in the room. A fresh click id counts for whom it was made; found in an
        address that was passed on, it tells only which share is above theirs."""
        click, share = await self._led(room, click_id)
        if click is None or click_id is None or share is None:
            visitor = known or self._identity.new_visitor()
            self._identity.seen(visitor.id)
            return Landing(visitor=visitor, share=None, counted=False)
        sent = Visitor(click.visitor_id, "")
        fresh = self._is_fresh(click)
        owner_id, first = "", False
        if fresh and not self._sharing.is_program(user_agent):
            click_hash = sha256(click_id.encode()).digest()
            async with self._db.connect() as conn:
                owner_id, first = await store.land(conn, click_hash, (known or sent).id)
        # A page without a visitor of its own takes the one who opened the link, once.
        visitor = known or (sent if first else self._identity.new_visitor())
        self._identity.seen(visitor.id)
        if owner_id != visitor.id:
            return Landing(visitor=visitor, share=share, counted=False)
        result = await self._sharing.confirm_click(
            share.token, visitor.id, env=env, joined=True, opening=opening
        )
        return Landing(visitor=visitor, share=share, counted=result.counted)

    async def pass_by(
        self, room: OutsideRoom, *, click_id: str | None, user_agent: str, env: Env
    ) -> Landing:
        """Somebody is in the room who did not accept to be remembered: their opening of the share
        counts and nothing is kept of them."""
        visitor = self._identity.new_visitor()
        click, share = await self._led(room, click_id)
        opening, person = "", not self._sharing.is_program(user_agent)
        if click is not None and share is not None and self._is_fresh(click) and person:
            opening = await self._sharing.note_opening(share.token, env=env)
        return Landing(visitor=visitor, share=share, counted=bool(opening), opening=opening)

    async def _led(
        self, room: OutsideRoom, click_id: str | None
    ) -> tuple[ClickId | None, Share | None]:
        """What a click id says, and the share of this room behind it."""
        click = None if click_id is None else open_click(self._clicks, click_id)
        share = None if click is None else await self._sharing.share(click.token)
        if click is None or share is None or share.room_id != room.id:
            return None, None
        return click, share

    def _is_fresh(self, click: ClickId) -> bool:
        return self._clock.now().timestamp() - click.at_s <= CLICK_ID_LIFE_S

    async def identify(self, app: App, visitor: Visitor, token: str) -> str:
        """Note whom the customer's back end says this visitor is; returns their id there."""
        user = await self._keys.user(app, token)
        async with self._db.begin() as tx:
            await store.meet(
                tx.conn, book=app.book, user_ref=user.id, visitor_id=visitor.id, name=user.name
            )
        return user.id

    async def visitor_of_user(self, app: App, user_ref: str, *, name: str = "") -> Visitor:
        """The visitor a user was seen as last; a new one when nobody identified them yet."""
        async with self._db.begin() as tx:
            found = await store.visitor_of(tx.conn, app.book, user_ref)
            visitor = self._identity.new_visitor() if found is None else Visitor(found, "")
            if found is None or name:
                await store.meet(
                    tx.conn, book=app.book, user_ref=user_ref, visitor_id=visitor.id, name=name
                )
        return visitor

    async def name_of(self, app: App, visitor: Visitor) -> str | None:
        """The name the customer's back end gave this visitor."""
        async with self._db.connect() as conn:
            return await store.name_of(conn, app.book, visitor.id)

    # Events -------------------------------------------------------------------------------

    async def track(
        self,
        app: App,
        room: OutsideRoom,
        visitor: Visitor,
        *,
        event_id: str,
        name: str,
        properties: dict[str, Any],
    ) -> bool:
        """Keep what a page or server tells of a visitor; the same told again is kept once."""
        clean_event(name, event_id, properties)
        event = Tracked(
            id=event_id,
            room_id=room.id,
            visitor_id=visitor.id,
            name=name,
            source="page" if app.kind == "public" else "server",
            properties=properties,
        )
        async with self._db.begin() as tx:
            new = await store.track(tx.conn, app.book, event)
            if not new and await store.event(tx.conn, app.book, event_id) != event:
                raise EventDiffers(field="id")
        if name not in PASSIVE:
            await self._sharing.interact(room.id, visitor.id)
        return new

    async def event_counts(self, room: OutsideRoom) -> list[EventCount]:
        async with self._db.connect() as conn:
            return await store.event_counts(conn, room.id)

    async def run(self) -> None:
        """Forget old answers and landings until cancelled."""
        while True:
            try:
                async with self._db.begin() as tx:
                    await store.sweep(tx.conn)
            except Exception:
                log.exception("outside_sweep_failed")
            await asyncio.sleep(SWEEP_EVERY_S)
