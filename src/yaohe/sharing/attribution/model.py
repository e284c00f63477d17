"""A credit pins an order to the shares that led to it: the first touch and the last.

A touch is a confirmed click of the buyer, in the shop, opened within the window before the order.
The model says which of the two gets the credit; both stay on record, so a shop may change its mind
about the model without losing the past. One order gives at most one credit; a refund reverses it,
a part of one takes that part back.

Reports may ask under any `Model` who earned an order: every paid order keeps all its touches, the
shares and the other ways in, as they were when it was paid. What a model gives out is exactly what
the order brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, Literal

import msgspec

from yaohe.sharing.landings.model import Source

CreditModel = Literal["first", "last"]
Model = Literal["last", "last_non_direct", "first", "linear", "time_decay", "position"]

MODELS: Final[tuple[Model, ...]] = (
    "last_non_direct", "last", "first", "linear", "time_decay", "position",
)  # fmt: skip
WINDOW_DAYS: Final = 7
WINDOW_DAYS_MAX: Final = 90
HALF_LIFE_DAYS: Final = 3
_ENDS: Final = Fraction(2, 5)  # of `position`: to the first touch, and to the last one


class PaidOrder(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    shop_id: str
    visitor_id: str
    amount_minor: int
    currency: str
    at: datetime
    room_id: str = ""  # where it was bought, when that was a room


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    visitor_id: str
    room_id: str  # the room of the credited share
    token: str
    first_token: str
    last_token: str
    model: CreditModel
    sharer_id: str
    sharer_name: str
    channel: str
    amount_minor: int
    currency: str
    reversed_at: datetime | None


class Touch(msgspec.Struct, frozen=True, order=True):
    """One way by which the buyer came, before they bought. `name` is a campaign or a site."""

    at: datetime
    source: Source
    token: str = ""
    name: str = ""


class TouchedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an order brought and kept, and the touches before it, the oldest first."""

    order_id: str
    net_minor: int
    at: datetime
    touches: list[Touch]


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """What one source, or one share, earned under a model; `orders` are those it has a part in."""

    source: Source
    token: str = ""
    orders: int
    amount_minor: int


def split(amount_minor: int, weights: Sequence[Fraction]) -> list[int]:
    """`amount_minor` by `weights`, to the last unit: what rounding leaves goes to the largest
    remainders, among equals to the earlier."""
    total = sum(weights)
    assert total > 0
    quotas = [amount_minor * weight / total for weight in weights]
    parts = [int(quota) for quota in quotas]
    by_rest = sorted(range(len(parts)), key=lambda nth: (parts[nth] - quotas[nth], nth))
    for nth in by_rest[: amount_minor - sum(parts)]:
        parts[nth] += 1
    return parts


def weights_of(
    model: Model, touches: Sequence[Touch], at: datetime, *, half_life_days: int
) -> list[Fraction]:
    """How much of an order each touch earned. A direct visit takes nothing from the way by which
    somebody first came to know of the room, except where the model asks for the very last visit."""
    weights = [Fraction(0)] * len(touches)
    counted = [nth for nth, touch in enumerate(touches) if touch.source != "direct"]
    if model == "last" or not counted:
        counted = list(range(len(touches)))
    if model == "first":
        weights[counted[0]] = Fraction(1)
    elif model in ("last", "last_non_direct"):
        weights[counted[-1]] = Fraction(1)
    elif model == "time_decay":
        half_life = timedelta(days=half_life_days)
        for nth in counted:
            weights[nth] = Fraction(0.5 ** ((at - touches[nth].at) / half_life))
    elif model == "position" and len(counted) > 2:
        for nth in counted:
            weights[nth] = (1 - 2 * _ENDS) / (len(counted) - 2)
        weights[counted[0]] = weights[counted[-1]] = _ENDS
    else:  # linear, and a position among one or two
        for nth in counted:
            weights[nth] = Fraction(1)
    return weights


def earned(
    orders: Sequence[TouchedOrder], model: Model, *, window_days: int, half_life_days: int
) -> list[Earned]:
    """Who earned these orders, by source and share, the most first. Sums to what they brought; an
    order without a touch in the window came directly."""
    sums: dict[tuple[Source, str], tuple[set[str], int]] = {}
    for order in orders:
        since = order.at - timedelta(days=window_days)
        touches = [touch for touch in order.touches if since < touch.at <= order.at]
        touches = touches or [Touch(order.at, "direct")]
        weights = weights_of(model, touches, order.at, half_life_days=half_life_days)
        for touch, weight, part in zip(
            touches, weights, split(order.net_minor, weights), strict=True
        ):
            if weight:
                bought, amount_minor = sums.get((touch.source, touch.token), (set(), 0))
                bought.add(order.order_id)
                sums[touch.source, touch.token] = (bought, amount_minor + part)
    rows = [
        Earned(source=source, token=token, orders=len(bought), amount_minor=amount_minor)
        for (source, token), (bought, amount_minor) in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.amount_minor, row.source, row.token))


def by_source(
    orders: Sequence[TouchedOrder], model: Model, *, window_days: int, half_life_days: int
) -> list[Earned]:
    """The same by source alone."""
    plain = [
        msgspec.structs.replace(
            order,
            touches=[msgspec.structs.replace(touch, token="") for touch in order.touches],
        )
        for order in orders
    ]
    return earned(plain, model, window_days=window_days, half_life_days=half_life_days)
