"""The mark and the wordmark of look.md §2, drawn from their geometry: a square mouth calls, three
come."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin

from PIL import Image, ImageDraw

from yaohe.content.palette import INK_950, LAMP, Rgb

Point = tuple[float, float]

GRID = 64
TILE_RADIUS = 16
# The mouth: a stroke of 7 around x15.5 y23.5 17×17 r4.5, as its outer and inner edge.
MOUTH_OUTER, MOUTH_OUTER_RADIUS = (12.0, 20.0, 36.0, 44.0), 8.0
MOUTH_INNER, MOUTH_INNER_RADIUS = (19.0, 27.0, 29.0, 37.0), 1.0
DOTS: tuple[Point, ...] = ((43.3, 14.6), (50.0, 32.0), (43.3, 49.4))
DOT_RADIUS = 4.5

WORDMARK_BOX = (164, 56)
WORDMARK_STROKE = 6
FINE = 8


@lru_cache(maxsize=32)
def _tile(size: int) -> Image.Image:
    mask = Image.new("L", (size * FINE, size * FINE), 0)
    edge = size * FINE - 1
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, edge, edge), TILE_RADIUS * size * FINE / GRID, fill=255
    )
    return mask.reduce(FINE)


@lru_cache(maxsize=32)
def shapes(size: int) -> Image.Image:
    """The mouth and its dots as a mask of `size` pixels a side."""
    scale = size * FINE / GRID
    mask = Image.new("L", (size * FINE, size * FINE), 0)
    pen = ImageDraw.Draw(mask)
    for box, radius, value in (
        (MOUTH_OUTER, MOUTH_OUTER_RADIUS, 255),
        (MOUTH_INNER, MOUTH_INNER_RADIUS, 0),
    ):
        pen.rounded_rectangle([edge * scale for edge in box], radius * scale, fill=value)
    for x, y in DOTS:
        pen.ellipse(_around((x * scale, y * scale), DOT_RADIUS * scale), fill=255)
    return mask.reduce(FINE)


def draw_mark(
    image: Image.Image, at: tuple[int, int], size: int, *, tile: bool = True, ink: Rgb = INK_950
) -> None:
    """The mark with its upper left corner at `at`; without tile in the one colour `ink`."""
    if tile:
        image.paste(LAMP, at, _tile(size))
    image.paste(ink, at, shapes(size))


def draw_wordmark(image: Image.Image, at: tuple[int, int], height: int, ink: Rgb) -> None:
    """“yaohe” in its own strokes; `height` is that of the 164×56 box."""
    image.paste(ink, at, wordmark(height))


@lru_cache(maxsize=16)
def wordmark(height: int) -> Image.Image:
    scale = height * FINE / WORDMARK_BOX[1]
    width = round(WORDMARK_BOX[0] * height / WORDMARK_BOX[1])
    mask = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(mask)
    for stroke in _strokes():
        points = [(x * scale, y * scale) for x, y in stroke]
        pen.line(points, fill=255, width=round(WORDMARK_STROKE * scale))
        for point in points:  # round caps and joins
            pen.ellipse(_around(point, WORDMARK_STROKE * scale / 2), fill=255)
    for edge, radius, value in ((-3.0, 9.0, 255), (3.0, 3.0, 0)):
        box = [c * scale for c in (68 + edge, 21 + edge, 90 - edge, 43 - edge)]
        pen.rounded_rectangle(box, radius * scale, fill=value)
    return mask.reduce(FINE)


def _strokes() -> list[list[Point]]:
    """y, a, h and e of the wordmark as polylines; o is the mouth and no stroke."""
    return [
        [(4, 20), (14, 42)],
        [(24, 20), (12, 48), *_bend((12, 48), (10, 52), (5, 52))],
        [(56, 20), (56, 44)],
        _arc((45, 32), 11, 12, 0, 360),
        [(104, 6), (104, 44)],
        [
            *_bend((104, 32), (104, 20), (114, 20)),
            *_bend((114, 20), (124, 20), (124, 31)),
            (124, 44),
        ],
        [(136, 32), (158, 32), *_arc((147, 32), 11, 12, 360, 45)],
    ]


def _bend(start: Point, control: Point, end: Point) -> list[Point]:
    return [
        (
            (1 - t) ** 2 * start[0] + 2 * (1 - t) * t * control[0] + t**2 * end[0],
            (1 - t) ** 2 * start[1] + 2 * (1 - t) * t * control[1] + t**2 * end[1],
        )
        for t in (step / 24 for step in range(25))
    ]


def _arc(centre: Point, rx: float, ry: float, first: float, last: float) -> list[Point]:
    return [
        (centre[0] + rx * cos(a), centre[1] + ry * sin(a))
        for a in ((first + (last - first) * step / 72) * pi / 180 for step in range(73))
    ]


def _around(centre: Point, radius: float) -> tuple[float, float, float, float]:
    return centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius
