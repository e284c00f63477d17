"""A clip is shared: made when asked, played in ranges, told to crawlers, refused in words."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import Server
from tests.sim.asgi import Answer, Browser
from tests.support import footage
from tests.support.media import decode
from tests.support.system import running_system

from yaohe.app.build import System
from yaohe.commerce import NewProduct
from yaohe.live.rooms import NewRoom
from yaohe.live.rooms.tables import pins

pytestmark = pytest.mark.db


@dataclass
class Show:
    """A room whose show began twenty seconds before `ends`, where its log ends."""

    system: System
    room: str
    ends: datetime

    async def share(self, who: Browser, **more: Any) -> Answer:
        body = {"channel": "copy_link", "content": "clip", **more}
        return await who.ask(self.system.app, "POST", f"/api/v1/rooms/{self.room}/shares", body)

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        path = path.removeprefix("http://yaohe.test")
        return await Browser().ask(self.system.app, method, path, headers=headers)


@asynccontextmanager
async def on_air(data: Path, url: str) -> AsyncIterator[Show]:
    async with running_system(data, url) as system:
        room = await system.rooms.create(NewRoom(title="茶", host_name="小禾"))
        room_log = system.origin.open(room.id)
        ends = system.clock.now()
        footage.begin(room_log, ends - timedelta(seconds=20))
        at_ms = 0
        while at_ms < 20_000:
            at_ms = footage.show(room_log, at_ms)
        yield Show(system, room.id, ends)


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


async def test_the_last_seconds_are_a_clip_that_plays(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        made = await show.share(Browser(), last_s=10)
        assert made.status == 201, made.json
        told = made.json
        assert told["clip_url"] == f"{told['url']}/clip.mp4"
        # What is later than the log is not there yet.
        late_ms = (show.system.clock.now() - show.ends) / timedelta(milliseconds=1)
        assert 9_960 - late_ms < told["clip_ms"] <= 10_040
        whole = await show.get(told["clip_url"])
        assert whole.status == 200
        assert whole.headers["content-type"] == "video/mp4"
        assert decode(whole.body)[0] == pytest.approx(told["clip_ms"] * 0.03, abs=2)
        share = await show.system.sharing.share(told["token"])
        assert share is not None
        assert share.content == "clip"
        assert share.moment_at is not None


async def test_a_stretch_of_the_show_is_a_clip(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        told = (await show.share(Browser(), from_s=4, to_s=9.5)).json
        assert told["clip_ms"] == pytest.approx(5_500, abs=34)


async def test_a_clip_is_of_what_was_shown_in_it(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        system = show.system
        tea, cup = [
            (
                await system.commerce.create_product(
                    NewProduct(title=title, price_minor=9_900, stock=9)
                )
            ).id
            for title in ("春茶", "盖碗")
        ]
        await system.shelf.replace(show.room, [tea, cup])
        await system.shelf.pin(show.room, tea)
        await system.shelf.pin(show.room, cup)
        # The tea since the show began, the cup for its last eight seconds.
        begun = system.clock.now() - timedelta(seconds=20)
        change = begun + timedelta(seconds=12)
        async with system.db.begin() as tx:
            await tx.execute(update(pins).where(pins.c.product_id == cup).values(pinned_at=change))
            await tx.execute(
                update(pins)
                .where(pins.c.product_id == tea)
                .values(pinned_at=begun, unpinned_at=change)
            )
        for wish, product in (
            ({"from_s": 1, "to_s": 8}, tea),
            ({"from_s": 6, "to_s": 14}, tea),
            ({"from_s": 10, "to_s": 18}, cup),
            ({"last_s": 5}, cup),
            ({"last_s": 5, "product": tea}, tea),
        ):
            told = (await show.share(Browser(), **wish)).json
            assert told["product"] == product, wish


async def test_players_ask_for_ranges(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        clip = (await show.share(Browser(), from_s=0, to_s=12)).json["clip_url"]
        whole = (await show.get(clip)).body
        head = await show.get(clip, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["content-length"]) == len(whole)
        for asked, body in (
            ("bytes=0-", whole),
            ("bytes=0-99", whole[:100]),
            ("bytes=100-199", whole[100:200]),
            ("bytes=-50", whole[-50:]),
            (f"bytes={len(whole) - 1}-999999999", whole[-1:]),
        ):
            part = await show.get(clip, range=asked)
            assert part.status == 206, asked
            assert part.body == body
            assert part.headers["content-range"].endswith(f"/{len(whole)}")
        for asked in (f"bytes={len(whole)}-", "bytes=-", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5"):
            refused = await show.get(clip, range=asked)
            assert (refused.status, refused.json["error"]["code"]) == (416, "range_unmet"), asked
            assert refused.headers["content-range"] == f"bytes */{len(whole)}"


async def test_crawlers_are_told_of_the_video(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        lin = Browser()
        clip = (await show.share(lin, last_s=5)).json
        card = (await lin.ask(show.system.app, "POST", f"/api/v1/rooms/{show.room}/shares",
                              {"channel": "copy_link"})).json  # fmt: skip
        page = gzip.decompress((await show.get(clip["url"])).body).decode()
        assert f'<meta property="og:video" content="{clip["clip_url"]}">' in page
        assert "og:video" not in gzip.decompress((await show.get(card["url"])).body).decode()
        assert card["clip_url"] is None
        assert (await show.get(f"{card['url']}/clip.mp4")).json["error"]["code"] == "clip_gone"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({}, "clip_range_wrong"),
        ({"from_s": 3}, "clip_range_wrong"),
        ({"from_s": 5, "to_s": 5}, "clip_range_wrong"),
        ({"last_s": 5, "from_s": 1, "to_s": 2}, "clip_range_wrong"),
        ({"from_s": 900, "to_s": 910}, "clip_empty"),
        ({"from_s": 0, "to_s": 400}, "clip_too_long"),
        ({"last_s": 0}, "not_json"),
        ({"last_s": 301}, "not_json"),
        ({"from_s": -1, "to_s": 3}, "not_json"),
    ],
)
async def test_what_cannot_be_cut_is_refused_in_words(
    tmp_path: Path, url: str, wish: dict[str, Any], code: str
) -> None:
    async with on_air(tmp_path, url) as show:
        refused = await show.share(Browser(), **wish)
        assert refused.json["error"]["code"] == code
        assert 400 <= refused.status < 500
        async with show.system.db.raw() as conn:
            assert await conn.fetchval("select count(*) from sharing.shares") == 0


async def test_one_visitor_makes_so_many_clips_and_others_go_on(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        lin = Browser()
        answers = [(await show.share(lin, last_s=2)).status for _ in range(12)]
        assert answers[:8] == [201] * 8
        assert answers[-1] == 429
        assert (await show.share(Browser(), last_s=2)).status == 201


async def test_cookies_are_free_but_an_address_makes_so_much_video(
    tmp_path: Path, url: str
) -> None:
    async with on_air(tmp_path, url) as show:
        answers = [(await show.share(Browser(), last_s=300)).status for _ in range(8)]
        assert 429 not in answers[:6]
        assert answers[-1] == 429
        elsewhere = Browser(address="203.0.113.9")
        assert (await show.share(elsewhere, last_s=2)).status == 201


TIMES = ("nan", "inf", "-inf", "-1", "1e308", "99999999999", "x")


async def test_times_that_are_none_are_refused(tmp_path: Path, url: str) -> None:
    async with on_air(tmp_path, url) as show:
        past = f"/api/v1/rooms/{show.room}/replay"
        paths = ("moment?at={}", "chat?begin={}&end=5", "chat?begin=5&end={}")
        for path in (path.format(time) for path in paths for time in TIMES):
            told = await show.get(f"{past}/{path}")
            assert told.word == "422 bad_input", (path, told.body)
