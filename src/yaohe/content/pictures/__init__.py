"""Pictures the project makes itself: products of the demo shop, a parcel for a product without a
picture, and faces for people without one. The same seed gives the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image

from yaohe.content.cards.jpeg import HALF_COLOUR, encode_within
from yaohe.content.cards.paint import baseline, write
from yaohe.content.cards.parts import drawable, initial
from yaohe.content.cards.typeface import BOLD, width
from yaohe.content.palette import PEOPLE, WHITE
from yaohe.content.pictures import gifts, pots, vessels
from yaohe.content.pictures.people import figure
from yaohe.content.pictures.primitives import Canvas

__all__ = ["PRODUCT_KINDS", "avatar", "product_picture"]

PICTURE_BYTES_MAX = 90_000
AVATAR_BYTES_MAX = 8_000
AVATAR_SIZE = 128

_DRAW: dict[str, Callable[[random.Random], Canvas]] = {
    "tea_tin": vessels.tin,
    "tea_cup": pots.cup,
    "teapot": pots.teapot,
    "thermos": vessels.thermos,
    "gift_box": gifts.gift_box,
    "tea_cake": gifts.pressed_tea,
    "osmanthus_cake": gifts.sweets,
    "honey": vessels.honey,
    "parcel": gifts.parcel,
}
PRODUCT_KINDS = tuple(_DRAW)


def product_picture(kind: str, seed: int) -> bytes:
    """800×800 JPEG of at most 90 KB; `kind` is one of `PRODUCT_KINDS`."""
    image = _DRAW[kind](random.Random(seed)).finished()
    found = encode_within(image, PICTURE_BYTES_MAX, best=88, subsampling=HALF_COLOUR)
    assert found is not None, "drawn pictures are calm; they fit"
    return found


def avatar(name: str, seed: int) -> bytes:
    """128×128 JPEG: the initial on a ground of the palette, a figure where there is no letter."""
    ground = PEOPLE[(sum(name.encode("utf-8", "replace")) + seed) % len(PEOPLE)]
    image = Image.new("RGB", (AVATAR_SIZE, AVATAR_SIZE), ground)
    letter = initial(drawable(name))
    if letter:
        x = (AVATAR_SIZE - width(letter, 64, BOLD)) / 2
        write(image, (x, baseline(AVATAR_SIZE / 2, 64)), letter, 64, WHITE)
    else:
        figure(image, WHITE)
    found = encode_within(image, AVATAR_BYTES_MAX, best=90)
    assert found is not None
    return found
