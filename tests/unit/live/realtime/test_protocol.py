"""Commands: whatever arrives is either commands or the end of the connection."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yaohe.live.realtime import protocol as p

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = st.sampled_from([*p.Command.__struct_fields__, "other"])
INNER = st.dictionaries(
    st.sampled_from(["channel", "data", "method", "offset", "epoch", "recover", "flag"]), JSON
)


def commands_of(raw: bytes) -> list[p.Command] | None:
    """What the server makes of bytes; None when they end the connection. Nothing else may come."""
    try:
        return p.read_commands(raw)
    except p.Leave:
        return None


@settings(deadline=None)
@given(st.binary(max_size=400))
@example(b'{"id":1,"rpc":{"method":"\\ud800"}}')
@example(b"{" * 2_000)
@example(b'{"id":1e400}')
def test_any_bytes_are_commands_or_the_end(raw: bytes) -> None:
    commands = commands_of(raw)
    assert commands is None or 1 <= len(commands) <= p.COMMANDS_PER_MESSAGE_MAX
    for command in commands or ():
        assert command.id >= 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.dictionaries(NAMES, st.integers() | INNER | JSON, max_size=4), max_size=4))
def test_any_json_is_commands_or_the_end(lines: list[object]) -> None:
    raw = "\n".join(json.dumps(line) for line in lines).encode("utf-8", "surrogatepass")
    for command in commands_of(raw) or ():
        for wish, shape in ((command.publish, p.SayRequest), (command.rpc, p.JoinRequest)):
            if wish is not None:
                with contextlib.suppress(p.Problem):
                    assert isinstance(p.read_data(wish.data, shape), shape)


def test_a_pong_is_an_empty_object() -> None:
    pong, ping, wish = p.read_commands(b'{}\n{"id":3,"ping":{}}\n{"id":4}')
    assert [pong.is_pong, ping.is_pong, wish.is_pong] == [True, False, False]


def test_answers_are_what_centrifugo_writes() -> None:
    assert p.reply(7, "publish", {}) == b'{"id":7,"publish":{}}'
    assert json.loads(p.error_reply(7, p.Problem(*p.INTERNAL, temporary=True))) == {
        "id": 7,
        "error": {"code": 100, "message": "internal server error", "temporary": True},
    }
    assert "temporary" not in json.loads(p.error_reply(7, p.Problem(*p.BAD_REQUEST)))["error"]
    pub = p.publication(b'{"a":1}', 5)
    assert json.loads(p.push("room:x:chat", pub)) == {
        "push": {"channel": "room:x:chat", "pub": {"data": {"a": 1}, "offset": 5}}
    }
    assert json.loads(p.unsubscribe_push("c"))["push"]["unsubscribe"]["code"] == 2500


def test_data_of_a_command_is_kept_as_it_came() -> None:
    (command,) = p.read_commands(
        b'{"id":1,"publish":{"channel":"c","data":{"text":"\xe5\xad\x97"}}}'
    )
    assert command.publish is not None
    assert bytes(command.publish.data) == b'{"text":"\xe5\xad\x97"}'
    assert p.read_data(command.publish.data, p.SayRequest).text == "字"
    with pytest.raises(p.Problem):
        p.read_data(msgspec.Raw(b"null"), p.SayRequest)
