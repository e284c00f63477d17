"""Text of people, packed arrays, origins and ids in bulk."""

from __future__ import annotations

import pytest

from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import is_id, new_id, new_ids
from yaohe.kernel.origin import is_loopback, origin_of
from yaohe.kernel.text import clean_text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  a  b ", "a b"),
        ("a\tb\nc", "a b c"),
        ("春\u0007茶\u200b", "春茶\u200b"),
        ("e\u0301", "é"),
        ("\u202eevil\u2066", "evil"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("\ufeffa", "a"),
        ("a\ufffe\uffff", "a"),
    ],
)
def test_text_is_cleaned(text: str, wanted: str) -> None:
    assert clean_text(text, field="x", chars_max=10) == wanted


@pytest.mark.parametrize("text", ["", " ", "\x07", "a\x00b", "\ud800", "x" * 11, "x" * 10_000])
def test_text_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        clean_text(text, field="x", chars_max=10)
    assert caught.value.field == "x"


def test_lines_and_emptiness_may_be_allowed() -> None:
    assert clean_text(" a\r\n b ", field="x", chars_max=10, lines=True) == "a\n b"
    assert clean_text(" ", field="x", chars_max=10, empty=True) == ""


def test_packing() -> None:
    assert pack([]) == ""
    assert pack(["a", "b"]) == "a\x1fb"
    assert pack(["a", None, ""]) == "a\x1f\x1e\x1f"
    assert "$3::text" in cut(3)
    for wrong in (["a\x1fb"], ["a\x1eb"], ["\x1e", None]):
        with pytest.raises(ValueError, match="separator"):
            pack(wrong)


def test_ids_in_bulk_look_like_single_ones() -> None:
    many = new_ids("cpn", 1_000)
    assert len(set(many)) == 1_000
    assert all(is_id(one, "cpn") for one in many)
    assert is_id(new_id("cpn"), "cpn")
    assert new_ids("cpn", 0) == []
    assert many[0][:14] <= new_id("cpn")[:14]


def test_addresses() -> None:
    assert origin_of("https://a.example:8/b?c") == "https://a.example:8"
    assert is_loopback("http://127.0.0.1:8080")
    assert is_loopback("http://[::1]:8080")
    assert not is_loopback("https://live.example")
    assert not is_loopback("")
