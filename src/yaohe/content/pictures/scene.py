"""The stage of all product pictures: warm wall, table, a pale disc, light from the upper left."""

from __future__ import annotations

import random

import msgspec

from yaohe.content.palette import Rgb, mix, rgb
from yaohe.content.pictures.primitives import GRID, Canvas, Shape, ellipse, path, rectangle

WHITE = (255, 255, 255)
SHADE = rgb("#2A1A10")
TABLE_Y = 590


class Mood(msgspec.Struct, frozen=True):
    """Wall, table and the disc behind the thing."""

    wall: Rgb
    table: Rgb
    disc: Rgb


MOODS = (
    Mood(rgb("#EFE3D0"), rgb("#DDC7A6"), rgb("#F8EFDF")),
    Mood(rgb("#E3E4D6"), rgb("#C9C7AE"), rgb("#F1F1E6")),
    Mood(rgb("#F0DCCB"), rgb("#DDBBA0"), rgb("#F9EBDD")),
    Mood(rgb("#E6DED3"), rgb("#CBBBA8"), rgb("#F4EEE6")),
    Mood(rgb("#DDE2E0"), rgb("#BFC6C1"), rgb("#EDF1EF")),
)


def stage(rng: random.Random, mood: Mood | None = None) -> Canvas:
    """An empty stage; `rng` picks the mood and moves the light a little."""
    mood = mood or rng.choice(MOODS)
    canvas = Canvas(GRID, GRID, mood.wall)
    wall = rectangle(0, 0, GRID, TABLE_Y)
    canvas.ramp(wall, mix(mood.wall, SHADE, 0.5), [(0, 0.0), (0.6, 0.0), (1, 0.14)])
    canvas.fill(ellipse(400, 372, 282, 282), mood.disc, 0.85)
    table = rectangle(0, TABLE_Y, GRID, GRID)
    canvas.fill(table, mood.table)
    canvas.ramp(table, WHITE, [(0, 0.26), (0.5, 0.06), (1, 0.0)], "y")
    canvas.ramp(table, SHADE, [(0, 0.0), (0.6, 0.02), (1, 0.16)])
    shift = rng.uniform(-30, 30)
    for left, wide in ((90, 120), (250, 46)):
        x = left + shift
        beam = path(f"M{x} 0 L{x + wide} 0 L{x + wide + 330} {GRID} L{x + 330} {GRID} Z")
        canvas.soft(beam, WHITE, 7, 0.17)
    return canvas


def ground_shadow(canvas: Canvas, x: float, y: float, rx: float, ry: float) -> None:
    """Where a thing stands: a dark line of contact and a soft shade thrown to the right."""
    canvas.soft(ellipse(x + rx * 0.34, y + ry * 0.28, rx * 1.12, ry * 0.9), SHADE, 20, 0.30)
    canvas.soft(ellipse(x, y, rx * 0.99, ry * 0.72), SHADE, 6, 0.42)


def cylinder_shade(canvas: Canvas, shape: Shape, *, gloss: float = 0.3) -> None:
    """Light falls on the left third, the right edge turns away."""
    canvas.ramp(
        shape, SHADE, [(0, 0.30), (0.14, 0.06), (0.34, 0.0), (0.6, 0.08), (0.86, 0.34), (1, 0.46)]
    )
    canvas.ramp(
        shape, WHITE, [(0, 0.0), (0.13, 0.0), (0.24, gloss), (0.33, gloss * 0.25), (0.5, 0.0)]
    )
    canvas.ramp(shape, WHITE, [(0, 0), (0.9, 0.0), (0.96, gloss * 0.28), (1, 0.0)])
