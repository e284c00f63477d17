"""The strict consent mode: before somebody accepted nothing of them is kept, here or there, and
what they opened counts all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server
from tests.sim.asgi import Answer, Browser
from tests.support.phone import until
from tests.support.realtime import Talker
from tests.support.system import running_system
from tests.support.wire import dialled, serving

from yaohe.app.build import System
from yaohe.app.roles import wire_config
from yaohe.identity import Visitor
from yaohe.kernel.ids import new_id
from yaohe.live.rooms import NewRoom
from yaohe.sharing.recount import rebuild, recount

pytestmark = pytest.mark.db

CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
ACCEPT = ("POST", "/api/v1/me/consent", {"accepted": True})
REFUSE = ("POST", "/api/v1/me/consent", {"accepted": False})


@dataclass
class Place:
    """A room of a shop that asks, and a share of it."""

    system: System
    token: str

    async def ask(self, who: Browser, method: str, path: str, body: object = None) -> Answer:
        return await who.ask(self.system.app, method, path, body)

    async def open(self, who: Browser) -> Answer:
        """Open the share's link and let the page speak up; what the beacon was answered."""
        assert (await self.ask(who, "GET", f"/s/{self.token}")).status == 200
        await self.landed()
        return await self.ask(who, "POST", "/api/v1/beacon", {"token": self.token})

    async def landed(self) -> None:
        """Bring home what a slow machine made wait in the spool."""
        while self.system.spool.bytes_waiting:
            await self.system.sharing.replay_hits()

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.system.db.raw() as conn:
            return [tuple(row) for row in await conn.fetch(query)]

    async def counted(self) -> tuple[int, int, int]:
        """Hits, openings and clicks as the report shows them; the rows say the same."""
        async with self.system.db.raw() as conn:
            told = await recount(conn)
        assert told.equal, told.differences()
        totals = (await self.system.sharing.share_report("tea")).totals
        return totals.hits, totals.openings, totals.clicks


@asynccontextmanager
async def place(data: Path, url: str, consent: str = "strict") -> AsyncIterator[Place]:
    async with running_system(data, url, consent=consent) as system:
        await system.rooms.create(NewRoom(title="春茶", title_en="Tea", host_name="小林", id="tea"))
        share = await system.sharing.create_share(
            "tea", shop_id="shop_main", sharer=Visitor(new_id("v"), "Lin"), channel="copy_link",
            content="card",
        )  # fmt: skip
        yield Place(system, share.token)


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


@pytest.fixture
async def at(tmp_path: Path, url: str) -> AsyncIterator[Place]:
    async with place(tmp_path, url) as made:
        yield made


PEOPLE = """
select visitor_id from sharing.hits where visitor_id <> ''
union all select 'address' from sharing.hits where address_hash <> ''
union all select visitor_id from sharing.clicks union all select visitor_id from sharing.visits
union all select visitor_id from sharing.landings union all select id from identity.visitors
"""


async def test_nothing_is_kept_of_who_did_not_accept(at: Place) -> None:
    for who in (Browser(), Browser(cookies={"yh_c": "no"}), Browser(cookies={"yh_c": "maybe"})):
        asked = dict(who.cookies)
        for path in ("/", "/r/tea", "/r/tea?utm_source=x", "/api/v1/me", "/api/v1/me/shares"):
            assert (await at.ask(who, "GET", path)).status == 200
        assert (await at.open(who)).json["counted"] is True
        tick = {"room": "tea", "token": at.token}
        assert (await at.ask(who, "POST", "/api/v1/watch", tick)).json == {"watch_ms": 0}
        assert who.cookies == asked
    await at.system.identity.flush_visitors()
    assert await at.rows(PEOPLE) == []
    assert await at.counted() == (3, 3, 0)
    share = await at.system.sharing.fresh_share(at.token)
    assert share.state == "effective"


