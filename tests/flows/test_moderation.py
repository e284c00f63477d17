"""Moderation with its neighbours: a moderator's act is live for everybody, and is in the trail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.support.house import House, house
from tests.support.realtime import Talker
from tests.support.wire import dialled

from yaohe.identity import friendly_name
from yaohe.kernel.db import Database
from yaohe.live.follows import Follows
from yaohe.live.moderation import Moderation
from yaohe.live.realtime import Archive
from yaohe.live.rooms import NewRoom

pytestmark = pytest.mark.db


@dataclass
class Person:
    talker: Talker
    id: str
    name: str
    http: httpx.AsyncClient

    async def say(self, text: str, **more: Any) -> Any:
        """The error of a line, or the line as everybody gets it."""
        wish = {"channel": "room:tea:chat", "data": {"text": text, **more}}
        reply = await self.talker.ask(publish=wish)
        if "error" in reply:
            return reply["error"]
        return await self.talker.pub(lambda data: data.get("text") == text)


@asynccontextmanager
async def person(home: House) -> AsyncIterator[Person]:
    """Somebody in the room, with one handshake, and their browser's requests."""
    async with dialled(home.server) as peer, httpx.AsyncClient(base_url=home.base) as http:
        _, fields = await peer.upgrade("/rt")
        http.headers["cookie"] = fields["set-cookie"].partition(";")[0]
        talker = Talker(peer)
        connected = (await talker.ask(connect={"data": {"room": "tea"}}))["connect"]
        visitor = connected["data"]["visitor"]
        yield Person(talker, visitor["id"], visitor["name"], http)


@asynccontextmanager
async def room(db: Database) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """A house with the room `tea`, and its owner's desk."""
    async with house(db) as home, httpx.AsyncClient(base_url=home.base) as desk:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        owner = {
            "token": await home.shop.identity.setup_token(),
            "email": "a@b.example",
            "password": "correct horse battery",
            "name": "Lin",
        }
        assert (await desk.post("/api/v1/staff/setup", json=owner)).status_code == 201
        desk.base_url = httpx.URL(home.base + "/api/v1/rooms/tea/")
        yield home, desk


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def trail(desk: httpx.AsyncClient) -> list[tuple[str, str]]:
    items = (await desk.get("audit")).json()["items"]
    return [(item["action"], item["by"]) for item in reversed(items)]


async def test_a_mute_is_told_to_the_muted_and_ends_when_lifted(fresh_db: Database) -> None:
    async with room(fresh_db) as (home, desk), person(home) as ann:
        await ann.say("before")
        answer = await desk.put(f"penalties/{ann.id}", json={"kind": "mute", "name": ann.name})
        assert answer.status_code == 200, answer.text
        told = await ann.talker.pub(lambda data: data.get("type") == "chat_muted")
        assert told["until"] == answer.json()["until"]
        error = await ann.say("muted?")
        word, _, seconds = error["message"].partition(":")
        assert (error["code"], word) == (103, "chat_muted")
        assert 590 <= int(seconds) <= 601
        liked = await ann.talker.ask(rpc={"method": "like", "data": {"room": "tea", "n": 3}})
        assert liked["error"]["message"].startswith("chat_muted")
        items = (await desk.get("penalties")).json()["items"]
        assert [(x["visitor_id"], x["kind"], x["by"]) for x in items] == [(ann.id, "mute", "Lin")]
        assert (await desk.delete(f"penalties/{ann.id}")).status_code == 204
        await ann.talker.pub(lambda data: data.get("type") == "chat_freed")
        assert (await ann.say("free"))["text"] == "free"
        assert code(await desk.delete(f"penalties/{ann.id}")) == (404, "penalty_not_found")
        assert await trail(desk) == [
            ("chat.mute", "Lin"), ("chat.pardon", "Lin"),
        ]  # fmt: skip


