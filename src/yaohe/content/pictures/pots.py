"""Things to pour from and drink from: the clay teapot, the covered cup."""

from __future__ import annotations

import random

from yaohe.content.palette import Rgb, mix, rgb
from yaohe.content.pictures.primitives import Canvas, Shape, ellipse, path, stroke
from yaohe.content.pictures.scene import SHADE, WHITE, ground_shadow, stage

CLAYS = ("#8E4A34", "#6E4A3A", "#4E5A50", "#A8683C")
GLAZES = ("#C9DAD0", "#F1EDE4", "#B9CBD6", "#DCCDB4")
TEA = rgb("#C98A3A")


def steam(canvas: Canvas, x: float, y: float, rise: float) -> None:
    """Two threads of steam, thinning as they rise."""
    for dx, bend, width in ((-22, 26, 13), (20, -22, 10)):
        thread = stroke(
            f"M{x + dx} {y} C{x + dx + bend} {y - rise * 0.3} {x + dx - bend} {y - rise * 0.62} "
            f"{x + dx + bend * 0.4} {y - rise}",
            width,
        )
        canvas.soft(thread, WHITE, 8, 0.62)


def teapot(rng: random.Random) -> Canvas:
    canvas = stage(rng)
    clay = rgb(rng.choice(CLAYS))
    ground_shadow(canvas, 372, 630, 132, 30)
    spout = path(
        "M508 520 C566 508 572 436 600 372 C606 356 632 350 646 362 C640 384 634 398 630 414 "
        "C612 494 588 566 506 590 Z"
    )
    canvas.fill(spout, mix(clay, SHADE, 0.08))
    canvas.ramp(spout, WHITE, [(0, 0.0), (0.3, 0.16), (0.6, 0.0), (1, 0.0)])
    canvas.ramp(spout, SHADE, [(0, 0.2), (0.3, 0.0), (0.7, 0.14), (1, 0.3)])
    canvas.fill(ellipse(624, 361, 23, 9, -4), mix(clay, SHADE, 0.6))
    handle = stroke("M214 440 C98 404 96 604 226 572", 30)
    canvas.fill(handle, mix(clay, SHADE, 0.06))
    shine = stroke("M206 430 C120 408 110 520 140 560", 6)
    canvas.soft(shine, WHITE, 3, 0.30, inside=handle)
    canvas.soft(stroke("M150 580 C180 594 210 590 236 578", 12), SHADE, 5, 0.4, inside=handle)
    body = path(
        "M372 352 C490 352 560 420 560 500 C560 580 484 646 372 646 "
        "C260 646 184 580 184 500 C184 420 254 352 372 352 Z"
    )
    canvas.fill(body, clay)
    _round(canvas, body, clay, (300, 440), 300)
    canvas.fill(stroke("M214 546 C290 590 454 590 530 546", 2.2) & body, SHADE, 0.22)
    canvas.fill(stroke("M214 549 C290 593 454 593 530 549", 1.6) & body, WHITE, 0.18)
    _seal(canvas, clay)
    _lid(canvas, clay)
    small_cup(canvas, rng, 628, 660)
    return canvas


def _round(canvas: Canvas, body: Shape, colour: Rgb, light: tuple[float, float], r: float) -> None:
    """A ball of light at the upper left, shade where it turns away."""
    canvas.ball(body, mix(colour, WHITE, 0.5), light, r, 0.75)
    canvas.ramp(body, SHADE, [(0, 0.10), (0.2, 0.0), (0.55, 0.06), (1, 0.46)])
    canvas.ramp(body, SHADE, [(0, 0.0), (0.55, 0.0), (1, 0.42)], "y")
    canvas.soft(ellipse(light[0] - 14, light[1] - 26, 46, 20, -28), WHITE, 12, 0.42, inside=body)


def _seal(canvas: Canvas, clay: Rgb) -> None:
    """The mouth of the mark pressed into the clay."""
    for dx, tone in ((1.6, WHITE), (0.0, SHADE)):
        ring = path("M352 486 L392 486 L392 526 L352 526 Z").moved(dx, dx)
        hole = path("M363 497 L381 497 L381 515 L363 515 Z").moved(dx, dx)
        canvas.fill(ring - hole, mix(clay, tone, 0.45), 0.5)


def _lid(canvas: Canvas, clay: Rgb) -> None:
    lid = path("M270 374 C280 326 330 306 372 306 C414 306 464 326 474 374 Q372 402 270 374 Z")
    canvas.soft(ellipse(372, 384, 112, 16), SHADE, 6, 0.5)
    canvas.fill(ellipse(372, 374, 112, 22), mix(clay, SHADE, 0.3))
    canvas.fill(lid, mix(clay, WHITE, 0.04))
    _round(canvas, lid, clay, (330, 336), 130)
    canvas.soft(ellipse(376, 310, 34, 9), SHADE, 4, 0.4, inside=lid)
    knob = ellipse(372, 286, 27, 25)
    canvas.fill(knob, clay)
    _round(canvas, knob, clay, (364, 278), 44)


