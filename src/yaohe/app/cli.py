"""The command line: the shop itself, what an operator asks of it, and what programs pipe.

Everything a person did wrong comes back as one sentence on stderr and a code that is not zero.
What a command needs is loaded when it is called: a pipe must not wait for a shop.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yaohe import __version__
from yaohe.app.settings import SettingsError
from yaohe.kernel.errors import AppError


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
        "--tls", nargs="?", const="self", choices=["self"], help="HTTPS with a local certificate"
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
    gateway = commands.add_parser(
        "sandbox-pay", help="the sandbox gateway by itself, for a shop that runs"
    )
    gateway.add_argument("--data", help="folder of the shop")
    gateway.add_argument("--port", type=int, default=8090, help="port of its API and cashier")
    gateway.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    gateway.add_argument("--notify-origin", dest="notify_origin", help=argparse.SUPPRESS)
    commands.add_parser("ua", help="who is asking: user agents in, one a line; classes out")
    return main_parser


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    try:
        raise SystemExit(_run(given))
    except (SettingsError, AppError) as error:
        print(f"\n{error}\n", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _run(given: argparse.Namespace) -> int:
    if given.command == "ua":
        from yaohe.app.ua_lines import classify_lines

        return classify_lines(sys.stdin.fileno(), sys.stdout.fileno())
    if given.command == "sandbox-pay":
        from yaohe.app.sandbox_gateway import serve_sandbox

        return serve_sandbox(given)
    from yaohe.app.commands import COMMANDS

    return COMMANDS[given.command](given)


if __name__ == "__main__":
    main()
