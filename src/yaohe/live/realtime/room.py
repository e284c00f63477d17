"""One room's realtime: the owner's desk numbers what happens, every process' hall passes it on.

Between the two lies only the bus, so that with several processes the same code runs: everybody's
words go to the owner as `room.<id>.say|like|present`, and come back as `room.<id>.chat|shown`.
Contexts tell the owner what changed by `room.<id>.state`, a JSON object of the changed fields, and
by `room.<id>.goods` that prices, stock or coupons are no longer what they were: the owner reads
them itself, so that a thousand orders are a few readings and the last of them is always seen.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
import structlog

from yaohe.kernel.bus import Bus, Subscription
from yaohe.kernel.clock import Clock
from yaohe.kernel.ids import new_token
from yaohe.live.moderation import Ward
from yaohe.live.realtime.model import ChatLine, RoomCounts, State
from yaohe.live.realtime.pace import Again, Later
from yaohe.live.realtime.stream import Cache, Stream

BATCH_S: Final = 0.05
STATE_EVERY_S: Final = 0.25
PRESENT_EVERY_S: Final = 10.0
EDGE_FORGOTTEN_S: Final = 30.0
WAITING_LINES_MAX: Final = 2_000
TAIL_MAX: Final = 60
LIKES_PER_SIGNAL_MAX: Final = 10_000

# In a full room lines wait for each other a little longer, so that a room costs at most so many
# writes a second. A line after a silence leaves at once in any room.
BATCH_S_MAX: Final = 0.25
WRITES_PER_S: Final = 6_000

log = structlog.get_logger(__name__)

_encode = msgspec.json.encode
_HIDE: Final = re.compile(rb'\{"kind":"hide","(id|v)":"([A-Za-z0-9_-]{1,40})"\}\Z')


class Numbered(msgspec.Struct):
    """Lines the owner numbered: `room.<id>.chat`."""

    epoch: str
    first: int
    items: list[msgspec.Raw]


class Shown(msgspec.Struct):
    """The whole state after a change: `room.<id>.shown`."""

    epoch: str
    version: int
    state: msgspec.Raw


class Present(msgspec.Struct):
    """How many visitors of a room one process serves: `room.<id>.present`."""

    edge: str
    n: int


_numbered = msgspec.json.Decoder(Numbered)
_shown = msgspec.json.Decoder(Shown)
_present = msgspec.json.Decoder(Present)
_state = msgspec.json.Decoder(dict[str, Any])


def changes(before: State, after: State) -> State:
    """The fields of `after` that differ, inside of objects as well."""
    found: State = {}
    for name, value in after.items():
        known = before.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            if inner := changes(known, value):
                found[name] = inner
        elif value != known or name not in before:
            found[name] = value
    return found


def hide_note(*, line: str | None = None, writer: str | None = None) -> bytes:
    """Takes away one line, or everything one person wrote."""
    key, value = ("id", line) if line else ("v", writer or "")
    return b'{"kind":"hide","%b":"%b"}' % (key.encode(), value.encode())


class Desk:
    """The owner's side: epoch and offsets, likes, viewers of all processes, the merged state.
    `goods` reads what the room sells and gives right now, as fields of the state; `media_at` is
    where the video stands, so that a viewer who is behind sees a change when the host says it."""

    def __init__(
        self,
        room_id: str,
        bus: Bus,
        clock: Clock,
        *,
        state: State,
        likes: int,
        listeners: Callable[[], int],
        goods: Callable[[], Awaitable[State]],
        media_at: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._id, self._bus, self._clock, self._listeners = room_id, bus, clock, listeners
        self._goods, self._media_at = goods, media_at
        self.epoch = new_token()
        self.state: State = {"viewers": 0, "likes": likes, **state}
        self.likes = likes
        self.viewers_peak = 0
        self._top = 0
        self._version = 0
        self._waiting: list[bytes] = []
        self._edges: dict[str, tuple[int, float]] = {}
        self._batch = Later(self._number)
        self._show = Later(self._publish_state)
        self._look = Again(self._look_at_goods, every_s=STATE_EVERY_S)
        on = bus.subscribe
        self._subscriptions: list[Subscription] = [
            on(f"room.{room_id}.say", self._said),
            on(f"room.{room_id}.state", self._changed),
            on(f"room.{room_id}.goods", self._goods_changed),
            on(f"room.{room_id}.like", self._liked),
            on(f"room.{room_id}.present", self._counted),
            on(f"room.{room_id}.hello", self._greeted),
        ]

    @property
    def viewers(self) -> int:
        return sum(n for n, _ in self._edges.values())

    def begin(self, tail: Iterable[bytes]) -> None:
        """Number what was said before, so that newcomers have something to read."""
        self._waiting.extend(tail)
        self._number(empty=True)
        self._publish_state()

    def close(self) -> None:
        self._batch.close()
        self._show.close()
        self._look.close()
        for subscription in self._subscriptions:
            subscription.close()

    # ── what comes in

    def _said(self, _: str, payload: bytes) -> None:
        if len(self._waiting) >= WAITING_LINES_MAX:
            return  # late signals are dropped, never queued without bound
        self._waiting.append(payload)
        self._batch.soon(min(BATCH_S_MAX, max(BATCH_S, self._listeners() / WRITES_PER_S)))

    def _changed(self, subject: str, payload: bytes) -> None:
        try:
            self.state.update(_state.decode(payload))
        except msgspec.DecodeError:
            log.warning("state_unreadable", subject=subject)
            return
        self._show.soon(STATE_EVERY_S)

    def _goods_changed(self, _: str, payload: bytes) -> None:
        self._look.soon()

    async def _look_at_goods(self) -> None:
        goods = await self._goods()
        if changes(self.state, goods):
            self.state.update(goods)
            self._show.soon(STATE_EVERY_S)

    def _liked(self, _: str, payload: bytes) -> None:
        if payload.isdigit():
            self.likes += min(int(payload), LIKES_PER_SIGNAL_MAX)
            self._show.soon(STATE_EVERY_S)

    def _counted(self, _: str, payload: bytes) -> None:
        present = _present.decode(payload)
        now = self._clock.monotonic()
        self._edges[present.edge] = (present.n, now)
        for edge, (_n, at) in list(self._edges.items()):
            if now - at > EDGE_FORGOTTEN_S:
                del self._edges[edge]
        self.viewers_peak = max(self.viewers_peak, self.viewers)
        if self.state["viewers"] != self.viewers:
            self._show.soon(STATE_EVERY_S)

    def _greeted(self, _: str, payload: bytes) -> None:
        """Another process opened the room: tell it where the count stands."""
        self._number(empty=True)
        self._publish_state()

    # ── what goes out

    def _number(self, *, empty: bool = False) -> None:
        items, self._waiting = self._waiting, []
        if not items and not empty:
            return
        first = self._top + 1
        self._top += len(items)
        self._bus.publish(
            f"room.{self._id}.chat",
            b'{"epoch":"%b","first":%d,"items":[%b]}'
            % (self.epoch.encode(), first, b",".join(items)),
        )

    def _publish_state(self) -> None:
        self._version += 1
        self.state["likes"], self.state["viewers"] = self.likes, self.viewers
        at = self._media_at()
        if at is not None:
            self.state["media_at"] = at
        self._bus.publish(
            f"room.{self._id}.shown",
            b'{"epoch":"%b","version":%d,"state":%b}'
            % (self.epoch.encode(), self._version, _encode(self.state)),
        )


class Hall:
    """This process' side of a room: who is here, and what they hear."""

    def __init__(self, room_id: str, bus: Bus, edge: str, *, ward: Ward) -> None:
        self.id, self._bus, self._edge, self.ward = room_id, bus, edge, ward
        self.chat = Stream(f"room:{room_id}:chat")
        self.state = Cache(f"room:{room_id}:state")
        self.desk: Desk | None = None
        self.quiet_since = 0.0
        self._here: dict[str, int] = {}
        self._told = 0
        self._tell = Later(self._tell_present)
        self._counts = RoomCounts(0, 0)
        self._last: State = {}
        self._subscriptions: list[Subscription] = [
            bus.subscribe(f"room.{room_id}.chat", self._heard),
            bus.subscribe(f"room.{room_id}.shown", self._saw),
        ]

    def close(self) -> None:
        self._tell.close()
        self.ward.close()
        for subscription in self._subscriptions:
            subscription.close()
        if self.desk is not None:
            self.desk.close()

    @property
    def empty(self) -> bool:
        return not (self._here or self.chat.listeners or self.state.listeners)

    @property
    def counts(self) -> RoomCounts:
        return self._counts

    # ── people

    def come(self, visitor_id: str) -> None:
        self._here[visitor_id] = self._here.get(visitor_id, 0) + 1
        if len(self._here) != self._told:
            self._tell.soon(STATE_EVERY_S)

    def go(self, visitor_id: str) -> None:
        left = self._here.get(visitor_id, 0) - 1
        if left > 0:
            self._here[visitor_id] = left
        else:
            self._here.pop(visitor_id, None)
            self._tell.soon(STATE_EVERY_S)

    def tell_present(self) -> None:
        """Say again how many are here; an owner forgets a process that falls silent."""
        if self._here or self._told:
            self._tell_present()

    def _tell_present(self) -> None:
        self._told = len(self._here)
        payload = b'{"edge":"%b","n":%d}' % (self._edge.encode(), self._told)
        self._bus.publish(f"room.{self.id}.present", payload)

    # ── what they say and hear

    def say(self, line: ChatLine) -> None:
        self._bus.publish(f"room.{self.id}.say", _encode(line))

    def like(self, n: int) -> None:
        self._bus.publish(f"room.{self.id}.like", b"%d" % n)

    def hide(self, note: bytes) -> None:
        self._bus.publish(f"room.{self.id}.say", note)

    def line(self, line_id: str) -> bytes | None:
        """A line that was said lately and is not hidden, as everybody got it."""
        start = b'{"id":"%b",' % line_id.encode(errors="replace")
        return next((data for data in self.chat.data() if data.startswith(start)), None)

    def _heard(self, _: str, payload: bytes) -> None:
        numbered = _numbered.decode(payload)
        items = [bytes(item) for item in numbered.items]
        for item in items:
            if item.startswith(b'{"kind":"hide"'):
                self._forget(item)
        self.chat.receive(numbered.epoch, numbered.first, items)

    def _forget(self, note: bytes) -> None:
        """A hidden line is not told again to those who come later."""
        found = _HIDE.match(note)
        if found is None:
            return
        key, value = found.groups()
        mark = b'"%b":"%b"' % (key, value)
        for data in self.chat.data():
            # A quote inside a text is escaped, so this is the key; an answer's own id comes later.
            if mark in data and (key == b"v" or data.startswith(b"{" + mark)):
                self.chat.replace(data, note)

    def _saw(self, _: str, payload: bytes) -> None:
        """Who listens has heard the rest before: they get what changed. A newcomer gets all."""
        shown = _shown.decode(payload)
        value = bytes(shown.state)
        state = _state.decode(value)
        known = self._last if shown.epoch == self.state.epoch else {}
        changed, self._last = changes(known, state), state
        # That the video went on is no news by itself.
        news = _encode(changed) if changed.keys() - {"media_at"} else None
        self.state.receive(shown.epoch, shown.version, value, news=news)
        self._counts = RoomCounts(int(state.get("viewers", 0)), int(state.get("likes", 0)))

    def tail(self, count: int) -> list[bytes]:
        """The last visible lines, oldest first."""
        lines = [data for data in self.chat.data() if not data.startswith(b'{"kind":"hide"')]
        return lines[-count:] if count > 0 else []
