"""JPEG within a number of bytes: the best quality that fits, found by halving."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

FULL_COLOUR, HALF_COLOUR = 0, 2


def encode(image: Image.Image, quality: int, *, subsampling: int, progressive: bool) -> bytes:
    out = BytesIO()
    image.save(
        out,
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        progressive=progressive,
        optimize=progressive,
    )
    return out.getvalue()


def encode_within(
    image: Image.Image,
    bytes_max: int,
    *,
    best: int = 88,
    least: int = 30,
    subsampling: int = FULL_COLOUR,
    progressive: bool = False,
) -> bytes | None:
    """One attempt at `best`, which nearly always fits; then a search down to `least`, else None.

    Colour is kept at full resolution by default: halved, persimmon on paper grows grey edges.
    """

    def attempt(quality: int) -> bytes | None:
        found = encode(image, quality, subsampling=subsampling, progressive=progressive)
        return found if len(found) <= bytes_max else None

    fitting = attempt(best)
    if fitting is not None:
        return fitting
    fitting = attempt(least)
    low, high = least, best
    # Three steps of quality are not seen; each attempt costs as much as drawing the words.
    while fitting is not None and high - low > 3:
        quality = (low + high) // 2
        found = attempt(quality)
        if found is None:
            high = quality
        else:
            fitting, low = found, quality
    return fitting
