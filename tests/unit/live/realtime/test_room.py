"""Desk and hall talk over the bus only; two processes with one bus see the same room."""

from __future__ import annotations

import asyncio
import json

from tests.support.wire import until

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import ManualClock
from yaohe.live.moderation import Ward
from yaohe.live.realtime.model import State, new_line
from yaohe.live.realtime.pace import Again, Later
from yaohe.live.realtime.room import Desk, Hall, changes, hide_note


def line(text: str) -> bytes:
    made = new_line(kind="chat", name="n", text=text, at=ManualClock().now())
    return json.dumps({"id": made.id, "text": text}, separators=(",", ":")).encode()


async def nothing() -> State:
    return {}


def texts(hall: Hall) -> list[str]:
    return [json.loads(data)["text"] for data in hall.tail(100)]


async def test_two_processes_hear_the_same_and_count_together() -> None:
    bus, clock = MemoryBus(), ManualClock()
    owner, edge = Hall("tea", bus, "one", ward=Ward()), Hall("tea", bus, "two", ward=Ward())
    owner.desk = Desk(
        "tea", bus, clock, state={"status": "live"}, likes=7, listeners=lambda: 0, goods=nothing
    )
    owner.desk.begin([line("past")])
    assert texts(owner) == texts(edge) == ["past"]
    owner.come("v_a")
    owner.come("v_a")
    edge.come("v_a")
    edge.come("v_b")
    edge.like(5)
    edge.say(new_line(kind="chat", name="n", text="from the edge", at=clock.now()))
    await asyncio.sleep(0.6)
    assert texts(owner) == texts(edge) == ["past", "from the edge"]
    assert (owner.chat.epoch, owner.chat.top) == (edge.chat.epoch, edge.chat.top)
    assert owner.counts == edge.counts
    assert (edge.counts.viewers, edge.counts.likes) == (3, 12)
    assert owner.desk.viewers_peak == 3
    owner.go("v_a")
    edge.go("v_b")
    await asyncio.sleep(0.6)
    assert owner.counts.viewers == 2
    clock.advance(40)
    owner.tell_present()
    await asyncio.sleep(0.3)
    assert owner.counts.viewers == 1
    owner.close()
    edge.close()


async def test_an_edge_that_comes_later_learns_the_position() -> None:
    bus = MemoryBus()
    owner = Hall("tea", bus, "one", ward=Ward())
    owner.desk = Desk(
        "tea", bus, ManualClock(), state={}, likes=0, listeners=lambda: 0, goods=nothing
    )
    owner.desk.begin([line("a"), line("b")])
    edge = Hall("tea", bus, "two", ward=Ward())
    bus.publish("room.tea.hello", b"{}")
    assert (edge.chat.epoch, edge.chat.top) == (owner.chat.epoch, 2)
    assert edge.state.value == owner.state.value
    assert edge.chat.since(owner.chat.epoch, 1) is None
    owner.close()
    edge.close()
    assert not bus._exact


async def test_a_hidden_line_is_replaced_in_memory() -> None:
    bus = MemoryBus()
    hall = Hall("tea", bus, "one", ward=Ward())
    hall.desk = Desk(
        "tea", bus, ManualClock(), state={}, likes=0, listeners=lambda: 0, goods=nothing
    )
    lines = [line(text) for text in "abc"]
    hall.desk.begin(lines)
    hall.hide(hide_note(line=json.loads(lines[1])["id"]))
    await asyncio.sleep(0.1)
    assert texts(hall) == ["a", "c"]
    recovered = hall.chat.since(hall.chat.epoch, 0)
    assert recovered is not None
    assert b'"text":"b"' not in b"".join(recovered)
    hall.hide(hide_note(line='x"}{'))
    await asyncio.sleep(0.1)
    hall.close()


async def test_later_runs_at_once_after_silence_and_then_at_its_pace() -> None:
    loop, ran = asyncio.get_running_loop(), list[float]()
    later = Later(lambda: ran.append(loop.time()))
    begun = loop.time()
    later.soon(0.1)
    later.soon(0.1)
    await asyncio.sleep(0.03)
    assert len(ran) == 1
    assert ran[0] - begun < 0.03
    later.soon(0.1)
    await asyncio.sleep(0.2)
    assert len(ran) == 2
    assert ran[1] - ran[0] >= 0.09
    later.soon(0.1)
    later.close()
    await asyncio.sleep(0.15)
    assert len(ran) == 2


def test_changes_are_told_inside_of_objects_as_well() -> None:
    before = {"shelf": ["a", "b"], "products": {"a": {"stock": 3, "was": None}, "b": {"stock": 1}}}
    after = {"shelf": ["a"], "products": {"a": {"stock": 2, "was": None}}, "pinned": None}
    assert changes(before, after) == {
        "shelf": ["a"], "products": {"a": {"stock": 2}}, "pinned": None,
    }  # fmt: skip
    assert changes(after, after) == {}


async def test_a_question_is_asked_again_until_the_last_answer_is_known() -> None:
    asked, answered = list[int](), asyncio.Event()

    async def ask() -> None:
        asked.append(len(asked))
        if len(asked) == 1:
            await answered.wait()
        if len(asked) == 2:
            raise RuntimeError("no database")

    again = Again(ask, every_s=0.01)
    for _ in range(100):
        again.soon()
    await until(lambda: asked == [0])
    for _ in range(100):
        again.soon()  # the answer on its way may be from before
    answered.set()
    await until(lambda: asked == [0, 1, 2])
    again.soon()
    again.close()


async def test_a_thousand_orders_are_a_few_readings_and_the_last_is_seen() -> None:
    bus, read, stock = MemoryBus(), 0, 1_000

    async def goods() -> State:
        nonlocal read
        read += 1
        return {"shelf": ["tea"], "products": {"tea": {"stock": stock, "title": "春茶"}}}

    hall, published = Hall("tea", bus, "one", ward=Ward()), list[bytes]()
    bus.subscribe("room.tea.shown", lambda _, payload: published.append(payload))
    state = {"status": "live", **await goods()}
    hall.desk = Desk(
        "tea", bus, ManualClock(), state=state, likes=0, listeners=lambda: 0, goods=goods
    )
    hall.desk.begin([])
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while stock:
        stock -= 1
        bus.publish("room.tea.goods", b"")
        await asyncio.sleep(0)
    await until(lambda: json.loads(hall.state.value)["products"]["tea"]["stock"] == 0)
    # At most one reading and one publication in 250 ms, whatever the machine's pace.
    most = 2 + (loop.time() - begun) / 0.25
    assert read <= most + 1
    assert len(published) <= most + 1
    hall.close()
