"""The official clients against our server: Python's in this process, JavaScript's under node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    ConnectingContext,
    DisconnectedContext,
    PublicationContext,
    ReplyError,
    ServerPublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
)
from tests.support.patience import PATIENCE_S
from tests.support.realtime import Stage, realtime
from tests.support.tools import need
from tests.support.wire import on_uvloop, until

ROOT = Path(__file__).parents[2]
CHAT = "room:tea:chat"


class Notes(ClientEventHandler, SubscriptionEventHandler):
    """Everything that happened, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def of(self, kind: str) -> list[Any]:
        return [what for name, what in self.seen if name == kind]

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.seen.append(("connected", ctx.data))

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        self.seen.append(("connecting", ctx.code))

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.seen.append(("disconnected", ctx.code))

    async def on_subscribed(self, ctx: SubscribedContext) -> None:  # type: ignore[override]
        self.seen.append(("subscribed", ctx))

    async def on_publication(
        self,
        ctx: PublicationContext | ServerPublicationContext,  # type: ignore[override]
    ) -> None:
        if isinstance(ctx, ServerPublicationContext):
            self.seen.append(("personal", ctx.pub.data))
        else:
            self.seen.append(("line", ctx.pub.data))


@asynccontextmanager
async def python_client(stage: Stage, who: str) -> AsyncIterator[tuple[Client, Notes]]:
    notes = Notes()
    client = Client(
        stage.url,
        events=notes,
        headers={"Cookie": f"yh_v={who}"},
        min_reconnect_delay=0.05,
        max_reconnect_delay=0.2,
        proxy=None,
    )
    await client.connect()
    await client.ready()
    try:
        yield client, notes
    finally:
        await client.disconnect()


def cut(stage: Stage, visitor: str) -> None:
    """The line drops, as lines do: without a word."""
    for connection in stage.hub.people._by_visitor[visitor]:
        assert connection.connection is not None
        connection.connection.abort()


@on_uvloop
async def test_the_python_client_talks_recovers_and_leaves() -> None:
    async with realtime() as stage, python_client(stage, "ann") as (client, notes):
        (hello,) = notes.of("connected")
        assert hello["visitor"] == {"id": "v_ann", "name": "name of ann"}
        chat_notes, state_notes = Notes(), Notes()
        chat = client.new_subscription(CHAT, events=chat_notes, recoverable=True)
        state = client.new_subscription("room:tea:state", events=state_notes)
        await chat.subscribe()
        await state.subscribe()
        await chat.ready()
        await state.ready()
        await chat.publish({"text": "hello"})
        await until(lambda: bool(chat_notes.of("line")))
        assert chat_notes.of("line")[0]["text"] == "hello"
        with pytest.raises(ReplyError) as refused:
            await chat.publish({"text": "x" * 300})
        assert (refused.value.code, refused.value.message) == (107, "chat_too_long")
        joined = await client.rpc("join", {"room": "tea"})
        assert joined.data["chat"][0]["text"] == "hello"
        stats = await chat.presence_stats()
        assert stats.num_clients == 1
        stage.hub.tell("v_ann", {"type": "coupon"})
        await until(lambda: notes.of("personal") == [{"type": "coupon"}])

        cut(stage, "v_ann")
        for n in range(3):
            stage.hub.say("tea", kind="system", name="", text=f"while away {n}")
        await until(lambda: len(chat_notes.of("line")) == 4)
        assert [line["text"] for line in chat_notes.of("line")][1:] == [
            f"while away {n}" for n in range(3)
        ]
        assert chat_notes.of("subscribed")[-1].recovered is True
        assert len(notes.of("connected")) == 2

        cut(stage, "v_ann")
        stage.hub._halls["tea"].chat.begin("another epoch", 7)
        await until(lambda: len(chat_notes.of("subscribed")) == 3)
        assert chat_notes.of("subscribed")[-1].recovered is False
        assert chat_notes.of("subscribed")[-1].was_recovering is True
        await until(lambda: stage.hub.viewers("tea") == 0)

        # A count that begins anew sends its listeners away; they come back by themselves.
        stage.hub._halls["tea"].chat.begin("a third epoch", 7)
        await until(lambda: len(chat_notes.of("subscribed")) == 4)
        assert chat_notes.of("subscribed")[-1].recovered is False
        assert len(notes.of("connected")) == 3


@on_uvloop
async def test_the_python_client_comes_back_after_a_drain() -> None:
    async with realtime() as stage, python_client(stage, "ann") as (_, notes):
        next(iter(stage.hub.people._by_visitor["v_ann"])).drain()
        await until(lambda: len(notes.of("connected")) == 2)
        assert notes.of("connecting")[-1] == 3001
        next(iter(stage.hub.people._by_visitor["v_ann"])).leave(3504, "connection limit")
        await until(lambda: notes.of("disconnected") == [3504])


@on_uvloop
async def test_the_javascript_client_talks_and_recovers() -> None:
    node = need("node")
    if not (ROOT / "web" / "node_modules" / "centrifuge").exists():
        pytest.skip("needs the web packages (`make setup`)")
    async with realtime() as stage:
        # Node looks for packages beside the script, so it reads it from standard input.
        process = await asyncio.create_subprocess_exec(
            node, "--experimental-websocket", "--no-warnings", "--input-type=module", "-",
            stage.url, "tea",
            cwd=ROOT / "web", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write((ROOT / "tests/support/centrifuge_peer.mjs").read_bytes())
        process.stdin.close()
        seen: list[dict[str, Any]] = []

        async def event(kind: str, **fields: Any) -> dict[str, Any]:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for one in seen:
                        if one["event"] == kind and fields.items() <= one.items():
                            return one
                    assert process.stdout is not None
                    line = await process.stdout.readline()
                    assert line, seen
                    seen.append(json.loads(line))

        try:
            connected = await event("connected")
            assert connected["data"]["visitor"]["id"] == "v_new"
            assert (await event("state"))["status"] == "live"
            await event("line", text="from the browser client", offset=1)
            assert (await event("joined"))["keys"] == ["chat", "moderator", "state", "visitor"]
            assert (await event("stats"))["numClients"] == 1
            refused = await event("refused")
            assert (refused["code"], refused["message"]) == (107, "chat_empty")
            await event("state", likes=2)
            stage.hub.tell("v_new", {"type": "friend_here", "n": 1})
            assert (await event("personal"))["channel"] == "me:v_new"
            cut(stage, "v_new")
            for n in range(3):
                stage.hub.say("tea", kind="system", name="", text=f"while away {n}")
            await event("subscribed", recovered=True, was=True)
            await event("line", text="while away 2", offset=4)
        finally:
            process.kill()
            await process.wait()
