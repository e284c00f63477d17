"""Endpoints, messages and deliveries; what may be an address, when to try again. Pure rules."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from yaohe.identity.keys import Mode
from yaohe.kernel.errors import BadInput
from yaohe.platforms.outgoing import is_public
from yaohe.webhooks.errors import AddressRefused

State = Literal["waiting", "delivered", "failed"]
PausedWhy = Literal["", "staff", "gone", "failing"]

TEST_EVENT: Final = "webhook.test"
# Everything an endpoint may choose. The names are promises; what each carries is written in
# docs/developers/webhooks.md.
EVENTS: Final[tuple[str, ...]] = (
    "share.clicked", "share.productive", "assist.counted",
    "order.paid", "order.shipped", "order.completed", "order.expired", "order.canceled",
    "order.refunded", "aftersale.moved", "outside_order.paid", "outside_order.refunded",
    "room.live", "room.ended",
)  # fmt: skip

ENDPOINTS_MAX: Final = 20
URL_CHARS_MAX: Final = 500
OLD_SECRET_HOURS: Final = 24
# A failing endpoint is paused after this; what waits at a paused one fails after as long.
PATIENCE_DAYS: Final = 3
KEPT_DAYS: Final = 30
# The pauses after the first tries; together three days.
PAUSES_S: Final[tuple[float, ...]] = (
    5, 30, 120, 600, 3_600, 3 * 3_600, 6 * 3_600, 10 * 3_600, 14 * 3_600, 18 * 3_600, 20 * 3_600,
)  # fmt: skip
RETRY_AFTER_S_MAX: Final = 86_400
ANSWER_CHARS_KEPT: Final = 500

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is told, as staff see it. `failing_since`: nothing has arrived since then.
    `old_until`: until then messages are also signed with the secret before."""

    id: str
    url: str
    note: str
    mode: Mode
    events: list[str]
    paused_at: datetime | None
    paused_why: PausedWhy
    failing_since: datetime | None
    old_until: datetime | None
    created_at: datetime


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as it is told outside: `event_id` makes it one message, however often it is told."""

    event_id: int
    book: str
    type: str
    at: datetime
    data: dict[str, Any]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. `last_status` and `last_why` are of the last try."""

    message_id: str
    type: str
    at: datetime
    state: State
    tries: int
    next_at: datetime | None
    done_at: datetime | None
    last_status: int | None
    last_why: str


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One request: `status` is None when nothing was answered, and then `why` is one word.
    `answer` is how the answer began."""

    at: datetime
    took_ms: int
    status: int | None
    why: str
    answer: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was taken to be sent now. `fence` is when others may take it again."""

    endpoint_id: str
    message_id: str
    url: str
    body: str
    tries: int
    fence: datetime
    secret: bytes
    old_secret: bytes | None


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """What a try met."""

    took_ms: int
    status: int | None = None
    why: str = ""
    answer: str = ""
    retry_after: str = ""

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The other side says it is no longer there, for good."""
        return self.status == 410


def message_body(type_name: str, at: datetime, data: Mapping[str, Any]) -> str:
    """What is sent, to the byte, each time."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": type_name, "timestamp": stamp, "data": data}).decode()


def clean_url(text: str, *, private: bool) -> str:
    """An address we send to. Where it leads is judged again at every connection."""
    wrong = AddressRefused(field="url")
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise AddressRefused("The address may hold no user, password or #part.", field="url")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise AddressRefused("The address must begin with https://.", field="url")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.match(host) or not (private or "." in host):
            raise wrong from None
    else:
        if not private and not is_public(literal):
            raise AddressRefused("This address is not on the public Internet.", field="url")
    return url


def clean_events(events: Iterable[str]) -> list[str]:
    wanted = set(events)
    unknown = sorted(wanted - set(EVENTS))
    if unknown:
        raise BadInput(f"There is no event {unknown[0][:60]!r}.", field="events")
    if not wanted:
        raise BadInput("Choose at least one event.", field="events")
    return [event for event in EVENTS if event in wanted]


def retry_after_s(text: str, now: datetime) -> float:
    """What the header Retry-After asks for, in seconds; 0 when it says nothing that can be read."""
    asked = text.strip()
    if asked.isascii() and asked.isdigit():
        return float(min(int(asked[:10]), RETRY_AFTER_S_MAX))
    try:
        until = parsedate_to_datetime(asked)
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return min(max((until - now).total_seconds(), 0.0), float(RETRY_AFTER_S_MAX))
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def next_pause_s(tries: int, *, asked_s: float, chance: float) -> float | None:
    """How long to wait after this many tries; None when it was the last. `chance` in [0, 1) spreads
    what failed together by a fifth either way."""
    if tries > len(PAUSES_S):
        return None
    return max(PAUSES_S[max(tries, 1) - 1] * (0.8 + 0.4 * chance), asked_s)
