"""What parent and child of an encoder say to each other: length-prefixed msgpack."""

from __future__ import annotations

import msgspec

LENGTH_BYTES = 4
MESSAGE_BYTES_MAX = 80 * 2**20


class Begin(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The fragments that follow are of this epoch; the first of them begins with a keyframe."""

    epoch: int
    init: bytes


class Piece(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One fragment, as the log holds it."""

    data: bytes


class Picture(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One access unit, length-prefixed; `record` (avcC) with the first of an epoch."""

    epoch: int
    at_ms: int
    keyframe: bool
    unit: bytes
    record: bytes


class Sound(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One frame as it came; `record` is its configuration with the first of an epoch, and `codec`
    the four letters of its kind."""

    epoch: int
    at_ms: int
    frame: bytes
    codec: bytes
    record: bytes


class Done(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A piece is finished: everything made of it was sent."""


class Fault(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A defect of ours, for the parent's log: this process may not write to any."""

    text: str


Order = Begin | Piece
Report = Picture | Sound | Done | Fault

_encoder = msgspec.msgpack.Encoder()
_orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
_reports: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)


def encode(message: Order | Report) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_order(body: bytes) -> Order:
    return _orders.decode(body)


def decode_report(body: bytes) -> Report:
    return _reports.decode(body)
