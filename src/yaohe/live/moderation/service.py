"""What moderators do in a room, and what viewers ask of them.

Every act is one transaction with its line in the audit trail; then the room's ward hears of it as
`room.<id>.ward`, viewers as `room.<id>.state`, and the person concerned as `me.<visitor>`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.bus import Bus
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id
from yaohe.kernel.text import clean_text
from yaohe.live.follows import FollowChange, Follows
from yaohe.live.moderation import store
from yaohe.live.moderation.errors import (
    ModeratorNotFound,
    OneOfUs,
    PenaltyNotFound,
    ReportNotFound,
    TooManyBlocks,
    TooManyModerators,
    TooManyReports,
)
from yaohe.live.moderation.model import (
    PINNED_CHARS_MAX,
    ChatRules,
    Helper,
    Moderator,
    Penalty,
    PenaltyKind,
    RulesChange,
    Ward,
    WardChange,
    check_name,
    check_visitor_id,
)
from yaohe.live.moderation.store import Blocked, Report
from yaohe.live.rooms import RoomNotFound

REPORTS_BURST: Final = 10
REPORTS_WINDOW_S: Final = 600.0
REPORTERS_MAX: Final = 10_000
REPORTS_SHOWN: Final = 100
NOTE_CHARS_MAX: Final = 200

_change = msgspec.json.Decoder(WardChange)


def _heard(change: FollowChange) -> WardChange:
    if change.on:
        return WardChange(follows=change.visitor_id)
    return WardChange(leaves=change.visitor_id)


def acting(staff: Staff) -> Moderator:
    """A member of staff as the moderator they are in every room."""
    return Moderator(id=staff.id, name=staff.name, shop_id=staff.shop_id, key_id=staff.key_id)


class Moderation:
    def __init__(
        self, db: Database, bus: Bus, clock: Clock, follows: Follows, *, shop_id: str = SHOP_ID
    ) -> None:
        self._db, self._bus, self._clock, self._shop_id = db, bus, clock, shop_id
        self._follows = follows
        self._reported: dict[str, list[float]] = {}

    # ── what the chat asks ───────────────────────────────────────────────────────────────────

    async def ward(self, room_id: str) -> Ward:
        """The room's rules and people, kept current until it is closed."""
        ward = Ward()
        # Listen first: what changes while we read would be lost otherwise.
        ward.listen(
            self._bus.subscribe(
                f"room.{room_id}.ward", lambda _, change: ward.hear(_change.decode(change))
            ),
            self._follows.listen(room_id, lambda change: ward.hear(_heard(change))),
        )
        async with self._db.connect() as conn:
            rules = await store.rules(conn, room_id)
            penalties = await store.penalties(conn, room_id)
            moderators = await store.moderators(conn, room_id)
        followers = await self._follows.followers(room_id)
        ward.fill(rules, penalties, [helper.visitor_id for helper in moderators], followers)
        return ward

    async def check_note(self, room_id: str, visitor_id: str, text: str) -> None:
        """Raise when this person may not say this on a share of the room. What the chat forbids is
        forbidden here, links always: a friend would trust them."""
        async with self._db.connect() as conn:
            rules = await store.rules(conn, room_id)
            penalties = await store.penalties(conn, room_id)
            moderators = [one.visitor_id for one in await store.moderators(conn, room_id)]
        rules = msgspec.structs.replace(rules, closed=False, followers=False, links=False, slow_s=0)
        ward = Ward(rules, penalties=penalties, moderators=moderators)
        now = self._clock.now()
        ward.check_line(visitor_id, text, now=now, monotonic=self._clock.monotonic())

    # ── rules, pinned message ────────────────────────────────────────────────────────────────

    async def rules(self, room_id: str) -> ChatRules:
        async with self._db.connect() as conn:
            return await store.rules(conn, room_id)

    async def change_rules(self, room_id: str, change: RulesChange, *, by: Moderator) -> ChatRules:
        values = change.cleaned()
        noted = {name: value for name, value in values.items() if name != "words"}
        if "words" in values:
            noted["words"] = len(change.words or ())
        return await self._write_rules(room_id, values, by=by, action="chat.rules", noted=noted)

    async def pin_message(self, room_id: str, text: str | None, *, by: Moderator) -> ChatRules:
        """Put a message above the chat for everybody; None takes it away."""
        words = clean_text(text, field="text", chars_max=PINNED_CHARS_MAX) if text else None
        values = {
            "pinned_text": words,
            "pinned_by": by.name if words else None,
            "pinned_at": self._clock.now() if words else None,
        }
        action = "chat.pin" if words else "chat.unpin"
        noted = {"text": words} if words else {}
        return await self._write_rules(room_id, values, by=by, action=action, noted=noted)

    async def _write_rules(
        self,
        room_id: str,
        values: Mapping[str, object],
        *,
        by: Moderator,
        action: str,
        noted: Mapping[str, object],
    ) -> ChatRules:
        async with self._act(room_id, by, action, noted) as tx:
            rules = await store.write_rules(tx.conn, room_id, self._shop_id, values)
        self._tell_ward(room_id, WardChange(rules=rules))
        self._bus.publish(f"room.{room_id}.state", msgspec.json.encode(rules.shown()))
        return rules

    # ── people ───────────────────────────────────────────────────────────────────────────────

    async def penalize(
        self,
        room_id: str,
        visitor_id: str,
        *,
        name: str,
        kind: PenaltyKind,
        minutes: int | None,
        by: Moderator,
    ) -> Penalty:
        """Mute for some minutes, or ban; the newest word counts. Raises `OneOfUs`."""
        name = check_name(name)
        noted: dict[str, object] = {"visitor": check_visitor_id(visitor_id), "name": name}
        if minutes is not None:
            noted["minutes"] = minutes
        async with self._act(room_id, by, f"chat.{kind}", noted) as tx:
            helpers = await store.moderators(tx.conn, room_id)
            if visitor_id in {helper.visitor_id for helper in helpers}:
                raise OneOfUs
            penalty = await store.penalize(
                tx.conn,
                room_id,
                self._shop_id,
                visitor_id=visitor_id,
                name=name,
                kind=kind,
                minutes=minutes,
                by=by.name,
            )
        self._tell_ward(room_id, WardChange(hold=penalty))
        word = "chat_banned" if kind == "ban" else "chat_muted"
        self._tell_person(visitor_id, type=word, room=room_id, until=penalty.until)
        return penalty

    async def pardon(self, room_id: str, visitor_id: str, *, by: Moderator) -> None:
        async with self._act(room_id, by, "chat.pardon", {"visitor": visitor_id}) as tx:
            if await store.pardon(tx.conn, room_id, visitor_id) is None:
                raise PenaltyNotFound
        self._tell_ward(room_id, WardChange(release=visitor_id))
        self._tell_person(visitor_id, type="chat_freed", room=room_id)

    async def penalties(self, room_id: str) -> list[Penalty]:
        async with self._db.connect() as conn:
            return await store.penalties(conn, room_id)

    async def appoint(self, room_id: str, visitor_id: str, *, name: str, by: Moderator) -> None:
        """Entrust the room's chat to a visitor."""
        name = check_name(name)
        noted = {"visitor": check_visitor_id(visitor_id), "name": name}
        async with self._act(room_id, by, "chat.appoint", noted) as tx:
            made = await store.appoint(
                tx.conn, room_id, self._shop_id, visitor_id=visitor_id, name=name, by=by.name
            )
            if not made:
                raise TooManyModerators
            await store.pardon(tx.conn, room_id, visitor_id)
        self._tell_ward(room_id, WardChange(appoint=visitor_id, release=visitor_id))
        self._tell_person(visitor_id, type="moderator", room=room_id, on=True)

    async def dismiss(self, room_id: str, visitor_id: str, *, by: Moderator) -> None:
        async with self._act(room_id, by, "chat.dismiss", {"visitor": visitor_id}) as tx:
            if await store.dismiss(tx.conn, room_id, visitor_id) is None:
                raise ModeratorNotFound
        self._tell_ward(room_id, WardChange(dismiss=visitor_id))
        self._tell_person(visitor_id, type="moderator", room=room_id, on=False)

    async def moderators(self, room_id: str) -> list[Helper]:
        async with self._db.connect() as conn:
            return await store.moderators(conn, room_id)

    async def moderator(self, room_id: str, visitor_id: str) -> Moderator | None:
        """The visitor as this room's moderator; None when they are not."""
        for helper in await self.moderators(room_id):
            if helper.visitor_id == visitor_id:
                return Moderator(id=visitor_id, name=helper.name, shop_id=self._shop_id)
        return None

    # ── reports ──────────────────────────────────────────────────────────────────────────────

    async def report(
        self, room_id: str, line_id: str | None, *, visitor_id: str, reason: str, note: str
    ) -> bool:
        """Note what a viewer said about a line, or about the room; False: no such line here."""
        self._count_report(visitor_id)
        values = {
            "id": new_id("rp"),
            "room_id": room_id,
            "line_id": line_id,
            "visitor_id": visitor_id,
            "reason": reason,
            "note": clean_text(note, field="note", chars_max=NOTE_CHARS_MAX, empty=True),
        }
        async with self._db.begin() as tx:
            return await store.write_report(tx.conn, self._shop_id, values)

    def _count_report(self, visitor_id: str) -> None:
        now = self._clock.monotonic()
        if len(self._reported) >= REPORTERS_MAX:
            self._reported.clear()
        recent = [t for t in self._reported.get(visitor_id, ()) if now - t < REPORTS_WINDOW_S]
        if len(recent) >= REPORTS_BURST:
            raise TooManyReports(retry_after_s=int(recent[0] + REPORTS_WINDOW_S - now) + 1)
        self._reported[visitor_id] = [*recent, now]

    async def reports(self, room_id: str) -> list[Report]:
        async with self._db.connect() as conn:
            return await store.open_reports(conn, room_id, self._shop_id, limit=REPORTS_SHOWN)

    async def close_report(self, room_id: str, report_id: str, *, by: Moderator) -> None:
        async with self._act(room_id, by, "chat.report_closed", {"report": report_id}) as tx:
            closed = await store.close_report(
                tx.conn, room_id, self._shop_id, report_id, by=by.name
            )
            if not closed:
                raise ReportNotFound

    # ── blocks: what one person does not want to read ────────────────────────────────────────

    async def block(self, visitor_id: str, blocked_id: str, *, name: str) -> None:
        check_visitor_id(blocked_id)
        async with self._db.begin() as tx:
            shown = check_name(name)
            if not await store.block(tx.conn, self._shop_id, visitor_id, blocked_id, shown):
                raise TooManyBlocks

    async def unblock(self, visitor_id: str, blocked_id: str) -> None:
        async with self._db.begin() as tx:
            await store.unblock(tx.conn, visitor_id, blocked_id)

    async def blocked(self, visitor_id: str) -> list[Blocked]:
        async with self._db.connect() as conn:
            return await store.blocked(conn, visitor_id)

    # ── telling ──────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _act(
        self, room_id: str, by: Moderator, action: str, noted: Mapping[str, object]
    ) -> AsyncIterator[Tx]:
        """One act of a moderator: the room held, what is done, its line in the audit trail."""
        async with self._db.begin() as tx:
            if not await store.lock_room(tx.conn, room_id, self._shop_id):
                raise RoomNotFound
            yield tx
            await audit(
                tx, staff=by, action=action, subject=room_id, detail={**noted, "by": by.name}
            )

    async def tell_of(self, room_id: str, visitor_id: str) -> None:
        """Tell a room what holds for somebody who is known under another name than before."""
        async with self._db.connect() as conn:
            penalties = await store.penalties(conn, room_id)
            moderators = await store.moderators(conn, room_id)
        for hold in penalties:
            if hold.visitor_id == visitor_id:
                self._tell_ward(room_id, WardChange(hold=hold))
        if visitor_id in {one.visitor_id for one in moderators}:
            self._tell_ward(room_id, WardChange(appoint=visitor_id))

    def _tell_ward(self, room_id: str, change: WardChange) -> None:
        self._bus.publish(f"room.{room_id}.ward", msgspec.json.encode(change))

    def _tell_person(self, visitor_id: str, **message: object) -> None:
        self._bus.publish(f"me.{visitor_id}", msgspec.json.encode(message))
