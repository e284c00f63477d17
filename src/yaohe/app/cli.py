"""The command line: the shop itself, what an operator asks of it, and what programs pipe.

Everything a person did wrong comes back as one sentence on stderr and a code that is not zero.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvloop

from yaohe import __version__
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
from yaohe.app.roles import Ready, engine, serve
from yaohe.app.settings import Settings, SettingsError
from yaohe.app.ua_lines import classify_lines
from yaohe.kernel.errors import AppError
from yaohe.kernel.wire import PortTaken, StartFailed

log = structlog.get_logger(__name__)


def say(text: str) -> None:
    """Progress for the person at the terminal; stdout stays for what programs read."""
    print(f"· {text}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    main_parser = argparse.ArgumentParser(
        prog="yaohe", description="Self-hosted live commerce whose core is social sharing."
    )
    main_parser.add_argument("--version", action="version", version=f"yaohe {__version__}")
    commands = main_parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", help="folder that holds everything")
    shared.add_argument("--host", help="address to listen on")
    shared.add_argument("--port", type=int, help="port of pages, API, realtime and media")
    shared.add_argument("--rtmp-port", type=int, dest="rtmp_port", help="port encoders publish to")
    shared.add_argument("--public-url", dest="public_url", help="address people open")
    shared.add_argument(
        "--tls", action="store_const", const="self", help="HTTPS with a local certificate"
    )
    shared.add_argument("--tls-cert", dest="tls_cert", help="certificate chain (PEM)")
    shared.add_argument("--tls-key", dest="tls_key", help="private key (PEM)")
    shared.add_argument("--lan", action="store_true", help="listen for phones on this network")

    commands.add_parser("serve", parents=[shared], help="run a shop")
    demo = commands.add_parser("demo", parents=[shared], help="run a shop that is already live")
    demo.add_argument("--no-crowd", action="store_true", help="without the scripted visitors")
    demo.add_argument("--no-host", action="store_true", help="without the synthetic host")
    demo.add_argument(
        "--json", action="store_true", help="first line on stdout is one JSON object of addresses"
    )
    commands.add_parser("migrate", parents=[shared], help="bring the database up to date")
    doctor = commands.add_parser("doctor", parents=[shared], help="what is wrong, and its fix")
    doctor.add_argument("--json", action="store_true", help="one JSON object on stdout")
    for name, text in (
        ("backup", "write the database and the files to one file, running or not"),
        ("restore", "bring a backup back into an empty folder"),
    ):
        command = commands.add_parser(name, parents=[shared], help=text)
        command.add_argument("file", type=Path, help="the backup")
    audit = commands.add_parser("audit", parents=[shared], help="is every cent accounted for?")
    audit.add_argument("--json", action="store_true", help="one JSON object on stdout")
    config = commands.add_parser("config", parents=[shared], help="settings")
    config.add_argument("action", choices=["show", "check", "doc"])
    recount = commands.add_parser(
        "recount", parents=[shared], help="count the share reports again from the rows"
    )
    recount.add_argument("--json", action="store_true", help="one JSON object on stdout")
    recount.add_argument(
        "--rebuild", action="store_true", help="set what is kept to what the rows say first"
    )
    commands.add_parser("ua", help="who is asking: user agents in, one a line; classes out")
    return main_parser


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


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    try:
        raise SystemExit(_run(given))
    except (SettingsError, PortTaken, StartFailed, AppError) as error:
        print(f"\n{error}\n", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _run(given: argparse.Namespace) -> int:
    if given.command == "config":
        return _config(given)
    if given.command == "ua":
        return classify_lines(sys.stdin.fileno(), sys.stdout.fileno())
    if given.command == "doctor":
        return _doctor(given)
    if given.command == "demo":
        settings = read_settings(given, data="var/demo")
        wish = DemoWish(host=not given.no_host, crowd=not given.no_crowd, as_json=given.json)
        configure_logs(settings)
        return _forever(settings, lambda system: show_demo(system, wish, say), demo=True)
    settings = read_settings(given)
    configure_logs(settings)
    if given.command == "migrate":
        uvloop.run(_migrate(settings))
        return 0
    if given.command == "recount":
        return uvloop.run(recount_shares(settings, say, as_json=given.json, mend=given.rebuild))
    if given.command == "audit":
        return uvloop.run(audit_money(settings, say, as_json=given.json))
    if given.command == "backup":
        size = uvloop.run(back_up(settings, given.file, say))
        say(f"Saved in {given.file}, {size / 1e6:,.1f} MB. It holds keys: keep it safe")
        return 0
    if given.command == "restore":
        about = uvloop.run(restore(settings, given.file, say))
        say(f"{settings.data} is as it was at {about.made_at}")
        return 0
    return _forever(settings, _show_shop)


def _config(given: argparse.Namespace) -> int:
    if given.action == "doc":
        print(settings_of.document())
        return 0
    settings = read_settings(given)
    print(settings_of.show(settings) if given.action == "show" else "All settings can be used.")
    return 0


def _doctor(given: argparse.Namespace) -> int:
    try:
        settings = read_settings(given)
    except SettingsError as error:
        report = settings_unusable(error)
    else:
        configure_logs(settings)
        report = uvloop.run(examine(settings))
    print(msgspec.json.encode(report).decode() if given.json else lines(report))
    return 0 if report.ok else 1


async def _migrate(settings: Settings) -> None:
    async with engine(settings, say):
        say("The database is up to date")


def _forever(settings: Settings, ready: Ready, *, demo: bool = False) -> int:
    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve(settings, stop=stop, say=say, ready=ready, demo=demo)

    uvloop.run(run())
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


if __name__ == "__main__":
    main()
