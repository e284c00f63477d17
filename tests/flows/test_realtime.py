"""Realtime over a real socket: the protocol, recovery, chat, counts, limits."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.realtime import Shoebox, Talker, realtime, talking
from tests.support.wire import dialled, on_uvloop, until

from yaohe.kernel.clock import ManualClock
from yaohe.live.moderation import ChatRules
from yaohe.live.realtime.client import PING_FRAME
from yaohe.live.realtime.hub import QUIET_S_MAX

CHAT = "room:tea:chat"
RULES = ChatRules().shown()


def say(talker: Talker, text: str) -> int:
    return talker.command(publish={"channel": CHAT, "data": {"text": text}})


@on_uvloop
async def test_connect_tells_who_you_are_and_what_you_hear() -> None:
    async with realtime() as stage, talking(stage, "ann", connect=False) as ann:
        reply = (await ann.ask(connect={"name": "js", "token": "x"}))["connect"]
        assert reply["ping"] == 25
        assert reply["pong"] is True
        now = datetime.fromisoformat(reply["data"].pop("now"))
        assert abs(now - stage.hub.clock.now()) < timedelta(minutes=5)
        assert reply["data"] == {"visitor": {"id": "v_ann", "name": "name of ann"}}
        assert reply["subs"] == {"me:v_ann": {}}
        assert reply["client"]
        stage.hub.tell("v_ann", {"type": "friend_here", "n": 3})
        stage.hub.tell("v_bob", {"type": "friend_here", "n": 9})
        push = await ann.until(lambda line: "push" in line)
        assert push["push"] == {
            "channel": "me:v_ann",
            "pub": {"data": {"type": "friend_here", "n": 3}},
        }


@on_uvloop
async def test_a_new_visitor_gets_the_cookie_with_the_upgrade() -> None:
    async with realtime() as stage, dialled(stage.server) as peer:
        assert (await peer.upgrade("/rt"))[1]["set-cookie"] == "yh_v=new; Path=/"


@on_uvloop
async def test_chat_reaches_everybody_in_batches_with_offsets() -> None:
    async with (
        realtime() as stage,
        talking(stage, "ann", "tea") as ann,
        talking(stage, "bob", "tea") as bob,
    ):
        for n in range(5):
            say(ann, f"  line\t{n} ")
        await bob.pub(lambda data: data.get("text") == "line 4")
        pubs = [
            line["push"]["pub"] for line in bob.heard if line.get("push", {}).get("channel") == CHAT
        ]
        assert [pub["data"]["text"] for pub in pubs] == [f"line {n}" for n in range(5)]
        assert [pub["offset"] for pub in pubs] == [1, 2, 3, 4, 5]
        first = pubs[0]["data"]
        assert first["name"] == "name of ann"
        assert first["v"] == "v_ann"
        assert first["kind"] == "chat"
        assert first["at"].endswith("Z")
        assert set(first) == {"id", "name", "text", "kind", "at", "v"}
        await ann.pub(lambda data: data.get("text") == "line 4")
        assert [line.text for _, line in stage.archive.lines] == [f"line {n}" for n in range(5)]
        assert stage.took_part == [("tea", "v_ann")]


@on_uvloop
async def test_a_batch_is_one_message() -> None:
    async with (
        realtime() as stage,
        talking(stage, "ann", "tea") as ann,
        talking(stage, "bob", "tea") as bob,
    ):
        say(ann, "first")
        await bob.pub(lambda data: data.get("text") == "first")
        before = bob.messages
        for n in range(40):
            stage.hub.say("tea", kind="system", name="", text=f"n{n}")
        await bob.pub(lambda data: data.get("text") == "n39")
        assert bob.messages - before <= 2


@on_uvloop
async def test_recovery_is_whole_or_not_at_all() -> None:
    async with realtime() as stage:
        async with talking(stage, "ann", "tea") as ann, talking(stage, "bob", "tea") as bob:
            say(ann, "one")
            await bob.pub(lambda data: data.get("text") == "one")
            here = (await bob.ask(subscribe={"channel": CHAT}))["error"]
            assert here == {"code": 105, "message": "already subscribed"}
            await bob.ask(unsubscribe={"channel": CHAT})
            epoch = stage.hub._halls["tea"].chat.epoch
            for text in ("two", "three"):
                say(ann, text)
            await ann.pub(lambda data: data.get("text") == "three")
            wish: dict[str, Any] = {
                "channel": CHAT, "recover": True, "offset": 1, "epoch": epoch,
            }  # fmt: skip
            reply = (await bob.ask(subscribe=wish))["subscribe"]
            assert reply["recovered"] is True
            assert reply["was_recovering"] is True
            assert reply["recoverable"] is True
            assert reply["positioned"] is True
            assert (reply["offset"], reply["epoch"]) == (1, epoch)
            assert [(p["offset"], p["data"]["text"]) for p in reply["publications"]] == [
                (2, "two"),
                (3, "three"),
            ]
        async with talking(stage, "eve") as eve:
            for change in ({"epoch": "other"}, {"offset": 9}, {"offset": -1}):
                reply = (await eve.ask(subscribe=wish | change))["subscribe"]
                assert (reply["recovered"], reply.get("publications")) == (False, None)
                assert (reply["offset"], reply["epoch"]) == (3, epoch)
                await eve.ask(unsubscribe={"channel": CHAT})
            for n in range(301):
                stage.hub.say("tea", kind="system", name="", text=f"n{n}")
            await until(lambda: stage.hub._halls["tea"].chat.top == 304)
            reply = (await eve.ask(subscribe=wish))["subscribe"]
            assert reply["recovered"] is False
            await eve.ask(unsubscribe={"channel": CHAT})
            error = (await eve.ask(subscribe=wish | {"flag": 2}))["error"]
            assert error["code"] == 112
            reply = (await eve.ask(subscribe=wish | {"offset": 4}))["subscribe"]
            assert reply["recovered"] is True
            assert len(reply["publications"]) == 300


@on_uvloop
async def test_after_a_restart_the_tail_is_there_but_not_recovered() -> None:
    archive = Shoebox()
    async with realtime(archive=archive) as stage, talking(stage, "ann", "tea") as ann:
        say(ann, "before")
        await ann.pub(lambda data: data.get("text") == "before")
        epoch = stage.hub._halls["tea"].chat.epoch
        await ann.ask(rpc={"method": "like", "data": {"room": "tea", "n": 3}})
        await ann.pub(lambda data: data.get("likes") == 3)
    async with realtime(archive=archive) as stage, talking(stage, "ann") as ann:
        wish = {"channel": CHAT, "recover": True, "offset": 1, "epoch": epoch}
        reply = (await ann.ask(subscribe=wish))["subscribe"]
        assert reply["recovered"] is False
        assert reply["offset"] == 1
        joined = (await ann.ask(rpc={"method": "join", "data": {"room": "tea"}}))["rpc"]["data"]
        assert [line["text"] for line in joined["chat"]] == ["before"]
        assert joined["state"]["likes"] == 3


@on_uvloop
async def test_state_is_merged_coalesced_and_given_whole_to_newcomers() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        reply = next(
            line["subscribe"] for line in ann.heard if "publications" in line.get("subscribe", {})
        )
        assert reply["publications"][0]["data"] == {
            "viewers": 0, "likes": 0, "status": "live", "pinned": None, **RULES,
        }  # fmt: skip
        before = ann.messages
        for n in range(50):
            stage.hub.change("tea", coupon_left=100 - n)
            stage.bus.publish("room.tea.state", b'{"pinned":"p%d"}' % n)
        stage.bus.publish("room.tea.state", b"not json")
        state = await ann.pub(lambda data: data.get("pinned") == "p49")
        assert state == {"coupon_left": 51, "pinned": "p49"}
        assert ann.messages - before <= 2
        async with talking(stage, "bob") as bob:
            reply = (await bob.ask(subscribe={"channel": "room:tea:state", "recover": True}))[
                "subscribe"
            ]
            assert reply["recovered"] is True
            assert reply["publications"][0]["data"] == {
                "viewers": 0, "likes": 0, "status": "live", "pinned": "p49", "coupon_left": 51,
                **RULES,
            }  # fmt: skip


@on_uvloop
async def test_viewers_are_different_people_who_joined() -> None:
    async with realtime() as stage, talking(stage, "watcher", "tea") as watcher:
        join = {
            "method": "join", "data": {"room": "tea", "token": "abcdefghij", "playing": True},
        }  # fmt: skip
        async with talking(stage, "ann") as one, talking(stage, "ann") as two:
            joined = (await one.ask(rpc=join))["rpc"]["data"]
            assert joined["visitor"] == {"id": "v_ann", "name": "name of ann"}
            assert joined["chat"] == []
            await two.ask(rpc=join)
            await one.ask(rpc=join)
            async with talking(stage, "bob") as bob:
                await bob.ask(rpc=join)
                await watcher.pub(lambda data: data.get("viewers") == 2)
                assert stage.hub.viewers("tea") == 2
                assert stage.hub.room_state("tea").viewers == 2
                stats = await watcher.ask(presence_stats={"channel": CHAT})
                assert stats["presence_stats"] == {"num_clients": 1, "num_users": 2}
                cup = {"room": "cup", "playing": True}
                await bob.ask(rpc={"method": "join", "data": cup})
                await watcher.pub(lambda data: data.get("viewers") == 1)
                await until(lambda: stage.hub.viewers("cup") == 1)
        await until(lambda: stage.hub.viewers("tea") == 0)
        tokens = {(news.room_id, news.visitor_id, news.token) for news in stage.joined}
        assert ("tea", "v_ann", "abcdefghij") in tokens
        assert ("cup", "v_bob", None) in tokens


@on_uvloop
async def test_words_are_limited_in_speed_and_shape() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        for text, code in (
            ("", "chat_empty"),
            (" \n\x00", "chat_empty"),
            ("字" * 201, "chat_too_long"),
        ):
            reply = await ann.ask(publish={"channel": CHAT, "data": {"text": text}})
            assert reply["error"] == {"code": 107, "message": code}
        for wrong in (None, {}, {"text": 5}, "x"):
            reply = await ann.ask(publish={"channel": CHAT, "data": wrong})
            assert reply["error"] == {"code": 107, "message": "bad request"}
        replies = [
            await ann.ask(publish={"channel": CHAT, "data": {"text": f"n{n}"}}) for n in range(7)
        ]
        assert ["publish" in reply for reply in replies] == [True] * 5 + [False] * 2
        assert replies[5]["error"] == {"code": 111, "message": "too_many:1"}
        async with talking(stage, "ann", "tea") as twin:
            # The limit is the person's, not the connection's.
            reply = await twin.ask(publish={"channel": CHAT, "data": {"text": "more"}})
            assert reply["error"]["code"] == 111
        await asyncio.sleep(1.05)
        assert "publish" in await ann.ask(publish={"channel": CHAT, "data": {"text": "again"}})


@on_uvloop
async def test_likes_count_what_a_hand_can_do() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:

        async def like(n: int) -> int:
            reply = await ann.ask(rpc={"method": "like", "data": {"room": "tea", "n": n}})
            return int(reply["rpc"]["data"]["counted"])

        assert [await like(3), await like(-5), await like(0)] == [3, 0, 0]
        assert await like(10**9) <= 100
        assert await like(50) <= 5
        await ann.pub(lambda data: data.get("likes", 0) >= 90)
        refused = await ann.ask(rpc={"method": "like", "data": {"room": "cup", "n": 1}})
        assert refused["error"]["code"] == 103


@on_uvloop
async def test_what_is_not_granted_has_centrifugos_codes() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        for fields, code in (
            ({"subscribe": {"channel": "room:none:chat"}}, 102),
            ({"subscribe": {"channel": "nonsense"}}, 102),
            ({"subscribe": {"channel": "room:tea:secret"}}, 102),
            ({"subscribe": {"channel": "me:v_bob"}}, 103),
            ({"subscribe": {"channel": "me:v_ann"}}, 105),
            ({"publish": {"channel": "room:tea:state", "data": {"text": "x"}}}, 103),
            ({"publish": {"channel": "room:cup:chat", "data": {"text": "x"}}}, 103),
            ({"publish": {"channel": "me:v_bob", "data": {"text": "x"}}}, 103),
            ({"rpc": {"method": "fly"}}, 104),
            ({"rpc": {"method": "join", "data": {"room": 5}}}, 107),
            ({"rpc": {"method": "join", "data": {"room": "none"}}}, 102),
            ({"presence": {"channel": CHAT}}, 108),
            ({"history": {"channel": CHAT}}, 108),
            ({"presence_stats": {"channel": "room:cup:chat"}}, 103),
        ):
            assert (await ann.ask(**fields))["error"]["code"] == code, fields
        broken = (await ann.ask(subscribe={"channel": "room:broken:chat"}))["error"]
        assert broken == {"code": 100, "message": "internal server error", "temporary": True}


@on_uvloop
async def test_what_cannot_be_read_ends_the_connection() -> None:
    async with realtime() as stage:
        for raw in (
            b"nonsense", b"[]", b'{"id":-1}', b'{"id":1,"subscribe":5}', b'{"subscribe":{}}', b"\n",
            b'{"connect":{}}', b'{"id":9,"connect":{}}\n{"id":10,"connect":{}}', b'\xff{"id":1}',
            b"[" * 9_000, b"\n".join(b'{"id":5,"ping":{}}' for _ in range(65)),
        ):  # fmt: skip
            async with talking(stage, "ann", connect=False) as ann:
                ann.raw(raw)
                assert await ann.ended() == (3501, "bad request"), raw
        async with talking(stage, "ann", connect=False) as ann:
            ann.command(subscribe={"channel": CHAT})
            assert await ann.ended() == (3501, "bad request")


@on_uvloop
async def test_commands_are_limited_per_connection() -> None:
    async with realtime() as stage, talking(stage, "ann") as ann:
        for _ in range(60):
            ann.command(rpc={"method": "fly"})
        reply = await ann.ask(rpc={"method": "fly"})
        assert reply["error"] == {"code": 111, "message": "too_many", "temporary": True}
        for _ in range(300):
            ann.command(rpc={"method": "fly"})
        assert await ann.ended() == (3509, "too many errors")


@on_uvloop
async def test_one_person_has_only_so_many_connections() -> None:
    async with realtime() as stage:
        peers = []
        for n in range(21):
            context = talking(stage, "ann", connect=False)
            talker = await context.__aenter__()
            peers.append(context)
            if n == 20:
                assert (await talker.ended())[0] == 3504
        for context in peers:
            await context.__aexit__(None, None, None)
        await until(lambda: stage.hub.connections == 0)


@on_uvloop
async def test_pings_find_the_dead_and_spare_the_living() -> None:
    async with realtime() as stage, talking(stage, "ann") as ann, talking(stage, "bob") as bob:
        clients = [next(iter(stage.hub.people._by_visitor[v])) for v in ("v_ann", "v_bob")]
        for client in clients:
            client._stop_timer()
            client._ping()
        await ann.until(lambda line: line == {})
        await bob.until(lambda line: line == {})
        assert PING_FRAME == b"\x81\x02{}"
        ann.raw(b"{}")
        await until(lambda: clients[0]._heard)
        for client in clients:
            client._stop_timer()
            client._check_pong()
        assert await bob.ended() == (3012, "no pong")
        assert "publish" not in await ann.ask(ping={})
        assert clients[0]._timer is not None


@on_uvloop
async def test_what_waited_for_a_first_answer_that_failed_is_answered_too() -> None:
    async with realtime() as stage, talking(stage, connect=False) as talker:
        first = talker.command(connect={"data": {"room": "nowhere"}})
        second = talker.command(subscribe={"channel": "room:tea:chat"})
        third = talker.command(ping={})
        for number in (first, second, third):
            answer = await talker.until(lambda line, n=number: line.get("id") == n)  # type: ignore[misc]
            # Only the join itself is refused for good: what came with it may be asked again.
            assert answer["error"].get("temporary", False) == (number != first)
        order = [line["id"] for line in talker.heard if line.get("id") in {first, second, third}]
        assert order == [first, second, third]
        assert "result" not in await talker.ask(connect={"data": {"room": "broken"}})
        assert "connect" in await talker.ask(connect={})


@on_uvloop
async def test_a_room_does_not_close_before_who_just_came_in() -> None:
    clock = ManualClock()
    async with realtime(clock=clock) as stage:
        hall = await stage.hub.opened("tea")
        assert hall is not None
        clock.advance(QUIET_S_MAX + 1)
        assert await stage.hub.opened("tea") is hall
        assert clock.monotonic() - hall.quiet_since < QUIET_S_MAX


@on_uvloop
async def test_who_is_told_behind_the_path_is_told_only_so_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("yaohe.live.realtime.hub.TOLD_TASKS_MAX", 3)
    async with realtime() as stage, talking(stage) as talker:
        never = asyncio.Event()

        async def hangs(_: object) -> None:
            await never.wait()

        stage.hub.on_joined[:] = [hangs]
        for _ in range(8):
            answer = await talker.ask(rpc={"method": "join", "data": {"room": "tea"}})
            assert "rpc" in answer
        assert stage.hub.untold == 5


@on_uvloop
async def test_a_join_refused_by_a_full_house_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with realtime() as stage, talking(stage, connect=False) as talker:
        with monkeypatch.context() as full:
            full.setattr("yaohe.live.realtime.hub.TASKS_MAX", 0)
            refused = await talker.ask(connect={"data": {"room": "tea"}})
            assert refused["error"]["message"] == "too_many"
        assert "room" in (await talker.ask(connect={"data": {"room": "tea"}}))["connect"]["data"]


@on_uvloop
async def test_listeners_that_hang_take_no_place_of_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("yaohe.live.realtime.hub.TASKS_MAX", 2)
    async with realtime() as stage, talking(stage) as talker:
        never = asyncio.Event()

        async def hangs(_: object) -> None:
            await never.wait()

        stage.hub.on_joined[:] = [hangs]
        for _ in range(8):
            answer = await talker.ask(rpc={"method": "join", "data": {"room": "tea"}})
            assert "rpc" in answer


@on_uvloop
async def test_a_connection_that_says_nothing_is_stale() -> None:
    async with realtime() as stage, talking(stage, "ann", connect=False) as ann:
        next(iter(stage.hub.people._by_visitor["v_ann"]))._stale()
        assert await ann.ended() == (3502, "stale")


@on_uvloop
async def test_a_slow_reader_is_let_go_and_nobody_else_notices() -> None:
    async with (
        realtime() as stage,
        talking(stage, "slow", "tea") as slow,
        talking(stage, "ann", "tea") as ann,
    ):
        slow.peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client = next(iter(stage.hub.people._by_visitor["v_slow"]))
        for _ in range(400):
            if client.connection is None or not client.connection.open:
                break
            stage.hub._halls["tea"].chat.listeners.send(b'{"push":"' + b"x" * 60_000 + b'"}')
            await asyncio.sleep(0.002)
        assert client.connection is None or not client.connection.open
        say(ann, "still here")
        await until(lambda: any(line.text == "still here" for _, line in stage.archive.lines))
        await until(lambda: "v_slow" not in stage.hub.people._by_visitor)


@on_uvloop
async def test_hidden_lines_vanish_for_those_here_and_those_who_come() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        line = stage.hub.say("tea", kind="host", name="小禾", text="oops")
        await ann.pub(lambda data: data.get("id") == line.id)
        stage.hub.say("tea", kind="host", name="小禾", text="fine")
        await stage.hub.hide("tea", line.id, by=SimpleNamespace(id="s_1"))  # type: ignore[arg-type]
        await ann.pub(lambda data: data == {"kind": "hide", "id": line.id})
        assert [x["text"] for x in stage.hub.tail("tea", 10)] == ["fine"]
        async with talking(stage, "bob") as bob:
            wish = {
                "channel": CHAT, "recover": True, "offset": 0,
                "epoch": stage.hub._halls["tea"].chat.epoch,
            }  # fmt: skip
            reply = (await bob.ask(subscribe=wish))["subscribe"]
            assert reply["recovered"] is True
            assert "oops" not in str(reply)


@on_uvloop
async def test_three_hundred_listeners_hear_everything_in_order() -> None:
    async with realtime() as stage:
        contexts = [talking(stage, f"p{n // 15}", "tea") for n in range(300)]
        talkers = [await context.__aenter__() for context in contexts]
        for n in range(20):
            stage.hub.say("tea", kind="system", name="", text=f"n{n}")
            await asyncio.sleep(0.01)
        await asyncio.gather(
            *(talker.pub(lambda data: data.get("text") == "n19") for talker in talkers)
        )
        for talker in talkers:
            texts = [
                line["push"]["pub"]["data"]["text"]
                for line in talker.heard
                if line.get("push", {}).get("channel") == CHAT
            ]
            assert texts == [f"n{n}" for n in range(20)]
        for context in contexts:
            await context.__aexit__(None, None, None)


@on_uvloop
async def test_draining_sends_everybody_away_to_come_back() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        await stage.server.stop()
        assert await ann.ended() == (3001, "shutdown")
