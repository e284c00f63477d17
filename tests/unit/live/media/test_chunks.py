"""The chunk stream: any split of the bytes gives the same messages; nothing else gets through."""

from __future__ import annotations

import random
import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yaohe.live.media.errors import BadBytes, PublishRefused, TooBig
from yaohe.live.media.rtmp.chunks import (
    ABORT,
    AUDIO,
    MESSAGE_SIZE_MAX,
    SET_CHUNK_SIZE,
    STREAMS_MAX,
    VIDEO,
    ChunkReader,
    Message,
    write_message,
)

stamps = st.integers(0, 0xFFFF_FFFF) | st.sampled_from([0xFFFFFE, 0xFFFFFF, 0x1000000])
messages = st.builds(
    Message,
    st.sampled_from([VIDEO, AUDIO, 18, 20]),
    stamps,
    st.integers(0, 3),
    st.binary(max_size=700),
)


def read(reader: ChunkReader, wire: bytes) -> list[Message]:
    reader.feed(wire)
    return list(iter(reader.next, None))


def feed_in_pieces(reader: ChunkReader, wire: bytes, cuts: list[int]) -> list[Message]:
    found = []
    edges = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
    for begin, end in pairwise(edges):
        found += read(reader, wire[begin:end])
    return found


@given(
    st.lists(st.tuples(st.integers(3, 8), messages), max_size=8),
    st.sampled_from([1, 7, 128, 4096]),
    st.lists(st.integers(0, 1 << 20), max_size=12),
)
def test_any_split_gives_the_same_messages(
    sent: list[tuple[int, Message]], chunk_size: int, cuts: list[int]
) -> None:
    wire = write_message(2, Message(SET_CHUNK_SIZE, 0, 0, struct.pack(">I", chunk_size)))
    wire += b"".join(write_message(key, m, chunk_size=chunk_size) for key, m in sent)
    assert feed_in_pieces(ChunkReader(), wire, cuts) == [message for _, message in sent]


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=5))
def test_garbage_is_refused_or_read(data: bytes, cuts: list[int]) -> None:
    with suppress(PublishRefused):
        feed_in_pieces(ChunkReader(message_size_max=10_000), data, cuts)


@settings(max_examples=50)
@given(st.integers(0, 1 << 32), st.binary(min_size=1, max_size=60))
def test_damaged_streams_are_refused_or_read(seed: int, noise: bytes) -> None:
    chosen = random.Random(seed)
    wire = bytearray(
        b"".join(write_message(4, Message(VIDEO, n * 33, 1, bytes(300))) for n in range(5))
    )
    at = chosen.randrange(len(wire))
    wire[at : at + len(noise)] = noise
    with suppress(PublishRefused):
        feed_in_pieces(ChunkReader(), bytes(wire), [chosen.randrange(2000) for _ in range(6)])


def header(shape: int, key: int, *fields: bytes) -> bytes:
    return bytes((shape << 6 | key,)) + b"".join(fields)


def full(key: int, stamp: int, size: int, kind: int = VIDEO, stream: int = 1) -> bytes:
    return header(
        0,
        key,
        stamp.to_bytes(3, "big"),
        size.to_bytes(3, "big"),
        bytes((kind,)),
        stream.to_bytes(4, "little"),
    )


def test_every_header_shape_moves_time_as_specified() -> None:
    wire = (
        full(4, 1000, 1) + b"a"
        + header(1, 4, (40).to_bytes(3, "big"), (2).to_bytes(3, "big"), bytes((AUDIO,))) + b"bb"
        + header(2, 4, (30).to_bytes(3, "big")) + b"cc"
        + header(3, 4) + b"dd"
        + header(3, 4) + b"ee"
    )  # fmt: skip
    found = read(ChunkReader(), wire)
    assert [m.timestamp for m in found] == [1000, 1040, 1070, 1100, 1130]
    assert [m.kind for m in found] == [VIDEO, AUDIO, AUDIO, AUDIO, AUDIO]
    assert [m.payload for m in found] == [b"a", b"bb", b"cc", b"dd", b"ee"]


