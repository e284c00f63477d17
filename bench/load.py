"""HTTP load from one core: raw sockets on epoll, ready-made requests, every answer read whole.

Closed loop (`rate` 0): each connection asks again as soon as it was answered. Paced (`rate` > 0):
requests fall due by the clock, and a request's latency counts from when it was due, so a server
that stalls cannot hide it. The load always ends with every request answered.
"""

from __future__ import annotations

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass
class Answered:
    """What came back."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    bytes: int = 0
    sample: bytes = b""

    @property
    def count(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_s(self) -> float:
        return self.count / self.seconds


class _Line:
    """One connection: what it asked, when, and how many bytes of the answer are missing."""

    __slots__ = ("asked", "head", "left", "sock")

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked, self.left, self.head = 0.0, 0, b""


def drive(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    rate: float = 0.0,
    once: bool = False,
) -> Answered:
    """Ask for `seconds`, or until every request was sent when `once`."""
    return _Driver(address, requests, connections, seconds, rate, once).run()


class _Driver:
    def __init__(
        self,
        address: tuple[str, int],
        requests: Sequence[bytes],
        connections: int,
        seconds: float,
        rate: float,
        once: bool,
    ) -> None:
        self._requests, self._seconds, self._rate, self._once = requests, seconds, rate, once
        self._lines = [_Line(address) for _ in range(connections)]
        self._by_fd = {line.sock.fileno(): line for line in self._lines}
        self._epoll = select.epoll()
        for line in self._lines:
            self._epoll.register(line.sock, select.EPOLLIN)
        self._free: deque[_Line] = deque(self._lines)
        self._sent = 0
        self._out = Answered()

    def run(self) -> Answered:
        began = time.perf_counter()
        until = began + self._seconds
        while True:
            now = time.perf_counter()
            over = now >= until or (self._once and self._sent >= len(self._requests))
            if not over:
                self._send_due(now, began)
            elif len(self._free) == len(self._lines):
                break
            elif now > until + 20:
                raise TimeoutError("the server left requests unanswered")
            self._take(0.001 if self._rate else 0.2, until)
        self._out.seconds = time.perf_counter() - began
        for line in self._lines:
            line.sock.close()
        return self._out

    def _send_due(self, now: float, began: float) -> None:
        free, requests = self._free, self._requests
        while free:
            due = now
            if self._rate:
                due = began + self._sent / self._rate
                if due > now:
                    return
            if self._once and self._sent >= len(requests):
                return
            line = free.popleft()
            line.asked = due
            line.sock.sendall(requests[self._sent % len(requests)])
            self._sent += 1

    def _take(self, wait_s: float, until: float) -> None:
        again = not self._rate
        for fd, _ in self._epoll.poll(wait_s):
            line = self._by_fd[fd]
            data = line.sock.recv(262_144)
            if not data:
                raise ConnectionError(f"the server closed a connection: {line.head[:200]!r}")
            self._out.bytes += len(data)
            if not line.left:
                data = line.head + data
                end = data.find(_HEAD_END)
                if end < 0:
                    line.head = data
                    continue
                line.head = b""
                self._begin(line, data, end)
            else:
                line.left -= len(data)
            if line.left:
                continue
            now = time.perf_counter()
            self._out.latencies_ms.append((now - line.asked) * 1000)
            if again and now < until and not (self._once and self._sent >= len(self._requests)):
                line.asked = now
                line.sock.sendall(self._requests[self._sent % len(self._requests)])
                self._sent += 1
            else:
                self._free.append(line)

    def _begin(self, line: _Line, data: bytes, end: int) -> None:
        at = data.find(_LENGTH, 0, end)
        length = int(data[at + len(_LENGTH) : data.find(b"\r", at)]) if at > 0 else 0
        line.left = end + len(_HEAD_END) + length - len(data)
        self._out.statuses[int(data[9:12])] += 1
        if not self._out.sample:
            self._out.sample = data[: end + len(_HEAD_END) + length]
