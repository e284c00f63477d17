"""Models and pictures the tests of drawn images share."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import msgspec
from PIL import Image, ImageChops, ImageDraw

from yaohe.content import CardModel
from yaohe.kernel.money import Money

SHARE_URL = "https://live.example.com/s/Ab3dEf7hIj"


@cache
def frame(width: int = 720, height: int = 1280) -> bytes:
    """A JPEG with a red, a green and a blue band, so that a test sees which part was kept."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height // 3, width, height), fill=(30, 160, 60))
    pen.rectangle((0, height * 2 // 3, width, height), fill=(40, 60, 190))
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


ZH = CardModel(
    title="春茶开播第一场：明前龙井新茶到了，朋友们来看看吧",
    host="林家茶铺",
    status="live",
    viewers=1284,
    price=Money(9900),
    was=Money(12900),
    offer_line="进店领券 减 ¥20",
    sharer_name="小林",
    picture=frame(),
)
EN = CardModel(
    title="Spring tea tasting with the grower’s family: first flush, straight from the hill",
    host="Lin’s Tea House",
    status="live",
    lang="en",
    viewers=12_840,
    price=Money(9980, "USD"),
    was=Money(12900, "USD"),
    offer_line="$20 off your first tin",
    sharer_name="Lin",
    picture=frame(1280, 720),
)
UPCOMING = msgspec.structs.replace(
    ZH, status="upcoming", starts="11月22日 20:05", starts_zone="北京时间", offer_line=None
)
ENDED = msgspec.structs.replace(EN, status="ended", offer_line=None, was=None)
BARE = CardModel(title="和茶农一起喝第一口春茶", host="林家茶铺", status="live")
EVERY = {"zh": ZH, "en": EN, "upcoming": UPCOMING, "ended": ENDED, "bare": BARE}


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg), formats=["JPEG"])
    image.load()
    return image


def near(pixel: object, colour: tuple[int, int, int], *, by: int = 14) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


def share_of(
    image: Image.Image, box: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> float:
    """How much of `box` has nearly this colour."""
    mask: Image.Image | None = None
    for band, middle in zip(image.crop(box).split(), colour, strict=True):
        close = band.point([255 if abs(value - middle) <= 40 else 0 for value in range(256)])
        mask = close if mask is None else ImageChops.multiply(mask, close)
    assert mask is not None
    return mask.histogram()[255] / (mask.width * mask.height)
