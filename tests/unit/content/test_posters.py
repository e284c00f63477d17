"""The poster: its QR code scans from a small, poor copy; nothing on it promises a reward."""

from __future__ import annotations

from io import BytesIO

import msgspec
import pytest
import zxingcpp
from PIL import Image
from tests.support.cards import BARE, EVERY, SHARE_URL, ZH, near, opened, share_of

from yaohe.content import LinkTooLong, draw_poster
from yaohe.content.cards.model import POSTER
from yaohe.content.palette import INK_950, LAMP, PAPER, PERSIMMON, WHITE
from yaohe.content.posters.qr import qr_image

QR = (456, 1056, 702, 1302)


def scanned(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image)]


def poor_copy(image: Image.Image) -> Image.Image:
    """Half the size, JPEG 70: a poster after two chats."""
    out = BytesIO()
    image.resize((image.width // 2, image.height // 2)).save(out, "JPEG", quality=70)
    return Image.open(out)


@pytest.mark.parametrize("name", EVERY)
def test_posters_scan(name: str) -> None:
    jpeg = draw_poster(EVERY[name], SHARE_URL)
    image = opened(jpeg)
    assert image.size == (750, 1334)
    assert len(jpeg) <= POSTER.bytes_max
    assert scanned(image) == [SHARE_URL]
    assert scanned(poor_copy(image)) == [SHARE_URL]


@pytest.mark.parametrize("length", [24, 62, 84])
def test_long_links_still_scan(length: int) -> None:
    url = SHARE_URL.replace("live", "l" * (length - len(SHARE_URL) + 4))[:length]
    image = opened(draw_poster(BARE, url))
    assert scanned(poor_copy(image)) == [url]


def test_modules_are_whole_pixels_with_a_quiet_zone() -> None:
    for url, pixels, modules in (("h" * 62, 6, 33), ("h" * 84, 5, 37)):
        code = qr_image(url, 246)
        assert code.width == code.height == pixels * (modules + 8)
        assert set(code.get_flattened_data()) == {INK_950, WHITE}
        edge = 4 * pixels
        assert near(code.getpixel((edge, edge)), INK_950, by=0)
        assert share_of(code, (0, 0, code.width, edge), WHITE) == 1.0


def test_a_link_that_would_not_scan_is_refused() -> None:
    with pytest.raises(LinkTooLong):
        draw_poster(BARE, "https://example.com/" + "x" * 65)


def test_places() -> None:
    image = opened(draw_poster(ZH, SHARE_URL))
    assert near(image.getpixel((375, 60)), (200, 30, 30))
    assert near(image.getpixel((375, 830)), PAPER)
    assert near(image.getpixel((QR[0] + 12, QR[1] + 4)), WHITE, by=6)
    assert share_of(image, (48, 1004, 438, 1084), PERSIMMON) > 0.03
    assert share_of(image, (48, 1262, 88, 1302), LAMP) > 0.4, "the mark"


def test_no_offer_on_a_poster() -> None:
    without = msgspec.structs.replace(ZH, offer_line=None)
    assert draw_poster(ZH, SHARE_URL) == draw_poster(without, SHARE_URL)
