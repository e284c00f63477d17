"""Drawn pictures, the mark and avatars: sizes, bytes, sameness. Their looks are judged by eye."""

from __future__ import annotations

import pytest
from PIL import Image
from tests.support.cards import near, opened, share_of

from yaohe.content import PRODUCT_KINDS, avatar, product_picture
from yaohe.content.cards.mark import draw_mark, shapes, wordmark
from yaohe.content.palette import INK_950, LAMP, PAPER, PEOPLE, WHITE, mix, rgb


def check_picture(kind: str, seed: int) -> bytes:
    jpeg = product_picture(kind, seed)
    assert opened(jpeg).size == (800, 800)
    assert 10_000 < len(jpeg) <= 90_000
    return jpeg


def test_a_picture_is_the_same_for_the_same_seed() -> None:
    assert check_picture("parcel", 1) == check_picture("parcel", 1)
    assert check_picture("parcel", 1) != check_picture("parcel", 2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PRODUCT_KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_kind(kind: str, seed: int) -> None:
    check_picture(kind, seed)


def test_avatars() -> None:
    jpeg = avatar("小林", 3)
    image = opened(jpeg)
    assert image.size == (128, 128)
    assert len(jpeg) <= 8_000
    assert any(near(image.getpixel((6, 6)), colour) for colour in PEOPLE)
    assert share_of(image, (32, 32, 96, 96), WHITE) > 0.1
    assert avatar("小林", 3) == jpeg
    nameless = opened(avatar("🍵", 0))
    assert near(nameless.getpixel((64, 50)), WHITE), "a figure, not an empty disc"


def test_white_is_readable_on_every_person() -> None:
    for colour in PEOPLE:
        assert contrast(colour) >= 4.5


def contrast(ground: tuple[int, int, int]) -> float:
    """WCAG contrast of white on `ground`."""
    channels = [value / 255 for value in ground]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_mark_follows_its_geometry() -> None:
    image = Image.new("RGB", (64, 64), PAPER)
    draw_mark(image, (0, 0), 64)
    assert near(image.getpixel((0, 0)), PAPER)
    assert near(image.getpixel((32, 5)), LAMP)
    assert near(image.getpixel((15, 32)), INK_950), "the stroke of the mouth"
    assert near(image.getpixel((24, 32)), LAMP), "the mouth is open"
    for x, y in ((43, 15), (50, 32), (43, 49)):
        assert near(image.getpixel((x, y)), INK_950)
    assert shapes(16).size == (16, 16)


def test_the_wordmark_keeps_its_box() -> None:
    word = wordmark(56)
    assert word.size == (164, 56)
    assert word.getbbox() is not None
    assert word.getpixel((104, 20)) == 255, "the stem of the h"
    assert word.getpixel((79, 32)) == 0, "the mouth is open"


def test_colours() -> None:
    assert rgb("#FFC940") == LAMP
    assert mix((0, 0, 0), (100, 200, 50), 0.5) == (50, 100, 25)