async def test_a_ban_takes_all_lines_away_for_everybody_and_for_good(fresh_db: Database) -> None:
    async with room(fresh_db) as (home, desk), person(home) as ann, person(home) as bob:
        for n in range(3):
            await ann.say(f"spam {n}")
        await bob.say("good tea")
        answer = await desk.put(f"penalties/{ann.id}", json={"kind": "ban", "name": ann.name})
        assert answer.json()["until"] is None
        await bob.talker.pub(lambda data: data == {"kind": "hide", "v": ann.id})
        assert (await ann.say("again"))["message"] == "chat_banned"
        async with person(home) as late:
            connected = next(x["connect"] for x in late.talker.heard if "connect" in x)
            assert [x["text"] for x in connected["data"]["room"]["chat"]] == ["good tea"]
        items = (await desk.get("chat")).json()["items"]
        assert {x["text"]: x["hidden_by"] for x in items} == {
            "spam 0": "Lin", "spam 1": "Lin", "spam 2": "Lin", "good tea": None,
        }  # fmt: skip
        assert items[0]["v"] == ann.id
    # The rules outlive the process.
    async with house(fresh_db) as home, person(home) as bob:
        ward = (await home.hub.opened("tea")).ward  # type: ignore[union-attr]
        assert ward.penalty(ann.id, bob_now(home)) is not None


def bob_now(home: House) -> Any:
    return home.hub.clock.now()


async def test_rules_are_live_for_everybody(fresh_db: Database) -> None:
    async with room(fresh_db) as (home, desk), person(home) as ann:
        wish = {"slow_s": 30, "links": False, "words": ["假货", " "]}
        answer = await desk.patch("chat-rules", json=wish)
        assert answer.json() == {
            "slow_s": 30, "links": False, "closed": False, "followers": False,
            "words": ["假货"], "pinned": None,
        }  # fmt: skip
        state = await ann.talker.pub(lambda data: "chat_rules" in data)
        assert state["chat_rules"] == {"slow_s": 30, "links": False}
        assert (await ann.say("see www.fake.com"))["message"] == "chat_link"
        assert (await ann.say("假 货"))["message"] == "chat_word"
        assert "id" in await ann.say("one")
        assert (await ann.say("two"))["message"].startswith("chat_slow_mode:")
        await desk.patch("chat-rules", json={"closed": True, "slow_s": 0})
        await ann.talker.pub(lambda data: data.get("chat_rules") == {"slow_s": 0, "closed": True})
        assert (await ann.say("three"))["message"] == "chat_closed"
        answer = await desk.put("chat-rules/pinned", json={"text": "  包邮到  周日 "})
        pinned = answer.json()["pinned"]
        assert (pinned["text"], pinned["by"]) == ("包邮到 周日", "Lin")
        await ann.talker.pub(
            lambda data: (data.get("chat_pinned") or {}).get("text") == "包邮到 周日"
        )
        await desk.delete("chat-rules/pinned")
        await ann.talker.pub(lambda data: "chat_pinned" in data and data["chat_pinned"] is None)
        answer = await desk.post("chat", json={"text": "八点抽奖", "announcement": True})
        assert answer.json()["kind"] == "announcement"
        await ann.talker.pub(lambda data: data.get("kind") == "announcement")
        for path, wrong in (
            ("chat-rules", {"slow_s": 999}), ("chat-rules", {"words": ["x" * 99]}),
        ):  # fmt: skip
            assert code(await desk.patch(path, json=wrong)) == (422, "bad_input")
        assert code(await desk.put("chat-rules/pinned", json={"text": " "})) == (422, "bad_input")
        acts = [action for action, _ in await trail(desk)]
        assert acts == ["chat.rules", "chat.rules", "chat.pin", "chat.unpin", "chat.announce"]
        none = f"{home.base}/api/v1/rooms/none/chat-rules"
        assert code(await desk.patch(none, json={"slow_s": 1})) == (404, "room_not_found")


