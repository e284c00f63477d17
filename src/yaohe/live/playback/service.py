"""Keeps what players said lately, per room and bounded, and hands each report to the figures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from yaohe.kernel.clock import Clock
from yaohe.live.playback.model import (
    Heard,
    PlaybackReport,
    PlayersHealth,
    browser_family,
    summary,
)

WINDOW_S: Final = 600
REPORTS_MAX: Final = 4_000  # per room: the newest
ROOMS_MAX: Final = 500


class Playback:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rooms: dict[str, deque[tuple[float, Heard]]] = {}
        self.on_report: list[Callable[[Heard], None]] = []

    def note(self, room_id: str, report: PlaybackReport, *, user_agent: str) -> None:
        """The caller answers for `room_id` being a real room."""
        heard = Heard(report, browser_family(user_agent))
        # Moved to the end: the room that was silent longest is the one to forget.
        kept = self._rooms.pop(room_id, None) or deque(maxlen=REPORTS_MAX)
        self._rooms[room_id] = kept
        kept.append((self._clock.monotonic(), heard))
        if len(self._rooms) > ROOMS_MAX:
            del self._rooms[next(iter(self._rooms))]
        for listener in self.on_report:
            listener(heard)

    def health(self, room_id: str) -> PlayersHealth:
        kept = self._rooms.get(room_id, deque())
        since = self._clock.monotonic() - WINDOW_S
        while kept and kept[0][0] < since:
            kept.popleft()
        return summary([heard for _, heard in kept], WINDOW_S)
