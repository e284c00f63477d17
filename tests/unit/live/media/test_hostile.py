"""From a socket's bytes to the log, with damage on the way: no crash, no growth, no torn time."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.rtmp_encoder import media, opening, publishing
from tests.support.tags import DATA, Tag, tags

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog, PublishRefused
from yaohe.live.media.log import LogLimits
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import AmfValue
from yaohe.live.media.rtmp.chunks import Message
from yaohe.live.media.rtmp.flv import FlvIngest
from yaohe.live.media.rtmp.session import Session

LIMITS = LogLimits(keep_ms=5_000, bytes_max=2 << 20, frames_max=600)


class Ingest:
    """A connection without a socket: the session's peer, a publication behind it."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.log = FragmentLog("tea", clock=clock, limits=LIMITS)
        self.publication = Publication(
            self.log,
            remote="",
            clock=clock,
            on_started=lambda _: None,
            on_finished=lambda *_: None,
            on_replaced=lambda _: None,
        )
        self.flv = FlvIngest(self.publication)
        self.session = Session(self)
        self.answered = 0

    def send(self, data: bytes) -> None:
        self.answered += len(data)

    def publish_asked(self, stream_key: str, rung: str) -> None:
        self.session.accept()

    def publish_ended(self) -> None:
        self.publication.finish("closed")

    def media(self, message: Message) -> None:
        if message.kind == chunks.VIDEO:
            self.flv.video(message.timestamp, message.payload)
        elif message.kind == chunks.AUDIO:
            self.flv.audio(message.timestamp, message.payload)
        else:
            self.flv.aggregate(message.timestamp, message.payload)

    def metadata(self, values: dict[str, AmfValue]) -> None:
        self.flv.metadata(values)

    def caption(self, timestamp: int, text: str) -> None:
        self.flv.caption(timestamp, text)

    def take(self, wire: bytes, chosen: random.Random) -> bool:
        """Feed it in pieces of any size; False once the encoder was sent away."""
        position = 0
        while position < len(wire):
            size = chosen.choice((1, 7, 1_400, 65_536))
            try:
                self.session.receive(wire[position : position + size])
            except PublishRefused:
                return False
            position += size
        return True

    def assert_sound(self) -> None:
        held = self.log.span(self.log.first_offset, self.log.next_offset)
        for before, after in pairwise(held):
            if before.epoch != after.epoch:
                assert before.epoch < after.epoch
                assert after.keyframe
        # Sound may run ahead of the picture; the picture's own time has neither hole nor fold.
        for before, after in pairwise([f for f in held if f.frames]):
            if before.epoch == after.epoch:
                assert before.end_ms == after.dts_ms
        assert all(f.duration_ms >= 0 for f in held)
        assert self.log.bytes_held <= LIMITS.bytes_max + (1 << 20)
        assert self.log.frames_held <= LIMITS.frames_max + 128


def shows() -> list[list[Tag]]:
    size = {"width": 96, "height": 64, "seconds": 1.0}
    kinds = (("libx264", "aac"), ("libx265", "libopus"), ("libsvtav1", "aac"))
    return [[t for t in tags(*kind, **size) if t.kind != DATA] for kind in kinds]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_damaged_streams_end_or_go_on(seed: int) -> None:
    chosen = random.Random(seed)
    made = Ingest()
    wire = bytearray(opening() + publishing("key"))
    begin = len(wire) if chosen.random() < 0.8 else 0
    for tag in chosen.choice(shows()):
        wire += media(tag.kind, tag.timestamp, tag.payload)
    for _ in range(chosen.randrange(1, 6)):
        at = chosen.randrange(begin, len(wire))
        noise = chosen.randbytes(chosen.choice((1, 1, 4, 40)))
        wire[at : at + chosen.choice((0, len(noise)))] = noise
    made.take(bytes(wire), chosen)
    made.publication.finish("closed")
    made.assert_sound()
    assert made.answered < 64_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
@example(843)
def test_clocks_and_orders_of_every_kind_leave_an_unbroken_log(seed: int) -> None:
    """Frames lost, doubled and out of turn; clocks that jump, stand still and run backwards;
    encodings that change in the middle."""
    chosen = random.Random(seed)
    made = Ingest()
    assert made.take(opening() + publishing("key"), chosen)
    clock = chosen.choice((0, 0xFFFFFF - 500, 0xFFFF_FFFF - 500, 5))
    for _ in range(4):
        show = list(chosen.choice(shows()))
        for place in range(2, len(show)):
            if chosen.random() < 0.05:
                show[place], show[place - 1] = show[place - 1], show[place]
        for tag in show:
            if chosen.random() < 0.05:
                continue
            if chosen.random() < 0.02:
                clock += chosen.choice((-40_000, -3_000, -90, 90, 3_000, 40_000, 1 << 31))
            at = clock + tag.timestamp
            for _ in range(2 if chosen.random() < 0.05 else 1):
                assert made.take(media(tag.kind, at, tag.payload), chosen)
        clock += 1_000
        made.publication.tick()
    made.publication.finish("closed")
    made.assert_sound()
    assert made.log.next_offset > 0


@pytest.mark.parametrize("size", [1, 2, 128, 65_536, 16 * 1024 * 1024])
def test_any_chunk_size_carries_a_show(size: int) -> None:
    made, chosen = Ingest(), random.Random(1)
    wire = opening() + publishing("key")
    wire += chunks.write_message(
        2, Message(chunks.SET_CHUNK_SIZE, 0, 0, size.to_bytes(4, "big")), chunk_size=4_096
    )
    for tag in shows()[0]:
        message = Message(tag.kind, tag.timestamp + 0xFFFFFF - 300, 1, tag.payload)
        wire += chunks.write_message(6 if tag.kind == 9 else 4, message, chunk_size=size)
    assert made.take(wire, chosen)
    made.publication.finish("closed")
    assert sum(f.frames for f in made.log.span(0, made.log.next_offset)) == 30
