"""One connection on `/rt`: commands in, replies out, at most so many of everything.

Replies to one message leave as one message. What needs the database (a room nobody has opened yet,
a join) runs as a task and answers by its id; everything else is answered in the same turn.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_id
from yaohe.kernel.wire import TEXT, Timer, WireRequest, WsConnection, ws_frame
from yaohe.live.realtime import protocol as p
from yaohe.live.realtime.model import Bucket, Caller
from yaohe.live.realtime.room import Hall
from yaohe.live.realtime.stream import Cache, Stream

if TYPE_CHECKING:
    from yaohe.live.realtime.hub import Hub

PING_S: Final = 25
PONG_S_MAX: Final = 10
CONNECT_S_MAX: Final = 15
CHANNELS_MAX: Final = 16
COMMANDS_BURST: Final = 60
COMMANDS_PER_S: Final = 20
PROBLEMS_MAX: Final = 200
UNSENT_BYTES_MAX: Final = 1 << 20
VERSION: Final = "yaohe"

PING_FRAME: Final = ws_frame(TEXT, b"{}")


class Client:
    """A `WsListener` that speaks the protocol for one person."""

    __slots__ = (
        "_bucket",
        "_channels",
        "_connected",
        "_given",
        "_heard",
        "_hub",
        "_out",
        "_pending",
        "_playing",
        "_problems",
        "_room",
        "_timer",
        "caller",
        "connection",
        "request",
        "ticket",
        "write_high",
    )

    def __init__(self, hub: Hub, caller: Caller, request: WireRequest) -> None:
        self._hub, self.caller, self.request = hub, caller, request
        self.ticket: str | None = None
        self.connection: WsConnection | None = None
        self.write_high = UNSENT_BYTES_MAX
        self._channels: dict[str, Stream | Cache] = {}
        self._given: set[str] = set()  # channels the server subscribed
        self._room: Hall | None = None
        self._playing = False
        self._pending: list[p.Command] | None = None  # while the first answer is being made
        self._connected = False
        self._heard = False
        self._problems = 0
        self._out: list[bytes] | None = None
        self._bucket = Bucket(COMMANDS_BURST, hub.clock.monotonic())
        self._timer: Timer | None = None

    # ── what the wire calls ──────────────────────────────────────────────────────────────────

    def opened(self, connection: WsConnection) -> None:
        self.connection = connection
        self._timer = self._hub.wheel.after(CONNECT_S_MAX, self._stale)
        if not self._hub.people.enter(self):
            self.leave(*p.LEAVE_CONNECTION_LIMIT)

    def received(self, payload: bytes) -> None:
        self._heard = True
        self._out = []
        end: p.Leave | None = None
        try:
            for command in p.read_commands(payload):
                self._handle(command)
        except p.Leave as leave:
            end = leave
        out, self._out = self._out, None
        if out:
            self._write(b"\n".join(out))
        if end is not None:
            self.leave(end.code, end.reason)

    def clogged(self, *, is_clogged: bool) -> None:
        if is_clogged:
            self.leave(*p.LEAVE_SLOW)

    def drain(self) -> None:
        self.leave(*p.LEAVE_SHUTDOWN)

    def closed(self) -> None:
        self._stop_timer()
        for channel in list(self._channels):
            self.unsubscribe(channel)
        self._enter(None)
        self._hub.people.left(self)
        self.connection = None

    # ── sending ──────────────────────────────────────────────────────────────────────────────

    def send(self, message: bytes) -> None:
        """One reply or push; collected while a message is being answered."""
        if self._out is not None:
            self._out.append(message)
        else:
            self._write(message)

    def send_if_connected(self, message: bytes) -> None:
        """A push of the visitor's own channel, which exists once the protocol has begun."""
        if self._connected and self._pending is None:
            self.send(message)

    def _write(self, message: bytes) -> None:
        if self.connection is not None:
            self.connection.write(ws_frame(TEXT, message))

    def leave(self, code: int, reason: str) -> None:
        self._stop_timer()
        if self.connection is not None:
            self.connection.close(code, reason)

    def refuse(self, command_id: int, problem: p.Problem) -> None:
        self._problems += 1
        if self._problems > PROBLEMS_MAX:
            raise p.Leave(*p.LEAVE_TOO_MANY_ERRORS)
        self.send(p.error_reply(command_id, problem))

    # ── being there ──────────────────────────────────────────────────────────────────────────

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stale(self) -> None:
        self.leave(*p.LEAVE_STALE)

    def _ping(self) -> None:
        self._heard = False
        if self.connection is not None:
            self.connection.write(PING_FRAME)
        self._timer = self._hub.wheel.after(PONG_S_MAX, self._check_pong)

    def _check_pong(self) -> None:
        if not self._heard:
            self.leave(*p.LEAVE_NO_PONG)
            return
        self._timer = self._hub.wheel.after(PING_S - PONG_S_MAX - 2, self._ping)

    def is_in(self, room_id: str) -> bool:
        rooms = {p.room_of(name) for name in self._channels}
        return room_id in rooms or (self._room is not None and self._room.id == room_id)

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    def _handle(self, command: p.Command) -> None:
        if command.is_pong:
            return
        if command.id == 0 or self._connected == (command.connect is not None):
            raise p.Leave(*p.LEAVE_BAD_REQUEST)
        if self._pending is not None:
            self._hold(self._pending, command)
            return
        now = self._hub.clock.monotonic()
        try:
            if not self._bucket.take(1, burst=COMMANDS_BURST, per_second=COMMANDS_PER_S, now=now):
                raise p.Problem(*p.TOO_MANY, temporary=True)
            self._answer(command)
        except p.Problem as problem:
            self.refuse(command.id, problem)

    @staticmethod
    def _hold(pending: list[p.Command], command: p.Command) -> None:
        """What comes before the first answer waits for it, so that answers keep their order."""
        if len(pending) >= p.COMMANDS_PER_MESSAGE_MAX:
            raise p.Leave(*p.LEAVE_BAD_REQUEST)
        pending.append(command)

    def _answer(self, command: p.Command) -> None:
        if command.connect is not None:
            self._begin(command.id, command.connect)
        elif command.subscribe is not None:
            self._subscribe(command.id, command.subscribe)
        elif command.unsubscribe is not None:
            self.unsubscribe(command.unsubscribe.channel)
            self.send(p.reply(command.id, "unsubscribe", {}))
        elif command.publish is not None:
            self._publish(command.id, command.publish)
        elif command.rpc is not None:
            self._call(command.id, command.rpc)
        elif command.presence_stats is not None:
            self._count(command.id, command.presence_stats.channel)
        elif command.ping is not None:
            self.send(p.reply(command.id, "ping", {}))
        else:
            raise p.Problem(*p.NOT_AVAILABLE)

    def _begin(self, command_id: int, wish: p.Connect) -> None:
        """The first answer. With a room in it, it holds all a page needs: the room's state, the
        last lines, the person, and both channels subscribed. One round trip."""
        self._connected = True
        join = p.read_data(wish.data, p.JoinRequest | None)
        if join is None:
            self._greet(command_id, {}, {})
            return
        self._pending = []
        try:
            self._hub.run_later(self, command_id, self._connect(command_id, join, wish.subs))
        except p.Problem:
            self._connected, self._pending = False, None
            raise

    async def _connect(
        self, command_id: int, join: p.JoinRequest, subs: dict[str, p.Position]
    ) -> None:
        try:
            hall = await self._opened(join)
            room = await self._hub.welcome(hall, self.caller, join.token or None, self.request)
            if self.connection is None:
                return
            self._enter(hall, playing=join.playing)
            given = {
                channel.channel: self._attach(channel, subs.get(channel.channel, p.Position()))
                for channel in (hall.chat, hall.state)
            }
            self._given.update(given)
            self._greet(command_id, {"room": room}, given)
        except BaseException:
            self._connected = False
            raise

    def go_on(self) -> None:
        """A command is answered: what waited behind the first one has its turn."""
        held, self._pending = (self._pending or []) if self.connection else [], None
        for command in held:
            if self._connected:
                self._handle(command)
            else:
                # Temporary: what a client asked for beside its connect is asked for with the next.
                self.refuse(command.id, p.Problem(*p.PERMISSION_DENIED, temporary=True))

    async def _opened(self, join: p.JoinRequest) -> Hall:
        """The room somebody wants to join, if there is one and they may."""
        self.ticket = join.ticket or self.ticket
        self._hub.people.admit(join.room, self)
        return await self._hall(join.room)

    async def _hall(self, room_id: str) -> Hall:
        hall = await self._hub.opened(room_id)
        if hall is None:
            raise p.Problem(*p.UNKNOWN_CHANNEL)
        return hall

    def _greet(self, command_id: int, room: dict[str, Any], given: dict[str, Any]) -> None:
        """With who they are, and our time: pages count from moments of our clock."""
        data = {"visitor": self.caller.visitor, "now": self._hub.clock.now(), **room}
        subs = {f"me:{self.caller.id}": {}, **given}
        answer = {"client": new_id("rt"), "version": VERSION, "ping": PING_S, "pong": True}
        self.send(p.reply(command_id, "connect", {**answer, "data": data, "subs": subs}))
        self._stop_timer()
        # Spread, so that those who came at once are not pinged at once.
        self._timer = self._hub.wheel.after(random.uniform(PING_S / 2, PING_S - 2), self._ping)

    def _subscribe(self, command_id: int, wish: p.Subscribe) -> None:
        name = wish.channel
        if self._listens(name) or name == f"me:{self.caller.id}":
            raise p.Problem(*p.ALREADY_SUBSCRIBED)
        if name.startswith("me:"):
            raise p.Problem(*p.PERMISSION_DENIED)
        if len(self._channels) >= CHANNELS_MAX:
            raise p.Problem(*p.LIMIT_EXCEEDED)
        if (hall := self._hub.hall(p.room_of(name))) is not None:
            self._listen(command_id, wish, hall)
            return

        async def later() -> None:
            opened = await self._hall(p.room_of(name))
            if self._listens(name):
                raise p.Problem(*p.ALREADY_SUBSCRIBED)
            if self.connection is not None:
                self._listen(command_id, wish, opened)

        self._hub.run_later(self, command_id, later())

    def _listens(self, name: str) -> bool:
        """A channel whose count began anew has sent its listeners away to ask again."""
        channel = self._channels.get(name)
        return channel is not None and self in channel.listeners.members

    def _listen(self, command_id: int, wish: p.Subscribe, hall: Hall) -> None:
        self._hub.people.admit(hall.id, self)
        channel = hall.chat if wish.channel == hall.chat.channel else hall.state
        self.send(p.reply(command_id, "subscribe", self._attach(channel, wish)))

    def _attach(self, channel: Stream | Cache, wish: p.Position) -> dict[str, Any]:
        """Listen from now on; the answer says where the listener stands."""
        assert self.connection is not None
        answer = channel.stand(wish)
        channel.listeners.members[self] = self.connection
        self._channels[channel.channel] = channel
        return answer | {"recoverable": True, "positioned": True}

    def lost(self, channel: str) -> None:
        """A channel's count began anew. Who subscribed asks again; for those the server
        subscribed, only connecting again does that."""
        if channel in self._given:
            self.leave(*p.LEAVE_INSUFFICIENT)
        else:
            self.send(p.unsubscribe_push(channel))

    def unsubscribe(self, name: str) -> None:
        self._given.discard(name)
        if (channel := self._channels.pop(name, None)) is not None:
            channel.listeners.members.pop(self, None)

    def _publish(self, command_id: int, wish: p.Publish) -> None:
        channel = self._channels.get(wish.channel)
        if not isinstance(channel, Stream):
            raise p.Problem(*p.PERMISSION_DENIED)
        said = p.read_data(wish.data, p.SayRequest)
        hall = self._hub.hall(p.room_of(wish.channel))
        assert hall is not None, "a channel one listens to belongs to an open room"
        try:
            self._hub.speech.say(hall, self.caller, said)
        except AppError as error:
            raise p.refusal(error) from None
        self.send(p.reply(command_id, "publish", {}))

    def _call(self, command_id: int, wish: p.Rpc) -> None:
        if wish.method == "like":
            self._like(command_id, p.read_data(wish.data, p.LikeRequest))
        elif wish.method == "join":
            join = p.read_data(wish.data, p.JoinRequest)
            self._hub.run_later(self, command_id, self._join(command_id, join))
        elif wish.method == "watch":
            self._watch(command_id, p.read_data(wish.data, p.WatchRequest))
        else:
            raise p.Problem(*p.METHOD_NOT_FOUND)

    def _like(self, command_id: int, like: p.LikeRequest) -> None:
        hall = self._hub.hall(like.room)
        if hall is None or not (hall is self._room or hall.state.channel in self._channels):
            raise p.Problem(*p.PERMISSION_DENIED)
        try:
            counted = self._hub.speech.like(hall, self.caller, like.n)
        except AppError as error:
            raise p.refusal(error) from None
        self.send(p.reply(command_id, "rpc", {"data": {"counted": counted}}))

    def _watch(self, command_id: int, watch: p.WatchRequest) -> None:
        """The room came into sight or out of it, or its video began or stopped."""
        if self._room is None or self._room.id != watch.room:
            raise p.Problem(*p.PERMISSION_DENIED)
        self._enter(self._room, playing=watch.playing)
        self.send(p.reply(command_id, "rpc", {"data": {}}))

    async def _join(self, command_id: int, join: p.JoinRequest) -> None:
        hall = await self._opened(join)
        if self.connection is None:
            return
        self._enter(hall, playing=join.playing)
        answer = await self._hub.welcome(hall, self.caller, join.token or None, self.request)
        self.send(p.reply(command_id, "rpc", {"data": answer}))

    def _enter(self, hall: Hall | None, *, playing: bool = False) -> None:
        """One room at a time, if it was not closed meanwhile. Only who sees it play is a viewer."""
        if hall is not None:
            self._hub.people.admit(hall.id, self)
        was = self._room if self._playing else None
        now = hall if playing else None
        self._room, self._playing = hall, playing
        if was is not now:
            if now is not None:
                now.come(self.caller.id)
            if was is not None:
                was.go(self.caller.id)

    def _count(self, command_id: int, name: str) -> None:
        channel, hall = self._channels.get(name), self._hub.hall(p.room_of(name))
        if channel is None or hall is None:
            raise p.Problem(*p.PERMISSION_DENIED)
        stats = {"num_clients": len(channel.listeners), "num_users": hall.counts.viewers}
        self.send(p.reply(command_id, "presence_stats", stats))
