"""What the server told the crowd, and what the crowd did: the auditor's witness.

Only what was acknowledged is promised. A request without a good answer may or may not have
happened, so what was merely tried is written down apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

MARK = "https://sim.example/"  # a hit is known again by its own referer


@dataclass
class ToldHit:
    token: str
    visitor_id: str  # empty when it is not known
    is_bot: bool
    acknowledged: bool = False


@dataclass(frozen=True)
class ToldShare:
    room_id: str
    sharer_id: str
    channel: str
    pressed: bool


@dataclass(frozen=True)
class Step:
    at_ms: int
    who: str
    what: str
    answer: str

    def __str__(self) -> str:
        return f"{self.at_ms:>7} ms  {self.who:<10} {self.what} -> {self.answer}"


@dataclass
class Told:
    stock: dict[str, int] = field(default_factory=dict)  # as put up, with later changes
    hits: dict[str, ToldHit] = field(default_factory=dict)  # by referer
    clicks: set[tuple[str, str]] = field(default_factory=set)  # token, visitor
    joins: set[tuple[str, str]] = field(default_factory=set)  # tried: token, visitor
    shares: dict[str, ToldShare] = field(default_factory=dict)
    helps: set[tuple[str, str]] = field(default_factory=set)  # token, helper
    coupons: dict[str, str] = field(default_factory=dict)  # coupon, visitor
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)  # visitor, key
    keys: set[tuple[str, str]] = field(default_factory=set)  # tried: visitor, key
    money: set[str] = field(default_factory=set)  # payments the cashier took
    passed_ms: int = 0  # how much time the crowd let pass
    broken: list[str] = field(default_factory=list)  # answers no client may ever get
    trace: list[Step] = field(default_factory=list)
    logs: list[MutableMapping[str, Any]] = field(default_factory=list)  # what the shop wrote
    _began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_ms(self) -> int:
        """How long anybody can have watched: what really passed, and what was let pass."""
        return self.passed_ms + int((time.monotonic() - self._began) * 1000)

    def note(self, who: str, what: str, answer: str) -> None:
        """One step of the trace."""
        at_ms = int((time.monotonic() - self._began) * 1000)
        self.trace.append(Step(at_ms, who, what, answer))

    def about(self, names: Iterable[str], *, steps_max: int = 16) -> list[Step]:
        """The steps that tell of these ids: those that name the most of them, the last ones."""
        wanted = {name for name in names if len(name) >= 8}
        told = [(sum(n in f"{s.who} {s.what} {s.answer}" for n in wanted), s) for s in self.trace]
        most = max((count for count, _ in told), default=0)
        return [step for count, step in told if count and count == most][-steps_max:]
