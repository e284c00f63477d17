"""A shop under measurement: `yaohe demo` as a process of its own, with its database open to us."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import asyncpg

from bench.machine import SERVER_CORE, children, command, pin

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
ROOM = "tea"
# One address plays a whole town here; everything else is as shipped.
_ENVIRONMENT = {
    "YAOHE_WRITES_PER_ADDRESS_S": "10000000",
    "YAOHE_CONNECTIONS_PER_ADDRESS": "14000",
    "YAOHE_GRACE_S": "3600",
    "YAOHE_LOG_LEVEL": "warning",
}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Shop:
    """A running shop."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    told: dict[str, Any]
    ready_s: float

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def rtmp(self) -> str:
        return f"{self.told['rtmp_url']}/{self.told['stream_key']}"

    @property
    def database_url(self) -> str:
        lines = (self.data / "pg" / "postmaster.pid").read_text().splitlines()
        password = (self.data / "postgres.password").read_text().strip()
        return f"postgresql://yaohe:{password}@/yaohe?host={quote(self._sockets(lines), safe='')}"

    def _sockets(self, postmaster: Sequence[str]) -> str:
        """The socket folder; the server may know it by a name only it can open."""
        for folder in (Path(postmaster[4]), self.data / "run"):
            if (folder / ".s.PGSQL.5432").exists():
                return str(folder)
        for line in Path("/proc/net/unix").read_text().splitlines():
            path = line.rpartition(" ")[2]
            if path.endswith(".s.PGSQL.5432") and str(self.data) in path:
                return str(Path(path).parent)
        raise FileNotFoundError("the socket folder of PostgreSQL")

    async def connect(self) -> asyncpg.Connection:
        """The database itself; asserts that what it says is durable, is."""
        conn = await asyncpg.connect(self.database_url)
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await conn.fetchval(f"show {name}") == "on", f"{name} is off"
        return conn

    def metric(self, name: str) -> float:
        with urlopen(f"{self.url}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"yaohe_{name} "):
                    return float(line.split()[1])
        raise KeyError(name)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(data: Path, *flags: str, **environment: str) -> Shop:
    """Start a shop on `data` and wait until it serves; the server alone on its core."""
    port, rtmp_port = free_port(), free_port()
    log = (data.parent / f"{data.name}.log").open("ab")
    began = time.monotonic()
    # Our own cores are inherited, also by PostgreSQL; the server itself is moved once it serves.
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "yaohe.app.cli", "demo", "--json", "--data", str(data)),
            *("--port", str(port), "--rtmp-port", str(rtmp_port), *flags),
        ],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, **_ENVIRONMENT, **environment},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise RuntimeError(f"the shop did not start; see {log.name}")
    shop = Shop(process, data, port, json.loads(line), time.monotonic() - began)
    pin(process.pid, SERVER_CORE)
    return shop


@contextlib.contextmanager
def open_shop(*flags: str, name: str = "shop", **environment: str) -> Iterator[Shop]:
    """A fresh shop, gone afterwards."""
    data = CACHE / f"{name}-{os.getpid()}"
    shutil.rmtree(data, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    shop = start(data, *flags, **environment)
    try:
        yield shop
    finally:
        shop.stop()
        shutil.rmtree(data, ignore_errors=True)


def parts(shop: Shop) -> dict[str, list[int]]:
    """The processes of a shop by what they are: server, postgres, drawing, demo."""
    found: dict[str, list[int]] = {"server": [shop.pid]}
    for pid in children(shop.pid):
        with contextlib.suppress(FileNotFoundError):
            line = command(pid)
            kind = "postgres" if "postgres" in line else "demo" if "demo." in line else "children"
            found.setdefault(kind, []).append(pid)
    return found