async def test_a_viewer_may_be_entrusted_with_a_room(fresh_db: Database) -> None:
    async with (
        room(fresh_db) as (home, desk),
        person(home) as ann,
        person(home) as mod,
        person(home) as bob,
    ):
        tea = f"{home.base}/api/v1/rooms/tea"
        spam = await ann.say("spam")
        assert code(await mod.http.delete(f"{tea}/chat/{spam['id']}")) == (403, "not_moderator")
        assert code(await mod.http.get(f"{tea}/moderators")) == (401, "not_signed_in")
        answer = await desk.put(f"moderators/{mod.id}", json={"name": mod.name})
        assert answer.status_code == 204, answer.text
        await mod.talker.pub(lambda data: data.get("type") == "moderator" and data["on"])
        await desk.patch("chat-rules", json={"closed": True})
        assert (await mod.say("please be kind"))["kind"] == "staff"
        assert (await mod.http.delete(f"{tea}/chat/{spam['id']}")).status_code == 204
        await bob.talker.pub(lambda data: data == {"kind": "hide", "id": spam["id"]})
        held = {"kind": "mute", "name": ann.name, "minutes": 30}
        assert (await mod.http.put(f"{tea}/penalties/{ann.id}", json=held)).status_code == 200
        answer = await mod.http.put(f"{tea}/penalties/{mod.id}", json=held)
        assert code(answer) == (403, "one_of_us")
        assert code(await mod.http.patch(f"{tea}/chat-rules", json={})) == (401, "not_signed_in")
        wrong = {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}
        answer = await mod.http.delete(f"{tea}/penalties/{ann.id}", headers=wrong)
        assert code(answer) == (403, "wrong_origin")
        assert (await trail(desk))[-2:] == [("chat.hide", mod.name), ("chat.mute", mod.name)]
        assert (await desk.delete(f"moderators/{mod.id}")).status_code == 204
        assert (await mod.say("still?"))["message"] == "chat_closed"
        assert code(await desk.delete(f"moderators/{mod.id}")) == (404, "moderator_not_found")
        answer = await mod.http.delete(f"{tea}/penalties/{ann.id}")
        assert code(answer) == (403, "not_moderator")


async def test_a_chat_for_followers(fresh_db: Database) -> None:
    """Who follows writes, from the tap on; who leaves does not. It is so for who comes later."""
    async with room(fresh_db) as (home, desk), person(home) as ann, person(home) as bob:
        tea = f"{home.base}/api/v1/rooms/tea/follow"
        for _ in range(2):
            assert (await bob.http.put(tea)).status_code == 204
        await desk.patch("chat-rules", json={"followers": True})
        await ann.talker.pub(lambda data: data.get("chat_rules") == {"followers": True})
        assert (await ann.say("one"))["message"] == "chat_followers"
        assert "id" in await bob.say("one")
        assert (await ann.http.put(tea)).status_code == 204
        assert "id" in await ann.say("two")
        assert (await bob.http.delete(tea)).status_code == 204
        assert (await bob.say("two"))["message"] == "chat_followers"
        mine = (await ann.http.get(f"{home.base}/api/v1/me/follows")).json()["items"]
        assert [(one["room_id"], one["host_name"]) for one in mine] == [("tea", "小禾")]
        assert (await bob.http.get(f"{home.base}/api/v1/me/follows")).json() == {"items": []}
        other = f"{home.base}/api/v1/rooms/none/follow"
        assert code(await ann.http.put(other)) == (404, "room_not_found")
        wrong = {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}
        assert code(await ann.http.put(tea, headers=wrong)) == (403, "wrong_origin")
        # It is written down: she comes again, and a ward that opens later knows her.
        async with dialled(home.server) as peer:
            await peer.upgrade("/rt", f"Cookie: {ann.http.headers['cookie']}")
            hello = (await Talker(peer).ask(connect={"data": {"room": "tea"}}))["connect"]["data"]
            assert hello["room"]["following"] is True
        follows = Follows(fresh_db, home.bus)
        ward = await Moderation(fresh_db, home.bus, home.hub.clock, follows).ward("tea")
        assert (ward.followers, ward.rules.followers) == ({ann.id}, True)
        ward.close()


