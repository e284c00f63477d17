"""What parent and child of the WebRTC gateway say to each other: length-prefixed msgpack."""

from __future__ import annotations

import msgspec

from yaohe.kernel.errors import AppError

LENGTH_BYTES = 4
MESSAGE_BYTES_MAX = 16 * 2**20


class OfferUnusable(AppError):
    """The SDP of a browser or encoder cannot be answered; the text says why."""

    code = "bad_offer"
    status = 400
    message = "This SDP offer cannot be answered."


class CodecMissing(OfferUnusable):
    code = "codec_unsupported"
    status = 415
    message = "The offer holds no H.264 video. Set the encoder to H.264 and Opus."


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Where peers reach the child: `host` is what the server listens on, `ports` bounds the UDP
    ports (0, 0: any)."""

    host: str = "127.0.0.1"
    ports: tuple[int, int] = (0, 0)


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    peer: int


class Open(_Message, frozen=True, tag=True):
    """Answer this offer. A `probe` connects and is measured; its media goes nowhere."""

    offer: str
    probe: bool


class Trickle(_Message, frozen=True, tag=True):
    """More of the peer's candidates, each the value of an `a=candidate` line."""

    candidates: tuple[str, ...]


class Hear(_Message, frozen=True, tag=True):
    """An Opus packet that came another way; its AAC comes back as `Sound`. `at` in 1/48000 s."""

    at: int
    packet: bytes


class Shut(_Message, frozen=True, tag=True):
    pass


class Answered(_Message, frozen=True, tag=True):
    sdp: str


class Refused(_Message, frozen=True, tag=True):
    code: str
    text: str


class Connected(_Message, frozen=True, tag=True):
    """Packets can flow; which tracks the peer announced."""

    video: bool
    audio: bool


class Video(_Message, frozen=True, tag=True):
    """One access unit, length-prefixed; `record` (avcC) only when it changed."""

    at_ms: int
    keyframe: bool
    unit: bytes
    record: bytes


class Sound(_Message, frozen=True, tag=True):
    """One AAC frame; `record` (AudioSpecificConfig) only with the first."""

    at_ms: int
    frame: bytes
    record: bytes


class Gone(_Message, frozen=True, tag=True):
    """The peer said goodbye, was lost, or never came."""

    reason: str


class Fault(_Message, frozen=True, tag=True):
    """A defect of ours, for the parent's log: this process may not write to any."""

    text: str


Order = Open | Trickle | Hear | Shut
Report = Answered | Refused | Connected | Video | Sound | Gone | Fault

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
