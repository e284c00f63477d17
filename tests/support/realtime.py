"""A hub on a real socket, with an archive in memory: for tests that need no database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.patience import PATIENCE_S
from tests.support.wire import Peer, dialled, serving

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import Clock, SystemClock
from yaohe.kernel.wire import TimerWheel, WireConfig, WireLimits, WireRequest, WireServer
from yaohe.live.media import MediaOrigin
from yaohe.live.moderation import Moderator, Ward
from yaohe.live.realtime import Archive, Caller, ChatLine, ChatLineNotFound, Hub
from yaohe.live.realtime.archive import Past

TEXT, CLOSE = 0x1, 0x8


class Shoebox(Archive):
    """Keeps lines in a list."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, ChatLine]] = []
        self.hidden: set[str] = set()
        self.likes: dict[str, int] = {}

    def keep(self, room_id: str, line: ChatLine) -> None:
        self.lines.append((room_id, line))

    def note(self, room_id: str, *, likes: int, peak: int) -> None:
        self.likes[room_id] = likes

    async def past(self, room_id: str) -> Past:
        await asyncio.sleep(0)
        kept = [x for r, x in self.lines if r == room_id and x.id not in self.hidden]
        lines = [json.dumps(_plain(x), separators=(",", ":")).encode() for x in kept[-300:]]
        return Past(lines, self.likes.get(room_id, 0))

    async def flush(self) -> None:
        return

    async def hide_person(self, room_id: str, visitor_id: str, *, by: Moderator) -> None:
        self.hidden |= {line.id for _, line in self.lines if line.v == visitor_id}

    async def hide(self, room_id: str, line_id: str, *, by: Moderator) -> None:
        if all(line.id != line_id for _, line in self.lines):
            raise ChatLineNotFound
        self.hidden.add(line_id)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        return


def _plain(line: ChatLine) -> dict[str, Any]:
    names = ("id", "name", "text", "kind", "at", "v")
    return {name: getattr(line, name) for name in names if getattr(line, name) is not None}


@dataclass
class Stage:
    hub: Hub
    server: WireServer
    bus: MemoryBus
    archive: Shoebox
    wards: dict[str, Ward]
    joined: list[Any] = field(default_factory=list)
    took_part: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/rt"


def caller_of(request: WireRequest) -> Caller:
    known = request.cookies.get("yh_v")
    if known:
        return Caller(f"v_{known}", f"name of {known}")
    return Caller("v_new", "new", "yh_v=new; Path=/")


async def facts(room_id: str) -> dict[str, Any] | None:
    await asyncio.sleep(0)
    if room_id == "broken":
        raise RuntimeError("no database")
    return {"status": "live", "pinned": None} if room_id in {"tea", "cup"} else None


async def goods(room_id: str) -> dict[str, Any]:
    return {}


async def person(ward: Ward, caller: Caller, request: WireRequest) -> dict[str, Any]:
    return {"moderator": caller.id in ward.moderators}


@asynccontextmanager
async def realtime(
    *,
    archive: Shoebox | None = None,
    clock: Clock | None = None,
    connections: int = 2_000,
    origin: MediaOrigin | None = None,
) -> AsyncIterator[Stage]:
    bus, wheel = MemoryBus(), TimerWheel(tick_s=0.1)
    kept = archive or Shoebox()
    wards = {room: Ward() for room in ("tea", "cup")}

    async def ward(room_id: str) -> Ward:
        return wards[room_id]

    hub = Hub(
        bus, clock or SystemClock(), kept, wheel, facts=facts, goods=goods, caller=caller_of,
        wards=ward, person=person, origin=origin,
    )  # fmt: skip
    limits = WireLimits(connections_per_address_max=connections)
    config = WireConfig(lifespan="off", websockets={"/rt": hub.accept}, wheel=wheel, limits=limits)
    async with serving(config) as server:
        stage = Stage(hub, server, bus, kept, wards)

        async def joined(news: Any) -> None:
            stage.joined.append(news)

        async def took_part(room_id: str, visitor_id: str) -> None:
            stage.took_part.append((room_id, visitor_id))

        hub.on_joined.append(joined)
        hub.on_interaction.append(took_part)
        try:
            yield stage
        finally:
            await hub.close()


class Talker:
    """A raw client of the protocol: every line it hears stays in `heard`."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.heard: list[dict[str, Any]] = []
        self.messages = 0
        self.closed: tuple[int, str] | None = None
        self._number = 0

    def command(self, **fields: Any) -> int:
        self._number += 1
        self.raw(json.dumps({"id": self._number, **fields}))
        return self._number

    def raw(self, text: str | bytes) -> None:
        self.peer.send_frame(TEXT, text.encode() if isinstance(text, str) else text)

    async def read(self) -> None:
        """Take one message, or note the close."""
        opcode, payload = await self.peer.frame()
        if opcode == CLOSE:
            self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
            return
        self.messages += 1
        for line in payload.split(b"\n"):
            self.heard.append(json.loads(line))

    async def until(self, true: Callable[[dict[str, Any]], bool], *, s: float = PATIENCE_S) -> Any:
        """The first line, past or to come, that is meant."""
        async with asyncio.timeout(s):
            while True:
                for line in self.heard:
                    if true(line):
                        return line
                assert self.closed is None, self.closed
                await self.read()

    async def ask(self, **fields: Any) -> dict[str, Any]:
        """Send a command and get its whole reply."""
        number = self.command(**fields)
        found: dict[str, Any] = await self.until(lambda line: line.get("id") == number)
        return found

    async def pub(self, true: Callable[[Any], bool]) -> Any:
        """The data of a publication that is meant."""

        def meant(line: dict[str, Any]) -> bool:
            pub = line.get("push", {}).get("pub")
            return pub is not None and true(pub["data"])

        return (await self.until(meant))["push"]["pub"]["data"]

    async def ended(self) -> tuple[int, str]:
        async with asyncio.timeout(PATIENCE_S):
            while self.closed is None:
                await self.read()
        return self.closed


@asynccontextmanager
async def talking(
    stage: Stage, who: str = "ann", *rooms: str, connect: bool = True
) -> AsyncIterator[Talker]:
    """A connected client, subscribed to the chat and state of `rooms`."""
    async with dialled(stage.server) as peer:
        status, _ = await peer.upgrade("/rt", f"Cookie: yh_v={who}")
        assert status == 101
        talker = Talker(peer)
        if connect:
            await talker.ask(connect={})
        for room in rooms:
            await talker.ask(subscribe={"channel": f"room:{room}:chat"})
            await talker.ask(subscribe={"channel": f"room:{room}:state"})
        yield talker
