"""A room's rules for talking, who is held back, and who may hold them back. Pure.

A `Ward` is what the chat asks for every line, so it lives in memory. Times of penalties are wall
clock times that the database gave; slow mode counts on the monotonic clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from yaohe.kernel.bus import Subscription
from yaohe.kernel.errors import BadInput
from yaohe.kernel.text import clean_text
from yaohe.live.moderation.errors import (
    ChatBanned,
    ChatClosed,
    ChatMuted,
    FollowersOnly,
    LinkRefused,
    SlowMode,
    WordRefused,
)

SLOW_S_MAX: Final = 300
WORDS_MAX: Final = 500
WORD_CHARS_MAX: Final = 40
PINNED_CHARS_MAX: Final = 120
NAME_CHARS_MAX: Final = 60
MINUTES_MAX: Final = 60 * 24 * 30
MODERATORS_MAX: Final = 20
BLOCKS_MAX: Final = 500
SPOKE_MAX: Final = 20_000

PenaltyKind = Literal["mute", "ban"]

_VISITOR: Final = re.compile(r"v_[0-9A-Za-z_-]{1,38}\Z")
_LINK: Final = re.compile(
    r"[a-z][a-z0-9+.-]{1,15}://\S|\bwww\.\S"
    r"|(?<![\w@])(?:[a-z0-9-]{1,40}\.){1,4}(?:com|cn|net|org|io|me|cc|co|top|xyz|vip|shop|app|link|ru"
    r"|info|biz|site|online|live|tv|ly|gg)\b",
    re.IGNORECASE,
)
# What people put between the letters of a word to get it past a list.
_BETWEEN: Final = re.compile(r"[\W_]+")


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """The message that stands above the chat."""

    text: str
    by: str
    at: datetime


class ChatRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one talks in a room. `closed`: only the host and moderators speak; `followers`: besides
    them only who follows the host."""

    slow_s: int = 0
    links: bool = True
    closed: bool = False
    followers: bool = False
    words: tuple[str, ...] = ()
    pinned: Pinned | None = None

    def shown(self) -> dict[str, object]:
        """What every viewer may know: the list of words is not for them."""
        return {
            "chat_rules": {
                "slow_s": self.slow_s,
                "links": self.links,
                "closed": self.closed,
                "followers": self.followers,
            },
            "chat_pinned": self.pinned,
        }


class RulesChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may change; fields left out stay as they are."""

    slow_s: Annotated[int, Meta(ge=0, le=SLOW_S_MAX)] | msgspec.UnsetType = msgspec.UNSET
    links: bool | msgspec.UnsetType = msgspec.UNSET
    closed: bool | msgspec.UnsetType = msgspec.UNSET
    followers: bool | msgspec.UnsetType = msgspec.UNSET
    words: list[str] | msgspec.UnsetType = msgspec.UNSET

    def cleaned(self) -> dict[str, object]:
        """The columns to write; raises `BadInput`."""
        values: dict[str, object] = {
            name: given
            for name in ("slow_s", "links", "closed", "followers")
            if (given := getattr(self, name)) is not msgspec.UNSET
        }
        if self.words is not msgspec.UNSET:
            values["words"] = clean_words(self.words)
        return values


class Moderator(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a member of staff (`st_…`), or a visitor (`v_…`) the room was entrusted to."""

    id: str
    name: str
    shop_id: str
    key_id: str | None = None


