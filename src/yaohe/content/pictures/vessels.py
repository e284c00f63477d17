"""Things that are round and stand upright: the tea tin, the thermos, the honey jar."""

from __future__ import annotations

import random

from yaohe.content.palette import mix, rgb
from yaohe.content.pictures.primitives import (
    Canvas,
    Shape,
    ellipse,
    letters,
    path,
    rectangle,
    stroke,
)
from yaohe.content.pictures.scene import SHADE, WHITE, cylinder_shade, ground_shadow, stage

LABEL = rgb("#F6EBD6")
LEAF = rgb("#3F5A34")
SEAL = rgb("#A63A22")
WOOD = rgb("#C49A68")
STEEL = rgb("#C9C8C2")
HONEY = rgb("#D9860F")


def barrel(left: float, right: float, top: float, bottom: float, bow: float) -> Shape:
    """A cylinder seen a little from above: its lower and its upper edge curve by `bow`."""
    k = bow * 4 / 3
    return path(
        f"M{left} {top} C{left} {top + k} {right} {top + k} {right} {top} "
        f"L{right} {bottom} C{right} {bottom + k} {left} {bottom + k} {left} {bottom} Z"
    )


def tin(rng: random.Random) -> Canvas:
    canvas = stage(rng)
    paint = rgb(rng.choice(("#2F5D50", "#7A2E22", "#23405F", "#4A4A3A")))
    word = rng.choice(("龍井", "春茶", "烏龍", "紅茶"))
    ground_shadow(canvas, 400, 640, 132, 30)
    body = barrel(272, 528, 262, 634, 26)
    canvas.fill(body, paint)
    label = barrel(272, 528, 352, 560, 26)
    canvas.fill(label, LABEL)
    for upper, lower in ((358, 362), (550, 554)):
        canvas.fill(barrel(272, 528, upper, lower, 26), mix(paint, LABEL, 0.2))
    for index, character in enumerate(word):
        canvas.fill(letters(character, 392, 432 + 84 * index, 192), mix(paint, SHADE, 0.15))
    canvas.fill(rectangle(456, 508, 482, 534, 5), SEAL)
    canvas.fill(rectangle(463, 515, 475, 527, 1.5), LABEL)
    cylinder_shade(canvas, body)
    lid = barrel(266, 534, 214, 286, 26)
    canvas.soft(barrel(272, 528, 280, 300, 26), SHADE, 6, 0.4, inside=body)
    canvas.fill(lid, mix(paint, SHADE, 0.12))
    cylinder_shade(canvas, lid, gloss=0.36)
    top = ellipse(400, 214, 134, 26)
    canvas.fill(top, mix(paint, WHITE, 0.16))
    canvas.ramp(top, WHITE, [(0, 0.22), (0.6, 0.04), (1, 0.0)])
    canvas.fill(ellipse(400, 215, 112, 20), mix(paint, WHITE, 0.07))
    loose_leaves(canvas, rng, 590, 668)
    return canvas


def loose_leaves(canvas: Canvas, rng: random.Random, x: float, y: float) -> None:
    """A pinch of rolled leaves on the table."""
    canvas.soft(ellipse(x + 6, y + 10, 74, 18), SHADE, 8, 0.30)
    for _ in range(26):
        reach = rng.random() ** 0.7
        angle = rng.uniform(0, 6.28)
        px = x + reach * 70 * (1 if angle < 3.14 else -1) * rng.random()
        py = y - (1 - reach) * 16 + rng.uniform(-8, 10)
        turn = rng.uniform(-60, 60)
        shade = mix(LEAF, rng.choice((WHITE, SHADE)), rng.uniform(0.0, 0.28))
        leaf = ellipse(px, py, rng.uniform(13, 21), rng.uniform(2.6, 4.6), turn)
        canvas.fill(leaf, shade)


