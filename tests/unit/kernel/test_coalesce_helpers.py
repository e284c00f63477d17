"""What an item must pass before it joins a batch, and who is first inside one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.coalesce import check_text, ranks
from yaohe.kernel.errors import BadInput


@pytest.mark.parametrize("text", ["", "abc", "喝茶", "🍵", "a\ttab\n", "x" * 20])
def test_text_that_can_be_stored_passes(text: str) -> None:
    check_text(text, field="name", chars_max=20)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "ok\udfff", "茶\udc80"])
def test_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_text(text, field="name", chars_max=20)
    assert caught.value.field == "name"


@pytest.mark.parametrize(("text", "least"), [("x" * 21, 0), ("", 1)])
def test_lengths_are_bounded(text: str, least: int) -> None:
    with pytest.raises(BadInput):
        check_text(text, field="name", chars_max=20, chars_min=least)


def test_ranks_count_the_equals_before() -> None:
    assert ranks(["a", "b", "a", "a", "b"], key=lambda item: item) == [0, 0, 1, 2, 1]
    assert ranks([], key=lambda item: item) == []


@given(st.lists(st.integers(0, 5)))
def test_ranks_give_every_key_one_first(items: list[int]) -> None:
    found = ranks(items, key=lambda item: item)
    assert sum(rank == 0 for rank in found) == len(set(items))
    for nth, (item, rank) in enumerate(zip(items, found, strict=True)):
        assert rank == items[:nth].count(item)


@given(st.text())
def test_what_passes_can_be_encoded(text: str) -> None:
    try:
        check_text(text, field="name", chars_max=50)
    except BadInput:
        return
    assert b"\x00" not in text.encode()
