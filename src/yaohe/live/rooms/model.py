"""A room, its states and what may be asked of it. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.text import clean_text

RoomStatus = Literal["upcoming", "live", "ended"]

YEAR_MAX: Final = 2200

# Encoders whose connection is cut come back by themselves, OBS with pauses of up to 15 minutes.
# Whoever was away for longer than this was started anew by a person.
SHUT_FOR: Final = timedelta(minutes=20)

# A show begins when its publisher does, and a room may hold another show after one ended.
MOVES: Final[dict[RoomStatus, tuple[RoomStatus, ...]]] = {
    "upcoming": ("live",),
    "live": ("ended",),
    "ended": ("live", "upcoming"),
}

_ROOM_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,31}\Z")


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    title: str
    title_en: str
    host_name: str
    host_name_en: str
    status: RoomStatus
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    publisher_lost_at: datetime | None
    shut_at: datetime | None
    """When the host ended the show, or an encoder that is kept out since last tried."""
    stream_key: str
    private: bool
    created_at: datetime

    @property
    def slate(self) -> bool:
        """Live, but the publisher is away: the room shows its last frame and waits."""
        return self.status == "live" and self.publisher_lost_at is not None

    @property
    def slate_since(self) -> datetime | None:
        return self.publisher_lost_at if self.slate else None


class PublishLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the publish log, as the studio shows it."""

    at: datetime
    kind: str
    reason: str
    detail: str
    remote: str


class NewRoom(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    host_name: str
    title_en: str = ""
    host_name_en: str = ""
    scheduled_at: datetime | None = None
    private: bool = False
    id: str | None = None


class RoomChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may change; fields left out stay as they are."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    host_name: str | msgspec.UnsetType = msgspec.UNSET
    title_en: str | msgspec.UnsetType = msgspec.UNSET
    host_name_en: str | msgspec.UnsetType = msgspec.UNSET
    scheduled_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET


_TEXTS: Final = {"title": (60, False), "host_name": (24, False)}
_TEXTS_EN: Final = {"title_en": (90, True), "host_name_en": (40, True)}


def cleaned(wish: NewRoom | RoomChange) -> dict[str, object]:
    """The columns to write; raises `BadInput` naming the field."""
    values: dict[str, object] = {}
    for name, (chars_max, empty) in (_TEXTS | _TEXTS_EN).items():
        given = getattr(wish, name)
        if given is not msgspec.UNSET:
            values[name] = clean_text(given, field=name, chars_max=chars_max, empty=empty)
    if wish.scheduled_at is not msgspec.UNSET:
        at = wish.scheduled_at
        if at is not None and at.tzinfo is None:
            raise BadInput("Give the time with its zone, such as …+08:00.", field="scheduled_at")
        if at is not None and not 2000 <= at.year <= YEAR_MAX:
            raise BadInput("This year is not plausible.", field="scheduled_at")
        values["scheduled_at"] = at
    if wish.private is not msgspec.UNSET:
        values["private"] = wish.private
    return values


def is_room_id(room_id: str) -> bool:
    return _ROOM_ID.match(room_id) is not None


def check_room_id(room_id: str) -> str:
    if not is_room_id(room_id):
        raise BadInput("A room's address has 2 to 32 small letters, digits or hyphens.", field="id")
    return room_id
