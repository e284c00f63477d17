"""Documents made before: the latest that were asked for, each as long as what it shows stays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from yaohe.front.view import Snapshot

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Made(Generic[Key, Value]):
    """At most `most` of them; who was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[Snapshot, Value]] = OrderedDict()

    def get(self, key: Key, moment: Snapshot) -> Value | None:
        """What was made of this very snapshot; None when the room has changed since."""
        found = self._kept.get(key)
        if found is None or found[0] is not moment:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def keep(self, key: Key, moment: Snapshot, value: Value) -> Value:
        self._kept[key] = (moment, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
