"""What a card says, and the shapes it comes in."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

import msgspec

from yaohe.kernel.money import Money

Status = Literal["live", "upcoming", "ended", "replay"]
Language = Literal["zh-CN", "en"]
CardFormat = Literal["card", "square", "wide54", "thumb"]

# Below this many people nothing is said about the number.
VIEWERS_SHOWN_MIN = 20
# Part of every cache key: raise it when the drawing changes.
DRAWING_VERSION = 2


class Box(msgspec.Struct, frozen=True):
    """Size in pixels and the most bytes its JPEG may have."""

    width: int
    height: int
    bytes_max: int


BOXES: dict[CardFormat, Box] = {
    "card": Box(1200, 630, 280_000),
    "square": Box(800, 800, 200_000),
    "wide54": Box(1000, 800, 240_000),
    "thumb": Box(300, 300, 32_000),
}
POSTER = Box(750, 1334, 400_000)


class CardModel(msgspec.Struct, frozen=True, kw_only=True):
    """All that is drawn. `picture` is a JPEG, PNG or WebP (mostly the latest keyframe)."""

    title: str
    host: str
    status: Status
    lang: Language = "zh-CN"
    viewers: int | None = None
    price: Money | None = None
    was: Money | None = None
    # Only where policy allows it in this channel; it says what is true now ("券 ¥20").
    offer_line: str | None = None
    sharer_name: str | None = None
    # When it begins and in whose hours, in words. Drawn while upcoming.
    starts: str = ""
    starts_zone: str = ""
    picture: bytes | None = None
    # Where the face or the product is in the picture, 0 to 1; else the upper third is kept.
    focus: tuple[float, float] | None = None

    def digest(self, form: str, url: str = "") -> str:
        """The same for the same image: name of the cached file and ETag."""
        picture = blake2b(self.picture or b"", digest_size=20).digest()
        words = msgspec.structs.replace(self, picture=picture)
        whole = msgspec.msgpack.encode((DRAWING_VERSION, form, url, words))
        return blake2b(whole, digest_size=20).hexdigest()
