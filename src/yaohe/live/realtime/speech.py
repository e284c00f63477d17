"""What visitors say and like: at the speed of a person, by the rules of the room.

A line may answer another one and may name people who spoke a moment ago (`@name`); those it is
meant for are listed in it by id, so that no client has to guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from yaohe.identity.consent import ConsentNeeded
from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import TooMany
from yaohe.live.realtime.archive import Archive
from yaohe.live.realtime.model import (
    QUOTE_CHARS_MAX,
    Buckets,
    Caller,
    ChatLine,
    Quote,
    clean_line,
    new_line,
)
from yaohe.live.realtime.protocol import SayRequest
from yaohe.live.realtime.room import Hall

SAY_BURST: Final = 5
SAY_PER_S: Final = 1
LIKE_BURST: Final = 100
LIKE_PER_S: Final = 50
INTERACTION_EVERY_S: Final = 30.0
INTERACTIONS_MAX: Final = 50_000
MENTIONS_MAX: Final = 5

_line = msgspec.json.Decoder(dict[str, Any])


class Speech:
    """`media_at(room_id)` is where the video stands; `took_part` hears of somebody who did."""

    def __init__(
        self,
        clock: Clock,
        archive: Archive,
        *,
        media_at: Callable[[str], int | None],
        took_part: Callable[[str, str], None],
    ) -> None:
        self._clock, self._archive = clock, archive
        self._media_at, self._took_part = media_at, took_part
        self._says = Buckets(burst=SAY_BURST, per_second=SAY_PER_S)
        self._likes = Buckets(burst=LIKE_BURST, per_second=LIKE_PER_S)
        self._interacted: dict[tuple[str, str], float] = {}

    def say(self, hall: Hall, caller: Caller, wish: SayRequest) -> ChatLine:
        """A visitor's line; raises what the room's rules say, `ConsentNeeded`, `TextEmpty`,
        `TextTooLong` or `TooMany`."""
        if not caller.named:
            raise ConsentNeeded
        text = clean_line(wish.text)
        now, monotonic = self._clock.now(), self._clock.monotonic()
        if not self._says.take(caller.id, now=monotonic):
            raise TooMany(retry_after_s=1)
        hall.ward.check_line(caller.id, text, now=now, monotonic=monotonic)
        reply, author = _quoted(hall, wish.reply_to)
        line = new_line(
            kind="staff" if caller.id in hall.ward.moderators else "chat",
            name=caller.name,
            name_en=caller.name_en,
            text=text,
            at=now,
            v=caller.id,
            media_at=self._media_at(hall.id),
            reply=reply,
            to=_meant(hall, text, author),
        )
        self._archive.keep(hall.id, line)
        hall.say(line)
        self._interact(hall.id, caller.id)
        return line

    def like(self, hall: Hall, caller: Caller, n: int) -> int:
        """How many of `n` likes counted; more than a hand can do are left out silently."""
        hall.ward.check_person(caller.id, self._clock.now())
        wanted = max(0, min(n, LIKE_BURST))
        counted = self._likes.take(caller.id, now=self._clock.monotonic(), wanted=wanted)
        if counted:
            hall.like(counted)
            if caller.named:
                self._interact(hall.id, caller.id)
        return counted

    def _interact(self, room_id: str, visitor_id: str) -> None:
        """Say it once in a while: that somebody takes part is true after the first time."""
        key, now = (room_id, visitor_id), self._clock.monotonic()
        last = self._interacted.get(key)
        if last is not None and now - last < INTERACTION_EVERY_S:
            return
        if len(self._interacted) >= INTERACTIONS_MAX:
            for old in list(self._interacted)[: INTERACTIONS_MAX // 2]:
                del self._interacted[old]
        self._interacted.pop(key, None)
        self._interacted[key] = now
        self._took_part(room_id, visitor_id)


def _quoted(hall: Hall, line_id: str | None) -> tuple[Quote | None, str | None]:
    """The line that is answered, short, and who wrote it; a line that is gone is not quoted."""
    found = hall.line(line_id) if line_id else None
    if found is None:
        return None, None
    line = _line.decode(found)
    text = str(line["text"])
    if len(text) > QUOTE_CHARS_MAX:
        text = text[: QUOTE_CHARS_MAX - 1] + "…"
    quote = Quote(
        id=str(line["id"]), name=str(line["name"]), name_en=line.get("name_en"), text=text
    )
    return quote, line.get("v")


def _meant(hall: Hall, text: str, author: str | None) -> list[str] | None:
    """The people a line is for: whom it answers, and whom it names."""
    found = [author] if author else []
    if "@" in text:
        found += _named(text, hall.chat.data())
    return list(dict.fromkeys(found))[:MENTIONS_MAX] or None


def _named(text: str, history: Iterable[bytes]) -> Iterable[str]:
    """Who of the last writers is named with an @ before it, in either language."""
    for data in history:
        line = _line.decode(data)
        names = filter(None, (line.get("name"), line.get("name_en")))
        if line.get("v") and any(f"@{name}" in text for name in names):
            yield line["v"]
