"""QR codes that scan from a picture of a picture: level M, four modules of quiet zone, every module
a whole number of pixels, ink on white, nothing on top."""

from __future__ import annotations

import segno
from PIL import Image

from yaohe.content.errors import LinkTooLong
from yaohe.content.palette import INK_950, WHITE

QUIET_ZONE = 4
# 37 modules a side: below five pixels a module a code no longer survives a second compression.
URL_BYTES_MAX = 84


def qr_image(url: str, room: int) -> Image.Image:
    """The code with its quiet zone, as large as fits into `room` pixels with whole modules."""
    if len(url.encode()) > URL_BYTES_MAX:
        raise LinkTooLong
    code = segno.make(url, error="m", micro=False, boost_error=False)
    rows = [bytes(row) for row in code.matrix]
    side = len(rows)
    scale = room // (side + 2 * QUIET_ZONE)
    modules = Image.frombytes("L", (side, side), b"".join(rows)).point(lambda v: 255 * v)
    image = Image.new("RGB", (scale * (side + 2 * QUIET_ZONE),) * 2, WHITE)
    mask = modules.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    image.paste(INK_950, (QUIET_ZONE * scale, QUIET_ZONE * scale), mask)
    return image
