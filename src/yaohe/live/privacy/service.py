"""Who may come into a private room, answered without waiting: on the wire there is no time to ask.

Which rooms are private and which invitations are valid is kept in memory, looked up every second
for what other processes change. Before the first look every room counts as private. When a room
becomes private, or an invitation ends, `on_closed` listeners send away whoever may not stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.ids import new_id
from yaohe.live.media import MediaOrigin
from yaohe.live.privacy import store
from yaohe.live.privacy.errors import (
    InvitationNeeded,
    InvitationNotFound,
    InvitationOver,
    RoomNotPrivate,
    TicketExpired,
    TicketInvalid,
)
from yaohe.live.privacy.lists import with_ticket
from yaohe.live.privacy.model import (
    PASS_DAYS_MAX,
    STAFF_ENTRY,
    Invitation,
    NewInvitation,
    Seal,
    SealKind,
    checked,
    derive_key,
    pass_cookie_name,
    seal,
    unseal,
)
from yaohe.live.rooms import Room, RoomNotFound, Rooms

LOOK_EVERY_S: Final = 1.0
STAFF_PASS_S: Final = 3_600

log = structlog.get_logger(__name__)


class Ticket(msgspec.Struct, frozen=True):
    ticket: str
    life_s: int


class Entry(msgspec.Struct, frozen=True):
    """A pass for the cookie `name`, good for `age_s`."""

    name: str
    value: str
    age_s: int


class Privacy:
    """`ticket_s` is how long a ticket in an address is good."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        secret: bytes,
        rooms: Rooms,
        origin: MediaOrigin,
        *,
        ticket_s: int,
        shop_id: str = SHOP_ID,
    ) -> None:
        self._db, self._clock, self._rooms = db, clock, rooms
        self._key, self._ticket_s, self._shop_id = derive_key(secret), ticket_s, shop_id
        self._private: set[str] | None = None
        self._valid: dict[str, tuple[str, float]] = {}  # invitation → its room and its end
        self._changes = 0  # made here; a look that began before one of them is worth nothing
        self.on_closed: list[Callable[[str], None]] = [origin.cut]
        rooms.on_change.append(self._follow)

    # ── what the doors ask ───────────────────────────────────────────────────────────────────

    @property
    def any_private(self) -> bool:
        return self._private is None or bool(self._private)

    def is_private(self, room_id: str) -> bool:
        return self._private is None or room_id in self._private

    def refusal(
        self, room_id: str, *, ticket: str | None, cookies: Mapping[str, str]
    ) -> AppError | None:
        """Why somebody with this ticket and these cookies may not come in; None when they may."""
        if not self.is_private(room_id):
            return None
        why: AppError = InvitationNeeded()
        if ticket:
            found = self._refusal_of(room_id, ticket, "ticket")
            if found is None:
                return None
            why = found
        held = cookies.get(pass_cookie_name(room_id))
        if held and self._refusal_of(room_id, held, "pass") is None:
            return None
        return why

    def _refusal_of(self, room_id: str, given: str, kind: SealKind) -> AppError | None:
        found = unseal(self._key, given)
        if found is None or found.kind != kind or found.room_id != room_id:
            return TicketInvalid()
        if found.until <= self._clock.now().timestamp():
            return TicketExpired()
        return None if self._stands(found) else TicketInvalid()

    def _stands(self, found: Seal) -> bool:
        """Whether the invitation behind a seal is still valid."""
        if found.invitation_id == STAFF_ENTRY:
            return True
        room_id, until = self._valid.get(found.invitation_id, ("", 0.0))
        return room_id == found.room_id and until > self._clock.now().timestamp()

    # ── passes and tickets ───────────────────────────────────────────────────────────────────

    async def enter(self, room_id: str, link: str, visitor_id: str) -> Entry:
        """A pass for whoever opens an invitation's link; raises `InvitationOver`."""
        found = unseal(self._key, link)
        if found is None or found.kind != "invitation" or found.room_id != room_id:
            raise InvitationOver
        async with self._db.begin() as tx:
            until = await store.let_in(tx.conn, found.invitation_id, room_id, visitor_id)
            if until is None:
                # Nothing of this visit stays written.
                raise InvitationOver
        # Made a moment ago in another process, perhaps.
        self._know(room_id, found.invitation_id, until)
        longest = self._clock.now() + timedelta(days=PASS_DAYS_MAX)
        ends = int(min(until, longest).timestamp())
        return Entry(
            pass_cookie_name(room_id),
            seal(self._key, "pass", room_id, found.invitation_id, ends),
            max(0, ends - int(self._clock.now().timestamp())),
        )

    def staff_pass(self, room_id: str) -> Entry:
        """What a desk holds while it is open, also of a room that may become private."""
        until = int(self._clock.now().timestamp()) + STAFF_PASS_S
        value = seal(self._key, "pass", room_id, STAFF_ENTRY, until)
        return Entry(pass_cookie_name(room_id), value, STAFF_PASS_S)

    def ticket(self, room_id: str, *, cookies: Mapping[str, str], staff: bool) -> Ticket | None:
        """A ticket for whoever holds a pass, or for staff; None for others and for rooms that are
        open to everybody."""
        if not self.is_private(room_id):
            return None
        invitation_id = STAFF_ENTRY
        if not staff:
            held = unseal(self._key, cookies.get(pass_cookie_name(room_id), ""))
            if held is None or self.refusal(room_id, ticket=None, cookies=cookies) is not None:
                return None
            invitation_id = held.invitation_id
        until = int(self._clock.now().timestamp()) + self._ticket_s
        return Ticket(seal(self._key, "ticket", room_id, invitation_id, until), self._ticket_s)

    def ticketed(self, playlist: str, room_id: str, ticket: str) -> str:
        """An HLS list with the ticket it was asked with at every address inside; a ticket that is
        not ours is not repeated."""
        is_ours = self.is_private(room_id) and self._refusal_of(room_id, ticket, "ticket") is None
        return with_ticket(playlist, ticket) if is_ours else playlist

    # ── what staff do ────────────────────────────────────────────────────────────────────────

    async def invite(self, room_id: str, new: NewInvitation, *, by: Staff) -> Invitation:
        wish = checked(new)
        async with self._db.begin() as tx:
            private = await store.is_private(tx.conn, room_id, self._shop_id)
            if private is None:
                raise RoomNotFound
            if not private:
                raise RoomNotPrivate
            made = await store.insert_invitation(
                tx.conn, new_id("inv"), self._shop_id, room_id, wish
            )
            await audit(tx, staff=by, action="invitation.create", subject=room_id)
        self._know(room_id, made.id, made.expires_at)
        return made

    async def invitations(self, room_id: str) -> list[Invitation]:
        async with self._db.connect() as conn:
            return await store.of_room(conn, room_id, self._shop_id)

    async def revoke(self, room_id: str, invitation_id: str, *, by: Staff) -> Invitation:
        """Its link opens nothing any more, and who came by it is sent away."""
        async with self._db.begin() as tx:
            revoked = await store.revoke(tx.conn, invitation_id, room_id, self._shop_id)
            if revoked is None:
                raise InvitationNotFound
            await audit(tx, staff=by, action="invitation.revoke", subject=room_id)
        self._changes += 1
        if self._valid.pop(invitation_id, None) is not None:
            self._close(room_id)
        return revoked

    def link(self, invitation: Invitation) -> str:
        """What is sent to whom one invites."""
        until = int(invitation.expires_at.timestamp())
        sealed = seal(self._key, "invitation", invitation.room_id, invitation.id, until)
        return f"{self._rooms.public_url}/r/{invitation.room_id}?invite={sealed}"

    # ── keeping up ───────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """The first look; until then no room is open to anybody."""
        await self.look()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except TryAgain:
                log.warning("private_rooms_not_looked_up")

    async def look(self) -> None:
        """What is private and who is invited, as the database has it now."""
        changes = -1
        while changes != self._changes:
            changes = self._changes
            async with self._db.connect() as conn:
                private = await store.private_rooms(conn)
                valid = await store.valid_invitations(conn)
        known, held = self._private, self._valid
        self._private = private
        self._valid = {one: (room, until.timestamp()) for one, (room, until) in valid.items()}
        if known is None:
            return
        gone = {held[one][0] for one in held.keys() - valid.keys()}
        for room_id in (private - known) | (gone & private):
            self._close(room_id)

    def _follow(self, room: Room) -> None:
        """A room is closed at once; that it is open again waits for the next look."""
        if self._private is None or not room.private or room.id in self._private:
            return
        self._changes += 1
        self._private.add(room.id)
        self._close(room.id)

    def _know(self, room_id: str, invitation_id: str, until: datetime) -> None:
        """An invitation that is valid, before the next look finds it."""
        news = (room_id, until.timestamp())
        # Only news: a look would never end while people come in.
        if self._valid.get(invitation_id) != news:
            self._changes += 1
            self._valid[invitation_id] = news

    def _close(self, room_id: str) -> None:
        for listener in self.on_closed:
            try:
                listener(room_id)
            except Exception:
                log.exception("room_not_closed", room=room_id)
