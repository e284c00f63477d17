"""A line of chat, the person who says it, and how fast a person may speak. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.language import said
from yaohe.kernel.text import clean_text
from yaohe.kernel.wire import WireRequest

TEXT_CHARS_MAX: Final = 200
NAME_CHARS_MAX: Final = 40
QUOTE_CHARS_MAX: Final = 40
KINDS: Final = frozenset({"chat", "host", "staff", "announcement", "thanks", "order", "system"})

# Scripts whose letters carry stacks of marks; more in a row than any language needs is a prank.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff\ufe20-\ufe2f]{4,}")


class TextEmpty(BadInput):
    code = "chat_empty"
    message = "Write something first."


class TextTooLong(BadInput):
    code = "chat_too_long"
    message = f"A line has at most {TEXT_CHARS_MAX} characters."


class Caller(msgspec.Struct, frozen=True):
    """Who is on a connection, and the language they read. `cookie` is a whole Set-Cookie value
    when they were new. Of who is not `named` nothing is kept: they did not accept that."""

    id: str
    name: str
    cookie: str | None = None
    name_en: str | None = None
    lang: str = "zh-CN"
    named: bool = True

    @property
    def visitor(self) -> dict[str, str]:
        """What they are told of themselves."""
        return {"id": self.id, "name": said(self.lang, self.name, self.name_en or "")}


class Joined(msgspec.Struct, frozen=True):
    """Somebody came into a room; `request` is the head of their connection."""

    room_id: str
    visitor_id: str
    token: str | None
    request: WireRequest


class Quote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The line another one answers, short."""

    id: str
    name: str
    text: str
    name_en: str | None = None


class ChatLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as everybody gets it: `name_en` and `text_en` are there where the English words
    differ. `v` is the writer's visitor id, absent on server lines;
    `to` lists the visitors it is meant for; `media_at` is the moment of the video at which it was
    said (milliseconds, EXT-X-PROGRAM-DATE-TIME's clock), absent when nothing was on."""

    id: str
    name: str
    text: str
    kind: str
    at: str
    v: str | None = None
    name_en: str | None = None
    text_en: str | None = None
    reply: Quote | None = None
    to: list[str] | None = None
    media_at: int | None = None


class RoomCounts(msgspec.Struct, frozen=True):
    """What a page shows of a room's people."""

    viewers: int
    likes: int


def clean_line(text: str) -> str:
    """What a person typed, as it may be shown; raises `TextEmpty` or `TextTooLong`."""
    if len(text) > TEXT_CHARS_MAX * 4 + 64:
        raise TextTooLong
    try:
        cleaned = clean_text(text, field="text", chars_max=TEXT_CHARS_MAX * 4 + 64, empty=True)
    except BadInput:
        raise TextEmpty from None
    cleaned = _MARKS.sub(lambda found: found.group()[:3], cleaned).strip()
    if not cleaned:
        raise TextEmpty
    if len(cleaned) > TEXT_CHARS_MAX:
        raise TextTooLong
    return cleaned


def plain(text: str) -> str:
    """The house's own words without what cannot be stored or shown. Never fails."""
    return _UNSHOWN.sub("", text).strip()


def stamp(at: datetime) -> str:
    """Milliseconds and Z, as browsers write it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_line(
    *,
    kind: str,
    name: str,
    text: str,
    at: datetime,
    v: str | None = None,
    name_en: str | None = None,
    text_en: str | None = None,
    reply: Quote | None = None,
    to: list[str] | None = None,
    media_at: int | None = None,
) -> ChatLine:
    assert kind in KINDS, kind
    return ChatLine(
        id=new_id("c"),
        name=name,
        text=text,
        kind=kind,
        at=stamp(at),
        v=v,
        name_en=name_en if name_en != name else None,
        text_en=text_en if text_en != text else None,
        reply=reply,
        to=to,
        media_at=media_at,
    )


class Bucket:
    """A token bucket: `burst` at once, then `per_second`."""

    __slots__ = ("at", "left")

    def __init__(self, burst: float, at: float) -> None:
        self.left, self.at = burst, at

    def take(self, wanted: float, *, burst: float, per_second: float, now: float) -> float:
        """How much of `wanted` is granted: anything between nothing and all."""
        self.left = min(burst, self.left + (now - self.at) * per_second)
        self.at = now
        granted = min(wanted, float(int(self.left)))
        self.left -= granted
        return granted


class Buckets:
    """One bucket per key; the oldest half is forgotten when there are too many."""

    def __init__(self, *, burst: float, per_second: float, keys_max: int = 100_000) -> None:
        self._burst, self._rate, self._keys_max = burst, per_second, keys_max
        self._by_key: dict[str, Bucket] = {}

    def take(self, key: str, *, now: float, wanted: float = 1) -> int:
        bucket = self._by_key.get(key)
        if bucket is None:
            if len(self._by_key) >= self._keys_max:
                for old in list(self._by_key)[: self._keys_max // 2]:
                    del self._by_key[old]
            bucket = self._by_key[key] = Bucket(self._burst, now)
        return int(bucket.take(wanted, burst=self._burst, per_second=self._rate, now=now))


State = dict[str, Any]