async def test_a_link_has_no_more_openings_than_people_fetched_it(at: Place) -> None:
    for _ in range(5):
        await at.ask(Browser(), "GET", f"/s/{at.token}")
    await at.landed()
    crawler = Browser(user_agent=CRAWLER)
    assert (await at.open(crawler)).json["counted"] is False
    body = {"token": at.token}
    told = await asyncio.gather(
        *(at.ask(Browser(), "POST", "/api/v1/beacon", body) for _ in range(40))
    )
    openings = {answer.json["opening"] for answer in told if answer.json["counted"]}
    assert len(openings) == 5
    assert await at.counted() == (6, 5, 0)
    async with at.system.db.raw(writes=True) as conn:
        await conn.execute("update sharing.hit_totals set openings = 9")
        assert not (await recount(conn)).equal
        await rebuild(conn)
    assert await at.counted() == (6, 5, 0)


async def test_who_accepts_is_the_one_who_opened(at: Place) -> None:
    mei = Browser()
    opening = (await at.open(mei)).json["opening"]
    assert (await at.ask(mei, *ACCEPT)).json == {"mode": "strict", "accepted": True}
    assert mei.cookies["yh_c"] == "yes"
    assert mei.visitor_id.startswith("v_")
    claim = {"token": at.token, "opening": opening}
    assert (await at.ask(mei, "POST", "/api/v1/beacon", claim)).json["counted"] is True
    assert await at.counted() == (1, 0, 1)
    assert await at.rows("select visitor_id from sharing.clicks") == [(mei.visitor_id,)]
    # Told again, by others too and all at once, it is still one: an opening proves once.
    others = [Browser() for _ in range(8)]
    for other in others:
        await at.ask(other, *ACCEPT)
    await asyncio.gather(*(at.ask(o, "POST", "/api/v1/beacon", claim) for o in [mei, *others]))
    assert await at.counted() == (1, 0, 1)
    tick = {"room": "tea", "token": at.token}
    await at.ask(mei, "POST", "/api/v1/watch", tick)
    assert await at.rows("select visitor_id from sharing.visits") == [(mei.visitor_id,)]
    before = dict(mei.cookies)
    await at.open(mei)
    assert mei.cookies == before
    assert await at.counted() == (2, 0, 1)


@pytest.mark.parametrize("odd", ["", "x" * 32, "0" * 33, "é" * 32, "zz", "0" * 31 + "\x00"])
async def test_an_opening_that_was_never_told_proves_nothing(at: Place, odd: str) -> None:
    stranger = Browser()
    await at.ask(stranger, *ACCEPT)
    claim = {"token": at.token, "opening": odd}
    told = await at.ask(stranger, "POST", "/api/v1/beacon", claim)
    assert told.json["counted"] is False or not told.ok
    assert await at.counted() == (0, 0, 0)


async def test_what_is_kept_under_a_name_asks_for_it(at: Place) -> None:
    guest = Browser()
    for method, path, body in (
        ("POST", f"/api/v1/shares/{at.token}/help", {}),
        ("PUT", f"/api/v1/shares/{at.token}/note", {"note": "hi"}),
        ("POST", "/api/v1/orders", {}),
        ("PUT", "/api/v1/rooms/tea/follow", None),
        ("GET", "/login/qq/", None),
    ):
        told = await at.ask(guest, method, path, body)
        assert told.word in {"403 consent_needed", "405"}, (path, told.word)
    assert guest.cookies == {}


async def test_a_share_goes_out_without_a_name(at: Place) -> None:
    guest = Browser()
    wish = {"channel": "copy_link", "prepared": True}
    made = (await at.ask(guest, "POST", "/api/v1/rooms/tea/shares", wish)).json
    press = f"/api/v1/shares/{made['token']}/intend"
    refused = await at.ask(Browser(), "POST", press, {"channel": "weibo"})
    assert refused.word == "403 share_not_yours"
    told = {"channel": "weibo", "maker": made["maker"]}
    assert (await at.ask(guest, "POST", press, told)).json["state"] == "intended"
    assert guest.cookies == {}
    assert await at.rows(PEOPLE) == []


