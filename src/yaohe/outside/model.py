"""Outside rooms, tracked events and outside orders. Pure rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import check_currency
from yaohe.kernel.text import clean_text
from yaohe.outside.links import clean_utm
from yaohe.sharing.links import clean_url

Status = Literal["upcoming", "live", "ended"]
Source = Literal["page", "server"]

TITLE_CHARS_MAX: Final = 120
PROPERTIES_BYTES_MAX: Final = 2_000
AMOUNT_MAX: Final = 10**12
EVENTS_PER_ROOM_SHOWN: Final = 100

_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")
_EVENT: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
# Seeing something is no taking part; everything else a site tells of a visitor is.
PASSIVE: Final = frozenset({"view", "view_product", "page_view"})


class OutsideRoom(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    book: str
    ref: str
    title: str
    title_en: str
    cover_url: str
    url: str
    status: Status
    utm: dict[str, str]
    created_at: datetime
    updated_at: datetime

    def title_in(self, lang: str) -> str:
        return self.title_en if lang == "en" and self.title_en else self.title


class RoomPushed(msgspec.Struct, frozen=True, kw_only=True):
    """What an outside system says about its room; the whole of it each time."""

    title: str
    url: str
    title_en: str = ""
    cover_url: str = ""
    status: Status = "live"
    utm: dict[str, str] = {}

    def cleaned(self) -> RoomPushed:
        return RoomPushed(
            title=clean_text(self.title, field="title", chars_max=TITLE_CHARS_MAX),
            title_en=clean_text(
                self.title_en, field="title_en", chars_max=TITLE_CHARS_MAX, empty=True
            ),
            url=clean_url(self.url, field="url"),
            cover_url=clean_url(self.cover_url, field="cover_url") if self.cover_url else "",
            status=self.status,
            utm=clean_utm(self.utm),
        )


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    room_id: str
    visitor_id: str
    name: str
    source: Source
    properties: dict[str, Any]


class EventCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often something was told of a room: by pages and by servers apart, because a page can
    say what it likes."""

    name: str
    by_pages: int
    by_servers: int
    visitors: int


class OutsideOrder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    book: str
    ref: str
    room_id: str
    visitor_id: str
    amount_minor: int
    currency: str
    at: datetime
    refunded_at: datetime | None

    def is_as_told(self, values: Mapping[str, Any]) -> bool:
        """Whether an order told again is this one."""
        fields = ("room_id", "amount_minor", "currency", "visitor_id")
        return all(getattr(self, name) == values[name] for name in fields)


def clean_ref(text: str, *, field: str = "ref") -> str:
    if not _REF.match(text):
        raise BadInput(f"{field}: 1 to 64 letters, digits and . _ : -", field=field)
    return text


def clean_event(name: str, event_id: str, properties: Mapping[str, Any]) -> None:
    """Raise `BadInput` unless this may be kept as a tracked event."""
    if not _EVENT.match(name):
        raise BadInput("A name is 1 to 40 of a-z, 0-9 and _.", field="name")
    if not _EVENT_ID.match(event_id):
        raise BadInput("An id is 8 to 64 letters, digits, - and _.", field="id")
    packed = msgspec.json.encode(properties)
    if len(packed) > PROPERTIES_BYTES_MAX or b"\\u0000" in packed:
        raise BadInput(f"properties hold at most {PROPERTIES_BYTES_MAX} bytes.", field="properties")


def clean_amount(amount_minor: int, currency: str) -> str:
    """The currency's code; raises `BadInput` when the amount cannot be one."""
    if not 0 <= amount_minor <= AMOUNT_MAX:
        raise BadInput("The amount is in minor units, 0 or more.", field="amount_minor")
    return check_currency(currency)
