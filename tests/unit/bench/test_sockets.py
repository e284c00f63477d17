"""What the load of the bench counts is what was sent, however the network cuts it."""

from __future__ import annotations

import pytest
from bench.sockets import MARK, Ears
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.wire import TEXT, ws_frame

PING = ws_frame(TEXT, b"{}")
TALK = [
    ws_frame(TEXT, b'{"connect":{"client":"1"}}'),
    ws_frame(TEXT, MARK + b" 0001 " + b"tea " * 40),
    PING,
    ws_frame(TEXT, MARK + b"\n" + MARK + b" " * 70_000),
    ws_frame(TEXT, MARK + b" short"),
    PING,
]


@given(st.lists(st.integers(1, 200), max_size=40))
def test_frames_are_counted_however_they_are_cut(cuts: list[int]) -> None:
    ears, wire, pings = Ears(PING), b"".join(TALK), 0
    for size in cuts:
        pings += ears.hear(7, wire[:size])
        wire = wire[size:]
        ears.hear(8, b"\x81")  # another socket's half a head stays its own
        ears.hear(8, b"\x00")
    pings += ears.hear(7, wire)
    assert (ears.delivered, ears.frames) == (4, 3)
    assert 1 <= pings <= 2  # two pings in one read are answered once


def test_a_closed_socket_is_told() -> None:
    with pytest.raises(ConnectionError, match="too slow"):
        Ears(PING).hear(7, TALK[0] + b"\x88\x0a\x0b\xc0too slow")
