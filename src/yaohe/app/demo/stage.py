"""The stall the demo's host stands in, drawn with Pillow: one picture per moment in time.

Everything that does not move is drawn once, three times too large, and scaled down; a frame is
then a few pastes, about 3 ms. Coordinates below are those of the 540×960 picture; phones longer
than 9:16 cut it at the sides, so what matters stands between x 56 and 484.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 540, 960
SAFE_RIGHT = 484
_FINE = 3  # drawn this many times larger, then scaled down

_NIGHT_TOP, _NIGHT_LOW = (34, 27, 24), (74, 48, 34)
_WOOD, _WOOD_DARK, _WOOD_LIGHT = (139, 90, 52), (104, 65, 38), (170, 114, 68)
_LAMP, _LAMP_GLOW = (255, 201, 64), (255, 188, 31)
_SKIN, _SKIN_SHADE, _BLUSH = (244, 205, 176), (226, 176, 144), (241, 184, 158)
_HAIR, _HAIR_LIGHT = (44, 31, 28), (72, 50, 44)
_SHIRT, _SHIRT_SHADE = (244, 236, 224), (222, 208, 190)
_APRON, _APRON_DARK = (31, 95, 110), (23, 74, 87)
_INK = (20, 17, 15)


TITLE_WIDE_MAX = 400


@dataclass(frozen=True)
class Act:
    """What the host shows: the address of its picture, and the words beside it."""

    picture: str
    title: str


def _scaled(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image)


def _f(*numbers: float) -> tuple[float, ...]:
    return tuple(number * _FINE for number in numbers)


def _down(image: Image.Image) -> Image.Image:
    return image.resize((image.width // _FINE, image.height // _FINE), Image.Resampling.LANCZOS)


def _blend(a: tuple[int, int, int], b: tuple[int, int, int], t: float) -> tuple[int, int, int]:
    return (
        round(a[0] + (b[0] - a[0]) * t),
        round(a[1] + (b[1] - a[1]) * t),
        round(a[2] + (b[2] - a[2]) * t),
    )


def _glow(canvas: Image.Image, x: int, y: int, radius: int, strength: int) -> None:
    light = Image.new("RGBA", (radius * 2, radius * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(light)
    draw.ellipse(
        (radius * 0.5, radius * 0.5, radius * 1.5, radius * 1.5), fill=(*_LAMP_GLOW, strength)
    )
    light = light.filter(ImageFilter.GaussianBlur(radius * 0.28))
    canvas.alpha_composite(light, (max(0, x - radius), max(0, y - radius)))


def draw_stall() -> Image.Image:
    """The background: night, a string of lamps, shelves of tins, the beam above."""
    column = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        column.putpixel((0, y), _blend(_NIGHT_TOP, _NIGHT_LOW, y / HEIGHT))
    canvas = column.resize((WIDTH, HEIGHT)).convert("RGBA")
    for x, y, radius, strength in ((88, 178, 150, 120), (300, 140, 190, 150), (480, 190, 150, 120)):
        _glow(canvas, max(radius, min(x, WIDTH - radius)), y + 20, radius, strength)
    image, draw = _scaled((WIDTH, HEIGHT))
    for shelf, top in enumerate((262, 392)):
        draw.rectangle(_f(0, top, WIDTH, top + 12), fill=_WOOD_DARK)
        draw.rectangle(_f(0, top, WIDTH, top + 3), fill=_WOOD)
        _tins(draw, top, shelf)
    wire = [(x * _FINE, (118 + 26 * math.sin(x / 172)) * _FINE) for x in range(-10, WIDTH + 20, 6)]
    draw.line(wire, fill=(24, 20, 18), width=2 * _FINE)
    for x in (88, 196, 300, 396, 480):
        hook = 118 + 26 * math.sin(x / 172)
        y = round(hook)
        draw.line(_f(x, y, x, y + 16), fill=(24, 20, 18), width=2 * _FINE)
        draw.rounded_rectangle(_f(x - 15, y + 14, x + 15, y + 50), radius=_FINE * 13, fill=_LAMP)
        draw.rectangle(_f(x - 9, y + 12, x + 9, y + 17), fill=_WOOD_DARK)
        draw.ellipse(_f(x - 6, y + 20, x + 2, y + 40), fill=(255, 232, 168))
    canvas.alpha_composite(_down(image))
    return canvas.convert("RGB")


def _tins(draw: ImageDraw.ImageDraw, top: int, shelf: int) -> None:
    colours = (
        (96, 122, 96), (170, 74, 52), (206, 168, 106), (62, 92, 110), (120, 62, 66), (188, 140, 84),
    )  # fmt: skip
    x = 10.0 - shelf * 24
    for index in range(14):
        wide = 30 + (index * 7 + shelf * 5) % 16
        tall = 46 + (index * 11 + shelf * 17) % 34
        colour = _blend(colours[(index * 5 + shelf * 2) % 6], _NIGHT_LOW, 0.35)
        draw.rounded_rectangle(_f(x, top - tall, x + wide, top), radius=_FINE * 5, fill=colour)
        band = _blend(colour, (240, 226, 200), 0.55)
        draw.rectangle(_f(x + 4, top - tall * 0.62, x + wide - 4, top - tall * 0.34), fill=band)
        lid = _blend(colour, (20, 17, 15), 0.3)
        draw.rounded_rectangle(
            _f(x + 2, top - tall - 6, x + wide - 2, top - tall + 4), radius=_FINE * 3, fill=lid
        )
        x += wide + 9


def draw_counter() -> Image.Image:
    """The wooden counter, in front of the host."""
    image, draw = _scaled((WIDTH, 400))
    draw.rectangle(_f(0, 22, WIDTH, 400), fill=_WOOD_DARK)
    draw.rounded_rectangle(_f(-20, 0, WIDTH + 20, 40), radius=_FINE * 8, fill=_WOOD)
    draw.rectangle(_f(0, 0, WIDTH, 8), fill=_WOOD_LIGHT)
    for x in range(0, WIDTH, 90):
        draw.line(_f(x, 42, x, 400), fill=_blend(_WOOD_DARK, _INK, 0.25), width=2 * _FINE)
    for y, x in ((70, 40), (150, 300), (120, 470), (230, 130), (300, 380)):
        draw.line(_f(x, y, x + 46, y), fill=_blend(_WOOD_DARK, _WOOD, 0.4), width=2 * _FINE)
    return _down(image)


def draw_host(*, mouth: float, blink: bool) -> Image.Image:
    """The host from the waist up on a 360×460 tile; `mouth` 0 is closed, 1 is a wide word."""
    image, draw = _scaled((360, 460))
    draw.ellipse(_f(132, 8, 228, 84), fill=_HAIR)  # bun
    draw.ellipse(_f(160, 18, 190, 44), fill=_HAIR_LIGHT)
    draw.ellipse(_f(92, 44, 268, 244), fill=_HAIR)
    draw.rounded_rectangle(_f(154, 220, 206, 300), radius=_FINE * 18, fill=_SKIN_SHADE)
    draw.rounded_rectangle(_f(40, 276, 320, 520), radius=_FINE * 74, fill=_SHIRT)
    draw.pieslice(_f(132, 250, 228, 330), 0, 180, fill=_SKIN_SHADE)
    draw.polygon(_f(128, 278, 180, 336, 132, 338), fill=_SHIRT_SHADE)
    draw.polygon(_f(232, 278, 180, 336, 228, 338), fill=_SHIRT_SHADE)
    draw.rounded_rectangle(_f(104, 346, 256, 520), radius=_FINE * 16, fill=_APRON)
    draw.line(_f(116, 350, 128, 282), fill=_APRON_DARK, width=11 * _FINE)
    draw.line(_f(244, 350, 232, 282), fill=_APRON_DARK, width=11 * _FINE)
    draw.rounded_rectangle(_f(158, 384, 202, 428), radius=_FINE * 11, fill=_LAMP)
    draw.rounded_rectangle(_f(167, 398, 181, 412), radius=_FINE * 3, outline=_INK, width=_FINE * 4)
    for x, y in ((188, 392), (193, 405), (188, 418)):
        draw.ellipse(_f(x - 3, y - 3, x + 3, y + 3), fill=_INK)
    draw.ellipse(_f(100, 140, 124, 178), fill=_SKIN)
    draw.ellipse(_f(236, 140, 260, 178), fill=_SKIN)
    draw.rounded_rectangle(_f(110, 82, 250, 248), radius=_FINE * 68, fill=_SKIN)
    draw.pieslice(_f(100, 56, 260, 176), 180, 360, fill=_HAIR)
    fringe = (104, 112, 256, 112, 250, 134, 214, 118, 176, 130, 138, 120, 110, 138)
    draw.polygon(_f(*fringe), fill=_HAIR)
    _face(draw, mouth, blink=blink)
    return _down(image)


def _face(draw: ImageDraw.ImageDraw, mouth: float, *, blink: bool) -> None:
    for x in (148, 212):
        if blink:
            draw.arc(_f(x - 11, 152, x + 11, 168), 10, 170, fill=_INK, width=4 * _FINE)
        else:
            draw.ellipse(_f(x - 8, 148, x + 8, 168), fill=_INK)
            draw.ellipse(_f(x - 4, 151, x + 1, 157), fill=(255, 255, 255))
        draw.arc(_f(x - 15, 128, x + 15, 150), 205, 335, fill=_HAIR, width=4 * _FINE)
    draw.ellipse(_f(122, 176, 148, 194), fill=_BLUSH)
    draw.ellipse(_f(212, 176, 238, 194), fill=_BLUSH)
    draw.arc(_f(172, 168, 188, 186), 20, 160, fill=_SKIN_SHADE, width=4 * _FINE)
    if mouth < 0.15:
        draw.arc(_f(158, 192, 202, 216), 15, 165, fill=(160, 70, 56), width=5 * _FINE)
    else:
        tall = 6 + 16 * mouth
        draw.chord(_f(160, 200 - tall, 200, 202 + tall), 0, 180, fill=(150, 58, 48))
        draw.chord(_f(166, 202 - tall * 0.4, 194, 202 + tall * 0.4), 0, 180, fill=(250, 244, 238))


def draw_arm() -> Image.Image:
    """A sleeve and a hand, pointing to the right; it is turned about its shoulder."""
    image, draw = _scaled((220, 90))
    draw.rounded_rectangle(_f(0, 18, 132, 74), radius=_FINE * 28, fill=_SHIRT)
    draw.rounded_rectangle(_f(112, 24, 182, 66), radius=_FINE * 20, fill=_SKIN)
    draw.ellipse(_f(160, 18, 214, 70), fill=_SKIN)
    draw.rounded_rectangle(_f(112, 18, 138, 74), radius=_FINE * 8, fill=_SHIRT_SHADE)
    return _down(image)


class Stage:
    """Draws the moment `t` (seconds since the show began) as an RGB picture.

    `show` and `bring` may be called from another thread than `draw`.
    """

    def __init__(self, font: str) -> None:
        self._wanted: Act | None = None
        self._act: Act | None = None
        self._since = 0.0
        self._stall = draw_stall()
        self._counter = draw_counter()
        self._heads = [draw_host(mouth=m, blink=False) for m in (0.0, 0.35, 0.7, 1.0)]
        self._blink = draw_host(mouth=0.0, blink=True)
        self._arms = [
            draw_arm().rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
            for angle in (8, 12, 16, 20, 24, 20, 16, 12)
        ]
        self._goods: dict[str, Image.Image] = {}
        self._clock_font = ImageFont.truetype(font, 22)
        self._title_font = ImageFont.truetype(font, 24)

    def show(self, act: Act | None) -> None:
        """From the next picture on the host shows this, or nothing."""
        self._wanted = act

    def has(self, picture: str) -> bool:
        return picture in self._goods

    def bring(self, address: str, picture: Image.Image) -> None:
        """A picture is there; until then the counter stays free."""
        self._goods[address] = self._frame(picture)

    @staticmethod
    def _frame(picture: Image.Image) -> Image.Image:
        """The product as a framed print that stands on the counter."""
        print_ = picture.convert("RGB").resize((176, 176), Image.Resampling.LANCZOS)
        framed = Image.new("RGBA", (196, 196), (0, 0, 0, 0))
        ImageDraw.Draw(framed).rounded_rectangle((0, 0, 195, 195), radius=14, fill=(255, 253, 249))
        framed.paste(print_, (10, 10))
        return framed

    def draw(self, t: float, clock: str) -> Image.Image:
        if self._act != self._wanted:
            self._act, self._since = self._wanted, t
        act, into = self._act, t - self._since
        canvas = self._stall.copy()
        sway = round(5 * math.sin(t * 1.3))
        nod = round(3 * math.sin(t * 2.1))
        talk = abs(math.sin(t * 7.3) * math.sin(t * 2.9 + 0.6))
        head = self._heads[min(3, int(talk * 4.4))]
        if (t + 0.4) % 3.7 < 0.13:
            head = self._blink
        canvas.paste(head, (52 + sway, 212 + nod), head)
        canvas.paste(self._counter, (0, 604))
        rise = round(150 * max(0.0, 1 - into * 2.2) ** 2)
        lift = round(6 * math.sin(t * 1.7))
        goods = self._goods.get(act.picture) if act is not None else None
        if goods is not None:
            canvas.paste(goods, (294, 416 + rise + lift), goods)
            canvas.paste(self._counter.crop((290, 0, 540, 200)), (290, 604))
        arm = self._arms[int(t * 5) % len(self._arms)]
        canvas.paste(arm, (102 + sway, 520 - arm.height // 2 + nod), arm)
        self._write_clock(canvas, clock)
        if act is not None:
            self._write_title(canvas, act.title)
        return canvas

    def _write_clock(self, canvas: Image.Image, clock: str) -> None:
        draw = ImageDraw.Draw(canvas)
        wide = draw.textlength(clock, font=self._clock_font)
        left = SAFE_RIGHT - wide - 12
        draw.rounded_rectangle((left - 12, 214, SAFE_RIGHT, 248), radius=17, fill=_INK)
        draw.text((left, 216), clock, font=self._clock_font, fill=(255, 255, 255))

    def _write_title(self, canvas: Image.Image, title: str) -> None:
        draw = ImageDraw.Draw(canvas)
        if draw.textlength(title, font=self._title_font) > TITLE_WIDE_MAX:
            while draw.textlength(title + "…", font=self._title_font) > TITLE_WIDE_MAX:
                title = title[:-1]
            title += "…"
        wide = draw.textlength(title, font=self._title_font)
        left = min(300, int(SAFE_RIGHT - wide - 14))
        draw.rounded_rectangle((left - 6, 618, left + wide + 14, 656), radius=8, fill=_LAMP)
        draw.text((left + 4, 620), title, font=self._title_font, fill=_INK)