def thermos(rng: random.Random) -> Canvas:
    canvas = stage(rng)
    paint = rgb(rng.choice(("#3E5C54", "#B4552F", "#DAD2C2", "#34475E")))
    ground_shadow(canvas, 400, 682, 98, 24)
    body = path(
        "M336 262 C336 250 464 250 464 262 C486 286 498 306 498 344 L498 668 "
        "C498 700 302 700 302 668 L302 344 C302 306 314 286 336 262 Z"
    )
    canvas.fill(body, paint)
    foot = barrel(302, 498, 646, 668, 24)
    canvas.fill(foot & body, STEEL)
    cylinder_shade(canvas, body, gloss=0.34)
    mouth = rectangle(386, 466, 414, 494, 7) - rectangle(394, 474, 406, 486, 2)
    ink = mix(paint, WHITE, 0.75) if sum(paint) < 480 else mix(paint, SHADE, 0.6)
    for part in (mouth, *(ellipse(x, y, 5, 5) for x, y in ((426, 460), (436, 480), (426, 500)))):
        canvas.fill(part, ink, 0.9)
    neck = barrel(338, 462, 236, 258, 15)
    canvas.fill(neck, STEEL)
    cylinder_shade(canvas, neck, gloss=0.6)
    lid = barrel(332, 468, 148, 238, 16)
    canvas.fill(lid, WOOD)
    for x in range(340, 466, 11):
        bend = rng.uniform(-4, 4)
        grain = stroke(f"M{x} 150 Q{x + bend} 196 {x} 252", 1.2)
        canvas.fill(grain & lid, mix(WOOD, SHADE, 0.35), 0.35)
    cylinder_shade(canvas, lid, gloss=0.25)
    canvas.fill(ellipse(400, 148, 68, 16), mix(WOOD, WHITE, 0.3))
    canvas.fill(ellipse(400, 149, 54, 12), mix(WOOD, WHITE, 0.18))
    strap = stroke("M462 176 C520 176 526 262 492 296", 13)
    canvas.fill(strap, mix(WOOD, SHADE, 0.5))
    canvas.fill(stroke("M466 173 C514 175 522 250 496 286", 3), mix(WOOD, WHITE, 0.1), 0.5)
    return canvas


def honey(rng: random.Random) -> Canvas:
    canvas = stage(rng)
    ground_shadow(canvas, 400, 648, 138, 30)
    canvas.soft(ellipse(480, 672, 90, 20), HONEY, 14, 0.5)
    glass = path(
        "M300 300 C272 314 262 340 262 372 L262 616 C262 668 538 668 538 616 L538 372 "
        "C538 340 528 314 500 300 C480 312 320 312 300 300 Z"
    )
    canvas.fill(glass, mix(HONEY, WHITE, 0.72))
    fluid = barrel(272, 528, 368, 612, 24) & glass
    canvas.fill(fluid, HONEY)
    canvas.ramp(fluid, rgb("#F7C04A"), [(0, 0.75), (0.5, 0.25), (1, 0.0)], "y")
    for _ in range(34):
        canvas.fill(blossom(rng, rng.uniform(290, 512), rng.uniform(410, 630), 7) & fluid,
                    rgb("#FFE08A"), 0.8)  # fmt: skip
    canvas.fill(ellipse(400, 370, 128, 20), rgb("#F2B64A"))
    cylinder_shade(canvas, glass, gloss=0.5)
    tag = barrel(302, 498, 458, 570, 15)
    canvas.fill(tag, LABEL)
    canvas.fill(letters("桂花蜜", 400, 526, 132), mix(SEAL, SHADE, 0.25))
    canvas.ramp(tag, SHADE, [(0, 0.06), (0.3, 0.0), (1, 0.2)])
    cloth_cap(canvas, rng)
    return canvas


def cloth_cap(canvas: Canvas, rng: random.Random) -> None:
    """A cloth over the lid, tied with a string."""
    cloth = rgb(rng.choice(("#D8C7A8", "#B9C4B0", "#D9B7A0")))
    skirt = path(
        "M292 292 C276 318 262 336 270 350 C290 340 300 362 322 354 C344 348 352 372 378 364 "
        "C400 356 412 374 438 362 C458 352 470 366 492 354 C508 346 520 352 532 346 "
        "C534 330 520 312 508 292 Z"
    )
    canvas.soft(skirt.moved(0, 8), SHADE, 6, 0.22)
    canvas.fill(skirt, cloth)
    crown = path("M296 296 C288 232 312 210 400 208 C488 210 512 232 504 296 Q400 320 296 296 Z")
    canvas.fill(crown, mix(cloth, WHITE, 0.16))
    for x in range(286, 530, 17):
        fold = stroke(f"M{400 + (x - 400) * 0.92} 300 Q{x} 326 {x + (x - 400) * 0.06} 352", 2.4)
        canvas.fill(fold & skirt, SHADE, 0.14)
    cylinder_shade(canvas, crown, gloss=0.2)
    cylinder_shade(canvas, skirt, gloss=0.12)
    canvas.fill(stroke("M294 298 Q400 326 506 298", 9), rgb("#8C5A2E"))
    canvas.fill(stroke("M294 295 Q400 322 506 295", 2.4), WHITE, 0.3)
    for end in ("M404 312 C384 340 372 366 362 392", "M410 312 C424 340 432 360 448 384"):
        canvas.fill(stroke(end, 6), rgb("#8C5A2E"))
    canvas.fill(ellipse(407, 312, 12, 9), rgb("#77491F"))


def blossom(rng: random.Random, x: float, y: float, size: float) -> Shape:
    """One osmanthus flower of four petals."""
    turn = rng.uniform(0, 90)
    first = ellipse(x, y, size, size * 0.42, turn)
    second = ellipse(x, y, size, size * 0.42, turn + 90)
    reach = round(size * 3) + 6
    whole = rectangle(x - reach, y - reach, x + reach, y + reach)
    return whole - (whole - first - second)
