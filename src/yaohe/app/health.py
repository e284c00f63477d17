"""Health: whether this process can serve, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from litestar import Request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from yaohe.app.settings import Settings
from yaohe.identity import Identity, require_staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError

LAG_EVERY_S: Final = 0.1
LAG_KEPT: Final = 600  # a minute
# Whatever way a proxy says that it is one.
_FORWARDING: Final = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
    "cf-connecting-ip", "true-client-ip",
)  # fmt: skip


class LoopLag:
    """How late the event loop wakes: the one number that every stall shows up in."""

    def __init__(self) -> None:
        self._late_ms: deque[float] = deque(maxlen=LAG_KEPT)

    async def run(self) -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(LAG_EVERY_S)
            self._late_ms.append((time.perf_counter() - asked - LAG_EVERY_S) * 1000)

    def p99_ms(self) -> float:
        """Over the last minute; 0 before anything was measured."""
        kept = sorted(self._late_ms)
        return kept[int(len(kept) * 0.99)] if kept else 0.0


class _Labelled(Collector):
    """Reads a figure per label when Prometheus asks."""

    def __init__(
        self, name: str, help_text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name, self._help, self._label, self._read = name, help_text, label, read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._help, labels=[self._label])
        for label, value in sorted(self._read().items()):
            family.add_metric([label], value)
        yield family


class MetricsDoor:
    """Who may read the figures without an account.

    With a `token`: who sends it. Without one: this machine, as far as it can be told apart from
    strangers whom a proxy on this machine brings. So not where proxies are configured (`proxied`),
    and not a request that was forwarded or asks for a name of the outside.
    """

    def __init__(self, token: str = "", *, proxied: bool = False) -> None:
        self._token, self._proxied = token.encode(), proxied

    def opens(self, peer: str, headers: Mapping[str, str]) -> bool:
        """`headers` by their names in lower case."""
        if self._token:
            kind, _, sent = headers.get("authorization", "").partition(" ")
            good = hmac.compare_digest(sent.strip().encode(), self._token)
            return good and kind.lower() == "bearer"
        if self._proxied or any(name in headers for name in _FORWARDING):
            return False
        return _is_loopback(peer) and _is_loopback(_name(headers.get("host", "")))


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


class Health:
    def __init__(self, db: Database, identity: Identity, lag: LoopLag, settings: Settings) -> None:
        self._db, self._identity, self._lag = db, identity, lag
        self._metrics = MetricsDoor(settings.metrics_token, proxied=bool(settings.trusted_proxies))
        self._parts: dict[str, Callable[[], str]] = {}
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.gauge("event_loop_lag_p99_ms", "Lateness of the event loop, 1 min", lag.p99_ms)
        self._warn: Callable[[], Awaitable[Mapping[str, str]]] | None = None
        self._warnings: Mapping[str, str] = {}
        self.gauges(
            "platform_trouble",
            "1 for what another service does not give us now",
            "of",
            lambda: dict.fromkeys(self._warnings, 1.0),
        )
        self.draining = False

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A figure that is read when it is asked for."""
        gauge = Gauge(f"yaohe_{name}", help_text, registry=self.registry)
        gauge.set_function(read)

    def gauges(
        self, name: str, help_text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """The same for figures told apart by a label."""
        self.registry.register(_Labelled(f"yaohe_{name}", help_text, label, read))

    def part(self, name: str, state: Callable[[], str]) -> None:
        """A child or engine whose state (`ready`, `starting`, …) belongs into `/readyz`."""
        self._parts[name] = state

    def warnings(self, read: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        """Where to read what needs somebody's hand although this process can serve."""
        self._warn = read

    async def look(self) -> None:
        """Read the warnings; while the database is away the last ones stand."""
        if self._warn is None:
            return
        with contextlib.suppress(AppError, TimeoutError):
            async with asyncio.timeout(2):
                self._warnings = await self._warn()

    async def report(self) -> dict[str, Any]:
        parts = {name: state() for name, state in self._parts.items()}
        try:
            async with asyncio.timeout(2):
                await self._db.open()
            parts["database"] = "ready"
        except (AppError, TimeoutError):
            parts["database"] = "away"
        if parts["database"] == "ready":
            await self.look()
        ready = not self.draining and all(state == "ready" for state in parts.values())
        return {
            "ready": ready,
            "draining": self.draining,
            "parts": parts,
            "warnings": dict(self._warnings),
        }

    def metrics(self) -> bytes:
        return generate_latest(self.registry)

    async def require_reader(self, request: Request[Any, Any, Any]) -> None:
        """Figures are for whom `MetricsDoor` lets in, and for staff and API keys."""
        peer = request.client.host if request.client else ""
        if not self._metrics.opens(peer, request.headers):
            await require_staff(request, self._identity)
