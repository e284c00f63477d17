"""A channel: who listens, what was said last, and one frame written to all.

A publication is framed once and the same bytes go to every subscriber. More listeners than a slice
are served over several turns of the loop, each publication to exactly those who listened when it
was made, in order. History answers recovery completely or not at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec

from yaohe.kernel.wire import TEXT, WsConnection, ws_frame
from yaohe.live.realtime.protocol import (
    FLAG_REJECT_UNRECOVERED,
    UNRECOVERABLE,
    Position,
    Problem,
    publication,
    push,
)

SLICE: Final = 800
HISTORY_MAX: Final = 300


class Listener(Protocol):
    """Who listens to channels."""

    def lost(self, channel: str) -> None:
        """The channel's count began anew and the listener was let go."""


class Listeners:
    """The connections that listen to one channel."""

    def __init__(self) -> None:
        self.members: dict[Listener, WsConnection] = {}
        self._waiting: deque[tuple[bytes, list[WsConnection]]] = deque()
        self._busy = False

    def __len__(self) -> int:
        return len(self.members)

    def send(self, message: bytes) -> None:
        """Write one text message to everybody."""
        if not self.members:
            return
        frame = ws_frame(TEXT, message)
        if len(self.members) <= SLICE and not self._busy:
            for connection in self.members.values():
                connection.write(frame)
            return
        self._waiting.append((frame, list(self.members.values())))
        if not self._busy:
            self._busy = True
            self._serve(0)

    def _serve(self, start: int) -> None:
        frame, listeners = self._waiting[0]
        # A connection that closed meanwhile swallows the frame by itself.
        for connection in listeners[start : start + SLICE]:
            connection.write(frame)
        start += SLICE
        if start >= len(listeners):
            self._waiting.popleft()
            start = 0
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._serve, start)
        else:
            self._busy = False


class Stream:
    """A channel with history: offsets without gaps inside one epoch."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.listeners = Listeners()
        self.epoch = ""
        self.top = 0
        self._history: deque[tuple[int, bytes]] = deque(maxlen=HISTORY_MAX)

    def begin(self, epoch: str, top: int = 0) -> None:
        """Another count begins: what was heard before cannot be continued."""
        if self.epoch and self.listeners.members:
            leaving = list(self.listeners.members)
            self.listeners.members.clear()
            for listener in leaving:
                listener.lost(self.channel)
        self.epoch, self.top = epoch, top
        self._history.clear()

    def receive(self, epoch: str, first: int, items: Sequence[bytes]) -> None:
        """Take what the owner numbered and pass it on; a gap begins a new count."""
        if epoch != self.epoch or first != self.top + 1:
            self.begin(epoch, first - 1)
        pushes = []
        for offset, data in enumerate(items, first):
            self._history.append((offset, data))
            pushes.append(push(self.channel, publication(data, offset)))
        self.top = first + len(items) - 1
        if pushes:
            self.listeners.send(b"\n".join(pushes))

    def since(self, epoch: str, offset: int) -> list[bytes] | None:
        """Everything after a position, or None when any of it is missing."""
        if epoch != self.epoch or not 0 <= self.top - offset <= len(self._history):
            return None
        return [publication(data, at) for at, data in self._history if at > offset]

    def stand(self, wish: Position) -> dict[str, Any]:
        """Where a listener stands: everything since their position, or a plain "no"."""
        answer: dict[str, Any] = {"epoch": self.epoch, "offset": self.top}
        if not wish.recover:
            return answer
        missed = self.since(wish.epoch, wish.offset)
        if missed is None and wish.flag & FLAG_REJECT_UNRECOVERED:
            raise Problem(*UNRECOVERABLE)
        answer |= {"was_recovering": True, "recovered": missed is not None}
        if missed is not None:
            # The position recovered from; the publications below move it on.
            answer |= {"offset": wish.offset, "publications": [msgspec.Raw(pub) for pub in missed]}
        return answer

    def replace(self, old: bytes, new: bytes) -> None:
        """Put other data in the place of a publication that must not be seen again."""
        for index, (offset, data) in enumerate(self._history):
            if data == old:
                self._history[index] = (offset, new)
                return

    def data(self) -> Iterable[bytes]:
        """What is remembered, oldest first."""
        return [data for _, data in self._history]


class Cache:
    """A channel of which only the last value matters. Who listens is told `news`, which together
    with the former value makes the new one; None when there are none."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.listeners = Listeners()
        self.epoch = ""
        self.version = 0
        self.value = b""

    def receive(self, epoch: str, version: int, value: bytes, *, news: bytes | None) -> None:
        self.epoch, self.version, self.value = epoch, version, value
        if news is not None:
            self.listeners.send(push(self.channel, publication(news, version)))

    def stand(self, wish: Position) -> dict[str, Any]:
        """The last value; who comes back has missed nothing that still matters."""
        latest = [publication(self.value, self.version)] if self.value else []
        answer: dict[str, Any] = {"epoch": self.epoch, "offset": self.version}
        if wish.recover:
            answer |= {"was_recovering": True, "recovered": bool(latest)}
        return answer | {"publications": [msgspec.Raw(pub) for pub in latest]}
