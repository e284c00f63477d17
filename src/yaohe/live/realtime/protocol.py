"""Centrifugo's client protocol, the JSON subset spoken here: commands in, replies and pushes out.

One WebSocket message holds commands or replies divided by line feeds. A command that cannot be
read ends the connection with 3501; a command that can be read but not granted gets an error reply.
Codes are Centrifugo's own, so its clients in every language react the right way: disconnect codes
from 3000 come back, from 3500 stay away.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from yaohe.kernel.errors import AppError

COMMANDS_PER_MESSAGE_MAX: Final = 64

Anything = dict[str, msgspec.Raw]
Channel = Annotated[str, Meta(max_length=128)]


class Position(msgspec.Struct):
    """Where a listener stands in a channel."""

    recover: bool = False
    offset: int = 0
    epoch: str = ""
    flag: int = 0


class Connect(msgspec.Struct):
    """Who connects is told by the cookie; tokens are not looked at. `data` may be a `JoinRequest`:
    then the room's channels are subscribed by the server, and `subs` says where to go on."""

    name: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    subs: Annotated[dict[Channel, Position], Meta(max_length=16)] = {}


class Subscribe(Position, kw_only=True):
    channel: Channel


class ChannelOnly(msgspec.Struct):
    channel: Channel


class Publish(msgspec.Struct):
    channel: Channel
    data: msgspec.Raw = msgspec.Raw(b"null")


class Rpc(msgspec.Struct):
    method: Annotated[str, Meta(max_length=64)] = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Command(msgspec.Struct):
    """One command; `{}` is a pong. What is not listed is refused as not available."""

    id: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    connect: Connect | None = None
    subscribe: Subscribe | None = None
    unsubscribe: ChannelOnly | None = None
    publish: Publish | None = None
    rpc: Rpc | None = None
    presence_stats: ChannelOnly | None = None
    ping: Anything | None = None
    presence: Anything | None = None
    history: Anything | None = None
    send: Anything | None = None
    refresh: Anything | None = None
    sub_refresh: Anything | None = None

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and all(
            getattr(self, name) is None for name in self.__struct_fields__[1:]
        )


class SayRequest(msgspec.Struct):
    text: str
    reply_to: Annotated[str, Meta(max_length=40)] | None = None


class LikeRequest(msgspec.Struct):
    room: Annotated[str, Meta(max_length=64)]
    n: int = 1


class JoinRequest(msgspec.Struct):
    room: Annotated[str, Meta(max_length=64)]
    token: Annotated[str, Meta(max_length=32)] | None = None
    playing: bool = False
    ticket: Annotated[str, Meta(max_length=160)] | None = None


class WatchRequest(msgspec.Struct):
    """Whether the room is seen and its video runs here: such people are its viewers."""

    room: Annotated[str, Meta(max_length=64)]
    playing: bool


class Problem(Exception):
    """An error reply. `temporary` tells the client to try the same again by itself."""

    def __init__(self, code: int, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.temporary = code, message, temporary


class Leave(Exception):
    """Ends the connection with a close code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


INTERNAL: Final = (100, "internal server error")
UNKNOWN_CHANNEL: Final = (102, "unknown channel")
PERMISSION_DENIED: Final = (103, "permission denied")
METHOD_NOT_FOUND: Final = (104, "method not found")
ALREADY_SUBSCRIBED: Final = (105, "already subscribed")
LIMIT_EXCEEDED: Final = (106, "limit exceeded")
BAD_REQUEST: Final = (107, "bad request")
NOT_AVAILABLE: Final = (108, "not available")
TOO_MANY: Final = (111, "too_many")
UNRECOVERABLE: Final = (112, "unrecoverable position")


def refusal(error: AppError) -> Problem:
    """What the application refuses, as an error reply: its stable code, and after a colon the
    seconds after which trying again makes sense."""
    message = error.code if error.retry_after_s is None else f"{error.code}:{error.retry_after_s}"
    if error.status == 429:
        return Problem(TOO_MANY[0], message)
    return Problem((PERMISSION_DENIED if error.status == 403 else BAD_REQUEST)[0], message)


LEAVE_SHUTDOWN: Final = (3001, "shutdown")
LEAVE_SLOW: Final = (3008, "slow")
LEAVE_INSUFFICIENT: Final = (3010, "insufficient state")
LEAVE_NO_PONG: Final = (3012, "no pong")
LEAVE_BAD_REQUEST: Final = (3501, "bad request")
LEAVE_STALE: Final = (3502, "stale")
LEAVE_CONNECTION_LIMIT: Final = (3504, "connection limit")
LEAVE_TOO_MANY_ERRORS: Final = (3509, "too many errors")

UNSUBSCRIBE_INSUFFICIENT: Final = (2500, "insufficient state")

FLAG_REJECT_UNRECOVERED: Final = 2

_decoder = msgspec.json.Decoder(Command)
_encode = msgspec.json.encode


def read_commands(payload: bytes) -> list[Command]:
    """The commands of one message; raises `Leave` when they are not commands."""
    lines = [line for line in payload.split(b"\n") if line and not line.isspace()]
    if not lines or len(lines) > COMMANDS_PER_MESSAGE_MAX:
        raise Leave(*LEAVE_BAD_REQUEST)
    try:
        return [_decoder.decode(line) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Leave(*LEAVE_BAD_REQUEST) from None


def read_data(raw: msgspec.Raw, shape: Any) -> Any:
    """The application's part of a command; raises `Problem` 107."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(*BAD_REQUEST) from None


def reply(command_id: int, kind: str, result: Any) -> bytes:
    return b'{"id":%d,"%b":%b}' % (command_id, kind.encode(), _encode(result))


def error_reply(command_id: int, problem: Problem) -> bytes:
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.temporary:
        error["temporary"] = True
    return _encode({"id": command_id, "error": error})


def publication(data: bytes, offset: int) -> bytes:
    """One publication as it stands in pushes and in recovery."""
    return b'{"data":%b,"offset":%d}' % (data, offset)


def push(channel: str, pub: bytes) -> bytes:
    return b'{"push":{"channel":%b,"pub":%b}}' % (_encode(channel), pub)


def unsubscribe_push(channel: str) -> bytes:
    code, reason = UNSUBSCRIBE_INSUFFICIENT
    return _encode({"push": {"channel": channel, "unsubscribe": {"code": code, "reason": reason}}})


def room_of(channel: str) -> str:
    """The room of `room:<id>:chat|state`; raises `Problem` 102."""
    parts = channel.split(":")
    if len(parts) != 3 or parts[0] != "room" or parts[2] not in {"chat", "state"}:
        raise Problem(*UNKNOWN_CHANNEL)
    return parts[1]
