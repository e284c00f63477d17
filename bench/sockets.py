"""Many lasting connections from one core: WebSockets that count, viewers that discard."""

from __future__ import annotations

import base64
import json
import os
import resource
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.machine import Meter, pss_mb

MARK = b"bench-line"
CLOSE = 8
REST_S = 2.0


def raise_limits() -> None:
    """As many open files as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def frame(text: bytes) -> bytes:
    """A client's text frame (masked with zeros, which is a mask)."""
    if len(text) < 126:
        return bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text
    return bytes((0x81, 0x80 | 126)) + len(text).to_bytes(2) + b"\0\0\0\0" + text


@dataclass
class Dialect:
    """How one kind of server is spoken to."""

    path: str
    hello: list[str] = field(default_factory=list)
    say: str = "%s"
    """The message that makes the server tell everybody `%s`."""
    ping: bytes = b""
    """The server's whole ping frame."""
    pong: str = ""
    cookies: Sequence[str] = ()


YAOHE_HELLO = [
    json.dumps({"id": 1, "connect": {}}),
    json.dumps({"id": 2, "subscribe": {"channel": "room:tea:chat"}}),
]
YAOHE_SAY = '{"id":9,"publish":{"channel":"room:tea:chat","data":{"text":"%s"}}}'


@dataclass
class Heard:
    """What the sockets of one run heard."""

    sent: int = 0
    delivered: int = 0
    frames: int = 0
    """What they came in: a server may put several messages into one."""
    seconds: float = 0.0
    server_cpu_s: float = 0.0


