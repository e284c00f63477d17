"""A person without a name one could draw: head and shoulders."""

from __future__ import annotations

from PIL import Image

from yaohe.content.cards.paint import disc, rounded
from yaohe.content.palette import Rgb


def figure(image: Image.Image, ink: Rgb) -> None:
    """Fills a square image; the shoulders leave at its lower edge."""
    size = image.width
    disc(image, (size // 2, size * 2 // 5), size * 5 // 16, ink)
    left, top = size // 5, size * 5 // 8
    rounded(image, (left, top, size - left, size + size // 4), size // 4, ink)
