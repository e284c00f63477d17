"""Things to give: the tied box, the pressed tea cake in its paper, osmanthus sweets on a plate."""

from __future__ import annotations

import random
from math import cos, pi, sin

from yaohe.content.palette import Rgb, mix, rgb
from yaohe.content.pictures.primitives import (
    Canvas,
    ellipse,
    letters,
    path,
    polygon,
    rectangle,
    stroke,
)
from yaohe.content.pictures.scene import SHADE, WHITE, ground_shadow, stage
from yaohe.content.pictures.vessels import LABEL, SEAL, WOOD, blossom

AMBER = rgb("#E9AE4A")
BLOOM = rgb("#F4B829")


def gift_box(rng: random.Random) -> Canvas:
    canvas = stage(rng)
    paper, band = map(rgb, rng.choice((
        ("#7F2F25", "#E3C48A"), ("#2E4B45", "#D9B77E"), ("#C9A874", "#7F2F25"),
        ("#2B3F5C", "#DDBf8C"),
    )))  # fmt: skip
    ground_shadow(canvas, 400, 652, 236, 30)
    base = rectangle(182, 410, 618, 660, 4)
    canvas.fill(base, paper)
    canvas.ramp(base, SHADE, [(0, 0.06), (0.25, 0.0), (1, 0.30)])
    canvas.ramp(base, SHADE, [(0, 0.34), (0.16, 0.0), (0.7, 0.0), (1, 0.24)], "y")
    for x in range(206, 610, 58):
        for y in range(446, 650, 58):
            cloud = ellipse(x, y, 3.4, 3.4)
            canvas.fill(cloud, mix(paper, band, 0.5), 0.55)
    lid = rectangle(166, 352, 634, 426, 5)
    canvas.fill(lid, mix(paper, WHITE, 0.06))
    canvas.ramp(lid, SHADE, [(0, 0.04), (0.25, 0.0), (1, 0.28)])
    top = polygon([(166, 354), (634, 354), (592, 296), (208, 296)])
    canvas.fill(top, mix(paper, WHITE, 0.22))
    canvas.ramp(top, WHITE, [(0, 0.20), (0.7, 0.0), (1, 0.0)])
    _ribbon(canvas, band)
    _sleeve(canvas, rng)
    return canvas


def parcel(rng: random.Random) -> Canvas:
    """A plain box with the mark on it: stands in for any product that has no picture yet."""
    canvas = stage(rng)
    kraft = rgb("#C8A273")
    ground_shadow(canvas, 400, 652, 216, 30)
    base = rectangle(196, 372, 604, 660, 5)
    canvas.fill(base, kraft)
    canvas.ramp(base, SHADE, [(0, 0.05), (0.25, 0.0), (1, 0.26)])
    canvas.ramp(base, SHADE, [(0, 0.0), (0.6, 0.0), (1, 0.2)], "y")
    top = polygon([(196, 373), (604, 373), (556, 300), (244, 300)])
    canvas.fill(top, mix(kraft, WHITE, 0.28))
    canvas.ramp(top, WHITE, [(0, 0.18), (0.7, 0.0), (1, 0.0)])
    tape = mix(kraft, rgb("#EAD9B8"), 0.8)
    canvas.fill(polygon([(368, 373), (432, 373), (425, 300), (375, 300)]), tape)
    canvas.fill(rectangle(368, 372, 432, 440), mix(tape, SHADE, 0.08))
    canvas.fill(rectangle(196, 371, 604, 374), mix(kraft, SHADE, 0.3), 0.6)
    ink = mix(kraft, SHADE, 0.72)
    mouth = rectangle(338, 498, 402, 562, 20) - rectangle(357, 517, 383, 543, 4)
    canvas.fill(mouth, ink, 0.85)
    for x, y in ((421, 484), (439, 530), (421, 576)):
        canvas.fill(ellipse(x, y, 12, 12), ink, 0.85)
    return canvas


