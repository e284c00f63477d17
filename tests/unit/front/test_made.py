"""Documents made before are bounded, and gone with the state of the room they show."""

from __future__ import annotations

from typing import Any, cast

from yaohe.front.made import Made
from yaohe.front.view import Snapshot


def test_the_latest_stay_as_long_as_their_room_does() -> None:
    now, later = cast(Snapshot, object()), cast(Snapshot, object())
    made: Made[str, bytes] = Made(2)
    assert made.keep("a", now, b"A") == b"A"
    made.keep("b", now, b"B")
    assert made.get("a", now) == b"A"
    made.keep("c", now, b"C")
    kept: list[Any] = [made.get(key, now) for key in "abc"]
    assert kept == [b"A", None, b"C"], "b was asked for longest ago"
    assert made.get("a", later) is None
    made.keep("a", later, b"A2")
    assert (made.get("a", now), made.get("a", later)) == (None, b"A2")
