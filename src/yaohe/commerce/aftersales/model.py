"""After-sale requests, the rule of a shop about them, and what may be asked for.

What the law asks for differs: mainland China gives who buys at a distance seven days after the
goods came, the European Union fourteen. A shop says its own number of days; until the order is
said to have arrived there is no end.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from yaohe.commerce.aftersales.moves import AftersaleKind, AftersaleStatus
from yaohe.commerce.orders.model import Order
from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

DAYS: Final = 7
DAYS_MAX: Final = 365
REQUESTS_MAX: Final = 10  # of one order, all that ended counted
WORDS_CHARS_MAX: Final = 300
ANSWER_CHARS_MAX: Final = 500

Reason = Literal[
    "changed_mind", "not_as_described", "damaged", "wrong_item", "missing", "late", "other"
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


class AftersaleRule(msgspec.Struct, frozen=True, kw_only=True):
    """How many days after arrival a buyer may ask."""

    days: int = DAYS


class AftersaleWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer asks for; `key` is made once per press."""

    kind: AftersaleKind
    reason: Reason
    text: str
    amount_minor: int
    key: str


class Aftersale(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `text` is the buyer's, `answer` the shop's; carrier and tracking are of the goods
    on their way back."""

    id: str
    order_id: str
    kind: AftersaleKind
    reason: Reason
    text: str
    amount_minor: int
    currency: str
    status: AftersaleStatus
    answer: str
    carrier: str
    tracking: str
    asked_at: datetime
    moved_at: datetime


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What may still be asked for: until when (None: no end yet), and how much is left. `over`
    says that the days have passed."""

    left_minor: int
    until: datetime | None
    over: bool
    requests: int


class OrderAftersales(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of one's own order, newest first, and what may be asked for now (`kinds` is
    empty when nothing may)."""

    items: list[Aftersale]
    kinds: list[AftersaleKind]
    left_minor: int
    currency: str
    days: int
    until: datetime | None


class ShopAftersale(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the studio's list, with what it is about."""

    request: Aftersale
    visitor_id: str
    title: str
    title_en: str


class AftersalePage(msgspec.Struct, frozen=True, kw_only=True):
    """`open` is how many of the shop are open at all."""

    items: list[ShopAftersale]
    next: str | None
    open: int


def kinds_for(order: Order) -> list[AftersaleKind]:
    """What may be asked for about a paid order: goods go back when there are some out there."""
    out = order.shipped_at is not None and order.delivery != "digital"
    return ["money", "return"] if out else ["money"]


def cleaned_wish(wish: AftersaleWish) -> AftersaleWish:
    if not 1 <= wish.amount_minor <= AMOUNT_MINOR_MAX:
        raise BadInput("Ask for at least one cent.", field="amount_minor")
    text = clean_text(wish.text, field="text", chars_max=WORDS_CHARS_MAX, empty=True, lines=True)
    return msgspec.structs.replace(wish, text=text)


def cleaned_answer(text: str, *, empty: bool) -> str:
    return clean_text(text, field="answer", chars_max=ANSWER_CHARS_MAX, empty=empty, lines=True)


def cleaned_rule(rule: AftersaleRule) -> AftersaleRule:
    if not 1 <= rule.days <= DAYS_MAX:
        raise BadInput(f"Between 1 and {DAYS_MAX} days.", field="days")
    return rule
