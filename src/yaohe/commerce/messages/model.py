"""Messages and threads, and what may be written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.text import clean_text

MESSAGE_CHARS_MAX: Final = 500
MESSAGES_MAX: Final = 1_000  # of one thread
PER_MINUTE: Final = 10  # of a buyer in one thread
SHOWN: Final = 200  # the latest, at one look
CANNED_MAX: Final = 30
CANNED_CHARS_MAX: Final = 300

Side = Literal["buyer", "shop"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `id` grows within a thread."""

    id: int
    side: Side
    text: str
    at: datetime


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """The latest messages of an order, oldest first, and how many one side has not seen."""

    order_id: str
    messages: tuple[Message, ...] = ()
    unread: int = 0


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in a list: what it is about, the last word, and what the shop has not seen."""

    order_id: str
    visitor_id: str
    title: str
    title_en: str
    side: Side
    text: str
    last_at: datetime
    unread: int

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of the shop that a buyer has not seen."""

    order_id: str
    unread: int


def cleaned_message(text: str) -> str:
    return clean_text(text, field="text", chars_max=MESSAGE_CHARS_MAX, lines=True)


def cleaned_answers(given: Sequence[str]) -> list[str]:
    """The canned answers as they are kept; raises `BadInput`."""
    if len(given) > CANNED_MAX:
        raise BadInput(f"A shop keeps up to {CANNED_MAX} answers.", field="items")
    return [
        clean_text(text, field="items", chars_max=CANNED_CHARS_MAX, lines=True) for text in given
    ]
