"""Cleaning, wrapping and cutting, with a font in which Han are 2 wide and Latin is 1 wide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yaohe.content.cards.text import NO_END, NO_START, atoms, clean, cut, fit, is_wide, wrap
from yaohe.content.cards.typeface import PROPORTIONAL, covered


def measure(text: str) -> float:
    return sum(2.0 if is_wide(character) else 1.0 for character in text)


def cleaned(text: str) -> str:
    return clean(text, covered())


@pytest.mark.parametrize(
    ("given_text", "drawn"),
    [
        ("春茶🍵上新", "春茶上新"),
        ("家人👨‍👩‍👧‍👦来了👍🏽", "家人来了"),
        ("  a \t\n b  ", "a b"),
        ("e\u0301te\u0301", "été"),
        ("Dvořák Łukasz", "Dvorák Lukasz"),
        ("𝐓𝐞𝐚", "Tea"),
        ("王𬭎", "王·"),
        ("مرحبا tea 한국", "tea"),
        ("好！！！！！！", "好！！！"),
        ("\u202eevil\u202c", "evil"),
        ("1️⃣号", "1号"),
        ("a\ue019b", "ab"),
        ("−5 ₹ 3", "–5 Rs 3"),
        ("🍵🍵", ""),
        ("！？", ""),
        ("한국어", ""),
        ("", ""),
    ],
)
def test_clean(given_text: str, drawn: str) -> None:
    assert cleaned(given_text) == drawn


def test_quotes_follow_their_script() -> None:
    assert cleaned("Lin’s “tea”") == "Lin{}s {}tea{}".format(*(PROPORTIONAL[q] for q in "’“”"))
    assert cleaned("“好茶”") == "“好茶”"
    assert cleaned("A·B") == f"A{PROPORTIONAL['·']}B"
    assert cleaned("阿·汤") == "阿·汤"


@given(st.text(max_size=300))
def test_clean_leaves_only_what_can_be_drawn(text: str) -> None:
    drawn = cleaned(text)
    assert set(map(ord, drawn)) <= covered()
    assert len(drawn) <= 200
    assert cleaned(text) == drawn == drawn.strip()
    assert "  " not in drawn


def test_atoms_keep_words_and_punctuation_together() -> None:
    assert atoms("好，ab c") == ("好，", "ab", " ", "c")
    assert atoms("《茶》！x") == ("《茶》！", "x")
    assert atoms("a ，b《 c") == ("a ，", "b", "《 c")


def test_two_lines_are_balanced() -> None:
    assert wrap("一二三四五六七八九十甲乙丙", 24, measure, lines_max=2) == [
        "一二三四五六七",
        "八九十甲乙丙",
    ]
    assert wrap("春茶上新，和茶农一起喝第一口", 24, measure, lines_max=2) == [
        "春茶上新，",
        "和茶农一起喝第一口",
    ]


def test_what_does_not_fit_is_cut_with_an_ellipsis() -> None:
    lines = wrap("一二三四五六七八九十" * 4, 20, measure, lines_max=2)
    assert lines == ["一二三四五六七八九十", "一二三四五六七八九…"]
    assert wrap("spring tea tasting with growers", 12, measure, lines_max=2) == [
        "spring tea",
        "tasting...",
    ]


def test_a_long_word_is_broken() -> None:
    assert wrap("a" * 15, 10, measure, lines_max=2) == ["a" * 10, "a" * 5]


def test_cut() -> None:
    assert cut("短", 10, measure) == "短"
    assert cut("一二三，四五六", 10, measure) == "一二三…"
    assert cut("abcdefgh", 6, measure) == "abc..."
    assert cut("一二", 1, measure) == ""


def test_fit_takes_the_largest_size() -> None:
    def measured(text: str, size: int) -> float:
        return len(text) * size

    assert fit("abc", 30, (20, 10, 5), measured) == 10
    assert fit("abc", 3, (20, 10, 5), measured) == 5


TITLES = st.text(
    st.sampled_from("春茶龙井，。！？：“”《》（）…— abcXYZ 0123¥%.,!-’·é") | st.characters(),
    max_size=120,
)


@settings(max_examples=400)
@given(TITLES, st.integers(8, 60), st.integers(1, 3))
def test_wrap_keeps_the_rules(text: str, room: int, lines_max: int) -> None:
    title = cleaned(text)
    lines = wrap(title, room, measure, lines_max=lines_max)
    assert len(lines) <= lines_max
    for line in lines:
        assert 0 < measure(line) <= room
        assert line == line.strip()
    for line in lines[1:]:
        assert line[0] not in NO_START
    for line in lines[:-1]:
        assert line[-1] not in NO_END
    if lines and not lines[-1].endswith(("…", "...")):
        assert "".join(lines).replace(" ", "") == title.replace(" ", "")
    if title:
        assert lines, "something is always said"


@given(TITLES, st.integers(3, 40))
def test_cut_is_a_prefix(text: str, room: int) -> None:
    title = cleaned(text)
    short = cut(title, room, measure)
    assert measure(short) <= room
    kept = short.removesuffix("…").removesuffix("...")
    assert title.startswith(kept) or short == title
