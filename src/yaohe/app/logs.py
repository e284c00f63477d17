"""Logging: one line per event, for people or for machines; secrets never reach it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from yaohe.app.settings import Settings

_SECRET_WORDS = (
    "password", "secret", "stream_key", "authorization", "cookie", "api_key", "access_token",
    "ticket", "invite",
)  # fmt: skip
_KEY_PATH = "/whip/"
# What opens a private room stands in addresses, and addresses stand anywhere.
_IN_ADDRESSES = re.compile(r"\b(?:ticket|invitation|pass)\.[a-z0-9-]+\.[a-z0-9_]+\.[0-9]+\.[\w-]+")
# So do a frame's token, a click of another site, and keys of other services; a login's `code` is
# as good as the login.
_IN_QUERIES = re.compile(
    r"([?&](?:access_token|code|secret|state|ticket|frame|yh_cid)=)[^&#\s\"']+"
)


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose name says that they are secret, and the keys in WHIP's addresses."""
    for name, value in event.items():
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = "***"
        elif name == "path" and str(value).startswith(_KEY_PATH):
            event[name] = _KEY_PATH + "***"
    return event


def scrub(text: str) -> str:
    """The line without what would open a private room or an account at another service."""
    return _IN_QUERIES.sub(r"\1***", _IN_ADDRESSES.sub("***", text))


class _Scrubbing(logging.Formatter):
    """Lines of libraries, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def configure_logs(settings: Settings) -> None:
    level = getattr(logging, settings.log_level.upper())
    last: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        # Plain tracebacks: those with local variables print cookies, and block for seconds.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info
            if settings.log_format == "json"
            else structlog.processors.StackInfoRenderer(),
            lambda *told: scrub(str(last(*told))),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Scrubbing("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
