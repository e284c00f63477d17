"""What the wire is told by the root: where to listen, who answers which path, and the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from yaohe.kernel.origin import is_same_origin
from yaohe.kernel.wire.limits import Proxies, Turnstile, WireLimits
from yaohe.kernel.wire.media import Fanouts, MediaSource
from yaohe.kernel.wire.timers import TimerWheel


@dataclass(frozen=True, slots=True)
class WireRequest:
    """The head of a request that leaves plain HTTP: media or WebSocket."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case; a repeated header is joined by ", " (cookies by "; ")."""
    address: str
    secure: bool
    websocket: bool = False

    @property
    def cookies(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and name not in found:
                found[name] = value.strip('"')
        return found


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request turned away with a plain HTTP status and the usual error body."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class WsConnection(Protocol):
    """What a listener holds: one open WebSocket."""

    request: WireRequest

    @property
    def open(self) -> bool: ...

    @property
    def buffered(self) -> int:
        """Bytes not yet taken by the kernel."""

    def write(self, frame: bytes, /) -> None:
        """Send a whole frame made by `ws_frame`; nothing happens once it is closing."""

    def close(self, code: int, reason: str = "") -> None:
        """Send CLOSE and let go; the listener's `closed` follows."""

    def abort(self) -> None:
        """Cut the connection; the listener's `closed` follows."""


class WsListener(Protocol):
    """Reacts to one WebSocket; called in the loop, must not block."""

    @property
    def write_high(self) -> int:
        """Unsent bytes above which `clogged` is called."""

    def opened(self, connection: WsConnection) -> None: ...

    def received(self, payload: bytes) -> None:
        """A whole text or binary message."""

    def clogged(self, *, is_clogged: bool) -> None:
        """The unsent bytes went over `write_high`, or drained again."""

    def drain(self) -> None:
        """The server is going: close with a code that makes the client come back."""

    def closed(self) -> None:
        """The connection is gone; called exactly once after `opened`."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A WebSocket let in, with headers for the 101 answer (a cookie, say)."""

    listener: WsListener
    headers: tuple[tuple[str, str], ...] = ()


WsRoute = Callable[[WireRequest], "Accepted | Refusal"]
MediaRoute = Callable[[WireRequest], "MediaSource | Refusal | None"]


@dataclass(frozen=True, kw_only=True)
class WireConfig:
    """One listening port. `websockets` maps an exact path, or a prefix ending in `/`."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    media: MediaRoute | None = None
    media_prefix: str = "/live/"
    websockets: Mapping[str, WsRoute] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    trusted_proxies: tuple[str, ...] = ()
    limits: WireLimits = field(default_factory=WireLimits)
    wheel: TimerWheel = field(default_factory=TimerWheel)
    lifespan: str = "auto"
    on_drain: Callable[[], None] | None = None


class WireState:
    """What all connections of one server share."""

    def __init__(self, config: WireConfig) -> None:
        self.config = config
        self.limits = config.limits
        self.wheel = config.wheel
        self.proxies = Proxies(config.trusted_proxies)
        self.turnstile = Turnstile(
            total_max=config.limits.connections_max,
            per_address_max=config.limits.connections_per_address_max,
            proxies=self.proxies,
        )
        self.fanouts = Fanouts(config.wheel, config.limits.stalled_s_max)
        self.media_prefix = config.media_prefix.encode()
        self.websockets_open = 0
        self._usual: tuple[object, bytes] = (None, b"")

    def usual(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The headers of every answer (the date), encoded once a second."""
        if self._usual[0] is not headers:
            self._usual = headers, b"".join(b"%b: %b\r\n" % pair for pair in headers)
        return self._usual[1]

    def ws_route(self, path: str) -> WsRoute | None:
        exact = self.config.websockets.get(path)
        if exact is not None:
            return exact
        for prefix, route in self.config.websockets.items():
            if prefix.endswith("/") and path.startswith(prefix):
                return route
        return None

    def same_origin(self, request: WireRequest) -> bool:
        """Whether our own pages, or no browser at all, opened this."""
        return is_same_origin(
            origin=request.headers.get("origin"),
            fetch_site=request.headers.get("sec-fetch-site"),
            host=request.headers.get("host", ""),
            origins=self.config.origins,
        )
