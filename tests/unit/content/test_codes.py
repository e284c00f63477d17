"""QR codes for print: another maker's reader finds the link with the mark in the middle, small,
dirty and turned."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from yaohe.content import LinkTooLong
from yaohe.content.codes import code_png, code_svg
from yaohe.content.palette import LAMP

URLS = ("https://a.example/s/Ab3dEf6h1J", f"https://shop.{'l' * 140}.example/s/spring-tea-2026")
SVG = "{http://www.w3.org/2000/svg}"


def scanned(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image)]


def drawn(svg: bytes, scale: int) -> Image.Image:
    """The drawing as pixels, by its own coordinates: every run of ink, then the mark's square."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    side = int(root.attrib["viewBox"].split()[2])
    image = Image.new("L", (side * scale, side * scale), 255)
    pen = ImageDraw.Draw(image)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", root.find(f"{SVG}path").attrib["d"]):  # type: ignore[union-attr]
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(width) * scale - 1, top + scale - 1), fill=0)
    move = root.find(f"{SVG}g").attrib["transform"]  # type: ignore[union-attr]
    at, size = (float(part) for part in re.findall(r"[\d.]+", move)[1:])
    square = (at * scale, at * scale, (at + 64 * size) * scale, (at + 64 * size) * scale)
    pen.rectangle(square, fill=200)
    return image


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("pixels", [256, 1024])
def test_a_printed_code_is_read_by_another_reader(url: str, pixels: int) -> None:
    image = Image.open(BytesIO(code_png(url, pixels)))
    assert image.width == image.height
    assert image.width <= pixels
    middle = image.convert("RGB").getpixel((int(image.width * 0.435), int(image.height * 0.44)))
    assert max(abs(a - b) for a, b in zip(middle, LAMP, strict=True)) < 90  # type: ignore[arg-type]
    assert scanned(image) == [url]
    small = image.convert("L").resize((image.width * 3 // 4,) * 2, Image.Resampling.BILINEAR)
    assert scanned(small if pixels > 256 else image) == [url]


@pytest.mark.parametrize("url", URLS)
def test_the_drawing_says_the_same(url: str) -> None:
    assert scanned(drawn(code_svg(url), 6)) == [url]


def test_a_dirty_and_turned_code_is_still_read() -> None:
    image = Image.open(BytesIO(code_png(URLS[0], 900))).convert("L")
    pen = ImageDraw.Draw(image)
    for nth in range(6):
        left, top = 200 + 70 * nth, 640
        pen.ellipse((left, top, left + 34, top + 34), fill=255)
    assert scanned(image.rotate(7, fillcolor=255, resample=Image.Resampling.BILINEAR)) == [URLS[0]]


def test_what_would_not_scan_is_refused() -> None:
    with pytest.raises(LinkTooLong):
        code_png("https://a.example/" + "l" * 200, 512)
    with pytest.raises(LinkTooLong):
        code_svg("https://a.example/" + "l" * 200)
