"""Running the system: engines first, then the parts by role, drained in order at the end.

`yaohe serve` runs all roles in one process: *web* (pages, API, realtime, video out), *media*
(video in), *worker* (relay, sweeps).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from yaohe.app.build import System, build
from yaohe.app.network import lan_address, local_certificate, require_free
from yaohe.app.payments import sandbox_process
from yaohe.app.settings import Settings
from yaohe.commerce import Commerce
from yaohe.kernel import heap
from yaohe.kernel.datadir import DataDirectory
from yaohe.kernel.db import migrate
from yaohe.kernel.postgres import EmbeddedPostgres
from yaohe.kernel.wire import WireConfig, WireLimits, WireServer
from yaohe.live.whip import PublishDoor
from yaohe.platforms.sandbox_pay import SandboxProcess
from yaohe.sharing import Sharing

log = structlog.get_logger(__name__)

Say = Callable[[str], None]
Ready = Callable[[System], Coroutine[Any, Any, None]]
Part = Callable[[], Coroutine[Any, Any, None]]

RESTART_S_MIN: Final = 0.2
RESTART_S_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Engine:
    """The database this process runs on: its address, and the child when it is our own."""

    url: str
    postgres: EmbeddedPostgres | None


@contextlib.asynccontextmanager
async def engine(settings: Settings, say: Say) -> AsyncIterator[Engine]:
    """Hold the data directory, have a migrated database, and leave both clean."""
    directory = DataDirectory(settings.data)
    directory.lock()
    try:
        if settings.database_url:
            say("Bringing the database up to date")
            await migrate(settings.database_url)
            yield Engine(settings.database_url, None)
            return
        say("Starting PostgreSQL")
        postgres = EmbeddedPostgres(settings.data, directory=directory)
        url = await postgres.start()
        try:
            await migrate(url)
            yield Engine(url, postgres)
        finally:
            await postgres.stop()
    finally:
        directory.release()


def check_ports(settings: Settings) -> None:
    """Raise `PortTaken` before anything is started."""
    require_free(settings.host, settings.port, "--port")
    require_free(settings.host, settings.rtmp_port, "--rtmp-port")


def certificate(settings: Settings) -> tuple[Path | None, Path | None]:
    if settings.tls_cert:
        return Path(settings.tls_cert), Path(settings.tls_key)
    if settings.tls == "self":
        told = httpx.URL(settings.address).raw_host.decode("ascii") or "localhost"
        names = ["localhost", "127.0.0.1", lan_address(), told]
        return local_certificate(settings.data / "keys", list(dict.fromkeys(names)))
    return None, None


def wire_config(system: System) -> WireConfig:
    settings = system.settings
    cert, key = certificate(settings)
    return WireConfig(
        host=settings.host,
        port=settings.port,
        tls_cert=cert,
        tls_key=key,
        media=system.media.stream,
        websockets={"/rt": system.hub.accept, "/publish": PublishDoor(system.whip).accept},
        origins=frozenset({settings.address}),
        trusted_proxies=settings.trusted_proxies,
        limits=WireLimits(
            connections_max=settings.connections_max,
            connections_per_address_max=settings.connections_per_address,
        ),
        wheel=system.wheel,
        lifespan="off",
        on_drain=lambda: setattr(system.health, "draining", True),
    )


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event,
    say: Say,
    ready: Ready,
    demo: bool = False,
) -> None:
    """Run everything until `stop` is set; `ready` is awaited once requests are answered."""
    check_ports(settings)
    async with engine(settings, say) as database:
        sandbox_pay = sandbox_process(settings, database.url)
        system = build(
            settings,
            database_url=database.url,
            notify_url=settings.own_address,
            sandbox_pay=sandbox_pay.address if sandbox_pay else None,
            demo=demo,
        )
        try:
            await system.db.open()
            postgres = database.postgres
            if postgres is not None:
                # Whoever held a lease before held this data directory, and is dead.
                await system.leases.end_all()
                system.health.part("postgres", lambda: postgres.state)
            system.spool.open()
            await system.sandbox.open()
            await system.recordings.open()
            await system.privacy.open()
            for name in system.sandbox.health():
                system.health.part(name, _state_of(system.sandbox.health, name))
            server = WireServer(system.app, wire_config(system))
            _figures(system, server)
            await server.start()
            await _run_parts(system, server, database, sandbox_pay, stop, ready)
        finally:
            await _close(system, sandbox_pay)


async def _run_parts(
    system: System,
    server: WireServer,
    database: Engine,
    sandbox_pay: SandboxProcess | None,
    stop: asyncio.Event,
    ready: Ready,
) -> None:
    parts: dict[str, Part] = {
        "identity": system.identity.run,
        "ledger": system.ledger.run,
        "sharing": system.sharing.run,
        "retention": system.retention.run,
        "outside": system.outside.run,
        "webhooks": system.webhooks.run,
        "commerce": system.commerce.run,
        "rooms": system.rooms.run,
        "privacy": system.privacy.run,
        "hub": system.hub.run,
        "rtmp": system.rtmp.run,
        "whip": system.whip.run,
        "webrtc": system.whip.gateway.run,
        "encoding": system.encoding.run,
        "recordings": system.recordings.run,
        "captions": system.captions.run,
        "faces": system.faces.run,
        "relay": system.relay.run,
        "forgetting": system.people.run,
        "lag": system.lag.run,
    }
    if database.postgres is not None:
        parts["postgres"] = database.postgres.run
    if sandbox_pay is not None:
        system.health.part("sandbox_pay", lambda: sandbox_pay.state)
        parts["sandbox_pay"] = sandbox_pay.run
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lasting(name, part)) for name, part in parts.items()]
        tasks.append(group.create_task(_settle_when(ready(system)), name="ready"))
        await server.run(stop)
        for task in tasks:
            task.cancel()


async def _settle_when(begun: Coroutine[Any, Any, None]) -> None:
    await begun
    heap.settle()


async def lasting(name: str, part: Part) -> None:
    """Run a part for good: one that falls is noted and started again, and the others go on."""
    pause_s = RESTART_S_MIN
    while True:
        began = time.monotonic()
        try:
            await part()
            return
        except Exception:
            log.exception("part_fell", part=name)
        if time.monotonic() - began > RESTART_S_MAX:
            pause_s = RESTART_S_MIN
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, RESTART_S_MAX)


async def _close(system: System, sandbox_pay: SandboxProcess | None) -> None:
    for close in (*((sandbox_pay.close,) if sandbox_pay else ()), *system.closers):
        try:
            async with asyncio.timeout(10):
                await close()
        except Exception:
            log.exception("part_not_closed", part=close.__qualname__)


def _state_of(health: Callable[[], Mapping[str, str]], name: str) -> Callable[[], str]:
    return lambda: health()[name]


def _figures(system: System, server: WireServer) -> None:
    gauge = system.health.gauge
    gauge("connections", "Open connections of all kinds", lambda: server.connections)
    gauge("video_viewers", "Players that are sent video", lambda: server.viewers)
    system.health.gauges(
        "rung_viewers", "Players that are sent video, by rung", "rung", server.viewers_by_kind
    )
    gauge("websockets", "Open WebSockets", lambda: server.websockets)
    gauge("connections_refused", "Connections turned away", lambda: server.refused)
    gauge("tasks", "Tasks of the event loop", lambda: len(asyncio.all_tasks()))
    gauge("publishers", "Encoders publishing", lambda: len(system.origin.live_rooms()))
    gauge("browser_publishers", "Browsers that publish", lambda: system.whip.feeds)
    gauge("encoders", "Shows encoded in 480p here", lambda: system.encoding.shows)
    gauge("encoders_dropped", "480p pictures dropped for want of CPU",
          lambda: system.encoding.dropped)  # fmt: skip
    recordings = system.recordings
    gauge("recordings_open", "Shows being recorded", lambda: len(recordings.recording_rooms))
    gauge("recordings_dropped", "Recordings cut for space", lambda: recordings.disk.dropped_count)
    gauge("recordings_paused", "1 while the disk is too full", lambda: recordings.disk.paused)
    gauge("disk_free_bytes", "Free space for recordings", lambda: recordings.disk.free_bytes)
    gauge("facts_unfinished", "Facts on their way to their steps", lambda: system.relay.unfinished)
    gauge("facts_held", "Facts that wait behind one that fails", lambda: system.relay.held)
    bills = system.commerce.bills
    system.health.gauges("bill_differences", "Differences between bill and books nobody explained",
                         "gateway", lambda: bills.unexplained)  # fmt: skip
    system.health.gauges("bills_missing", "Days on which money moved and no bill came",
                         "gateway", lambda: bills.missing)  # fmt: skip
    for queues in (system.sharing, system.commerce):
        for name in queues.waiting:
            _waiting_figure(system, queues, name)


def _waiting_figure(system: System, queues: Sharing | Commerce, name: str) -> None:
    figure = f"waiting_{name.replace('.', '_')}"
    system.health.gauge(figure, f"Callers that wait in {name}", lambda: queues.waiting[name])