class Penalty(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody held back in a room. `until` None lasts until it is lifted."""

    visitor_id: str
    name: str
    kind: PenaltyKind
    until: datetime | None
    by: str
    at: datetime


class Helper(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor a room was entrusted to."""

    visitor_id: str
    name: str
    by: str
    at: datetime


def check_visitor_id(visitor_id: str) -> str:
    if _VISITOR.match(visitor_id) is None:
        raise BadInput("This is no visitor's id; it begins with v_.", field="visitor_id")
    return visitor_id


def check_name(name: str) -> str:
    """A person's name as a client knew it, to read lists by; what counts is the id."""
    return clean_text(name, field="name", chars_max=NAME_CHARS_MAX, empty=True)


def folded(text: str) -> str:
    """Text as words are looked for in it: one width, one case, nothing between the letters."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


def clean_words(words: Iterable[str]) -> list[str]:
    """The list of unwanted words, each once; raises `BadInput`."""
    cleaned: dict[str, None] = {}
    for word in words:
        text = clean_text(word, field="words", chars_max=WORD_CHARS_MAX, empty=True)
        if folded(text):
            cleaned.setdefault(text)
    if len(cleaned) > WORDS_MAX:
        raise BadInput(f"At most {WORDS_MAX} words.", field="words")
    return list(cleaned)


def has_link(text: str) -> bool:
    return _LINK.search(unicodedata.normalize("NFKC", text)) is not None


class WardChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed in a ward: `room.<id>.ward`. Hearing one twice is harmless."""

    rules: ChatRules | None = None
    hold: Penalty | None = None
    release: str | None = None
    appoint: str | None = None
    dismiss: str | None = None
    follows: str | None = None
    leaves: str | None = None


class Ward:
    """A room's rules and people, as the chat asks them for every line."""

    def __init__(
        self,
        rules: ChatRules | None = None,
        *,
        penalties: Iterable[Penalty] = (),
        moderators: Iterable[str] = (),
        followers: Iterable[str] = (),
    ) -> None:
        self._spoke: dict[str, float] = {}
        self._missed: list[WardChange] | None = None
        self._subscriptions: list[Subscription] = []
        self.fill(rules or ChatRules(), penalties, moderators, followers)

    def fill(
        self,
        rules: ChatRules,
        penalties: Iterable[Penalty],
        moderators: Iterable[str],
        followers: Iterable[str],
    ) -> None:
        """Begin with what was stored; what was heard meanwhile comes on top."""
        self.moderators, self.followers = set(moderators), set(followers)
        self._penalties = {one.visitor_id: one for one in penalties}
        self.rules = rules
        missed, self._missed = self._missed, None
        for change in missed or ():
            self._apply(change)

    def listen(self, *subscriptions: Subscription) -> None:
        """Hold what brings the changes; those heard before `fill` are kept for it."""
        self._subscriptions, self._missed = list(subscriptions), []

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()

    def hear(self, change: WardChange) -> None:
        if self._missed is not None:
            self._missed.append(change)
        self._apply(change)

    def _apply(self, change: WardChange) -> None:
        if change.rules is not None:
            self.rules = change.rules
        if change.hold is not None:
            self._penalties[change.hold.visitor_id] = change.hold
        if change.release is not None:
            self._penalties.pop(change.release, None)
        if change.appoint is not None:
            self.moderators.add(change.appoint)
        if change.dismiss is not None:
            self.moderators.discard(change.dismiss)
        if change.follows is not None:
            self.followers.add(change.follows)
        if change.leaves is not None:
            self.followers.discard(change.leaves)

    @property
    def rules(self) -> ChatRules:
        return self._rules

    @rules.setter
    def rules(self, rules: ChatRules) -> None:
        self._rules = rules
        words = sorted({folded(word) for word in rules.words} - {""}, key=len, reverse=True)
        self._words = re.compile("|".join(map(re.escape, words))) if words else None

    def penalty(self, visitor_id: str, now: datetime) -> Penalty | None:
        """What holds somebody back now; a mute ends by itself."""
        found = self._penalties.get(visitor_id)
        if found is not None and found.until is not None and found.until <= now:
            del self._penalties[visitor_id]
            return None
        return found

    def check_person(self, visitor_id: str, now: datetime) -> None:
        """Raise when this person may not take part now."""
        if not self._penalties:
            return
        held = self.penalty(visitor_id, now)
        if held is None:
            return
        if held.kind == "ban":
            raise ChatBanned
        left_s = None if held.until is None else int((held.until - now).total_seconds()) + 1
        raise ChatMuted(retry_after_s=left_s)

    def check_line(self, visitor_id: str, text: str, *, now: datetime, monotonic: float) -> None:
        """Raise when this person may not say this now; a line that may be said is counted."""
        if visitor_id in self.moderators:
            return
        self.check_person(visitor_id, now)
        rules = self._rules
        if rules.closed:
            raise ChatClosed
        if rules.followers and visitor_id not in self.followers:
            raise FollowersOnly
        if not rules.links and has_link(text):
            raise LinkRefused
        if self._words is not None and self._words.search(folded(text)):
            raise WordRefused
        if rules.slow_s:
            self._count(visitor_id, rules.slow_s, monotonic)

    def _count(self, visitor_id: str, slow_s: int, monotonic: float) -> None:
        last = self._spoke.get(visitor_id)
        if last is not None and monotonic - last < slow_s:
            raise SlowMode(retry_after_s=int(slow_s - (monotonic - last)) + 1)
        if len(self._spoke) >= SPOKE_MAX:
            self._spoke = {who: at for who, at in self._spoke.items() if monotonic - at < slow_s}
        self._spoke[visitor_id] = monotonic
