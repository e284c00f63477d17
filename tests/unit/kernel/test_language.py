"""Which language a person reads, and what is said in it."""

from __future__ import annotations

import pytest

from yaohe.kernel.language import lang_of, said


@pytest.mark.parametrize(
    ("wishes", "lang"),
    [
        ((), "zh-CN"),
        ((None, ""), "zh-CN"),
        (("", "  "), "zh-CN"),
        ((None, "zh-TW,zh;q=0.9,en;q=0.8"), "zh-CN"),
        ((None, " ZH-hans"), "zh-CN"),
        ((None, "en-US,en;q=0.9,zh;q=0.8"), "en"),
        ((None, "fr"), "en"),
        (("en", "zh-CN"), "en"),
        (("zh-CN", "en"), "zh-CN"),
        (("", "en"), "en"),
    ],
)
def test_the_first_wish_decides(wishes: tuple[str | None, ...], lang: str) -> None:
    assert lang_of(*wishes) == lang


def test_without_english_words_everybody_reads_the_chinese_ones() -> None:
    assert said("en", "茶", "Tea") == "Tea"
    assert said("zh-CN", "茶", "Tea") == "茶"
    assert said("en", "茶", "") == "茶"
