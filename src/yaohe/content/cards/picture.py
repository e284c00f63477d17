"""The picture side of a card: outside bytes decoded within limits, cropped to fill; without them a
panel of ink on which the mark calls a crowd together, never a blank.

Outside bytes are only decoded in a child with time and memory limits; bytes that cannot be read
give the ink panel, because a room must always have a card.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from math import cos, radians, sin

from PIL import Image, ImageDraw

from yaohe.content.cards.mark import (
    DOT_RADIUS,
    MOUTH_INNER,
    MOUTH_INNER_RADIUS,
    MOUTH_OUTER,
    MOUTH_OUTER_RADIUS,
)
from yaohe.content.cards.paint import FINE
from yaohe.content.palette import INK_950, LAMP, mix

PIXELS_MAX = 24_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
UPPER_THIRD = (0.5, 1 / 3)


def open_picture(source: bytes) -> Image.Image:
    """A decoded RGB image; raises OSError or ValueError for anything else."""
    image = Image.open(BytesIO(source), formats=FORMATS)
    if image.width * image.height > PIXELS_MAX:
        raise ValueError("the picture has too many pixels")
    image.load()
    if image.mode in ("RGBA", "LA", "P", "PA"):
        rich = image.convert("RGBA")
        ground = Image.new("RGB", rich.size, (255, 255, 255))
        ground.paste(rich, mask=rich.getchannel("A"))
        return ground
    return image.convert("RGB")


def crop_box(
    size: tuple[int, int], room: tuple[int, int], focus: tuple[float, float] | None
) -> tuple[float, float, float, float]:
    """The part of a picture of `size` that fills `room`, with `focus` as near its middle as can be.

    Without a focus a tall picture keeps its upper third (that is where a host's face is).
    """
    scale = min(size[0] / room[0], size[1] / room[1])
    wide, high = room[0] * scale, room[1] * scale
    x, y = focus or UPPER_THIRD
    if focus is None:
        left, top = (size[0] - wide) * x, (size[1] - high) * y
    else:
        left = min(max(x * size[0] - wide / 2, 0), size[0] - wide)
        top = min(max(y * size[1] - high / 2, 0), size[1] - high)
    return left, top, left + wide, top + high


def filled(
    source: bytes | None, room: tuple[int, int], focus: tuple[float, float] | None
) -> Image.Image:
    """An image of exactly `room`, not to be drawn on.

    One keyframe stands on the cards of all who share that moment, so the last few are kept.
    """
    if not source:
        return ink_panel(*room)
    try:
        return _filled(source, room, focus)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ink_panel(*room)


@lru_cache(maxsize=8)
def _filled(source: bytes, room: tuple[int, int], focus: tuple[float, float] | None) -> Image.Image:
    image = open_picture(source)
    box = crop_box(image.size, room, focus)
    # Pillow's bilinear is a triangle filter over all source pixels: as clean as bicubic when
    # shrinking, and a third cheaper. Enlarging needs the sharper one.
    smaller = (box[2] - box[0]) >= 0.9 * room[0]
    method = Image.Resampling.BILINEAR if smaller else Image.Resampling.BICUBIC
    return image.resize(room, method, box=box, reducing_gap=2.0)


@lru_cache(maxsize=8)
def ink_panel(width: int, height: int) -> Image.Image:
    """The mouth of the mark at the left, rings of people coming to it from the right."""
    image = Image.new("RGB", (width * FINE, height * FINE), INK_950)
    pen = ImageDraw.Draw(image)
    unit = min(width * 1.1, height) * FINE / 150
    middle = (width * FINE * 0.30, height * FINE * 0.46)
    for ring in range(12):
        radius = (26 + 15.5 * ring) * unit
        colour = mix(LAMP, INK_950, min(0.93, (ring / 8) ** 0.8) if ring else 0.0)
        steps = 2 + 2 * ring
        dot = DOT_RADIUS * unit * (1 - 0.03 * ring)
        for step in range(steps + 1):
            angle = radians(-42 + 84 * step / steps)
            x, y = middle[0] + radius * cos(angle), middle[1] + radius * sin(angle)
            pen.ellipse((x - dot, y - dot, x + dot, y + dot), fill=colour)
    for box, corner, fill in (
        (MOUTH_OUTER, MOUTH_OUTER_RADIUS, LAMP),
        (MOUTH_INNER, MOUTH_INNER_RADIUS, INK_950),
    ):
        left, top, right, bottom = box
        edges = (
            middle[0] + (left - 24) * unit,
            middle[1] + (top - 32) * unit,
            middle[0] + (right - 24) * unit,
            middle[1] + (bottom - 32) * unit,
        )
        pen.rounded_rectangle(edges, corner * unit, fill=fill)
    return image.reduce(FINE)
