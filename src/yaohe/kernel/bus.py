"""Signals between parts and processes: bounded, coalesced by their senders, dropped when late.

Subjects are dotted words, `room.<id>.<kind>`; a pattern may end in `*` for "anything from here".
Delivery is at most once and never waits for a subscriber. The in-memory bus calls subscribers
synchronously in the publisher's loop turn, so a subscriber must only take note and return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

Listener = Callable[[str, bytes], None]

log = structlog.get_logger(__name__)


class Subscription(Protocol):
    def close(self) -> None: ...


class Bus(Protocol):
    def publish(self, subject: str, payload: bytes) -> None:
        """Hand `payload` to every listener of `subject`; never blocks, never raises for one."""

    def subscribe(self, pattern: str, listener: Listener) -> Subscription:
        """Call `listener(subject, payload)` for `pattern` (exact, or a prefix ending in `*`)."""


class _MemorySubscription:
    def __init__(self, home: dict[str, list[Listener]], key: str, listener: Listener) -> None:
        self._home, self._key, self._listener = home, key, listener

    def close(self) -> None:
        listeners = self._home.get(self._key, [])
        if self._listener in listeners:
            listeners.remove(self._listener)
        if not listeners:
            self._home.pop(self._key, None)


class MemoryBus:
    """The bus of one process. Exact subjects cost one dictionary look-up."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Listener]] = {}
        self._prefix: dict[str, list[Listener]] = {}

    def publish(self, subject: str, payload: bytes) -> None:
        for listener in tuple(self._exact.get(subject, ())):
            self._call(listener, subject, payload)
        for prefix, listeners in tuple(self._prefix.items()):
            if subject.startswith(prefix):
                for listener in tuple(listeners):
                    self._call(listener, subject, payload)

    def subscribe(self, pattern: str, listener: Listener) -> Subscription:
        home, key = (
            (self._prefix, pattern[:-1]) if pattern.endswith("*") else (self._exact, pattern)
        )
        home.setdefault(key, []).append(listener)
        return _MemorySubscription(home, key, listener)

    @staticmethod
    def _call(listener: Listener, subject: str, payload: bytes) -> None:
        try:
            listener(subject, payload)
        except Exception:
            # One bad listener must not silence the others.
            log.exception("bus_listener_failed", subject=subject)
