"""Realtime with its neighbours on a real database: what is kept, hidden, told and come back to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.support.house import house, sitting
from tests.support.realtime import Talker
from tests.support.town import SAFARI
from tests.support.wire import until

from yaohe.identity import Visitor, friendly_name
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.live.realtime import Archive
from yaohe.live.rooms import NewRoom
from yaohe.sharing import Sharing

pytestmark = pytest.mark.db


async def say(talker: Talker, room: str, text: str) -> None:
    reply = await talker.ask(publish={"channel": f"room:{room}:chat", "data": {"text": text}})
    assert "publish" in reply, reply


async def test_lines_and_likes_outlive_the_process(fresh_db: Database) -> None:
    async with house(fresh_db) as home:
        room = await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        async with sitting(home, "tea") as (talker, visitor):
            for n in range(4):
                await say(talker, "tea", f"line {n} 👋")
            reply = await talker.ask(rpc={"method": "like", "data": {"room": "tea", "n": 9}})
            assert reply["rpc"]["data"] == {"counted": 9}
            await talker.pub(lambda data: data.get("likes") == 9)
        home.hub.say(
            "tea", kind="thanks", name="小林", name_en="Lin",
            text="带来了朋友", text_en="brought a friend",
        )  # fmt: skip
        await until(lambda: len(home.hub.tail("tea", 9)) == 5)
    rows = await home.shop.rows("select * from live.chat_lines order by number")
    assert [row["text"] for row in rows][:4] == [f"line {n} 👋" for n in range(4)]
    assert {row["visitor_id"] for row in rows} == {visitor, None}
    assert (rows[4]["kind"], rows[4]["text_en"], rows[4]["shop_id"]) == (
        "thanks", "brought a friend", room.shop_id,
    )  # fmt: skip
    async with house(fresh_db) as home:
        assert home.hub.room_state("tea").likes == 0
        await until(lambda: home.hub.room_state("tea").likes == 9)
        assert [line["text"] for line in home.hub.tail("tea", 2)] == ["line 3 👋", "带来了朋友"]
        thanks, line = home.hub.tail("tea", 2)[1], home.hub.tail("tea", 2)[0]
        assert (thanks["name_en"], thanks["text_en"]) == ("Lin", "brought a friend")
        # A guest's line is read by everybody under their name in the reader's language.
        names = friendly_name(visitor), friendly_name(visitor, "en")
        assert (line["name"], line["name_en"]) == names
        kept = (await home.hub.recent("tea", limit=2))[0]
        assert (kept.name, kept.name_en) == names


async def test_a_room_begins_with_its_shelf_in_both_languages(fresh_db: Database) -> None:
    async with house(fresh_db) as home:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        product = await home.shop.product(stock=3)
        await home.shelf.replace("tea", [product.id])
        async with sitting(home, "tea") as (talker, _):
            joined = (await talker.ask(rpc={"method": "join", "data": {"room": "tea"}}))["rpc"]
            state = joined["data"]["state"]
            card = state["products"][product.id]
            assert (card["title"], card["title_en"], card["stock"]) == ("春茶", "Spring tea", 3)
            assert (state["shelf"], state["pinned"]) == ([product.id], None)
            assert (state["status"], state["coupon_left"]) == ("upcoming", None)
            await home.shelf.pin("tea", product.id)
            await talker.pub(lambda data: data == {"pinned": product.id})
            await home.shelf.unpin("tea")
            await talker.pub(lambda data: data == {"pinned": None})


async def test_staff_speak_read_and_hide(fresh_db: Database) -> None:
    async with house(fresh_db) as home, httpx.AsyncClient(base_url=home.base) as desk:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        assert (await desk.get("/api/v1/rooms/tea/chat")).status_code == 401
        token = await home.shop.identity.setup_token()
        owner = {"token": token, "email": "a@b.example", "password": "correct horse battery"}
        assert (await desk.post("/api/v1/staff/setup", json=owner)).status_code == 201
        async with sitting(home, "tea") as (talker, _):
            await say(talker, "tea", "buy followers at …")
            made = await desk.post("/api/v1/rooms/tea/chat", json={"text": " 欢迎  大家 "})
            assert made.status_code == 201, made.text
            line = made.json()
            assert (line["kind"], line["name"], line["text"]) == ("host", "小禾", "欢迎 大家")
            await talker.pub(lambda data: data.get("id") == line["id"])
            items = (await desk.get("/api/v1/rooms/tea/chat?limit=10")).json()["items"]
            assert [item["text"] for item in items] == ["buy followers at …", "欢迎 大家"]
            for odd in ("0", "301", "-1", "many"):
                refused = await desk.get(f"/api/v1/rooms/tea/chat?limit={odd}")
                assert (refused.status_code, refused.json()["error"]["field"]) == (422, "limit"), (
                    odd
                )
            spam = items[0]["id"]
            assert (await desk.delete(f"/api/v1/rooms/tea/chat/{spam}")).status_code == 204
            await talker.pub(lambda data: data == {"kind": "hide", "id": spam})
            assert (await desk.delete(f"/api/v1/rooms/tea/chat/{spam}")).status_code == 204
            assert [x["text"] for x in home.hub.tail("tea", 9)] == ["欢迎 大家"]
            items = (await desk.get("/api/v1/rooms/tea/chat")).json()["items"]
            assert [item["hidden"] for item in items] == [True, False]
            for method, path, code in (
                ("DELETE", "tea/chat/c_none", "chat_line_not_found"),
                ("GET", "none/chat", "room_not_found"),
            ):
                answer = await desk.request(method, f"/api/v1/rooms/{path}")
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
            for text, code in (("  ", "chat_empty"), ("x" * 300, "chat_too_long")):
                answer = await desk.post("/api/v1/rooms/tea/chat", json={"text": text})
                assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    audited = await home.shop.rows("select action, detail from identity.audit")
    assert [row["action"] for row in audited].count("chat.hide") == 2
    past = await Archive(fresh_db).past("tea")
    assert [json.loads(data)["text"] for data in past.lines] == ["欢迎 大家"]


async def test_chat_goes_on_while_the_database_is_away(
    fresh_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(fresh_db) as home:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        async with sitting(home, "tea") as (ann, _), sitting(home, "tea") as (bob, _):
            usual = fresh_db.raw

            def away() -> Any:
                raise ConnectionError("the database is away")

            monkeypatch.setattr(fresh_db, "raw", away)
            await say(ann, "tea", "anybody there?")
            await bob.pub(lambda data: data.get("text") == "anybody there?")
            await asyncio.sleep(0.3)
            monkeypatch.setattr(fresh_db, "raw", usual)
            count = "select count(*) from live.chat_lines"
            for _ in range(60):
                if await home.shop.value(count):
                    break
                await asyncio.sleep(0.1)
            assert await home.shop.value(count) == 1


async def test_one_line_that_cannot_be_stored_does_not_stop_the_others(
    fresh_db: Database,
) -> None:
    async with house(fresh_db) as home:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
    archive = Archive(fresh_db)
    from yaohe.live.realtime.model import new_line

    now = SystemClock().now()
    for text in ("good", "bad \x00", "bad \x1f", "fine"):
        archive.keep("tea", new_line(kind="chat", name="n", text=text, at=now))
    archive.keep("gone", new_line(kind="chat", name="n", text="room is gone", at=now))
    await archive.flush()
    past = await archive.past("tea")
    assert [json.loads(data)["text"] for data in past.lines] == ["good", "fine"]


async def test_the_tables_are_what_the_migration_makes(db: Database) -> None:
    from yaohe.live.realtime.tables import metadata

    async with db.raw() as conn:
        for table in metadata.sorted_tables:
            rows = await conn.fetch(
                "select column_name from information_schema.columns"
                " where table_schema = 'live' and table_name = $1",
                table.name,
            )
            assert {row["column_name"] for row in rows} == {c.name for c in table.columns}


@pytest.mark.parametrize(
    ("agent", "clicks"),
    [
        (SAFARI, 1),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 0),
    ],
)
async def test_a_fetcher_that_runs_the_whole_page_is_no_click(
    db: Database, agent: str, clicks: int
) -> None:
    async with house(db) as home:
        room = await home.rooms.create(NewRoom(title="茶", host_name="小禾"))
        sharing = Sharing(db, SystemClock(), "http://x")
        share = await sharing.create_share(
            room.id, shop_id=room.shop_id, sharer=Visitor(new_id("v"), "Lin"),
            channel="copy_link", content="card",
        )  # fmt: skip
        async with sitting(home, room.id, f"User-Agent: {agent}") as (talker, _):
            join = {"room": room.id, "token": share.token}
            assert "rpc" in await talker.ask(rpc={"method": "join", "data": join})
            await asyncio.gather(*home.hub._tasks, *home.hub._telling)
        await sharing.close()
    rows = await home.shop.rows("select 1 from sharing.clicks where token = $1", share.token)
    assert len(rows) == clicks


async def test_the_link_of_another_room_is_no_click(db: Database) -> None:
    """Who is in one room with the link of another has not come by that link."""
    async with house(db) as home:
        here, there = [
            await home.rooms.create(NewRoom(title=title, host_name="小禾")) for title in "茶壶"
        ]
        share = await home.sharing.create_share(
            there.id, shop_id=there.shop_id, sharer=Visitor(new_id("v"), "Lin"),
            channel="copy_link", content="card",
        )  # fmt: skip
        for room in (here, there):
            async with sitting(home, room.id, f"User-Agent: {SAFARI}") as (talker, visitor):
                join = {"room": room.id, "token": share.token}
                assert "rpc" in await talker.ask(rpc={"method": "join", "data": join})
                await asyncio.gather(*home.hub._tasks, *home.hub._telling)
        rows = await home.shop.rows("select * from sharing.clicks where token = $1", share.token)
        assert [row["visitor_id"] for row in rows] == [visitor]
