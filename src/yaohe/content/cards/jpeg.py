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
    found = encode(image, best, subsampling=subsampling, progressive=progressive)
    if len(found) <= bytes_max:
        return found
    fitting: bytes | None = None
    low, high = least, best - 1
    while low <= high:
        quality = (low + high) // 2
        found = encode(image, quality, subsampling=subsampling, progressive=progressive)
        if len(found) <= bytes_max:
            fitting, low = found, quality + 1
        else:
            high = quality - 1
    return fitting