def _ribbon(canvas: Canvas, band: Rgb) -> None:
    """Around the box and tied on top."""
    for left, top, right, bottom in ((264, 410, 306, 660), (262, 352, 308, 426)):
        strip = rectangle(left, top, right, bottom)
        canvas.fill(strip, band)
        canvas.ramp(strip, SHADE, [(0, 0.14), (0.3, 0.0), (1, 0.26)])
    canvas.fill(polygon([(262, 354), (308, 354), (326, 296), (288, 296)]), mix(band, WHITE, 0.22))
    canvas.soft(ellipse(302, 332, 92, 14), SHADE, 7, 0.32)
    tails = ("M296 312 C262 340 236 352 214 356 L226 374 C262 366 292 344 312 322 Z",
             "M304 312 C330 338 352 356 378 364 L362 382 C336 368 308 344 292 322 Z")  # fmt: skip
    for tail in tails:
        canvas.fill(path(tail), mix(band, SHADE, 0.12))
    for outline in (
        "M300 312 C262 316 206 300 196 262 C190 232 222 222 250 240 C278 260 296 288 300 312 Z",
        "M300 312 C338 316 394 300 404 262 C410 232 378 222 350 240 C322 260 304 288 300 312 Z",
    ):
        loop = path(outline)
        canvas.fill(loop, mix(band, WHITE, 0.06))
        canvas.ramp(loop, SHADE, [(0, 0.05), (0.5, 0.0), (1, 0.22)])
    for outline in (
        "M286 302 C258 300 222 286 216 264 C214 250 230 246 246 256 C266 268 280 284 286 302 Z",
        "M314 302 C342 300 378 286 384 264 C386 250 370 246 354 256 C334 268 320 284 314 302 Z",
    ):
        canvas.fill(path(outline), mix(band, SHADE, 0.42))
    knot = rectangle(282, 294, 318, 328, 10)
    canvas.fill(knot, mix(band, WHITE, 0.12))
    canvas.ramp(knot, SHADE, [(0, 0.1), (0.4, 0.0), (1, 0.3)])


def _sleeve(canvas: Canvas, rng: random.Random) -> None:
    """A paper slip with what is inside."""
    slip = rectangle(432, 372, 538, 620, 3)
    canvas.soft(slip.moved(3, 5), SHADE, 5, 0.3)
    canvas.fill(slip, LABEL)
    canvas.ramp(slip, SHADE, [(0, 0.0), (0.5, 0.02), (1, 0.12)])
    edge = rectangle(440, 380, 530, 612, 2) - rectangle(442.5, 382.5, 527.5, 609.5, 1)
    canvas.fill(edge, mix(SEAL, SHADE, 0.2), 0.7)
    for index, letter in enumerate(rng.choice(("茶禮", "春禮", "好茶"))):
        canvas.fill(letters(letter, 485, 442 + 78 * index, 192), mix(SEAL, SHADE, 0.45))
    canvas.fill(rectangle(473, 568, 497, 592, 5), SEAL)
    canvas.fill(rectangle(480, 575, 490, 585, 1.5), LABEL)


