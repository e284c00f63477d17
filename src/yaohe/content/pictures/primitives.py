"""Shapes, soft shades and shadows for drawn pictures, on a grid of 800 whatever the real size.

A `Shape` is a mask with smooth edges and a place. Shapes are cut out of one another with `&` and
`-`; a `Canvas` fills them with a colour, a ramp of one, or casts their shadow. Pure Pillow; the
same calls give the same pixels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sin
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from yaohe.content.cards.typeface import face
from yaohe.content.palette import Rgb

GRID = 800
FINE = 3

Point = tuple[float, float]
Stops = Sequence[tuple[float, float]]
_SOFT = 6  # blurring happens this much smaller than the drawing


class Shape:
    """A mask and where its upper left corner lies, in fine pixels."""

    def __init__(self, mask: Image.Image, left: int, top: int) -> None:
        self.mask, self.left, self.top = mask, left, top

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.left + self.mask.width, self.top + self.mask.height

    def __and__(self, other: Shape) -> Shape:
        return Shape(ImageChops.multiply(self.mask, other._on(self)), self.left, self.top)

    def __sub__(self, other: Shape) -> Shape:
        rest = ImageChops.invert(other._on(self))
        return Shape(ImageChops.multiply(self.mask, rest), self.left, self.top)

    def _on(self, ground: Shape) -> Image.Image:
        mask = Image.new("L", ground.mask.size, 0)
        mask.paste(self.mask, (self.left - ground.left, self.top - ground.top))
        return mask

    def moved(self, x: float, y: float) -> Shape:
        return Shape(self.mask, self.left + round(x * FINE), self.top + round(y * FINE))


def polygon(points: Sequence[Point]) -> Shape:
    """A filled outline."""
    fine = [(x * FINE, y * FINE) for x, y in points]
    left, top = int(min(x for x, _ in fine)) - 1, int(min(y for _, y in fine)) - 1
    wide = int(max(x for x, _ in fine)) + 2 - left
    high = int(max(y for _, y in fine)) + 2 - top
    mask = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in fine], fill=255)
    return Shape(mask, left, top)


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Shape:
    """Around (x, y); `turn` in degrees, clockwise."""
    a = turn * pi / 180
    return polygon(
        [
            (
                x + rx * cos(t) * cos(a) - ry * sin(t) * sin(a),
                y + rx * cos(t) * sin(a) + ry * sin(t) * cos(a),
            )
            for t in (step * pi / 90 for step in range(180))
        ]
    )


def rectangle(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Shape:
    edges = [round(value * FINE) for value in (left, top, right, bottom)]
    mask = Image.new("L", (edges[2] - edges[0], edges[3] - edges[1]), 0)
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * FINE, fill=255)
    return Shape(mask, edges[0], edges[1])


def path(outline: str) -> Shape:
    """An outline in the letters of SVG: M, L, Q, C (absolute) and Z."""
    return polygon(trace(outline))


def trace(outline: str) -> list[Point]:
    """The points along an outline, curves in 48 steps."""
    points: list[Point] = []
    for letter, numbers in re.findall(r"([MLQCZ])([^MLQCZ]*)", outline):
        values = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", numbers)]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        step = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 1}[letter]
        for index in range(0, len(pairs), step):
            part = pairs[index : index + step]
            points += part if step == 1 else _curve([points[-1], *part])
    return points


def _curve(control: list[Point]) -> list[Point]:
    found = []
    for step in range(1, 49):
        level = control
        while len(level) > 1:
            t = step / 48
            level = [
                (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(level)
            ]
        found.append(level[0])
    return found


def stroke(outline: str | Sequence[Point], width: float) -> Shape:
    """A line with round ends and joins."""
    points = trace(outline) if isinstance(outline, str) else list(outline)
    half = width / 2 + 1
    left = int((min(x for x, _ in points) - half) * FINE)
    top = int((min(y for _, y in points) - half) * FINE)
    wide = int((max(x for x, _ in points) + half) * FINE) + 1 - left
    high = int((max(y for _, y in points) + half) * FINE) + 1 - top
    mask = Image.new("L", (wide, high), 0)
    pen = ImageDraw.Draw(mask)
    fine = [(x * FINE - left, y * FINE - top) for x, y in points]
    pen.line(fine, fill=255, width=round(width * FINE), joint="curve")
    r = width * FINE / 2
    for x, y in fine:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return Shape(mask, left, top)


def letters(text: str, x: float, y: float, size: int, weight: int = 700) -> Shape:
    """One line of type with its middle at (x, y); `size` is in fine pixels (a face size)."""
    font = face(size, weight)
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), text, font=font, fill=255)
    return Shape(mask, round(x * FINE - mask.width / 2), round(y * FINE - mask.height / 2))


class Canvas:
    """An RGB image drawn three times larger and given out at its size."""

    def __init__(self, width: float, height: float, ground: Rgb) -> None:
        self.image = Image.new("RGB", (round(width * FINE), round(height * FINE)), ground)

    def fill(self, shape: Shape, colour: Rgb, alpha: float = 1.0) -> None:
        mask = shape.mask if alpha >= 1 else shape.mask.point(lambda v: round(v * alpha))
        self.image.paste(colour, (shape.left, shape.top), mask)

    def ramp(self, shape: Shape, colour: Rgb, stops: Stops, along: Literal["x", "y"] = "x") -> None:
        """`colour` with an alpha that runs through `stops` (place 0–1, alpha 0–1) of the shape."""
        curve = _alphas(stops, along).resize(shape.mask.size, Image.Resampling.BILINEAR)
        mask = ImageChops.multiply(shape.mask, curve)
        self.image.paste(colour, (shape.left, shape.top), mask)

    def ball(self, shape: Shape, colour: Rgb, at: Point, radius: float, alpha: float) -> None:
        """`colour` inside the shape, strongest at `at` and gone at `radius`."""
        size = round(radius * 2 * FINE)
        spot = ImageChops.invert(Image.radial_gradient("L")).resize((size, size))
        spot = spot.point(lambda v: round(max(0.0, (v - 75) / 180) ** 1.5 * 255 * alpha))
        place = Shape(spot, round((at[0] - radius) * FINE), round((at[1] - radius) * FINE))
        self.fill(shape & place, colour)

    def soft(
        self,
        shape: Shape,
        colour: Rgb,
        blur: float,
        alpha: float,
        inside: Shape | None = None,
    ) -> None:
        """The shape with its edge blurred over `blur`: shadows, steam, glow; maybe clipped."""
        margin = round(blur * 3 * FINE)
        wide, high = shape.mask.width + 2 * margin, shape.mask.height + 2 * margin
        mask = Image.new("L", (wide, high), 0)
        mask.paste(shape.mask, (margin, margin))
        small = mask.resize((max(1, wide // _SOFT), max(1, high // _SOFT)), Image.Resampling.BOX)
        small = small.filter(ImageFilter.GaussianBlur(blur * FINE / _SOFT))
        mask = small.resize((wide, high), Image.Resampling.BILINEAR)
        whole = Shape(mask, shape.left - margin, shape.top - margin)
        self.fill(whole & inside if inside else whole, colour, alpha)

    def finished(self) -> Image.Image:
        return self.image.reduce(FINE)


def _alphas(stops: Stops, along: Literal["x", "y"]) -> Image.Image:
    values = bytearray()
    for step in range(256):
        place = step / 255
        before = max((stop for stop in stops if stop[0] <= place), default=stops[0])
        after = min((stop for stop in stops if stop[0] >= place), default=stops[-1])
        span = after[0] - before[0]
        share = (place - before[0]) / span if span else 0.0
        share = share * share * (3 - 2 * share)  # eased, or flat style shows bands
        values.append(round((before[1] + (after[1] - before[1]) * share) * 255))
    return Image.frombytes("L", (256, 1) if along == "x" else (1, 256), bytes(values))