def open_socket(
    address: tuple[str, int], dialect: Dialect, number: int
) -> tuple[socket.socket, bytes]:
    """One WebSocket, upgraded and greeted, and what the server said by then."""
    sock = socket.create_connection(address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    cookie = f"Cookie: {dialect.cookies[number]}\r\n" if dialect.cookies else ""
    head = (
        f"GET {dialect.path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n{cookie}"
        f"Origin: http://{address[0]}:{address[1]}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )
    sock.sendall(head.encode())
    got = b""
    while b"\r\n\r\n" not in got:
        part = sock.recv(4096)
        if not part:
            raise ConnectionError(f"no upgrade: {got[:200]!r}")
        got += part
    if b" 101 " not in got[:20]:
        raise ConnectionError(f"no upgrade: {got[:200]!r}")
    for text in dialect.hello:
        sock.sendall(frame(text.encode()))
    return sock, got.partition(b"\r\n\r\n")[2]


class Ears:
    """What a crowd hears, counted by whole frames however they were cut into reads.

    Servers' frames are unmasked: two, four or ten bytes say how long the rest is.
    """

    def __init__(self, ping: bytes) -> None:
        self.delivered = self.frames = 0
        self._ping = ping
        self._rest: dict[int, bytes] = {}

    def hear(self, fd: int, data: bytes) -> bool:
        """Whether a ping was in it; raises `ConnectionError` for a close."""
        if fd in self._rest:
            data = self._rest.pop(fd) + data
        at, end, pinged = 0, len(data), False
        while (size := self._size(data, at)) and at + size <= end:
            if data[at] & 15 == CLOSE:
                raise ConnectionError(f"the server closed a socket: {data[at + 4 : at + size]!r}")
            if told := data.count(MARK, at, at + size):
                self.delivered += told
                self.frames += 1
            elif data.startswith(self._ping, at) and len(self._ping) == size:
                pinged = True
            at += size
        if at < end:
            self._rest[fd] = data[at:]
        return pinged

    @staticmethod
    def _size(data: bytes, at: int) -> int:
        """Of the frame at `at` with its head; 0 while that is not known."""
        left = len(data) - at
        if left < 2:
            return 0
        size = data[at + 1]
        if size < 126:
            return 2 + size
        long = 2 if size == 126 else 8
        if left < 2 + long:
            return 0
        return 2 + long + int.from_bytes(data[at + 2 : at + 2 + long])


class Crowd:
    """Open sockets and what they hear. Lives in the load process."""

    def __init__(self, address: tuple[str, int], dialect: Dialect, count: int) -> None:
        raise_limits()
        self._dialect = dialect
        self._socks: list[socket.socket] = []
        self._by_fd: dict[int, socket.socket] = {}
        self._epoll = select.epoll()
        self._ears = Ears(dialect.ping)
        for number in range(count):
            sock, said = open_socket(address, dialect, number)
            self._ears.hear(sock.fileno(), said)
            self._socks.append(sock)
            self._by_fd[sock.fileno()] = sock
            self._epoll.register(sock, select.EPOLLIN)
            if number % 100 == 99:
                self.listen(0.0)  # those who are there already are pinged meanwhile
        self.listen(1.0)

    def listen(self, seconds: float, *, enough: int | None = None) -> None:
        """Read what comes for a while, or until `enough` messages were delivered in all; at the end
        every socket once more."""
        until = time.perf_counter() + seconds
        pong = frame(self._dialect.pong.encode())
        while True:
            left = max(0.0, until - time.perf_counter())
            ready = self._epoll.poll(left, len(self._socks))
            for fd, _ in ready:
                data = self._by_fd[fd].recv(65_536)
                if not data:
                    raise ConnectionError("the server cut a socket off")
                if self._ears.hear(fd, data):
                    self._by_fd[fd].sendall(pong)
            if not left or (enough is not None and self._ears.delivered >= enough):
                return

    def talk(self, per_s: int, seconds: float) -> Heard:
        """Messages at an even pace, each from another socket."""
        self._ears.delivered, self._ears.frames, heard = 0, 0, Heard()
        began = time.perf_counter()
        for number in range(int(per_s * seconds)):
            wait = began + number / per_s - time.perf_counter()
            if wait > 0:
                self.listen(wait)
            self._say(number)
            heard.sent += 1
        self.listen(15.0, enough=heard.sent * len(self._socks))
        heard.delivered, heard.frames = self._ears.delivered, self._ears.frames
        heard.seconds = time.perf_counter() - began
        return heard

    def shout(self, times: int) -> list[float]:
        """Milliseconds from one message to the last socket that hears it."""
        took = []
        for number in range(times):
            self._ears.delivered, began = 0, time.perf_counter()
            self._say(number)
            self.listen(5.0, enough=len(self._socks))
            if self._ears.delivered < len(self._socks):
                raise TimeoutError(f"only {self._ears.delivered} sockets heard it")
            took.append((time.perf_counter() - began) * 1000)
            self.listen(0.3)
        return took

    def _say(self, number: int) -> None:
        text = f"{MARK.decode()} {number:04d} 这款茶今天有券，下单立减二十"
        speaker = self._socks[number * 7 % len(self._socks)]
        speaker.sendall(frame((self._dialect.say % text).encode()))

    def close(self) -> None:
        for sock in self._socks:
            sock.close()


@dataclass
class Watched:
    """What a crowd of viewers cost the server."""

    bytes_per_s: float
    cpu_share: float
    """Of one core, while everybody watches."""
    memory_kb: float
    """Proportional set size, more than before they came."""


ARRIVE_S_MAX = 30.0


def watch(address: tuple[str, int], path: str, pid: int, viewers: int, seconds: float) -> Watched:
    """Viewers who read everything and keep nothing; the server's process is `pid`.

    Raises `TimeoutError` when the server lets them in too slowly to be measured.
    """
    raise_limits()
    request = f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode()
    memory_mb, socks = pss_mb(pid), []
    until = time.monotonic() + ARRIVE_S_MAX
    for _ in range(viewers):
        if time.monotonic() > until:
            for sock in socks:
                sock.close()
            raise TimeoutError(f"{len(socks)} of {viewers} viewers in {ARRIVE_S_MAX:.0f} s")
        sock = socket.create_connection(address, timeout=ARRIVE_S_MAX)
        sock.sendall(request)
        socks.append(sock)
    epoll = select.epoll()
    by_fd = {sock.fileno(): sock for sock in socks}
    for sock in socks:
        epoll.register(sock, select.EPOLLIN)
    room = memoryview(bytearray(262_144))

    def read(seconds: float) -> int:
        total, until = 0, time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            for fd, _ in epoll.poll(left):
                size = by_fd[fd].recv_into(room)
                if not size:
                    raise ConnectionError("the server ended a stream")
                total += size
        return total

    read(2.5)
    meter = Meter(pid)
    total = read(seconds)
    cpu, wall = meter.read()
    memory_kb = (pss_mb(pid) - memory_mb) * 1024
    for sock in socks:
        sock.close()
    return Watched(total / viewers / wall if viewers else 0.0, cpu / wall, memory_kb)


def idle(pid: int, seconds: float) -> float:
    """The share of one core a server uses while nobody is there."""
    meter = Meter(pid)
    time.sleep(seconds)
    cpu, wall = meter.read()
    return cpu / wall


def converse(
    address: tuple[str, int], dialect: Dialect, pid: int, sockets: int, per_s: int, seconds: float
) -> Heard:
    """A room of `sockets` hears `per_s` messages a second; the server's CPU is measured, and what
    it uses while all are there and nobody talks is taken off."""
    crowd = Crowd(address, dialect, sockets)
    meter = Meter(pid)
    crowd.listen(REST_S)
    resting_s, rested_s = meter.read()
    meter.start()
    heard = crowd.talk(per_s, seconds)
    cpu_s, talked_s = meter.read()
    heard.server_cpu_s = max(0.0, cpu_s - resting_s / rested_s * talked_s)
    crowd.close()
    return heard


def shout(address: tuple[str, int], dialect: Dialect, sockets: int, times: int) -> list[float]:
    """Milliseconds until one message has reached all `sockets`, a few times."""
    crowd = Crowd(address, dialect, sockets)
    took = crowd.shout(times)
    crowd.close()
    return took
