"""Channels: history, recovery, gaps, and order for crowds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from yaohe.live.realtime import stream as streams
from yaohe.live.realtime.protocol import Position
from yaohe.live.realtime.stream import Cache, Listeners, Stream

NOTHING = {
    "epoch": "", "offset": 0, "was_recovering": True, "recovered": False, "publications": [],
}  # fmt: skip


class Ear:
    """A connection that notes the text messages written to it."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.was_lost: list[str] = []

    def lost(self, channel: str) -> None:
        self.was_lost.append(channel)

    def write(self, frame: bytes) -> None:
        start = 2 if frame[1] < 126 else 4
        self.lines += [json.loads(line) for line in frame[start:].split(b"\n")]


def listen(listeners: Listeners) -> Ear:
    ear = Ear()
    listeners.members[ear] = ear  # type: ignore[assignment]
    return ear


def data(*numbers: int) -> list[bytes]:
    return [b'{"n":%d}' % n for n in numbers]


def heard(ear: Ear) -> list[tuple[int, int]]:
    pubs = [line["push"]["pub"] for line in ear.lines if "pub" in line["push"]]
    return [(pub["offset"], pub["data"]["n"]) for pub in pubs]


def test_offsets_follow_each_other_and_history_recovers() -> None:
    stream = Stream("c")
    stream.receive("e1", 1, data(10, 11))
    ear = listen(stream.listeners)
    stream.receive("e1", 3, data(12))
    assert heard(ear) == [(3, 12)]
    assert stream.since("e1", 3) == []
    missed = stream.since("e1", 1)
    assert missed is not None
    assert [json.loads(pub)["offset"] for pub in missed] == [2, 3]
    assert stream.since("e1", 4) is None
    assert stream.since("e2", 3) is None
    assert stream.since("e1", 0) is not None


def test_history_is_bounded() -> None:
    stream = Stream("c")
    stream.receive("e1", 1, data(*range(500)))
    assert stream.since("e1", 199) is None
    missed = stream.since("e1", 200)
    assert missed is not None
    assert len(missed) == 300


def test_a_gap_or_another_owner_sends_listeners_back_to_ask() -> None:
    for epoch, first in (("e1", 5), ("e2", 1)):
        stream = Stream("c")
        stream.receive("e1", 1, data(1, 2))
        ear = listen(stream.listeners)
        stream.receive(epoch, first, data(9))
        assert ear.was_lost == ["c"]
        assert not stream.listeners.members
        assert stream.since("e1", 2) is None or epoch == "e1"
        assert stream.since(epoch, first) == []
        assert stream.since(epoch, first - 2) is None


def test_an_empty_batch_tells_only_the_position() -> None:
    stream = Stream("c")
    stream.receive("e1", 41, [])
    assert (stream.top, stream.since("e1", 40)) == (40, [])


def test_a_cache_keeps_the_last_value() -> None:
    cache = Cache("c")
    assert cache.stand(Position(recover=True)) == NOTHING
    ear = listen(cache.listeners)
    cache.receive("e1", 1, b'{"n":1}', news=b'{"n":1}')
    cache.receive("e1", 2, b'{"n":2,"of":9}', news=b'{"n":2}')
    cache.receive("e1", 3, b'{"n":2,"of":9}', news=None)
    assert heard(ear) == [(1, 1), (2, 2)]
    answer = cache.stand(Position(recover=True))
    assert (answer["recovered"], answer["offset"], answer["epoch"]) == (True, 3, "e1")
    latest = [json.loads(bytes(pub)) for pub in answer["publications"]]
    assert latest == [{"offset": 3, "data": {"n": 2, "of": 9}}]


async def test_crowds_are_served_in_slices_and_in_order() -> None:
    stream = Stream("c")
    ears = [listen(stream.listeners) for _ in range(streams.SLICE * 2 + 5)]
    stream.receive("e1", 1, data(1))
    late = listen(stream.listeners)
    gone = ears[-1]
    stream.listeners.members.pop(gone)
    stream.receive("e1", 2, data(2))
    assert heard(ears[0]) == [(1, 1)]
    while stream.listeners._busy:  # noqa: ASYNC110
        await asyncio.sleep(0)
    for ear in ears[:-1]:
        assert heard(ear) == [(1, 1), (2, 2)]
    assert heard(late) == [(2, 2)]
    assert heard(gone) == [(1, 1)]
