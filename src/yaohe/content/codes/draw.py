"""QR codes for print: error correction H, of which the mark covers less than a tenth.

The mark stands on whole modules with one of white around it, so no module is cut. Level H mends
thirty per cent; a code that was printed, folded and copied still has most of that left.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import segno
from PIL import Image, ImageDraw

from yaohe.content.errors import LinkTooLong
from yaohe.content.palette import INK_950, LAMP, WHITE

QUIET_ZONE: Final = 4
URL_BYTES_MAX: Final = 200
PIXELS_MIN, PIXELS_MAX = 128, 4_096
_INK, _LAMP = (f"#{r:02X}{g:02X}{b:02X}" for r, g, b in (INK_950, LAMP))
# The mark of the house on its grid of 64: a mouth that calls, and three who come (look.md).
_MARK: Final = (
    f'<rect width="64" height="64" rx="16" fill="{_LAMP}"/>'
    f'<rect x="15.5" y="23.5" width="17" height="17" rx="4.5" fill="none" stroke="{_INK}" '
    f'stroke-width="7"/><g fill="{_INK}"><circle cx="43.3" cy="14.6" r="4.5"/>'
    '<circle cx="50" cy="32" r="4.5"/><circle cx="43.3" cy="49.4" r="4.5"/></g>'
)
_DOTS: Final = ((43.3, 14.6), (50.0, 32.0), (43.3, 49.4))
_FINE: Final = 8  # the mark is drawn larger and made small, for smooth edges


def _modules(url: str) -> list[bytes]:
    if len(url.encode()) > URL_BYTES_MAX:
        raise LinkTooLong
    code = segno.make(url, error="h", micro=False, boost_error=False)
    return [bytes(row) for row in code.matrix]


def mark_side(side: int) -> int:
    """How many modules the mark with its white takes: odd as the code is, a quarter of its side."""
    return side // 4 | 1


def code_svg(url: str) -> bytes:
    """The code as a drawing in modules, for any size."""
    rows = _modules(url)
    side, cleared = len(rows), mark_side(len(rows))
    first = (side - cleared) // 2
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < side:
            if not row[x] or _is_cleared(x, y, first, cleared):
                x += 1
                continue
            run = x
            while run < side and row[run] and not _is_cleared(run, y, first, cleared):
                run += 1
            path.append(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{run - x}v1h-{run - x}z")
            x = run
    whole, at, scale = side + 2 * QUIET_ZONE, first + QUIET_ZONE + 1, (cleared - 2) / 64
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>'
        f'<path shape-rendering="crispEdges" fill="{_INK}" d="{"".join(path)}"/>'
        f'<g transform="translate({at} {at}) scale({scale:.5f})">{_MARK}</g></svg>'
    ).encode()


def code_png(url: str, pixels: int) -> bytes:
    """The code in at most `pixels` a side, every module a whole number of them."""
    rows = _modules(url)
    side, cleared = len(rows), mark_side(len(rows))
    scale = max(1, pixels // (side + 2 * QUIET_ZONE))
    first = (side - cleared) // 2
    bits = bytearray(b"".join(rows))
    for y in range(first, first + cleared):
        bits[y * side + first : y * side + first + cleared] = bytes(cleared)
    modules = Image.frombytes("L", (side, side), bytes(bits)).point(lambda v: 255 * v)
    image = Image.new("RGB", (scale * (side + 2 * QUIET_ZONE),) * 2, WHITE)
    mask = modules.resize((side * scale,) * 2, Image.Resampling.NEAREST)
    image.paste(INK_950, (QUIET_ZONE * scale,) * 2, mask)
    mark = _mark((cleared - 2) * scale)
    image.paste(mark, ((first + QUIET_ZONE + 1) * scale,) * 2, mark)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _is_cleared(x: int, y: int, first: int, cleared: int) -> bool:
    return first <= x < first + cleared and first <= y < first + cleared


def _mark(pixels: int) -> Image.Image:
    fine = 64 * _FINE
    image = Image.new("RGBA", (fine, fine))
    draw = ImageDraw.Draw(image)

    def box(*numbers: float) -> tuple[float, ...]:
        return tuple(number * _FINE for number in numbers)

    draw.rounded_rectangle(box(0, 0, 64, 64), 16 * _FINE, fill=LAMP)
    draw.rounded_rectangle(box(12, 20, 36, 44), 8 * _FINE, fill=INK_950)
    draw.rounded_rectangle(box(19, 27, 29, 37), 1 * _FINE, fill=LAMP)
    for x, y in _DOTS:
        draw.ellipse(box(x - 4.5, y - 4.5, x + 4.5, y + 4.5), fill=INK_950)
    return image.resize((pixels, pixels), Image.Resampling.LANCZOS)