def test_type_3_after_a_full_header_repeats_its_time_as_delta_when_that_can_be_meant() -> None:
    found = read(ChunkReader(), full(4, 23, 1) + b"a" + header(3, 4) + b"b")
    assert [m.timestamp for m in found] == [23, 46]
    found = read(ChunkReader(), full(4, 9_000_000, 1) + b"a" + header(3, 4) + b"b")
    assert [m.timestamp for m in found] == [9_000_000, 9_000_000]


@pytest.mark.parametrize("repeats", [True, False])
def test_extended_timestamps_with_and_without_repetition(repeats: bool) -> None:
    stamp = 0x0123_4567
    extension = struct.pack(">I", stamp)
    body = bytes(range(256)) + bytes(44)
    wire = full(6, 0xFFFFFF, 300) + extension + body[:128]
    for begin in (128, 256):
        wire += header(3, 6) + (extension if repeats else b"") + body[begin : begin + 128]
    found = read(ChunkReader(), wire)
    assert found == [Message(VIDEO, stamp, 1, body)]


def test_extended_deltas() -> None:
    wire = full(6, 10, 1) + b"a"
    wire += header(2, 6, b"\xff\xff\xff", struct.pack(">I", 0x0200_0000)) + b"b"
    wire += header(3, 6, struct.pack(">I", 0x0200_0000)) + b"c"
    assert [m.timestamp for m in read(ChunkReader(), wire)] == [10, 0x0200_000A, 0x0400_000A]


def test_time_wraps_at_32_bits() -> None:
    wire = full(6, 0xFFFFFF, 1) + struct.pack(">I", 0xFFFF_FFF0) + b"a"
    wire += header(2, 6, (32).to_bytes(3, "big")) + b"b"
    assert [m.timestamp for m in read(ChunkReader(), wire)] == [0xFFFF_FFF0, 0x10]


def test_long_chunk_stream_keys() -> None:
    body = (5).to_bytes(3, "big") + (1).to_bytes(3, "big") + bytes((VIDEO,)) + bytes(4)
    wire = b"\x00\x09" + body + b"x" + b"\x01\x09\x02" + body + b"y"
    assert [m.payload for m in read(ChunkReader(), wire)] == [b"x", b"y"]


def test_messages_of_several_streams_interleave() -> None:
    one, two = bytes(200), bytes([1]) * 200
    a, b = full(4, 0, 200), full(5, 0, 200)
    wire = a + one[:128] + b + two[:128] + header(3, 4) + one[128:] + header(3, 5) + two[128:]
    assert [m.payload for m in read(ChunkReader(), wire)] == [one, two]


def test_abort_and_a_new_header_drop_the_unfinished_message() -> None:
    reader = ChunkReader()
    assert read(reader, full(4, 0, 200) + bytes(128)) == []
    abort = write_message(2, Message(ABORT, 0, 0, struct.pack(">I", 4)))
    assert read(reader, abort + full(4, 7, 1) + b"z") == [Message(VIDEO, 7, 1, b"z")]
    assert read(reader, full(4, 0, 200) + bytes(128)) == []
    assert read(reader, full(4, 9, 1) + b"y") == [Message(VIDEO, 9, 1, b"y")]


def test_bounds() -> None:
    with pytest.raises(TooBig):
        read(ChunkReader(), full(4, 0, MESSAGE_SIZE_MAX + 1))
    with pytest.raises(BadBytes):
        read(ChunkReader(), header(3, 4))
    with pytest.raises(BadBytes):
        read(ChunkReader(), write_message(2, Message(SET_CHUNK_SIZE, 0, 0, bytes(4))))
    with pytest.raises(BadBytes):
        read(ChunkReader(), write_message(2, Message(SET_CHUNK_SIZE, 0, 0, b"\x7f\xff\xff\xff")))
    with pytest.raises(BadBytes):
        read(ChunkReader(), write_message(2, Message(ABORT, 0, 0, b"x")))
    many = ChunkReader()
    for key in range(STREAMS_MAX):
        read(many, b"\x00" + bytes((key,)) + full(4, 0, 1)[1:] + b"x")
    with pytest.raises(BadBytes):
        read(many, full(3, 0, 1))


def test_unfinished_messages_share_one_limit() -> None:
    reader = ChunkReader(message_size_max=1_000)
    for key in range(3, 10):
        assert read(reader, full(key, 0, 900) + bytes(128)) == []
    with pytest.raises(TooBig):
        read(reader, full(10, 0, 900) + bytes(128))
