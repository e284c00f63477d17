"""Reviews and how they are counted.

A hidden review shows no words any more, but its stars count on and its hiding is counted in the
open, by reason: a shop that hides what it does not like gains nothing and is seen doing it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.text import clean_text

STARS_MAX: Final = 5
REVIEW_CHARS_MAX: Final = 500
ANSWER_CHARS_MAX: Final = 300

HiddenFor = Literal["abuse", "privacy", "spam", "illegal"]


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review as the shop sees it. `refunded`: all the money went back since."""

    id: str
    order_id: str
    product_id: str
    visitor_id: str
    title: str
    title_en: str
    stars: int
    text: str
    answer: str
    hidden_for: HiddenFor | None
    refunded: bool
    at: datetime


class Stars(msgspec.Struct, frozen=True, kw_only=True):
    """All reviews of a product in numbers: how many gave 1 to 5 stars, and how many were hidden."""

    given: tuple[int, int, int, int, int]
    hidden: dict[HiddenFor, int]

    @property
    def count(self) -> int:
        return sum(self.given)

    @property
    def average_tenths(self) -> int | None:
        """48 is 4.8 stars, halves rounded up; None without a review."""
        if not self.count:
            return None
        total = sum(stars * many for stars, many in enumerate(self.given, start=1))
        return (20 * total + self.count) // (2 * self.count)


def check_stars(stars: int) -> int:
    if not 1 <= stars <= STARS_MAX:
        raise BadInput(f"A review has 1 to {STARS_MAX} stars.", field="stars")
    return stars


def cleaned_review(text: str) -> str:
    return clean_text(text, field="text", chars_max=REVIEW_CHARS_MAX, empty=True, lines=True)


def cleaned_answer(text: str) -> str:
    return clean_text(text, field="text", chars_max=ANSWER_CHARS_MAX, empty=True, lines=True)
