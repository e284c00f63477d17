"""One visitor: a browser, a way of behaving that the seed decides, and what they do.

A deed is one visit to the shop with everything a page would send. Whatever the server acknowledges
is written down in `Told`; a refusal is fine, a 500 never is.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.sim.asgi import SAFARI, Answer, Browser
from tests.sim.told import MARK, ToldHit, ToldShare
from tests.sim.world import Door, World
from tests.support.realtime import Talker
from tests.support.wire import dialled

WECHAT = SAFARI + " MicroMessenger/8.0.49(0x1800312e) NetType/WIFI Language/zh_CN"
DOUYIN = SAFARI + " aweme_29.5.0 BytedanceWebview/d8a21c6"
PLACES = (SAFARI, SAFARI, SAFARI, WECHAT, DOUYIN)
CHANNELS = ("copy_link", "whatsapp", "wechat", "weibo", "x")
BOTS = (
    "WhatsApp/2.24.13.77 A",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "TelegramBot (like TwitterBot)",
    "curl/8.5.0",
)
FAULTS = (
    "delay", "duplicate", "reorder", "early", "bad_signature", "old_timestamp", "wrong_amount",
    "late", "refund_pending", "refund_failed", "refund_closed",
)  # fmt: skip


@dataclass
class Person:
    world: World
    name: str
    rng: random.Random
    browser: Browser
    door: Door
    roams: bool  # comes through another door with every request
    coupons: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)  # by id, with their payment's
    mine: list[str] = field(default_factory=list)
    came_by: list[str] = field(default_factory=list)
    _fetched: int = 0

    @property
    def id(self) -> str:
        return self.browser.visitor_id

    @property
    def is_program(self) -> bool:
        return self.browser.user_agent in BOTS

    async def come(self) -> bool:
        """The first page, until there is one; it makes us somebody."""
        for _ in range(20):
            if self.rng.random() < 0.5:
                await self.open()
            else:
                await self.ask("GET", f"/r/{rng_room(self)}")
            if self.id:
                return True
            await asyncio.sleep(0.05)
        return False

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request, noted in the trace."""
        door = self.rng.choice(self.world.doors) if self.roams else self.door
        what = f"{method} {path}" + ("" if body is None else " " + json.dumps(body))
        try:
            answer = await self.browser.ask(door.system.app, method, path, body, headers=headers)
        except Exception as error:
            self.world.told.broken.append(f"{self.name}: {what} raised {error!r}")
            return Answer(500, {}, b"")
        told = answer.word if method == "GET" or not answer.ok else answer.body.decode()[:200]
        self.world.told.note(f"{self.name} {self.id}", what, told)
        if answer.status >= 500 and answer.status != 503:
            self.world.told.broken.append(f"{self.name}: {what} answered {answer.word}")
        return answer

    async def twice(self, method: str, path: str, body: object = None) -> list[Answer]:
        """A double tap: the same request at the same moment, now and then."""
        times = 2 if self.rng.random() < 0.25 else 1
        return list(await asyncio.gather(*(self.ask(method, path, body) for _ in range(times))))

    # ── sharing ──────────────────────────────────────────────────────────────────────────────

    async def share(self) -> None:
        room, rng = rng_room(self), self.rng
        wish: dict[str, Any] = {"channel": rng.choice(CHANNELS), "prepared": rng.random() < 0.3}
        if rng.random() < 0.3 and self.world.board:
            wish["parent"] = rng.choice(self.world.board)
        answer = await self.ask("POST", f"/api/v1/rooms/{room}/shares", wish)
        if not answer.ok:
            return
        token = answer.json["token"]
        self.mine.append(token)
        self.world.board.append(token)
        shares = self.world.told.shares
        shares[token] = ToldShare(room, self.id, wish["channel"], not wish["prepared"])
        if wish["prepared"] and rng.random() < 0.6:
            channel = rng.choice(CHANNELS)
            path = f"/api/v1/shares/{token}/intend"
            pressed = await self.twice("POST", path, {"channel": channel})
            if any(answer.ok for answer in pressed):
                shares[token] = ToldShare(room, self.id, channel, True)
            elif any(answer.status == 503 for answer in pressed):
                del shares[token]  # whether it was pressed is not known

    async def press_anothers(self) -> None:
        token = rng_token(self)
        if token is None or token in self.mine:
            return
        answer = await self.ask("POST", f"/api/v1/shares/{token}/intend", {"channel": "x"})
        if answer.ok:
            self.world.told.broken.append(f"{self.name} pressed the share {token} of another")

    async def fetch(self, token: str, *, query: str = "", **headers: str) -> bool:
        """Open the link; True when the page came, and with it the promise of a row."""
        self._fetched += 1
        mark = f"{MARK}{self.name}/{self._fetched}"
        hit = self.world.told.hits[mark] = ToldHit(token, self.id, self.is_program)
        answer = await self.ask("GET", f"/s/{token}{query}", referer=mark, **headers)
        hit.acknowledged = answer.status in {200, 404}
        if not hit.is_bot:
            hit.visitor_id = self.id
        return answer.status == 200

    async def beacon(self, token: str) -> bool:
        """Whether the click counts; an answer that says nothing (503) says yes here."""
        answers = await self.twice("POST", "/api/v1/beacon", {"token": token})
        if any(answer.ok and answer.json["counted"] for answer in answers):
            self.world.told.clicks.add((token, self.id))
            return True
        return not any(answer.ok for answer in answers)

    async def open(self) -> str | None:
        """Follow a link, as a page does: fetch, then speak up once it is shown."""
        token = rng_token(self)
        if token is None:
            return None
        query = "?from=timeline" if self.browser.user_agent is WECHAT else ""
        ahead = {"sec-purpose": "prefetch"} if self.rng.random() < 0.1 else {}
        came = await self.fetch(token, query=query, **ahead)
        if came and self.rng.random() < 0.85:
            counted = await self.beacon(token)
            # By another door the hit may still wait in the first door's spool.
            if not (counted or self.roams or self.is_program or token in self.mine):
                self.world.told.broken.append(f"{self.id} opened {token} and was not counted")
        if token not in self.mine:
            self.came_by.append(token)
        return token

    async def visit(self) -> None:
        """What sharing is about: open a friend's link, watch, and help perhaps."""
        token = await self.open()
        if token is not None and token not in self.mine:
            await self.watch(token)
            if self.rng.random() < 0.8:
                await self.help(token)

    async def claim_a_click(self) -> None:
        """A beacon for a link that was perhaps never opened proves nothing."""
        token = rng_token(self)
        if token is not None:
            await self.beacon(token)

    async def typo(self) -> None:
        await self.fetch(self.rng.choice(("0000000000", "nothing", "%E8%8C%B6")))

    # ── being there ──────────────────────────────────────────────────────────────────────────

    async def join(self) -> None:
        """Enter a room by realtime, with the link that led there; perhaps like something."""
        token = self.rng.choice([*self.came_by, rng_token(self) or ""]) if self.came_by else ""
        told = self.world.told
        share = told.shares.get(token)
        room = share.room_id if share is not None else rng_room(self)
        if share is not None and self.rng.random() < 0.2:
            room = rng_room(self)  # the link of another room leads nowhere here
        if share is not None and share.room_id == room and not self.is_program:
            told.joins.add((token, self.id))
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        async with dialled(self.door.server) as peer:
            head = [f"Cookie: {cookies}", f"User-Agent: {self.browser.user_agent}"]
            await peer.upgrade("/rt", *head)
            talker = Talker(peer)
            try:
                await talker.ask(connect={})
                data = {"room": room, "token": token}
                answer = await talker.ask(rpc={"method": "join", "data": data})
                word = "error" if "error" in answer else "joined"
                told.note(f"{self.name} {self.id}", f"join {room} by {token!r}", word)
                if self.rng.random() < 0.3:
                    await talker.ask(rpc={"method": "like", "data": {"room": room, "n": 2}})
                    told.note(f"{self.name} {self.id}", f"like {room}", "sent")
            except (AssertionError, asyncio.IncompleteReadError, TimeoutError) as error:
                told.note(f"{self.name} {self.id}", f"join {room}", repr(error))

    async def watch(self, token: str | None = None) -> None:
        """Ticks as the page sends them, for a while, by a link or without."""
        if token is None:
            token = self.rng.choice([*self.came_by[-2:], *self.mine[-1:], None])
        share = self.world.told.shares.get(token or "")
        room = share.room_id if share is not None else rng_room(self)
        for _ in range(self.rng.choice((1, 3, 4, 5, 7))):
            tick = {"room": room, "token": token, "visible": self.rng.random() < 0.95}
            await self.twice("POST", "/api/v1/watch", tick)
            await self.world.pass_time(self.rng.choice((3, 5, 5, 9)))
        if self.rng.random() < 0.8:
            await self.ask("POST", "/api/v1/watch", {"room": room, "token": token})

    async def help(self, token: str | None = None) -> None:
        """Tap "help": once, twice, for links one came by or not, one's own too."""
        token = token or rng_token(self)
        if token is None:
            return
        for answer in await self.twice("POST", f"/api/v1/shares/{token}/help"):
            if answer.ok and answer.json["counted"]:
                self.world.told.helps.add((token, self.id))


def rng_room(person: Person) -> str:
    return person.rng.choice(person.world.rooms)


def rng_token(person: Person) -> str | None:
    """A link somebody shared; the newest are heard of most."""
    board = person.world.board
    if not board:
        return None
    return person.rng.choice(board[-6:] if person.rng.random() < 0.7 else board)


Deed = Callable[[Person], Awaitable[None]]
