"""What the server answers. Fields a newer server adds are passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class User(msgspec.Struct, frozen=True):
    """A user of your own system."""

    id: str
    name: str = ""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    ref: str
    title: str
    title_en: str
    cover_url: str
    url: str
    status: str
    utm: dict[str, str]
    created_at: datetime
    updated_at: datetime


class Share(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    url: str
    text: str
    cover_url: str
    intents: dict[str, str]


class Credit(msgspec.Struct, frozen=True):
    """The share an order is owed to."""

    token: str
    sharer: str
    channel: str
    first_token: str
    last_token: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    ref: str
    amount_minor: int
    currency: str
    refunded: bool
    credit: Credit | None = None


class EventCount(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    by_pages: int
    by_servers: int
    visitors: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The share report; `totals` by name, as `/docs` lists them."""

    totals: dict[str, int]
    funnel: dict[str, int]
    by_channel: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    as_of: datetime


class Report(msgspec.Struct, frozen=True, kw_only=True):
    room: Room
    shares: Shares
    events: list[EventCount]


class Rooms(msgspec.Struct, frozen=True):
    items: list[Room]


class Told(msgspec.Struct, frozen=True):
    """The id of an event that was kept."""

    id: str