async def test_a_refusal_is_remembered_without_a_name_and_may_be_taken_back(at: Place) -> None:
    who = Browser()
    shown = await at.ask(who, "GET", "/api/v1/me/consent")
    assert shown.json == {"mode": "strict", "accepted": None}
    told = await at.ask(who, *REFUSE)
    assert who.cookies["yh_c"] == "no"
    assert not who.visitor_id.startswith("v_")
    assert all("yh_v=v_" not in cookie for cookie in told.set_cookies)
    answer = next(cookie for cookie in told.set_cookies if cookie.startswith("yh_c"))
    assert "Max-Age=15552000" in answer
    assert "httponly" not in answer.lower()
    await at.ask(who, *ACCEPT)
    named = who.visitor_id
    assert named
    assert (await at.ask(who, "GET", "/api/v1/me")).json["visitor"]["id"] == named
    await at.ask(who, *REFUSE)
    assert (await at.ask(who, "GET", "/api/v1/me")).json["visitor"]["id"] != named
    # Whose browser kept the answer and lost the rest is somebody new.
    forgetful = Browser(cookies={"yh_c": "yes"})
    await at.open(forgetful)
    assert forgetful.visitor_id


async def test_who_was_known_before_the_shop_asked_is_the_same_again(
    tmp_path: Path, url: str
) -> None:
    who = Browser()
    async with place(tmp_path, url, "open") as before:
        assert (await before.open(who)).json == {"counted": True, "opening": None}
        known = who.visitor_id
        assert known
        assert await before.counted() == (1, 0, 1)
    async with running_system(tmp_path, url, consent="strict") as system:
        after = Place(system, before.token)
        assert (await after.open(who)).json["opening"]
        assert (await after.ask(who, "GET", "/api/v1/me")).json["visitor"]["id"] != known
        assert (await after.ask(who, *ACCEPT)).ok
        assert who.visitor_id == known
        assert await after.counted() == (2, 1, 1)


async def test_who_did_not_accept_reads_the_chat_and_asks_before_writing(at: Place) -> None:
    named = Browser()
    await at.ask(named, *ACCEPT)
    jar = "; ".join(f"{name}={value}" for name, value in named.cookies.items())
    async with (
        serving(wire_config(at.system), at.system.app) as server,
        dialled(server) as quiet,
        dialled(server) as loud,
    ):
        status, fields = await quiet.upgrade("/rt")
        assert (status, fields.get("set-cookie")) == (101, None)
        await loud.upgrade("/rt", f"cookie: {jar}")
        reader, writer = Talker(quiet), Talker(loud)
        for one in (reader, writer):
            await one.ask(connect={"data": {"room": "tea", "token": at.token}})
        chat = "room:tea:chat"
        refused = await reader.ask(publish={"channel": chat, "data": {"text": "hi"}})
        assert refused["error"]["message"] == "consent_needed"
        liked = await reader.ask(rpc={"method": "like", "data": {"room": "tea", "n": 1}})
        assert liked["rpc"]["data"] == {"counted": 1}
        assert "publish" in await writer.ask(publish={"channel": chat, "data": {"text": "hi"}})
    await at.system.hub.kept()
    assert await at.rows("select distinct visitor_id from live.chat_lines") == [(named.visitor_id,)]
    # Only the one with a name was there as a person of this share.
    assert {row[0] for row in await at.rows(PEOPLE)} <= {named.visitor_id}


async def test_how_they_came_is_told_after_their_yes(at: Place) -> None:
    who, way = Browser(), {"query": "?utm_medium=cpc&utm_campaign=spring", "referrer": ""}
    landed = "/api/v1/rooms/tea/landed"
    assert (await at.ask(who, "GET", "/r/tea?utm_medium=cpc&utm_campaign=spring")).status == 200
    assert (await at.ask(who, "POST", landed, way)).json == {"noted": False}
    await at.ask(who, *ACCEPT)
    assert (await at.ask(who, "POST", landed, way)).json == {"noted": True}
    back = {"query": "?utm_medium=cpc&order=o_1"}
    assert (await at.ask(who, "POST", landed, back)).json == {"noted": False}
    crawler = Browser(user_agent=CRAWLER, cookies={"yh_c": "yes"})
    assert (await at.ask(crawler, "POST", landed, way)).json == {"noted": False}
    assert (await at.ask(who, "POST", "/api/v1/rooms/gone/landed", way)).status == 404
    assert (await at.ask(who, "POST", landed, {"query": "x" * 513})).status == 422
    found = "select source, name from sharing.landings"
    assert await until(lambda: at.rows(found), bool) == [("ad", "spring")]
