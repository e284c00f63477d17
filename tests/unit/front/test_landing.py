"""The landing page in process, with the database away: the real contexts, the real spool, and what
leaves for the visitor, message by message."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import structlog.testing
from tests.sim.asgi import SAFARI
from tests.support.private import nothing_private
from tests.unit.front.test_view import moment

from yaohe import front
from yaohe.campaigns import Campaigns
from yaohe.front.assets import Assets
from yaohe.front.gate import Gate
from yaohe.front.home import HomePage
from yaohe.front.landings import Landings
from yaohe.front.pages import Pages
from yaohe.front.request import Request
from yaohe.front.view import Snapshot
from yaohe.front.words import Words
from yaohe.identity import Identity
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.spool import Spool, SpoolRecord
from yaohe.live.rooms import RoomNotFound
from yaohe.platforms.outgoing import Outgoing
from yaohe.platforms.wechat import Wechat
from yaohe.sharing import Share, Sharing
from yaohe.sharing.hits.model import HitRecord

CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
TOKEN = "0aZ9bY8cX7"  # noqa: S105 - a link's, and no secret
NOW = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)
SHARE = Share(
    token=TOKEN, shop_id="shop_main", room_id="tea", sharer_id="v_lin", sharer_name="小林",
    parent_token=None, generation=1, channel="copy_link", content="card", variant="",
    moment_ms=None, created_at=NOW, prepared_at=NOW, intended_at=NOW, effective_at=None,
    productive_at=None,
)  # fmt: skip


@dataclass
class Rooms:
    """The rooms as their snapshots are."""

    moments: dict[str, Snapshot] = field(default_factory=lambda: {"tea": moment()})

    async def of(self, room_id: str) -> Snapshot:
        try:
            return self.moments[room_id]
        except KeyError:
            raise RoomNotFound from None


@dataclass
class Landing:
    """A shop whose database answers nobody, and its landing page."""

    pages: Pages
    sharing: Sharing
    identity: Identity
    spool: Spool
    rooms: Rooms
    sent: list[Any] = field(default_factory=list)
    spooled_before: int = -1  # bytes on disk when the answer began

    async def fetch(
        self,
        path: str = f"/s/{TOKEN}",
        *,
        user_agent: str = SAFARI,
        visitor: str | None = None,
        method: str = "GET",
        more: Sequence[tuple[bytes, bytes]] = (),
    ) -> int:
        """Ask for the page; answers the status."""
        path, _, query = path.partition("?")
        headers = [(b"user-agent", user_agent.encode()), (b"accept-language", b"en"), *more]
        if visitor is not None:
            headers.append((b"cookie", b"yh_v=" + visitor.encode()))
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "headers": headers, "client": ("203.0.113.7", 1),
        }  # fmt: skip
        self.sent, self.spooled_before = [], -1

        async def send(message: Any) -> None:
            if not self.sent:
                self.spooled_before = self.spool.bytes_waiting
            self.sent.append(message)

        show = self.pages.landing if path.startswith("/s/") else self.pages.room
        await show(Request(scope, cast(Any, None), send, self.identity))
        return int(self.sent[0]["status"])

    @property
    def fields(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def text(self) -> str:
        return gzip.decompress(self.sent[1]["body"]).decode()

    async def hits(self) -> list[HitRecord]:
        """What the spool keeps, taken out of it."""
        kept: list[HitRecord] = []

        async def take(records: Sequence[SpoolRecord]) -> None:
            kept.extend(msgspec.json.decode(r.payload, type=HitRecord) for r in records)

        await self.spool.replay(take)
        return kept

    def known_as(self, set_cookie: bytes) -> str:
        """The visitor a cookie was made for."""
        value = set_cookie.decode().partition("=")[2].partition(";")[0]
        visitor = self.identity.visitor_of({"yh_v": value}.get)
        assert visitor is not None
        return visitor.id


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(Path(front.__file__).parent / "static")


@pytest.fixture
async def landing(tmp_path: Path, assets: Assets) -> AsyncIterator[Landing]:
    clock, away = SystemClock(), Database("postgresql://nobody@127.0.0.1:1/none")
    spool = Spool(tmp_path / "spool")
    spool.open()
    identity = Identity(away, clock, b"a secret for tests, thirty-two b", cookie_secure=False)
    sharing = Sharing(away, clock, "https://shop.example", spool=spool)
    sharing._shares._keep(TOKEN, SHARE)
    sharing._hits._trouble_until = float("inf")  # known: nobody waits for the database any more
    outgoing = Outgoing()
    words, rooms, nobody = Words(assets.words), Rooms(), cast(Any, None)
    home = HomePage(assets=assets, words=words, rooms=nobody, identity=identity, hub=nobody)
    gate = Gate(nothing_private(), identity, sharing)
    pages = Pages(
        assets=assets,
        words=words,
        snapshots=cast(Any, rooms),
        sharing=sharing,
        campaigns=cast(Any, Campaigns),
        home=home,
        outside=nobody,
        gate=gate,
        landings=Landings(
            sharing=sharing,
            snapshots=cast(Any, rooms),
            gate=gate,
            public_url="https://shop.example",
        ),
        public_url="https://shop.example",
        wechat=Wechat(outgoing, nobody, clock, account=None, hosts=["shop.example"]),
    )
    yield Landing(pages, sharing, identity, spool, rooms)
    await sharing.close()
    await spool.close()
    await outgoing.close()
    await away.close()


async def test_nothing_leaves_before_the_hit_is_kept(landing: Landing) -> None:
    asked, kept = asyncio.Event(), asyncio.Event()
    whole = landing.sharing.record_hit

    async def slowly(hit: HitRecord) -> None:
        asked.set()
        await kept.wait()
        await whole(hit)

    landing.sharing.record_hit = slowly  # type: ignore[method-assign]
    page = asyncio.create_task(landing.fetch())
    await asked.wait()
    assert landing.sent == []
    kept.set()
    assert await page == 200


async def test_without_a_database_the_hit_is_on_disk_before_the_answer(landing: Landing) -> None:
    landing.sharing._hits._trouble_until = 0.0  # nothing is known: it is asked
    assert await landing.fetch() == 200
    assert landing.spooled_before > 0
    (hit,) = await landing.hits()
    assert (hit.token, hit.room_id, hit.method, hit.is_bot) == (TOKEN, "tea", "GET", False)
    assert hit.visitor_id == landing.known_as(landing.fields[b"set-cookie"])
    assert "小林" in landing.text


async def test_when_nothing_can_be_kept_the_page_goes_out_all_the_same(landing: Landing) -> None:
    landing.spool._bytes_max = 0
    with structlog.testing.capture_logs() as logs:
        assert await landing.fetch() == 200
    assert {"event": "hit_not_kept", "token": TOKEN, "log_level": "error"} in logs
    assert await landing.hits() == []


async def test_a_crawler_gets_the_same_page_and_is_flagged(landing: Landing) -> None:
    await landing.fetch()
    shown = landing.text
    assert await landing.fetch(user_agent=CRAWLER) == 200
    assert landing.text == shown
    assert 'property="og:title"' in shown
    assert b"set-cookie" not in landing.fields
    person, crawler = await landing.hits()
    assert (person.is_bot, crawler.is_bot) == (False, True)
    assert (crawler.ua_kind, crawler.visitor_id) == ("preview", "")


async def test_a_head_is_noted_as_one_and_has_no_body(landing: Landing) -> None:
    assert await landing.fetch(method="HEAD") == 200
    assert landing.sent[1]["body"] == b""
    assert [hit.method for hit in await landing.hits()] == ["HEAD"]


@pytest.mark.parametrize("path", ["/s/no.thing", "/s/茶", "/s/" + "x" * 200])
async def test_a_link_nobody_made_is_kept_and_says_that_there_is_no_room(
    landing: Landing, path: str
) -> None:
    assert await landing.fetch(path) == 404
    assert "There is no room here" in landing.text
    assert landing.spooled_before > 0
    (hit,) = await landing.hits()
    assert (hit.token, hit.room_id) == (path[3:67], "")


async def test_a_room_that_was_taken_down_keeps_the_hit_as_well(landing: Landing) -> None:
    landing.rooms.moments.clear()
    assert await landing.fetch() == 404
    assert [hit.token for hit in await landing.hits()] == [TOKEN]


@pytest.mark.parametrize("status", ["upcoming", "live", "ended"])
async def test_a_room_is_shown_as_it_is(landing: Landing, status: str) -> None:
    landing.rooms.moments["tea"] = moment(status=status, scheduled_at=NOW, ended_at=NOW)
    assert await landing.fetch() == 200
    assert f'<body class="y-room" data-status="{status}"' in landing.text
    assert 'data-invited="1"' in landing.text
    assert len(await landing.hits()) == 1


async def test_who_is_known_keeps_their_name_and_ones_own_link_invites_nobody(
    landing: Landing,
) -> None:
    lin = landing.identity.new_visitor()
    landing.sharing._shares._keep(TOKEN, msgspec.structs.replace(SHARE, sharer_id=lin.id))
    cookie = landing.identity.visitor_cookie(lin).partition("=")[2].partition(";")[0]
    assert await landing.fetch(visitor=cookie) == 200
    assert b"set-cookie" not in landing.fields
    assert 'data-invited=""' in landing.text
    assert [hit.visitor_id for hit in await landing.hits()] == [lin.id]


async def test_coming_back_from_the_cashier_is_no_second_opening(landing: Landing) -> None:
    mei = landing.identity.new_visitor()
    cookie = landing.identity.visitor_cookie(mei).partition("=")[2].partition(";")[0]
    assert await landing.fetch(f"/s/{TOKEN}?order=ord_1", visitor=cookie) == 200
    assert await landing.hits() == []
    # Somebody who got that address from her was never here.
    assert await landing.fetch(f"/s/{TOKEN}?order=ord_1") == 200
    assert len(await landing.hits()) == 1


async def test_a_way_in_without_a_share_is_noted_for_people_alone(landing: Landing) -> None:
    noted: list[tuple[str, str, str]] = []
    landing.sharing.land = lambda room, _, source, name: noted.append((room, source, name))  # type: ignore[method-assign]
    search = [(b"referer", b"https://www.baidu.com/s")]
    own = [(b"referer", b"https://shop.example/")]
    assert await landing.fetch("/r/tea", more=search) == 200
    assert await landing.fetch("/r/tea?utm_medium=cpc&utm_campaign=spring") == 200
    assert await landing.fetch("/r/tea") == 200
    assert noted == [("tea", "search", "baidu.com"), ("tea", "ad", "spring"), ("tea", "direct", "")]
    await landing.fetch("/r/tea", more=own)
    await landing.fetch("/r/tea?order=ord_1", more=search)  # back from the cashier
    await landing.fetch("/r/tea", user_agent=CRAWLER, more=search)
    await landing.fetch("/r/tea", more=[*search, (b"sec-purpose", b"prefetch;prerender")])
    await landing.fetch("/r/tea", method="HEAD", more=search)
    await landing.fetch()  # a share is a way in of its own
    assert len(noted) == 3
