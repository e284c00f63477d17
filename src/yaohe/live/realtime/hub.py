"""The hub: every connection on `/rt`, every room somebody listens to, and what others tell them.

Opening a room is the only thing here that waits for the database. Chat lines are kept in batches
behind the sending path; when the database is away, people go on talking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog

from yaohe.kernel.bus import Bus
from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_token
from yaohe.kernel.wire import Accepted, Refusal, TimerWheel, WireRequest
from yaohe.live.media import MediaOrigin, PublishEvent
from yaohe.live.moderation import Moderator, Ward
from yaohe.live.realtime import protocol as p
from yaohe.live.realtime.archive import Archive
from yaohe.live.realtime.client import Client
from yaohe.live.realtime.model import (
    NAME_CHARS_MAX,
    TEXT_CHARS_MAX,
    Caller,
    ChatLine,
    Joined,
    RoomCounts,
    State,
    new_line,
    plain,
)
from yaohe.live.realtime.people import Admits, People
from yaohe.live.realtime.room import PRESENT_EVERY_S, Desk, Hall, hide_note
from yaohe.live.realtime.speech import Speech
from yaohe.live.realtime.store import KeptLine

QUIET_S_MAX: Final = 600.0
UNKNOWN_S: Final = 5.0
UNKNOWN_MAX: Final = 10_000
TASKS_MAX: Final = 5_000
# What is told behind the path takes no place of a command, and is left out beyond its own.
TOLD_TASKS_MAX: Final = 5_000
JOIN_TAIL: Final = 30

RoomFacts = Callable[[str], Awaitable[State | None]]
Goods = Callable[[str], Awaitable[State]]
Wards = Callable[[str], Awaitable[Ward]]
Persons = Callable[[Ward, Caller, WireRequest], Awaitable[State]]

log = structlog.get_logger(__name__)


class Hub:
    """Realtime's front.

    `facts(room_id)` is a room's state when it is opened (`status`, `slate`, `live_since`, `pinned`,
    …), or None when there is no such room. `goods(room_id)` is the part of the state that the shop
    changes (products, coupons left): read at the opening and after `goods_changed`. `caller` says
    who connects. `wards` gives a room's rules, `person` what one visitor alone is told when they
    come in (whether they moderate, whom they block). `on_joined` and `on_interaction` are told
    behind the path. `admits(room_id, ticket, request)` says why somebody may not come in.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        archive: Archive,
        wheel: TimerWheel,
        *,
        facts: RoomFacts,
        caller: Callable[[WireRequest], Caller],
        goods: Goods,
        wards: Wards,
        person: Persons,
        origin: MediaOrigin | None = None,
        owns: Callable[[str], Awaitable[bool]] | None = None,
        admits: Admits = lambda _room_id, _ticket, _request: None,
    ) -> None:
        self.bus, self.clock, self.wheel = bus, clock, wheel
        self._archive, self._facts, self._caller, self._goods = archive, facts, caller, goods
        self._wards, self._person = wards, person
        self._owns, self._origin = owns, origin
        self.people = People(admits)
        self.on_joined: list[Callable[[Joined], Coroutine[Any, Any, object]]] = []
        self.on_interaction: list[Callable[[str, str], Coroutine[Any, Any, object]]] = []
        self._edge = new_token()
        self._halls: dict[str, Hall] = {}
        self._opening: dict[str, asyncio.Task[Hall | None]] = {}
        self._unknown: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self.untold = 0
        self.speech = Speech(clock, archive, media_at=self._media_at, took_part=self._took_part)
        self._me = bus.subscribe("me.*", self.people.tell)
        if origin is not None:
            origin.on_event(self._media)

    # ── what others tell the room and its people ─────────────────────────────────────────────

    def say(
        self,
        room_id: str,
        *,
        kind: str,
        name: str,
        text: str,
        name_en: str | None = None,
        text_en: str | None = None,
    ) -> ChatLine:
        """A line of the house: the host's, or that a friend came, an order was paid. Kept."""
        line = new_line(
            kind=kind,
            name=plain(name)[:NAME_CHARS_MAX],
            name_en=plain(name_en)[:NAME_CHARS_MAX] if name_en else None,
            text=plain(text)[:TEXT_CHARS_MAX],
            text_en=plain(text_en)[:TEXT_CHARS_MAX] if text_en else None,
            at=self.clock.now(),
            media_at=self._media_at(room_id),
        )
        self._archive.keep(room_id, line)
        self.bus.publish(f"room.{room_id}.say", msgspec.json.encode(line))
        return line

    def tell(self, visitor_id: str, message: dict[str, object]) -> None:
        """Tell one visitor alone, on all their connections; lost when they are away."""
        self.bus.publish(f"me.{visitor_id}", msgspec.json.encode(message))

    def change(self, room_id: str, **state: object) -> None:
        """Change fields of a room's state (`epoch=12`)."""
        self.bus.publish(f"room.{room_id}.state", msgspec.json.encode(state))

    def goods_changed(self, room_id: str) -> None:
        """Prices, stock or coupons of a room are no longer what they were: whoever is there sees
        within a second what they are now."""
        self.bus.publish(f"room.{room_id}.goods", b"")

    async def hide(self, room_id: str, line_id: str, *, by: Moderator) -> None:
        """Take a line away from everybody; raises `ChatLineNotFound`."""
        await self._archive.hide(room_id, line_id, by=by)
        self.bus.publish(f"room.{room_id}.say", hide_note(line=line_id))

    async def hide_person(self, room_id: str, visitor_id: str, *, by: Moderator) -> None:
        """Take away everything one visitor said in a room."""
        await self._archive.hide_person(room_id, visitor_id, by=by)
        self.unsay(room_id, visitor_id)

    def unsay(self, room_id: str, visitor_id: str) -> None:
        """What one visitor said leaves the room's screens and its memory; what is stored of it is
        not touched."""
        self.bus.publish(f"room.{room_id}.say", hide_note(writer=visitor_id))

    # ── what others ask ──────────────────────────────────────────────────────────────────────

    def room_state(self, room_id: str) -> RoomCounts:
        """Viewers and likes; a room nobody listens to is opened behind the caller's back."""
        hall = self._halls.get(room_id)
        if hall is None:
            self._open(room_id)
            return RoomCounts(0, 0)
        return hall.counts

    def viewers(self, room_id: str) -> int:
        hall = self._halls.get(room_id)
        return hall.counts.viewers if hall is not None else 0

    def tail(self, room_id: str, count: int) -> list[dict[str, Any]]:
        """The last lines of a room, oldest first, as boot data holds them."""
        hall = self._halls.get(room_id)
        return [msgspec.json.decode(line) for line in hall.tail(count)] if hall else []

    async def recent(self, room_id: str, *, limit: int) -> list[KeptLine]:
        """The last lines with the hidden ones, oldest first, for staff."""
        return await self._archive.recent(room_id, limit=limit)

    async def between(
        self, room_id: str, begin: datetime, end: datetime, *, limit: int
    ) -> list[ChatLine]:
        """The visible lines about a stretch of video, oldest first, for a replay."""
        return await self._archive.between(room_id, begin, end, limit=limit)

    async def kept(self) -> None:
        """Wait until every line said so far is stored, for whoever points at one."""
        await self._archive.flush()

    @property
    def connections(self) -> int:
        return len(self.people)

    @property
    def rooms_open(self) -> int:
        return len(self._halls)

    # ── connections ──────────────────────────────────────────────────────────────────────────

    def accept(self, request: WireRequest) -> Accepted | Refusal:
        """The wire's route for `/rt`."""
        caller = self._caller(request)
        headers = (("set-cookie", caller.cookie),) if caller.cookie else ()
        return Accepted(Client(self, caller, request), headers)

    def run_later(self, client: Client, command_id: int, work: Coroutine[Any, Any, None]) -> None:
        """Answer a command from a task; whatever goes wrong becomes an error reply."""
        if len(self._tasks) >= TASKS_MAX:
            work.close()
            raise p.Problem(*p.TOO_MANY, temporary=True)
        self._spawn(self._answer(client, command_id, work), self._tasks)

    @staticmethod
    async def _answer(client: Client, command_id: int, work: Coroutine[Any, Any, None]) -> None:
        try:
            try:
                await work
            except p.Problem as problem:
                client.refuse(command_id, problem)
            except AppError as error:
                code, _ = p.INTERNAL if error.status >= 500 else p.BAD_REQUEST
                temporary = error.status >= 500
                client.refuse(command_id, p.Problem(code, error.code, temporary=temporary))
            except Exception:
                log.exception("command_failed")
                client.refuse(command_id, p.Problem(*p.INTERNAL, temporary=True))
            client.go_on()
        except p.Leave as end:
            client.leave(end.code, end.reason)

    @staticmethod
    def _spawn(work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    # ── rooms ────────────────────────────────────────────────────────────────────────────────

    def hall(self, room_id: str) -> Hall | None:
        """The room, when it is open already."""
        return self._halls.get(room_id)

    async def opened(self, room_id: str) -> Hall | None:
        """The room, opened when it was not; None when there is no such room."""
        hall = self._halls.get(room_id)
        if hall is not None:
            hall.quiet_since = self.clock.monotonic()  # somebody is at the door
            return hall
        task = self._open(room_id)
        return await asyncio.shield(task) if task is not None else None

    def _open(self, room_id: str) -> asyncio.Task[Hall | None] | None:
        until = self._unknown.get(room_id)
        if until is not None and until > self.clock.monotonic():
            return None
        task = self._opening.get(room_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._open_room(room_id))
            self._opening[room_id] = task
            task.add_done_callback(lambda done: self._was_opened(room_id, done))
        return task

    def _was_opened(self, room_id: str, task: asyncio.Task[Hall | None]) -> None:
        self._opening.pop(room_id, None)
        if not task.cancelled() and task.exception() is not None:
            log.warning("room_not_opened", room=room_id, reason=repr(task.exception()))

    async def _open_room(self, room_id: str) -> Hall | None:
        first = await self._facts(room_id)
        if first is None:
            if len(self._unknown) >= UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[room_id] = self.clock.monotonic() + UNKNOWN_S
            return None
        owned = self._owns is None or await self._owns(room_id)
        past = await self._archive.past(room_id)
        ward = await self._wards(room_id)
        state = {**first, **ward.rules.shown(), **await self._goods(room_id)}
        hall = Hall(room_id, self.bus, self._edge, ward=ward)
        hall.quiet_since = self.clock.monotonic()
        self._halls[room_id] = hall
        if owned:
            log_ = self._origin.log(room_id) if self._origin is not None else None
            if log_ is not None and log_.epoch:
                state["epoch"] = log_.epoch
            hall.desk = Desk(
                room_id,
                self.bus,
                self.clock,
                state=state,
                likes=past.likes,
                listeners=lambda: len(hall.chat.listeners),
                goods=lambda: self._goods(room_id),
                media_at=lambda: self._media_at(room_id),
            )
            hall.desk.begin(past.lines)
            # What changed between the first look and our listening would be lost otherwise.
            self.goods_changed(room_id)
            latest = await self._facts(room_id) or first
            if changed := {k: v for k, v in latest.items() if first.get(k) != v}:
                self.change(room_id, **changed)
        else:
            self.bus.publish(f"room.{room_id}.hello", b"{}")
        return hall

    def _media_at(self, room_id: str) -> int | None:
        log_ = self._origin.log(room_id) if self._origin is not None else None
        return log_.program_ms if log_ is not None else None

    def _media(self, event: PublishEvent) -> None:
        """A new epoch of the video: players learn at once that there is something to ask for."""
        if event.kind == "started" and event.room_id is not None and self._origin is not None:
            log_ = self._origin.log(event.room_id)
            if log_ is not None:
                self.change(event.room_id, epoch=log_.epoch)

    # ── what visitors do ─────────────────────────────────────────────────────────────────────

    def _took_part(self, room_id: str, visitor_id: str) -> None:
        for told in self.on_interaction:
            self._tell_later("interaction", told(room_id, visitor_id))

    async def welcome(
        self, hall: Hall, caller: Caller, token: str | None, request: WireRequest
    ) -> dict[str, Any]:
        """What somebody who joined gets: the state, the last lines, themselves."""
        joined = Joined(hall.id, caller.id, token, request)
        for told in self.on_joined if caller.named else ():
            self._tell_later("joined", told(joined))
        return {
            "state": msgspec.Raw(hall.state.value or b"{}"),
            "chat": [msgspec.Raw(line) for line in hall.tail(JOIN_TAIL)],
            "visitor": caller.visitor,
            **await self._person(hall.ward, caller, request),
        }

    def _tell_later(self, what: str, work: Coroutine[Any, Any, object]) -> None:
        if len(self._telling) >= TOLD_TASKS_MAX:
            work.close()
            if self.untold % 1_000 == 0:
                log.error("realtime_listener_behind", what=what, untold=self.untold)
            self.untold += 1
            return

        async def run() -> None:
            try:
                await work
            except AppError as error:
                log.info("realtime_listener_refused", what=what, code=error.code)
            except Exception:
                log.exception("realtime_listener_failed", what=what)

        self._spawn(run(), self._telling)

    # ── housekeeping ─────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Keep lines and counts, forget quiet rooms; flushes what is left when cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._archive.run())
            group.create_task(self._tidy())

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(PRESENT_EVERY_S)
            now = self.clock.monotonic()
            for room_id, hall in list(self._halls.items()):
                hall.tell_present()
                self._note_counts(hall)
                if not hall.empty:
                    hall.quiet_since = now
                elif now - hall.quiet_since > QUIET_S_MAX:
                    hall.close()
                    del self._halls[room_id]

    def _note_counts(self, hall: Hall) -> None:
        if hall.desk is not None:
            self._archive.note(hall.id, likes=hall.desk.likes, peak=hall.desk.viewers_peak)

    async def close(self) -> None:
        """Write what is not written yet and let the rooms go."""
        for task in (*self._tasks, *self._telling, *self._opening.values()):
            task.cancel()
        for hall in self._halls.values():
            self._note_counts(hall)
            hall.close()
        self._me.close()
        await self._archive.close()
