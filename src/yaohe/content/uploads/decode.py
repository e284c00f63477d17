"""Somebody's picture, made anew. Runs only in the sandbox: the bytes may come from anybody.

What is kept is our own JPEG of what is seen: turned upright, in sRGB, small enough for a phone, and
without what a camera writes beside it, such as where it was taken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps

from yaohe.content.cards.jpeg import HALF_COLOUR, encode_within
from yaohe.content.errors import PictureTooBig, PictureTooSmall, PictureUnreadable

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
SIDE: Final = 960  # as a product sheet shows it on a dense screen
SIDE_MIN: Final = 160
PIXELS_MAX: Final = 40_000_000
JPEG_BYTES_MAX: Final = 160_000
_WHITE: Final = (255, 255, 255)


def remade(given: bytes) -> bytes:
    """A progressive JPEG of at most `SIDE` pixels a side and `JPEG_BYTES_MAX` bytes.

    Refuses with `PictureUnreadable`, `PictureTooSmall` or `PictureTooBig`.
    """
    try:
        with Image.open(BytesIO(given), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise PictureTooBig
            if min(picture.size) < SIDE_MIN:
                raise PictureTooSmall
            # A JPEG is decoded no larger than needed, which saves most of its memory and time.
            picture.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(picture)
            profile = picture.info.get("icc_profile")
            shown = _on_white(upright)
    except Image.DecompressionBombError:
        raise PictureTooBig from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureUnreadable from error
    shown.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if profile:
        shown = _in_srgb(shown, profile)
    shown.info.clear()  # a comment would be written again
    found = encode_within(
        shown, JPEG_BYTES_MAX, best=86, least=20, subsampling=HALF_COLOUR, progressive=True
    )
    if found is None:
        raise PictureUnreadable
    return found


def _on_white(picture: Image.Image) -> Image.Image:
    """In three colours; what can be seen through shows white, as paper would."""
    if picture.mode.startswith("I"):  # 16 bits of grey, of which a screen shows eight
        return picture.convert("I").point(lambda grey: grey / 256).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, _WHITE)
    clear = picture.convert("RGBA")
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Phones take pictures in wider colours; without their profile those would look dull."""
    with contextlib.suppress(ImageCms.PyCMSError, OSError):
        theirs = ImageCms.ImageCmsProfile(BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, theirs, ImageCms.createProfile("sRGB"))
        return turned or picture
    return picture  # a profile that is not for three colours, or broken


def examples() -> Iterator[bytes]:
    """One of each kind, to load all that reading them takes before the door closes."""
    small = Image.new("RGB", (SIDE_MIN, SIDE_MIN), _WHITE)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in FORMATS:
        out = BytesIO()
        small.save(out, name, **({} if name == "GIF" else {"icc_profile": profile}))
        yield out.getvalue()
