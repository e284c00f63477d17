"""Serving: one uvicorn server with our protocols, started and drained by its caller.

It installs no signal handlers; the caller sets the stop event. Draining: readiness first, then no
new connections, then the long-lived ones are closed in small groups (so that ten thousand clients
do not come back in the same instant), then answers under way get the rest of the time.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn

from yaohe.kernel.wire.config import WireConfig, WireState
from yaohe.kernel.wire.http import HttpProtocol
from yaohe.kernel.wire.media import HttpViewer
from yaohe.kernel.wire.plain import GreetingSSLObject
from yaohe.kernel.wire.ws import WsProtocol

log = structlog.get_logger(__name__)

STAGGER_STEP_S: Final = 0.05
STAGGER_S_MAX: Final = 3.0
STAGGER_STEP_MIN: Final = 50


class PortTaken(OSError):
    """The address cannot be listened on; the text says which and what to do."""


class StartFailed(RuntimeError):
    """The application refused to start."""


class _Config(uvicorn.Config):
    """uvicorn's configuration, carrying what our protocols share."""

    def __init__(self, app: Any, wire: WireState) -> None:
        given = wire.config
        self.wire = wire
        super().__init__(
            app,
            host=given.host,
            port=given.port,
            http=HttpProtocol,
            ws=WsProtocol,
            loop="none",
            lifespan=given.lifespan,  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(given.trusted_proxies),
            forwarded_allow_ips=list(given.trusted_proxies),
            timeout_keep_alive=given.limits.keep_alive_s,
            ssl_certfile=given.tls_cert,
            ssl_keyfile=given.tls_key,
        )

    def load(self) -> None:
        super().load()
        if self.ssl is not None:
            self.ssl.sslobject_class = GreetingSSLObject


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`, or a `PortTaken` that says what to do."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise PortTaken(error.errno, f"{host} is not an address to listen on: {error}") from error
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
        if port == 0 and sockets:
            address = (address[0], sockets[0].getsockname()[1], *address[2:])  # noqa: PLW2901
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind(address)
        except OSError as error:
            for other in [sock, *sockets]:
                other.close()
            if error.errno == errno.EADDRINUSE:
                text = f"Port {port} is taken on {host}. Stop the other program or choose another."
            elif error.errno == errno.EACCES:
                text = f"Port {port} needs more rights. Choose one above 1023."
            else:
                text = f"Cannot listen on {host}:{port}: {error.strerror}."
            raise PortTaken(error.errno, text) from error
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


class WireServer:
    """`start()`, then `run()` until it should stop, then `stop()`."""

    def __init__(self, app: Any, config: WireConfig) -> None:
        self.state = WireState(config)
        self._config = _Config(app, self.state)
        self._server = uvicorn.Server(self._config)
        self._sockets: list[socket.socket] = []
        self._stopped = False

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """All open ones: HTTP, WebSocket and media."""
        return len(self._server.server_state.connections)

    @property
    def viewers(self) -> int:
        return self.state.fanouts.viewers

    def viewers_by_kind(self) -> dict[str, int]:
        return self.state.fanouts.viewers_by_kind()

    @property
    def websockets(self) -> int:
        return self.state.websockets_open

    @property
    def refused(self) -> int:
        return self.state.turnstile.refused

    async def start(self) -> None:
        """Listen and answer. Raises `PortTaken` or `StartFailed`."""
        self._sockets = listen(self.state.config.host, self.state.config.port)
        server = self._server
        try:
            if not self._config.loaded:
                self._config.load()
            server.lifespan = self._config.lifespan_class(self._config)
            await server.startup(sockets=self._sockets)
        except SystemExit as error:
            for sock in self._sockets:
                sock.close()
            raise StartFailed("The application did not start; its log says why.") from error
        log.info("serving", host=self.state.config.host, port=self.port)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the Date header right until `stop` is set, then drain."""
        waiting = asyncio.ensure_future(stop.wait())
        tick = 0
        try:
            while not waiting.done():
                await self._server.on_tick(tick)
                tick = (tick + 10) % 864_000
                await asyncio.wait((waiting,), timeout=1.0)
        finally:
            waiting.cancel()
            await self.stop()

    async def stop(self) -> None:
        """Drain within the limit; may be called more than once."""
        if self._stopped:
            return
        self._stopped = True
        loop = asyncio.get_running_loop()
        until = loop.time() + self.state.limits.drain_s_max
        if self.state.config.on_drain is not None:
            self.state.config.on_drain()
        for server in self._server.servers:
            server.close()
        await self._close_long_lived()
        left = max(0.5, until - loop.time() - 0.5)
        self._config.timeout_graceful_shutdown = left  # type: ignore[assignment]
        await self._server.shutdown(sockets=self._sockets)
        for connection in list(self._server.server_state.connections):
            transport = getattr(connection, "transport", None)
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        self.state.wheel.close()
        log.info("stopped")

    async def _close_long_lived(self) -> None:
        """Streams and WebSockets, in groups spread over a few seconds."""
        lasting = [
            connection
            for connection in self._server.server_state.connections
            if isinstance(connection, HttpViewer | WsProtocol)
        ]
        steps = STAGGER_S_MAX / STAGGER_STEP_S
        group = max(STAGGER_STEP_MIN, int(len(lasting) / steps) + 1)
        for start in range(0, len(lasting), group):
            if start:
                await asyncio.sleep(STAGGER_STEP_S)
            for connection in lasting[start : start + group]:
                connection.shutdown()


async def serve(
    app: Any,
    config: WireConfig,
    *,
    stop: asyncio.Event,
    ready: Callable[[WireServer], None] | None = None,
) -> None:
    """Serve `app` until `stop` is set; `ready` is called once requests are answered."""
    server = WireServer(app, config)
    await server.start()
    if ready is not None:
        ready(server)
    await server.run(stop)
