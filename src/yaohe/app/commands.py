"""What each command of `yaohe` does with what was given on the command line."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import uvloop

from yaohe.app import settings as settings_of
from yaohe.app.auditing import audit_money
from yaohe.app.build import System
from yaohe.app.demo.command import DemoWish, show_demo
from yaohe.app.logs import configure_logs
from yaohe.app.network import lan_address
from yaohe.app.operator.backup import back_up
from yaohe.app.operator.doctor import examine, lines, settings_unusable
from yaohe.app.operator.restore import restore
from yaohe.app.recounting import recount_shares
from yaohe.app.roles import Ready, engine
from yaohe.app.roles import serve as serve_until
from yaohe.app.settings import Settings, SettingsError
from yaohe.kernel.errors import AppError
from yaohe.kernel.wire import PortTaken, StartFailed


class CannotStart(AppError):
    code = "cannot_start"
    status = 500


def say(text: str) -> None:
    """Progress for the person at the terminal; stdout stays for what programs read."""
    print(f"· {text}", file=sys.stderr, flush=True)


def read_settings(given: argparse.Namespace, **defaults: Any) -> Settings:
    names = ("data", "host", "port", "rtmp_port", "public_url", "tls", "tls_cert", "tls_key")
    wishes = {name: getattr(given, name) for name in names}
    if given.lan and wishes["host"] is None:
        wishes["host"] = "0.0.0.0"  # noqa: S104 - asked for
        if wishes["public_url"] is None:
            scheme = "https" if given.tls or given.tls_cert else "http"
            port = wishes["port"] or settings_of.load().port
            wishes["public_url"] = f"{scheme}://{lan_address()}:{port}"
    for name, value in defaults.items():
        if wishes.get(name) is None:
            wishes[name] = value
    return settings_of.load(**wishes)


def ready_settings(given: argparse.Namespace, **defaults: Any) -> Settings:
    """The settings in force, with the logs set up as they say."""
    settings = read_settings(given, **defaults)
    configure_logs(settings)
    return settings


def serve(given: argparse.Namespace) -> int:
    return _forever(ready_settings(given), _show_shop)


def demo(given: argparse.Namespace) -> int:
    settings = ready_settings(given, data="var/demo")
    wish = DemoWish(host=not given.no_host, crowd=not given.no_crowd, as_json=given.json)
    return _forever(settings, lambda system: show_demo(system, wish, say), demo=True)


def migrate(given: argparse.Namespace) -> int:
    uvloop.run(_migrate(ready_settings(given)))
    return 0


def recount(given: argparse.Namespace) -> int:
    settings = ready_settings(given)
    return uvloop.run(recount_shares(settings, say, as_json=given.json, mend=given.rebuild))


def audit(given: argparse.Namespace) -> int:
    return uvloop.run(audit_money(ready_settings(given), say, as_json=given.json))


def backup(given: argparse.Namespace) -> int:
    size = uvloop.run(back_up(ready_settings(given), given.file, say))
    say(f"Saved in {given.file}, {size / 1e6:,.1f} MB. It holds keys: keep it safe")
    return 0


def bring_back(given: argparse.Namespace) -> int:
    settings = ready_settings(given)
    about = uvloop.run(restore(settings, given.file, say))
    say(f"{settings.data} is as it was at {about.made_at}")
    return 0


def config(given: argparse.Namespace) -> int:
    if given.action == "doc":
        print(settings_of.document())
        return 0
    settings = read_settings(given)
    print(settings_of.show(settings) if given.action == "show" else "All settings can be used.")
    return 0


def doctor(given: argparse.Namespace) -> int:
    try:
        settings = read_settings(given)
    except SettingsError as error:
        report = settings_unusable(error)
    else:
        configure_logs(settings)
        report = uvloop.run(examine(settings))
    print(msgspec.json.encode(report).decode() if given.json else lines(report))
    return 0 if report.ok else 1


COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "serve": serve,
    "demo": demo,
    "migrate": migrate,
    "config": config,
    "doctor": doctor,
    "backup": backup,
    "restore": bring_back,
    "recount": recount,
    "audit": audit,
}


async def _migrate(settings: Settings) -> None:
    async with engine(settings, say):
        say("The database is up to date")


def _forever(settings: Settings, ready: Ready, *, demo: bool = False) -> int:
    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve_until(settings, stop=stop, say=say, ready=ready, demo=demo)

    try:
        uvloop.run(run())
    except (PortTaken, StartFailed) as error:
        raise CannotStart(str(error)) from None
    return 0


async def _show_shop(system: System) -> None:
    settings = system.settings
    say(f"Serving at {settings.address}")
    token = await system.identity.setup_token()
    if token is not None:
        say("First start. Make the owner's account within 24 hours, once, here:")
        say(f"  {settings.address}/studio/setup?token={token}")
    else:
        say(f"Studio: {settings.address}/studio")
    say("Ctrl-C stops it.")
