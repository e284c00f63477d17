"""What the child can be asked for, as it goes over the wire (msgpack, length before it)."""

from __future__ import annotations

import msgspec

from yaohe.content.cards.model import CardFormat, CardModel

LENGTH_BYTES = 4
MESSAGE_BYTES_MAX = 32 * 2**20


class DrawCard(msgspec.Struct, frozen=True, tag="card"):
    model: CardModel
    form: CardFormat


class DrawPoster(msgspec.Struct, frozen=True, tag="poster"):
    model: CardModel
    url: str


class DrawProduct(msgspec.Struct, frozen=True, tag="product"):
    kind: str
    seed: int


class DrawAvatar(msgspec.Struct, frozen=True, tag="avatar"):
    name: str
    seed: int


class StillWish(msgspec.Struct, frozen=True):
    """One JPEG wanted of a keyframe; never enlarged, and within its bytes.

    Where it does not fit it first loses quality, then width down to `width_kept`, then both.
    """

    width: int
    quality: int
    bytes_max: int
    width_kept: int = 0


class DecodeKeyframe(msgspec.Struct, frozen=True, tag="keyframe"):
    avcc: bytes
    sample: bytes
    wishes: tuple[StillWish, ...]
    entry: str = "avc1"


class RemakePicture(msgspec.Struct, frozen=True, tag="picture"):
    """A picture that somebody gave us, in whatever form."""

    given: bytes


Job = DrawCard | DrawPoster | DrawProduct | DrawAvatar | DecodeKeyframe | RemakePicture
# Their bytes come from outside: what a child falls over is the fault of the bytes.
READS = (DecodeKeyframe, RemakePicture)


class Answer(msgspec.Struct, frozen=True):
    """One image per wish, or the code of the refusal, or the trace of a fault of ours."""

    images: tuple[bytes, ...] = ()
    error: str = ""
    fault: str = ""


encode_job = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
encode_answer = msgspec.msgpack.Encoder().encode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
