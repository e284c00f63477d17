"""The words on images, and the numbers in them."""

from __future__ import annotations

import pytest
from tests.support.cards import EN, ENDED, UPCOMING, ZH

from yaohe.content.cards import words
from yaohe.content.cards.parts import initial, invite_text, person_of


@pytest.mark.parametrize(
    ("number", "zh", "en"),
    [
        (20, "20", "20"),
        (1284, "1,284", "1,284"),
        (12_840, "1.2万", "12.8K"),
        (13_000, "1.3万", "13K"),
        (100_000, "10万", "100K"),
        (1_234_567, "123.4万", "1.2M"),
        (120_000_000, "1.2亿", "120M"),
    ],
)
def test_counts(number: int, zh: str, en: str) -> None:
    assert words.count_zh(number) == zh
    assert words.count_en(number) == en


def test_who_invites() -> None:
    assert invite_text(ZH, 400, 36) == "小林 邀你来看"
    assert invite_text(EN, 400, 36) == "Lin is watching"
    assert invite_text(ENDED, 464, 36) == "Thank you for coming"
    assert person_of(ZH) == ("小林", True)
    assert person_of(ENDED) == (ENDED.host, False)


def test_nothing_is_claimed_that_is_not_so() -> None:
    assert words.viewers_line(UPCOMING) == ""
    assert "watching" not in words.deed(UPCOMING)


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("小林", "林"),
        ("爱喝茶的小鹿", "鹿"),
        ("林家茶铺", "林"),
        ("Curious Otter", "C"),
        ("老王", "王"),
        ("小", "小"),
        ("7号", "7"),
        ("", ""),
    ],
)
def test_initials(name: str, letter: str) -> None:
    assert initial(name) == letter
