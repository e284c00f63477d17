"""Visitor cookies and friendly names: pure, fast, and not to be forged."""

from __future__ import annotations

from collections import Counter

import pytest

from yaohe.identity import friendly_name
from yaohe.identity.visitors.model import (
    Visitor,
    derive_key,
    new_visitor_id,
    seal,
    set_cookie,
    unseal,
)
from yaohe.identity.visitors.names import ANIMALS, TRAITS

KEY = derive_key(b"secret of this installation", "visitor.v1")


def test_a_sealed_id_opens_again() -> None:
    visitor_id = new_visitor_id()
    value = seal(KEY, visitor_id)
    assert len(value) == 45
    assert unseal(KEY, value) == visitor_id


def test_everything_else_does_not_open() -> None:
    value = seal(KEY, new_visitor_id())
    wrong = [
        None,
        "",
        "x",
        value[:-1],
        value + "A",
        value[:-1] + ("A" if value[-1] != "A" else "B"),
        "v_" + "0" * 20 + value[22:],
        value.replace(".", "_"),
        value[:22] + "." + "é" * 22,
        value.upper(),
        "\x00" * 45,
        value * 1000,
    ]
    assert [unseal(KEY, text) for text in wrong] == [None] * len(wrong)


def test_keys_differ_by_purpose_and_installation() -> None:
    value = seal(KEY, new_visitor_id())
    assert unseal(derive_key(b"secret of this installation", "form.v1"), value) is None
    assert unseal(derive_key(b"another secret", "visitor.v1"), value) is None


def test_an_id_of_another_kind_is_refused_even_when_sealed() -> None:
    assert unseal(KEY, seal(KEY, "s_" + "0" * 20)) is None


def test_the_whole_cookie() -> None:
    assert set_cookie("yh_v", "x", age_s=5, secure=False) == (
        "yh_v=x; Max-Age=5; Path=/; HttpOnly; SameSite=Lax"
    )
    assert set_cookie("yh_v", "x", age_s=5, secure=True).endswith("; Secure")


def test_names_are_stable_and_the_same_person_in_both_languages() -> None:
    name = friendly_name("v_00000000000000000000")
    assert name == friendly_name("v_00000000000000000000", "zh-CN") == "可靠的仓鼠"
    assert friendly_name("v_00000000000000000000", "en-GB") == "Trusty Hamster"
    visitor = Visitor("v_00000000000000000000", name)
    assert visitor.name_in("zh") == name
    assert visitor.name_in("en") == "Trusty Hamster"


def test_a_derived_name_is_said_in_the_readers_language_a_chosen_one_stays() -> None:
    hamster = "v_00000000000000000000"
    for written in ("可靠的仓鼠", "Trusty Hamster", ""):
        assert friendly_name(hamster, "zh-CN", given=written) == "可靠的仓鼠"
        assert friendly_name(hamster, "en", given=written) == "Trusty Hamster"
    assert friendly_name(hamster, "en", given="小林") == "小林"


def test_names_are_many_and_well_spread() -> None:
    assert len(TRAITS) * len(ANIMALS) > 10_000
    assert len(set(TRAITS)) == len(TRAITS)
    assert len(set(ANIMALS)) == len(ANIMALS)
    seen = Counter(friendly_name(f"v_{number}") for number in range(5_000))
    assert max(seen.values()) < 10
    assert len(seen) > 3_500


@pytest.mark.parametrize("words", [TRAITS, ANIMALS], ids=["traits", "animals"])
def test_names_are_pleasantly_short(words: tuple[tuple[str, str], ...]) -> None:
    for chinese, english in words:
        assert 1 <= len(chinese) <= 5
        assert all("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        assert english.isascii()
        assert len(english) <= 16