def pressed_tea(rng: random.Random) -> Canvas:
    """A round cake of Pu’er in printed paper on a wooden stand."""
    canvas = stage(rng)
    ink = rgb(rng.choice(("#7F2F25", "#2E4B45", "#3A3A34")))
    ground_shadow(canvas, 400, 652, 190, 28)
    x, y, r = 400.0, 396.0, 212.0
    canvas.fill(ellipse(x + 22, y + 6, r, r), mix(LABEL, SHADE, 0.34))
    disc = ellipse(x, y, r, r)
    canvas.soft(disc.moved(-4, 0), SHADE, 10, 0.12)
    canvas.fill(disc, LABEL)
    for step in range(48):
        angle = step * pi / 24 + rng.uniform(-0.02, 0.02)
        inner, outer = r * rng.uniform(0.80, 0.90), r * 0.995
        pleat = stroke(
            [(x + cos(angle) * inner, y + sin(angle) * inner),
             (x + cos(angle + 0.03) * outer, y + sin(angle + 0.03) * outer)], 1.6,
        )  # fmt: skip
        canvas.fill(pleat, SHADE, rng.uniform(0.10, 0.24))
    for radius, width in ((r * 0.76, 5.0), (r * 0.71, 1.6), (r * 0.43, 1.6)):
        ring = ellipse(x, y, radius, radius) - ellipse(x, y, radius - width, radius - width)
        canvas.fill(ring, ink)
    for step in range(12):
        angle = step * pi / 6 - pi / 2
        px, py = x + cos(angle) * r * 0.575, y + sin(angle) * r * 0.575
        if step % 3 == 0:
            canvas.fill(letters("雲南普洱"[step // 3], px, py, 132), ink)
        else:
            canvas.fill(rectangle(px - 8, py - 8, px + 8, py + 8, 4), mix(ink, LABEL, 0.1))
            canvas.fill(rectangle(px - 3, py - 3, px + 3, py + 3, 1), LABEL)
    canvas.fill(letters("茶", x, y - 2, 288), mix(SEAL, SHADE, 0.1))
    canvas.ball(disc, WHITE, (330, 300), 260, 0.4)
    canvas.ramp(disc, SHADE, [(0, 0.03), (0.3, 0.0), (0.7, 0.06), (1, 0.26)])
    canvas.ramp(disc, SHADE, [(0, 0.0), (0.7, 0.0), (1, 0.22)], "y")
    _stand(canvas)
    return canvas


def _stand(canvas: Canvas) -> None:
    for dx in (0, 206):
        leg = path(
            f"M{258 + dx} 500 C{244 + dx} 560 {240 + dx} 610 {232 + dx} 648 "
            f"L{268 + dx} 648 C{280 + dx} 618 {288 + dx} 590 {312 + dx} 584 "
            f"C{296 + dx} 568 {284 + dx} 540 {282 + dx} 500 Z"
        )
        canvas.soft(leg.moved(5, 6), SHADE, 6, 0.25)
        canvas.fill(leg, mix(WOOD, SHADE, 0.38))
        canvas.ramp(leg, WHITE, [(0, 0.0), (0.25, 0.24), (0.6, 0.0), (1, 0.0)])
    rail = rectangle(222, 640, 578, 662, 8)
    canvas.fill(rail, mix(WOOD, SHADE, 0.46))
    canvas.ramp(rail, WHITE, [(0, 0.28), (0.4, 0.04), (1, 0.0)], "y")


def sweets(rng: random.Random) -> Canvas:
    """Clear osmanthus cakes, five on a plate."""
    canvas = stage(rng)
    glaze = rgb(rng.choice(("#EDE7DA", "#C7D6CE", "#BBC9D2")))
    ground_shadow(canvas, 400, 640, 250, 64)
    canvas.fill(ellipse(400, 636, 290, 94), mix(glaze, SHADE, 0.3))
    plate = ellipse(400, 620, 290, 94)
    canvas.fill(plate, mix(glaze, WHITE, 0.15))
    canvas.ramp(plate, SHADE, [(0, 0.0), (0.55, 0.02), (1, 0.22)])
    canvas.fill(ellipse(400, 621, 236, 70), mix(glaze, SHADE, 0.12))
    canvas.fill(ellipse(400, 625, 232, 67), mix(glaze, WHITE, 0.05))
    canvas.soft(ellipse(420, 632, 180, 44), mix(AMBER, SHADE, 0.5), 12, 0.5)
    for x, y in ((400, 508), (303, 545), (497, 545), (400, 582), (400, 475)):
        _cube(canvas, rng, x, y)
    for _ in range(12):
        angle = rng.uniform(0, 2 * pi)
        far = rng.uniform(0.86, 0.97)
        flower = blossom(rng, 400 + cos(angle) * 262 * far, 621 + sin(angle) * 82 * far, 11)
        canvas.soft(flower.moved(2, 4), SHADE, 2.5, 0.3)
        canvas.fill(flower, mix(BLOOM, WHITE, rng.uniform(0, 0.3)))
    return canvas


def _cube(canvas: Canvas, rng: random.Random, x: float, y: float) -> None:
    """One cake with its top corner back; light goes through it."""
    wide, deep, high = 94.0, 36.0, 70.0
    top = polygon([(x - wide, y), (x, y - deep), (x + wide, y), (x, y + deep)])
    left = polygon([(x - wide, y), (x, y + deep), (x, y + deep + high), (x - wide, y + high)])
    right = polygon([(x + wide, y), (x, y + deep), (x, y + deep + high), (x + wide, y + high)])
    canvas.soft(ellipse(x + 14, y + deep + high - 16, wide * 0.9, 22), SHADE, 9, 0.22)
    canvas.fill(left, AMBER)
    canvas.ramp(left, rgb("#FBD98A"), [(0, 0.0), (0.4, 0.2), (1, 0.95)], "y")
    canvas.fill(right, mix(AMBER, SHADE, 0.16))
    canvas.ramp(right, rgb("#F4C566"), [(0, 0.0), (0.5, 0.2), (1, 0.75)], "y")
    for side, centre in ((left, x - wide / 2), (right, x + wide / 2)):
        for _ in range(9):
            at = (centre + rng.uniform(-36, 36), y + rng.uniform(22, 84))
            canvas.fill(blossom(rng, at[0], at[1], 8) & side, rgb("#C97C12"), 0.5)
    canvas.fill(top, rgb("#F6CF82"))
    canvas.ramp(top, WHITE, [(0, 0.42), (0.6, 0.06), (1, 0.0)])
    edge = [(x - wide, y), (x, y + deep), (x + wide, y)]
    canvas.fill(stroke(edge, 2.4), WHITE, 0.55)
    canvas.fill(stroke([(x, y + deep), (x, y + deep + high)], 2), WHITE, 0.35)
    for _ in range(4):
        flower = blossom(rng, x + rng.uniform(-42, 42), y + rng.uniform(-15, 15), 9)
        canvas.fill(flower & top, BLOOM)