async def test_viewers_report_and_block(fresh_db: Database) -> None:
    async with room(fresh_db) as (home, desk), person(home) as ann, person(home) as bob:
        tea = f"{home.base}/api/v1/rooms/tea"
        spam = await ann.say("buy elsewhere")
        for who, reason in ((bob, "spam"), (bob, "spam"), (ann, "other")):
            wish = {"line_id": spam["id"], "reason": reason, "note": " really "}
            assert (await who.http.post(f"{tea}/reports", json=wish)).status_code == 204
        assert (await bob.http.post(f"{tea}/reports", json={"reason": "fraud"})).status_code == 204
        items = (await desk.get("reports")).json()["items"]
        assert [(x["people"], x["text"], x["visitor_id"]) for x in items] == [
            (2, "buy elsewhere", ann.id), (1, None, None),
        ]  # fmt: skip
        assert sorted(items[0]["reasons"]) == ["other", "spam"]
        assert (await desk.post(f"reports/{items[0]['id']}/close")).status_code == 204
        assert len((await desk.get("reports")).json()["items"]) == 1
        again = await desk.post(f"reports/{items[0]['id']}/close")
        assert code(again) == (404, "report_not_found")
        missing = {"line_id": "c_none", "reason": "spam"}
        assert code(await bob.http.post(f"{tea}/reports", json=missing)) == (
            404, "chat_line_not_found",
        )  # fmt: skip
        assert code(await bob.http.post(f"{tea}/reports", json={"reason": "dull"}))[0] in {400, 422}
        codes = [
            (await bob.http.post(f"{tea}/reports", json=missing)).status_code for _ in range(12)
        ]
        assert codes[-1] == 429

        url = f"{home.base}/api/v1/blocks/{ann.id}"
        assert (await bob.http.put(url, json={"name": ann.name})).status_code == 204
        joined = (await bob.talker.ask(rpc={"method": "join", "data": {"room": "tea"}}))["rpc"]
        assert joined["data"]["blocked"] == [ann.id]
        mine = (await bob.http.get(f"{home.base}/api/v1/blocks")).json()["items"]
        assert mine == [{"visitor_id": ann.id, "name": ann.name}]
        assert (await bob.http.delete(url)).status_code == 204
        assert (await bob.http.get(f"{home.base}/api/v1/blocks")).json()["items"] == []
        wrong = await bob.http.put(f"{home.base}/api/v1/blocks/nobody", json={})
        assert code(wrong) == (422, "bad_input")


async def test_lines_answer_and_name_each_other(fresh_db: Database) -> None:
    async with room(fresh_db) as (home, desk), person(home) as ann, person(home) as bob:
        asked = await ann.say("does it keep cold? " + "x" * 60)
        reply = await bob.say("six hours", reply_to=asked["id"])
        assert reply["reply"] == {
            "id": asked["id"], "name": ann.name, "name_en": friendly_name(ann.id, "en"),
            "text": asked["text"][:39] + "…",
        }  # fmt: skip
        assert reply["to"] == [ann.id]
        named = await ann.say(f"thanks @{bob.name} and @nobody")
        assert named["to"] == [bob.id]
        english = await ann.say(f"thanks @{friendly_name(bob.id, 'en')}")
        assert english["to"] == [bob.id]
        assert "reply" not in await bob.say("gone", reply_to="c_gone")
        kept = (await desk.get("chat")).json()["items"]
        assert kept[1]["reply"]["name"] == ann.name
    past = await Archive(fresh_db).past("tea")
    assert b'"reply":{"id":"' in past.lines[1]
