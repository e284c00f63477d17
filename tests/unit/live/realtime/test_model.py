"""Lines and how fast they may come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yaohe.live.realtime.errors import TextEmpty, TextTooLong
from yaohe.live.realtime.model import Buckets, clean_line, new_line, plain, stamp


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  好看  ", "好看"),
        ("a\n b\tc", "a b c"),
        ("cafe\u0301", "café"),
        ("a\u202eb\u2066c\x07", "abc"),
        ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"),
        ("h" + "\u0336" * 50 + "i", "h\u0336\u0336\u0336i"),
        ("字" * 200, "字" * 200),
    ],
)
def test_lines_are_cleaned_and_not_changed_in_meaning(typed: str, shown: str) -> None:
    assert clean_line(typed) == shown


@pytest.mark.parametrize("typed", ["", "  ", "\n\t", "\x07", "\ud800", "a\x00"])
def test_empty_lines(typed: str) -> None:
    with pytest.raises(TextEmpty):
        clean_line(typed)


@pytest.mark.parametrize("length", [201, 900, 10**6])
def test_long_lines(length: int) -> None:
    with pytest.raises(TextTooLong):
        clean_line("x" * length)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_what_is_shown_can_be_stored_and_shown_again(typed: str) -> None:
    try:
        shown = clean_line(typed)
    except (TextEmpty, TextTooLong):
        return
    assert 0 < len(shown) <= 200
    shown.encode()
    assert "\x00" not in shown
    assert "\x1f" not in shown
    assert clean_line(shown) == shown


@settings(deadline=None)
@given(st.text(max_size=50))
def test_the_houses_own_words_never_fail(text: str) -> None:
    plain(text).encode()


def test_a_line_carries_time_and_writer() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=timezone(timedelta(hours=8)))
    line = new_line(kind="chat", name="n", text="t", at=at, v="v_1")
    assert (line.at, line.v) == ("2026-01-01T19:04:05.678Z", "v_1")
    assert stamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_buckets() -> None:
    buckets = Buckets(burst=3, per_second=2, keys_max=4)
    assert [buckets.take("a", now=0.0) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert buckets.take("b", now=0.0) == 1
    assert buckets.take("a", now=0.5) == 1
    assert buckets.take("a", now=0.6) == 0
    assert buckets.take("a", now=100.0, wanted=50) == 3
    for n in range(10):
        buckets.take(f"k{n}", now=100.0)
    assert len(buckets._by_key) <= 4
