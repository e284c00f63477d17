"""The font files hold what they promise, and nothing on an image ever needs another."""

from __future__ import annotations

import string
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fontTools.ttLib import TTFont

from yaohe.content.cards import words
from yaohe.content.cards.model import CardModel, Language, Status
from yaohe.content.cards.parts import drawn_price
from yaohe.content.cards.typeface import (
    BOLD,
    FOLDER,
    PROPORTIONAL,
    REGULAR,
    SIZES,
    WEIGHTS,
    covered,
    face,
    width,
)
from yaohe.kernel.money import Money
from yaohe.kernel.times import date_text, zone_text

STATUSES: tuple[Status, ...] = ("live", "upcoming", "ended", "replay")
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


def gb2312() -> str:
    """All 6,763 Han of GB 2312, both levels."""
    found = []
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.append(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return "".join(found)


def test_all_of_gb2312_can_be_drawn() -> None:
    assert len(gb2312()) == 6763
    assert not set(map(ord, gb2312())) - covered()


@pytest.mark.parametrize(
    "characters",
    [
        string.ascii_letters + string.digits + string.punctuation + " ",
        "àâäçéèêëíîïñóôöúûüÿßæøåÀÉÖÜ¡¿£¥§©®°±·×÷",
        "，。、；：？！…—～·（）《》〈〉「」『』【】〔〕“”‘’",
        "￥％＋－／＝＠＃０９ＡＺａｚ",
        "€₩→←↑↓–×★☆♥①②③",
        "茶葉龍鳳萬與開關淼喆珺玥堃赟祎嘚煲の",
        "アカサタナ",
        "".join(PROPORTIONAL.values()),
    ],
)
def test_characters_shops_use(characters: str) -> None:
    missing = {character for character in characters if ord(character) not in covered()}
    assert not missing


def test_every_word_we_write_can_be_drawn() -> None:
    at = datetime(2026, 11, 22, 20, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    for lang in LANGUAGES:
        for status in STATUSES:
            model = CardModel(title="t", host="h", status=status, lang=lang, viewers=123_456)
            text = (
                words.status_word(model)
                + words.deed(model)
                + words.scan_line(model)
                + words.viewers_line(model)
                + words.fallback_title(lang)
                + date_text(at, lang)
                + zone_text(at, lang)
            )
            assert set(map(ord, text)) <= covered()


@pytest.mark.parametrize("weight", WEIGHTS)
def test_files(weight: int) -> None:
    path = FOLDER / f"NotoSansSC-{weight}.otf"
    assert path.stat().st_size <= 2_500_000
    font = TTFont(path)
    assert covered() <= set(font.getBestCmap())
    assert "SIL Open Font License" in font["name"].getDebugName(13)
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FOLDER / "OFL.txt").read_text()


def test_digits_are_tabular_and_latin_is_kerned() -> None:
    for weight, size in ((REGULAR, 36), (BOLD, 88)):
        assert len({width(digit, size, weight) for digit in string.digits}) == 1
        assert width("AV", size, weight) < width("A", size, weight) + width("V", size, weight)


def test_a_covered_character_is_not_the_empty_box() -> None:
    box = bytes(face(36, REGULAR).getmask("\U0010fffd"))
    for character in "茶¥A，":
        assert bytes(face(36, REGULAR).getmask(character)) != box


def test_only_listed_sizes_are_opened() -> None:
    assert 88 in SIZES[BOLD]
    with pytest.raises(AssertionError, match="add 33"):
        face(33, BOLD)


@pytest.mark.parametrize(
    "currency", ["CNY", "USD", "EUR", "GBP", "JPY", "HKD", "KRW", "INR", "CHF"]
)
def test_prices_can_be_drawn(currency: str) -> None:
    text = drawn_price(Money(-123_456, currency)).text()
    assert set(map(ord, text)) <= covered()
