"""A bad line between a viewer and the server: delay, loss and silence, packet by packet.

The viewer lives in a network namespace of its own; two TUN devices and this file are the line, so
TCP itself loses, waits and sends again. Unlike `tc netem` it needs nothing of the kernel but TUN;
root and iproute2 are needed, and `NoLink` says what is missing.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001
PACKET_BYTES_MAX = 2048
NEAR, FAR = "10.213.7.1", "10.213.7.2"


class NoLink(RuntimeError):
    """This machine lets nobody make a line."""


@dataclass
class Line:
    """What the line does to packets; may be changed at any time."""

    name: str
    """Of the network namespace at the far end."""
    one_way_s: float = 0.0
    loss: float = 0.0
    silent: bool = False
    """Every packet is lost."""
    passed: int = 0
    lost: int = 0


def _tun(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
    return fd


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise NoLink(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _carry(line: Line, near: int, far: int, over: threading.Event) -> None:
    """Pass packets on until `over`, each after its delay; their order is kept."""
    flying: list[tuple[float, int, int, bytes]] = []
    chance, number = random.Random(11), 0
    while not over.is_set():
        wait_s = max(0.0, flying[0][0] - time.monotonic()) if flying else 0.05
        ready, _, _ = select.select([near, far], [], [], min(wait_s, 0.05))
        for fd in ready:
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet = os.read(fd, PACKET_BYTES_MAX)
                    if line.silent or chance.random() < line.loss:
                        line.lost += 1
                        continue
                    number += 1
                    due, to = time.monotonic() + line.one_way_s, far if fd == near else near
                    heapq.heappush(flying, (due, number, to, packet))
        while flying and flying[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(flying)
            # A device whose queue is full drops, as a router does.
            with contextlib.suppress(BlockingIOError):
                os.write(to, packet)
                line.passed += 1


@contextlib.contextmanager
def bad_line() -> Iterator[Line]:
    """A line to a namespace that reaches this machine as `NEAR`, and nothing else."""
    if os.geteuid() != 0:
        raise NoLink("needs root")
    if shutil.which("ip") is None or not Path("/dev/net/tun").exists():
        raise NoLink("needs iproute2 and /dev/net/tun")
    name = f"yh{os.getpid() % 100_000}"
    with contextlib.ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(subprocess.run, ["ip", "netns", "del", name], capture_output=True)
        ends = []
        for device in (f"{name}a", f"{name}b"):
            try:
                ends.append(_tun(device))
            except OSError as error:
                raise NoLink(f"TUN: {error.strerror}") from error
            stack.callback(os.close, ends[-1])
        inside = ("netns", "exec", name, "ip")
        _ip("addr", "add", f"{NEAR}/30", "dev", f"{name}a")
        _ip("link", "set", f"{name}a", "up")
        _ip("link", "set", f"{name}b", "netns", name)
        _ip(*inside, "addr", "add", f"{FAR}/30", "dev", f"{name}b")
        _ip(*inside, "link", "set", f"{name}b", "up")
        _ip(*inside, "link", "set", "lo", "up")
        line, over = Line(name), threading.Event()
        carrier = threading.Thread(target=_carry, args=(line, *ends, over), daemon=True)
        carrier.start()
        stack.callback(carrier.join)
        stack.callback(over.set)
        yield line
