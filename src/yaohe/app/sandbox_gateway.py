"""`yaohe sandbox-pay`: the sandbox gateway by itself.

`serve` and `demo` start it and hand it the port they opened. By hand it stands beside a shop that
runs, on a port of its own: for looking at its API and for scripting faults.
"""

from __future__ import annotations

import argparse
import socket

from yaohe.app import settings as settings_of
from yaohe.app.logs import configure_logs
from yaohe.app.settings import Settings, SettingsError
from yaohe.kernel.postgres import url_of
from yaohe.platforms.sandbox_pay import run_gateway


def serve_sandbox(given: argparse.Namespace) -> int:
    settings = settings_of.load(data=given.data)
    if settings.payments != "sandbox":
        raise SettingsError("The sandbox does not start where payments is not 'sandbox'.")
    configure_logs(settings)
    run_gateway(
        settings.data,
        settings.database_url or _database_of(settings),
        listening=_listening(given),
        notify_origin=given.notify_origin,
    )
    return 0


def _database_of(settings: Settings) -> str:
    try:
        return url_of(settings.data)
    except OSError:
        raise SettingsError(
            f"No shop runs in {settings.data}. Name the folder of one with --data."
        ) from None


def _listening(given: argparse.Namespace) -> socket.socket:
    """The port the shop opened for us, or our own."""
    if given.fd is not None:
        return socket.socket(fileno=given.fd)
    own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind(("127.0.0.1", given.port))
    except OSError as error:
        raise SettingsError(f"Port {given.port} cannot be used: {error.strerror}.") from None
    own.listen(128)
    return own
