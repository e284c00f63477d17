"""The protocol held to the letter: one handshake with server-side subscriptions, what comes before
the first answer, disconnects, media time, and a WebSocket of another make saying odd things."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import AsyncExitStack
from typing import Any

import pytest
from centrifuge import Client
from tests.flows.test_realtime_clients import Notes, cut
from tests.support.patience import PATIENCE_S
from tests.support.realtime import Stage, Talker, realtime, talking
from tests.support.wire import dialled, on_uvloop, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from yaohe.live.media import MediaOrigin
from yaohe.live.moderation import ChatRules

CHAT, STATE = "room:tea:chat", "room:tea:state"
HERE = {"room": "tea", "playing": True}


@on_uvloop
async def test_one_handshake_brings_the_room() -> None:
    async with realtime() as stage, talking(stage, "bob", "tea") as bob:
        stage.hub.say("tea", kind="host", name="Lin", text="welcome")
        await bob.pub(lambda data: data.get("text") == "welcome")
        async with talking(stage, "ann", connect=False) as ann:
            reply = (await ann.ask(connect={"data": HERE}))["connect"]
            assert ann.messages == 1
            room = reply["data"]["room"]
            assert [line["text"] for line in room["chat"]] == ["welcome"]
            assert room["state"]["status"] == "live"
            assert room["moderator"] is False
            assert reply["data"]["visitor"]["id"] == "v_ann"
            assert set(reply["subs"]) == {"me:v_ann", CHAT, STATE}
            chat = reply["subs"][CHAT]
            assert (chat["offset"], chat["recoverable"], chat["positioned"]) == (1, True, True)
            # Subscribed already: lines arrive, and may be said.
            said = await ann.ask(publish={"channel": CHAT, "data": {"text": "hello"}})
            assert "publish" in said
            await ann.pub(lambda data: data.get("text") == "hello")
            await until(lambda: stage.hub.viewers("tea") == 1)
            again = await ann.ask(subscribe={"channel": CHAT})
            assert again["error"]["code"] == 105


@on_uvloop
async def test_server_side_subscriptions_recover_with_the_handshake() -> None:
    async with realtime() as stage, talking(stage, "bob", "tea") as bob:
        for text in ("one", "two", "three"):
            stage.hub.say("tea", kind="system", name="", text=text)
        await bob.pub(lambda data: data.get("text") == "three")
        epoch = stage.hub._halls["tea"].chat.epoch
        wish = {"recover": True, "epoch": epoch, "offset": 1}
        subs = {CHAT: wish, STATE: {"recover": True, "epoch": "x", "offset": 0}}
        async with talking(stage, "ann", connect=False) as ann:
            reply = (await ann.ask(connect={"data": HERE, "subs": subs}))["connect"]["subs"]
            assert (reply[CHAT]["recovered"], reply[CHAT]["was_recovering"]) == (True, True)
            assert [p["data"]["text"] for p in reply[CHAT]["publications"]] == ["two", "three"]
            # Cache mode: the last value is all there is to recover.
            assert reply[STATE]["recovered"] is True
            assert len(reply[STATE]["publications"]) == 1
        async with talking(stage, "ann", connect=False) as ann:
            other = {CHAT: {**wish, "epoch": "other"}}
            reply = (await ann.ask(connect={"data": HERE, "subs": other}))["connect"]["subs"]
            assert reply[CHAT]["recovered"] is False
            assert "publications" not in reply[CHAT]


@on_uvloop
async def test_what_comes_before_the_first_answer_waits_for_it() -> None:
    async with realtime() as stage, talking(stage, "ann", connect=False) as ann:
        ann.command(connect={"data": HERE})
        ann.command(publish={"channel": CHAT, "data": {"text": "early"}})
        ann.command(rpc={"method": "fly"})
        await ann.until(lambda line: line.get("id") == 3)
        replies = [line for line in ann.heard if "id" in line]
        assert ["connect" in replies[0], "publish" in replies[1], "error" in replies[2]] == [
            True
        ] * 3
        async with talking(stage, "eve", connect=False) as eve:
            lines = [json.dumps({"id": n + 2, "rpc": {}}) for n in range(60)]
            eve.raw("\n".join([json.dumps({"id": 1, "connect": {"data": HERE}}), *lines]))
            eve.raw("\n".join(lines))
            assert (await eve.ended())[0] in {3501, 3509}


@on_uvloop
async def test_a_room_that_is_not_there_is_said_in_the_first_answer() -> None:
    async with realtime() as stage, talking(stage, "ann", connect=False) as ann:
        reply = await ann.ask(connect={"data": {"room": "none"}})
        assert reply["error"] == {"code": 102, "message": "unknown channel"}
        reply = await ann.ask(connect={"data": {"room": 5}})
        assert reply["error"]["code"] == 107


@on_uvloop
async def test_who_the_server_subscribed_connects_again_when_the_count_begins_anew() -> None:
    async with realtime() as stage, talking(stage, "ann", connect=False) as ann:
        await ann.ask(connect={"data": HERE})
        stage.hub._halls["tea"].chat.begin("another epoch")
        assert await ann.ended() == (3010, "insufficient state")


@on_uvloop
async def test_viewers_are_those_whose_room_plays_in_sight() -> None:
    async with realtime() as stage, talking(stage, "bob", "tea"), AsyncExitStack() as gone:
        ann = await gone.enter_async_context(talking(stage, "ann", connect=False))
        reply = await ann.ask(connect={"data": {"room": "tea", "playing": False}})
        assert "connect" in reply
        watch = {"method": "watch", "data": {"room": "tea", "playing": True}}
        for playing, count in ((True, 1), (True, 1), (False, 0), (True, 1)):
            watch["data"] = {"room": "tea", "playing": playing}
            assert "rpc" in await ann.ask(rpc=watch)
            await until(lambda count=count: stage.hub.viewers("tea") == count)  # type: ignore[misc]
        watch["data"] = {"room": "cup", "playing": True}
        assert (await ann.ask(rpc=watch))["error"]["code"] == 103
        await gone.aclose()
        await until(lambda: stage.hub.viewers("tea") == 0)


@on_uvloop
async def test_events_carry_the_moment_of_the_video() -> None:
    origin = MediaOrigin()
    async with realtime(origin=origin) as stage, talking(stage, "ann", "tea") as ann:
        log = origin.open("tea")
        generation = log.open_epoch(init=b"i", codecs="avc1.42c01e")
        log.append(b"x", keyframe=True, dts_ms=0, duration_ms=2_000)
        began = round(generation.started_at.timestamp() * 1000)
        await ann.ask(publish={"channel": CHAT, "data": {"text": "now"}})
        line = await ann.pub(lambda data: data.get("text") == "now")
        assert line["media_at"] == began + 2_000
        stage.hub.change("tea", pinned="p1")
        state = await ann.pub(lambda data: data.get("pinned") == "p1")
        assert state["media_at"] == began + 2_000
        log.append(b"y", keyframe=False, dts_ms=2_000, duration_ms=500)
        log.set_live(False)
        await ann.ask(publish={"channel": CHAT, "data": {"text": "after"}})
        assert "media_at" not in await ann.pub(lambda data: data.get("text") == "after")


@on_uvloop
async def test_refusals_say_when_to_try_again() -> None:
    async with realtime() as stage, talking(stage, "ann", "tea") as ann:
        stage.wards["tea"].rules = ChatRules(slow_s=60)
        await ann.ask(publish={"channel": CHAT, "data": {"text": "one"}})
        reply = await ann.ask(publish={"channel": CHAT, "data": {"text": "two"}})
        assert reply["error"]["code"] == 111
        word, _, seconds = reply["error"]["message"].partition(":")
        assert (word, 55 <= int(seconds) <= 60) == ("chat_slow_mode", True)


@on_uvloop
async def test_the_python_client_joins_with_its_first_message() -> None:
    async with realtime() as stage:
        notes = Notes()
        client = Client(
            stage.url, events=notes, headers={"Cookie": "yh_v=ann"}, data=HERE,
            min_reconnect_delay=0.05, max_reconnect_delay=0.2, proxy=None,
        )  # fmt: skip
        await client.connect()
        await client.ready()
        assert notes.of("connected")[0]["room"]["state"]["status"] == "live"
        stage.hub.say("tea", kind="system", name="", text="one")

        def heard() -> list[str]:
            return [data["text"] for data in notes.of("personal") if "text" in data]

        await until(lambda: heard() == ["one"])
        cut(stage, "v_ann")
        stage.hub.say("tea", kind="system", name="", text="while away")
        await until(lambda: len(notes.of("connected")) == 2)
        stage.hub.say("tea", kind="system", name="", text="two")
        await until(
            lambda: bool(notes.of("personal")) and notes.of("personal")[-1].get("text") == "two"
        )
        await client.disconnect()


# ── a WebSocket of another make ──────────────────────────────────────────────────────────────────


async def dial(stage: Stage) -> ClientConnection:
    return await connect(stage.url, additional_headers={"Cookie": "yh_v=ann"}, proxy=None)


async def replies(socket: ClientConnection, number: int) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for line in str(await socket.recv()).split("\n"):
                told: dict[str, Any] = json.loads(line)
                if told.get("id") == number:
                    return told


@on_uvloop
async def test_fragments_with_control_frames_between_are_one_message() -> None:
    async with realtime() as stage:
        socket = await dial(stage)
        text = json.dumps({"id": 1, "connect": {}}).encode()
        protocol = socket.protocol
        protocol.send_text(text[:5], fin=False)
        protocol.send_ping(b"between")
        protocol.send_continuation(text[5:9], fin=False)
        protocol.send_pong(b"unasked")
        protocol.send_continuation(text[9:], fin=True)
        socket.send_data()
        assert "connect" in await replies(socket, 1)
        await socket.close(4321, "bye")
        assert socket.close_code == 4321


def unmasked(frame: bytes) -> bytes:
    """The same frame with its mask bit taken away."""
    return bytes((frame[0], frame[1] & 0x7F)) + frame[2:]


def built(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


def reserved(frame: bytes) -> bytes:
    """The same frame with a bit set that only an extension may set."""
    return bytes((frame[0] | 0x40,)) + frame[1:]


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        (unmasked(built(Opcode.TEXT, b"{}")), {1002}),
        (built(Opcode.CONT, b"x"), {1002}),
        (built(Opcode.TEXT, b"a", fin=False) + built(Opcode.TEXT, b"b"), {1002}),
        (reserved(built(Opcode.TEXT, b"{}")), {1002}),
        (b"\x83\x80\0\0\0\0", {1002}),
        (b"\x89\xfe\x00\x80\0\0\0\0" + bytes(128), {1002}),
        (built(Opcode.TEXT, b"x" * 70_000), {1009, 1002}),
        (built(Opcode.TEXT, b'{"id":1,"connect":{"name":"\xff\xfe"}}'), {3501, 1007}),
        (built(Opcode.CLOSE, b"\x03\xe8"), {1000}),
    ],
    # Masks are random, and so would be the names made from the bytes.
    ids=[
        "unmasked",
        "continuation of nothing",
        "text within text",
        "reserved bit",
        "unknown opcode",
        "long ping",
        "too large",
        "not UTF-8",
        "close",
    ],
)
@on_uvloop
async def test_broken_frames_end_the_connection_and_nobody_elses(
    sent: bytes, codes: set[int]
) -> None:
    async with realtime() as stage, talking(stage, "bob", "tea") as bob:
        async with dialled(stage.server) as peer:
            assert (await peer.upgrade("/rt", "Cookie: yh_v=ann"))[0] == 101
            peer.writer.write(sent)
            talker = Talker(peer)
            try:
                code, _ = await talker.ended()
                assert code in codes
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # cut off without a word is allowed for bytes that are no frames
        await until(lambda: "v_ann" not in stage.hub.people._by_visitor)
        assert "rpc" in await bob.ask(rpc={"method": "like", "data": {"room": "tea", "n": 1}})


@on_uvloop
async def test_odd_commands_crash_nothing_and_leave_nothing() -> None:
    """Well-formed frames with commands put together at random, some of them broken on the way."""
    chance = random.Random(8)
    values: list[Any] = [
        None, 0, -1, 2**40, "", "x" * 300, [], {}, {"channel": CHAT}, {"channel": None},
        {"method": "join", "data": HERE}, {"method": "watch", "data": {}}, {"channel": STATE},
        {"channel": CHAT, "data": {"text": "é" * 50}}, {"channel": CHAT, "recover": True},
        {"data": HERE, "subs": {CHAT: {"recover": True, "epoch": "x", "offset": -5}}}, True,
    ]  # fmt: skip
    names = [
        "connect", "subscribe", "unsubscribe", "publish", "rpc", "ping", "presence_stats",
        "history", "presence", "send", "refresh", "sub_refresh", "unknown",
    ]  # fmt: skip
    async with realtime() as stage, talking(stage, "bob", "tea") as bob:
        for round_ in range(60):
            socket = await dial(stage)
            try:
                if chance.random() < 0.7:
                    await socket.send(json.dumps({"id": 1, "connect": {"data": HERE}}))
                for number in range(2, 14):
                    command = {"id": number, chance.choice(names): chance.choice(values)}
                    text = json.dumps(command)
                    if chance.random() < 0.15:
                        at = chance.randrange(len(text))
                        text = text[:at] + chance.choice("\0{}[]\"',:\n\u2028") + text[at + 1 :]
                    await socket.send(text)
            except ConnectionClosed:
                pass
            await socket.close()
            if round_ % 20 == 0:
                assert "rpc" in await bob.ask(
                    rpc={"method": "like", "data": {"room": "tea", "n": 1}}
                )
        await until(lambda: set(stage.hub.people._by_visitor) == {"v_bob"})
        await until(lambda: not stage.hub._tasks)
        assert stage.hub.viewers("tea") == 0 or await _nobody(stage)


async def _nobody(stage: Stage) -> bool:
    await until(lambda: stage.hub.viewers("tea") == 0)
    return True