def small_cup(canvas: Canvas, rng: random.Random, x: float, y: float) -> None:
    """A cup for one sip, full."""
    glaze = rgb(rng.choice(GLAZES))
    ground_shadow(canvas, x, y + 22, 34, 11)
    body = path(
        f"M{x - 56} {y - 46} C{x - 54} {y - 2} {x - 36} {y + 26} {x - 24} {y + 28} "
        f"Q{x} {y + 36} {x + 24} {y + 28} C{x + 36} {y + 26} {x + 54} {y - 2} {x + 56} {y - 46} Z"
    )
    canvas.fill(body, glaze)
    canvas.ramp(body, SHADE, [(0, 0.10), (0.3, 0.0), (1, 0.40)])
    canvas.ramp(body, WHITE, [(0, 0.0), (0.2, 0.7), (0.34, 0.0), (1, 0.0)])
    canvas.fill(ellipse(x, y - 46, 56, 16), mix(glaze, WHITE, 0.55))
    canvas.fill(ellipse(x, y - 44, 48, 12), TEA)
    canvas.fill(ellipse(x - 10, y - 41, 30, 6), mix(TEA, WHITE, 0.35), 0.6)


def cup(rng: random.Random) -> Canvas:
    """A covered bowl (gaiwan) with its lid leaning on the saucer, tea steaming."""
    canvas = stage(rng)
    glaze = rgb(rng.choice(GLAZES))
    ground_shadow(canvas, 390, 640, 214, 40)
    _saucer(canvas, glaze)
    body = path("M206 360 C210 470 262 574 318 594 Q390 612 462 594 C518 574 570 470 574 360 Z")
    canvas.soft(ellipse(400, 596, 116, 20), SHADE, 8, 0.4)
    foot = path("M324 584 L334 616 Q390 632 446 616 L456 584 Z")
    canvas.fill(foot, mix(glaze, SHADE, 0.18))
    canvas.ramp(foot, SHADE, [(0, 0.1), (0.3, 0.0), (1, 0.4)])
    canvas.fill(body, glaze)
    _brush(canvas, rng, body)
    canvas.ball(body, WHITE, (296, 430), 210, 0.62)
    canvas.ramp(body, SHADE, [(0, 0.14), (0.2, 0.0), (0.6, 0.06), (1, 0.36)])
    canvas.ramp(body, SHADE, [(0, 0.0), (0.5, 0.0), (1, 0.26)], "y")
    canvas.soft(stroke("M240 392 C248 450 262 492 280 522", 13), WHITE, 4, 0.75, inside=body)
    rim = ellipse(390, 360, 184, 50)
    canvas.fill(rim, mix(glaze, WHITE, 0.6))
    inner = ellipse(390, 362, 172, 44)
    canvas.fill(inner, mix(glaze, SHADE, 0.22))
    canvas.ramp(inner, WHITE, [(0, 0.0), (0.5, 0.1), (1, 0.5)])
    liquor = ellipse(390, 370, 158, 36) & inner
    canvas.fill(liquor, TEA)
    canvas.ramp(liquor, mix(TEA, SHADE, 0.5), [(0, 0.6), (0.5, 0.1), (1, 0.0)])
    canvas.soft(ellipse(450, 380, 66, 10), WHITE, 5, 0.5, inside=liquor)
    for x, y, turn in ((340, 372, 24), (362, 384, -18), (420, 366, 8)):
        canvas.fill(ellipse(x, y, 19, 4.2, turn) & liquor, rgb("#4E5F2C"))
    steam(canvas, 392, 350, 190)
    _leaning_lid(canvas, glaze)
    return canvas


def _saucer(canvas: Canvas, glaze: Rgb) -> None:
    canvas.fill(ellipse(390, 640, 236, 52), mix(glaze, SHADE, 0.26))
    plate = ellipse(390, 628, 236, 52)
    canvas.fill(plate, mix(glaze, WHITE, 0.2))
    canvas.ramp(plate, SHADE, [(0, 0.0), (0.5, 0.02), (1, 0.24)])
    canvas.fill(ellipse(390, 630, 168, 34), mix(glaze, SHADE, 0.1))
    canvas.fill(ellipse(390, 633, 164, 32), mix(glaze, WHITE, 0.12))


def _brush(canvas: Canvas, rng: random.Random, body: Shape) -> None:
    """A sprig in one brush colour around the bowl."""
    ink = rgb(rng.choice(("#3D5A80", "#4E6B4A", "#8A4B32")))
    stem = stroke("M300 540 C340 500 420 520 486 440", 4)
    canvas.fill(stem & body, ink, 0.75)
    for x, y, turn in (
        (326, 506, -62), (352, 520, 30), (384, 494, -50), (410, 516, 36), (438, 466, -70),
        (456, 490, 20), (486, 430, -40),
    ):  # fmt: skip
        canvas.fill(ellipse(x, y, 21, 7.5, turn) & body, ink, 0.75)


def _leaning_lid(canvas: Canvas, glaze: Rgb) -> None:
    canvas.soft(ellipse(620, 664, 92, 20), SHADE, 10, 0.36)
    lid = ellipse(612, 586, 104, 70, -58)
    canvas.fill(lid, mix(glaze, SHADE, 0.16))
    face = ellipse(604, 584, 98, 64, -58)
    canvas.fill(face, mix(glaze, WHITE, 0.25))
    canvas.ball(face, WHITE, (570, 560), 110, 0.5)
    canvas.ramp(face, SHADE, [(0, 0.0), (0.5, 0.0), (1, 0.28)])
    canvas.fill(ellipse(598, 582, 42, 27, -58), mix(glaze, SHADE, 0.2))
    canvas.fill(ellipse(594, 580, 37, 23, -58), mix(glaze, WHITE, 0.35))
