"""The one typeface of drawn images: Noto Sans SC 400 and 700 from this package, nothing else.

Works on a machine without any system font. All faces in use are opened by `warm()`, so that a
child that has given up its rights can still draw. What the subset cannot draw is known from its
own character map (`covered()`); `scripts/fonts.py` made the files.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parent / "fonts"
FONT_BOLD = FOLDER / "NotoSansSC-700.otf"
REGULAR, BOLD = 400, 700
WEIGHTS = (REGULAR, BOLD)
# Every size anything here is set in; a closed list, so that all of them can be opened beforehand.
SIZES = {
    REGULAR: (28, 32, 36),
    BOLD: (24, 28, 32, 34, 36, 40, 44, 48, 52, 56, 60, 64, 72, 88, 132, 192, 288),
}

# Simplified Chinese faces set these one em wide. Between Latin letters the proportional twins are
# used, which the subset keeps at private code points.
PROPORTIONAL = {"‘": "\ue018", "’": "\ue019", "“": "\ue01c", "”": "\ue01d", "·": "\ue0b7",
                "•": "\ue022"}  # fmt: skip


@cache
def face(size: int, weight: int) -> ImageFont.FreeTypeFont:
    assert size in SIZES[weight], f"add {size} to SIZES"
    # Basic layout on purpose: raqm depends on what the machine has, and images must not.
    return ImageFont.truetype(
        str(FOLDER / f"NotoSansSC-{weight}.otf"), size, layout_engine=ImageFont.Layout.BASIC
    )


def width(text: str, size: int, weight: int) -> float:
    """Advance width in pixels, with kerning, as it will be drawn."""
    return face(size, weight).getlength(text)


def warm() -> None:
    """Open every face and draw a few glyphs, so that the first card is as fast as the second."""
    covered()
    for weight in WEIGHTS:
        for size in SIZES[weight]:
            face(size, weight).getmask("吆喝 Yaohe ¥0123456789")


@cache
def covered() -> frozenset[int]:
    """The code points that both weights can draw (read from the cmap tables of the files)."""
    regular, bold = (
        _code_points((FOLDER / f"NotoSansSC-{weight}.otf").read_bytes()) for weight in WEIGHTS
    )
    return frozenset(regular & bold)


def _code_points(font: bytes) -> set[int]:
    """What a format 4 character map (the Basic Multilingual Plane) has a glyph for."""
    table = _table(font, b"cmap")
    start = struct.unpack_from(">HHI", table, 4)[2]
    form, _, _, twice = struct.unpack_from(">4H", table, start)
    assert form == 4, "the subset script writes format 4"
    lasts = struct.unpack_from(f">{twice // 2}H", table, start + 14)
    firsts = struct.unpack_from(f">{twice // 2}H", table, start + 16 + twice)
    deltas = struct.unpack_from(f">{twice // 2}H", table, start + 16 + 2 * twice)
    places = start + 16 + 3 * twice
    found: set[int] = set()
    for index, (first, last, delta) in enumerate(zip(firsts, lasts, deltas, strict=True)):
        place = places + 2 * index
        reach = struct.unpack_from(">H", table, place)[0]
        for code in range(first, last + 1):
            glyph = code
            if reach:
                glyph = struct.unpack_from(">H", table, place + reach + 2 * (code - first))[0]
            if (glyph + delta) & 0xFFFF:
                found.add(code)
    return found - {0xFFFF}


def _table(font: bytes, tag: bytes) -> bytes:
    count = struct.unpack_from(">H", font, 4)[0]
    for index in range(count):
        name, _, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * index)
        if name == tag:
            return font[offset : offset + length]
    raise AssertionError(f"the font has a {tag!r} table")
