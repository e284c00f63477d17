"""Shapes with smooth edges on a Pillow image. Masks are drawn four times larger once and kept."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from yaohe.content.cards.typeface import BOLD, face
from yaohe.content.palette import CHIP_SHARE, INK_950, Rgb

FINE = 4
# Half the height of what the eye takes for a line of Han, as a share of the type size.
OPTICAL_CENTRE = 0.37


@lru_cache(maxsize=256)
def rounded_mask(width: int, height: int, radius: int) -> Image.Image:
    mask = Image.new("L", (width * FINE, height * FINE), 0)
    box = (0, 0, width * FINE - 1, height * FINE - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * FINE, fill=255)
    return mask.reduce(FINE)


def rounded(image: Image.Image, box: tuple[int, int, int, int], radius: int, fill: Rgb) -> None:
    """A filled rounded rectangle; `box` is left, top, right, bottom."""
    left, top, right, bottom = box
    radius = min(radius, (right - left) // 2, (bottom - top) // 2)
    image.paste(fill, box, rounded_mask(right - left, bottom - top, radius))


def disc(image: Image.Image, centre: tuple[int, int], diameter: int, fill: Rgb) -> None:
    left, top = centre[0] - diameter // 2, centre[1] - diameter // 2
    rounded(image, (left, top, left + diameter, top + diameter), diameter, fill)


@lru_cache(maxsize=64)
def _chip_mask(width: int, height: int) -> Image.Image:
    return rounded_mask(width, height, height // 2).point(lambda v: round(v * CHIP_SHARE))


def chip(image: Image.Image, box: tuple[int, int, int, int]) -> None:
    """The dark pill that keeps white text readable on any picture."""
    left, top, right, bottom = box
    image.paste(INK_950, box, _chip_mask(right - left, bottom - top))


def line(image: Image.Image, left: int, right: int, y: int, fill: Rgb, *, thick: int = 1) -> None:
    image.paste(fill, (left, y, right, y + thick))


def baseline(middle: float, size: int) -> int:
    """The base line that puts text of `size` optically in the middle."""
    return round(middle + size * OPTICAL_CENTRE)


def write(
    image: Image.Image,
    at: tuple[float, float],
    text: str,
    size: int,
    fill: Rgb,
    *,
    weight: int = BOLD,
    anchor: str = "ls",
) -> float:
    """Draw `text` on its base line and answer the x where it ends."""
    font = face(size, weight)
    ImageDraw.Draw(image).text(at, text, font=font, fill=fill, anchor=anchor)
    return at[0] + font.getlength(text)
