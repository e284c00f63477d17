"""Coupons, for orders whose goods cost at least a threshold:

    amount      takes its amount off the goods
    percent     takes so many hundredths of the goods off, rounded down, up to its amount
    shipping    takes what shipping costs off, up to its amount; without a fee it cannot be used

One may be for certain products only (its *scope*): it counts over those alone.

A *template* says how many there are and for whom; a *coupon* is one person's. Its states:

    claimed ──► locked ──► used
       │ ▲        │
       │ └────────┘  the order ended unpaid
       ├──► expired  ◄── (also from locked, when it comes back too late)
       └──► revoked

A *slot* is the reason a coupon was given (a source, or one reward): asking again for the same slot
finds the same coupon. Where one person may have some a day or a show, a source is a new reason on
each day, in each show.

A room gets a *part* of a template's total, and so does each of its shows: template ≥ room ≥ show.
A *show* is named by whoever claims in it; commerce only compares the names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from yaohe.commerce.orders.lines import check_key
from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

YEAR_MAX: Final = 2200
TOTAL_MAX: Final = 100_000_000
TITLE_CHARS_MAX: Final = 60
VALID_DAYS_MAX: Final = 3_650
SCOPE_MAX: Final = 200
CLAIM_CHARS_MAX: Final = 400

CouponState = Literal["claimed", "locked", "used", "expired", "revoked"]
CouponKind = Literal["amount", "percent", "shipping"]
TemplateStatus = Literal["active", "stopped"]

MOVES: Final[dict[CouponState, frozenset[CouponState]]] = {
    "claimed": frozenset({"locked", "used", "expired", "revoked"}),
    "locked": frozenset({"claimed", "used", "expired"}),
    "used": frozenset({"claimed", "expired"}),  # when its order is refunded before it was shipped
    "expired": frozenset(),
    "revoked": frozenset(),
}


class CouponTemplate(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shop_id: str
    title: str
    title_en: str
    amount_minor: int
    threshold_minor: int
    currency: str
    total: int
    claimed: int
    per_person: int
    valid_from: datetime
    valid_until: datetime | None
    valid_days: int | None
    status: TemplateStatus
    created_at: datetime
    kind: CouponKind = "amount"
    percent: int | None = None
    per_day: int | None = None
    per_show: int | None = None
    product_ids: list[str] | None = None
    used: int = 0

    @property
    def left(self) -> int:
        return self.total - self.claimed

    @property
    def scoped(self) -> bool:
        """Whether it is for certain products only."""
        return self.product_ids is not None

    @property
    def again(self) -> bool:
        """One person may have another, on another day or in another show."""
        return self.per_day is not None or self.per_show is not None

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


class NewTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """What staff give to offer a coupon. One of `valid_until` and `valid_days` is needed.
    `amount_minor` is the most that it takes off; `percent` belongs to that kind alone.
    `product_ids` are the products it is for; left out, it is for all.
    `per_person` is what one person may have in all, `per_day` and `per_show` of these in a day of
    the shop and in one show."""

    title: str
    amount_minor: int
    total: int
    title_en: str = ""
    threshold_minor: int = 0
    currency: str | None = None
    per_person: int = 1
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    valid_days: int | None = None
    kind: CouponKind = "amount"
    percent: int | None = None
    per_day: int | None = None
    per_show: int | None = None
    product_ids: list[str] | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a room may give of a template's total: in all, and in one show; null is no limit."""

    total: int | None = None
    show_total: int | None = None


class PartGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A room's part and what of it was given, in all and in the show that was asked for."""

    total: int | None
    show_total: int | None
    claimed: int
    show_claimed: int

    @property
    def left(self) -> int | None:
        """How many more this show may give; None: as many as the template has."""
        rests = [
            most - given
            for most, given in ((self.total, self.claimed), (self.show_total, self.show_claimed))
            if most is not None
        ]
        return max(0, min(rests)) if rests else None


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """One person's coupon. `new` is true only in the answer to the claim that made it."""

    id: str
    shop_id: str
    template_id: str
    visitor_id: str
    title: str
    title_en: str
    state: CouponState
    amount_minor: int
    threshold_minor: int
    currency: str
    source: str
    source_ref: str
    claimed_at: datetime
    expires_at: datetime
    kind: CouponKind = "amount"
    percent: int | None = None
    product_ids: list[str] | None = None
    order_id: str | None = None
    new: bool = False


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a coupon, as the coalescer takes it. `repeats`: its source is a new reason
    with each day or show, if the template counts these; `day` is set while it is decided."""

    template_id: str
    visitor_id: str
    slot: str
    source: str
    source_ref: str
    room_id: str | None = None
    show: str | None = None
    repeats: bool = True
    day: str | None = None


def slot_of(source: str, reward_key: str | None) -> str:
    """The reason a coupon is given, told once: a reward of its own, or the source."""
    return source if reward_key is None else f"{source}:{reward_key}"


def cleaned_template(new: NewTemplate) -> dict[str, str | int | datetime | list[str] | None]:
    """The columns a new template writes, checked; raises `BadInput`."""
    if not 0 < new.amount_minor <= AMOUNT_MINOR_MAX:
        raise BadInput(
            f"A coupon takes 1 to {AMOUNT_MINOR_MAX} minor units off.", field="amount_minor"
        )
    if (new.kind == "percent") != (new.percent is not None):
        raise BadInput("A percentage belongs to the kind percent, and to no other.",
                       field="percent")  # fmt: skip
    if new.percent is not None and not 1 <= new.percent <= 99:
        raise BadInput("A percentage is between 1 and 99.", field="percent")
    if not 0 <= new.threshold_minor <= AMOUNT_MINOR_MAX:
        raise BadInput(f"The threshold is 0 to {AMOUNT_MINOR_MAX}.", field="threshold_minor")
    if not 0 < new.total <= TOTAL_MAX:
        raise BadInput(f"The number of coupons is between 1 and {TOTAL_MAX}.", field="total")
    if not 0 < new.per_person <= new.total:
        raise BadInput("Per person is between 1 and the total.", field="per_person")
    for name, most in (("per_day", new.per_day), ("per_show", new.per_show)):
        if most is not None and not 0 < most <= new.per_person:
            raise BadInput(
                "What one person may have in a day or a show is between 1 and per_person.",
                field=name,
            )
    if new.valid_until is None and new.valid_days is None:
        raise BadInput("Say how long it is valid: until when, or days.", field="valid_days")
    if new.valid_days is not None and not 0 < new.valid_days <= VALID_DAYS_MAX:
        raise BadInput(f"Days are between 1 and {VALID_DAYS_MAX}.", field="valid_days")
    start = _moment(new.valid_from, field="valid_from")
    end = _moment(new.valid_until, field="valid_until")
    if start is not None and end is not None and end <= start:
        raise BadInput("It must end after it begins.", field="valid_until")
    return {
        "title": clean_text(new.title, field="title", chars_max=TITLE_CHARS_MAX),
        "title_en": clean_text(
            new.title_en, field="title_en", chars_max=TITLE_CHARS_MAX, empty=True
        ),
        "amount_minor": new.amount_minor,
        "threshold_minor": new.threshold_minor,
        "total": new.total,
        "per_person": new.per_person,
        "valid_from": start,
        "valid_until": end,
        "valid_days": new.valid_days,
        "kind": new.kind,
        "percent": new.percent,
        "per_day": new.per_day,
        "per_show": new.per_show,
        "product_ids": _scope(new.product_ids),
    }


def _scope(product_ids: list[str] | None) -> list[str] | None:
    if product_ids is None:
        return None
    scope = sorted({check_key(product_id, field="product_ids") for product_id in product_ids})
    if not 1 <= len(scope) <= SCOPE_MAX:
        raise BadInput(
            f"A coupon is for 1 to {SCOPE_MAX} products; leave product_ids out for all.",
            field="product_ids",
        )
    return scope


def check_part(part: Part, template_total: int, *, field: str) -> None:
    """Raise `BadInput` unless template ≥ room ≥ show."""
    most = template_total
    for name, number in (("total", part.total), ("show_total", part.show_total)):
        if number is not None and not 0 < number <= most:
            raise BadInput(f"{name} is between 1 and {most}.", field=f"{field}.{name}")
        most = most if number is None else number


def _moment(at: datetime | None, *, field: str) -> datetime | None:
    if at is None:
        return None
    if at.tzinfo is None:
        # Taken for UTC, a coupon of a shop in Shanghai would end eight hours late.
        example = "2026-12-31T23:59:59+08:00 or 2026-12-31T15:59:59Z"
        raise BadInput(f"{field} needs a time zone: write {example}.", field=field)
    if not 2000 <= at.year <= YEAR_MAX:
        raise BadInput("This year is not plausible.", field=field)
    return at.astimezone(UTC)
