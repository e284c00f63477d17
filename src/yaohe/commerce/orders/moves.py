"""What may become of an order: the one table. The page `docs/orders.md` is made from it, every
move goes through it, and what it does not list cannot happen."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

OrderStatus = Literal[
    "created", "paid", "shipped", "completed", "expired", "canceled", "paid_late", "refunded"
]
STATUSES: Final[tuple[OrderStatus, ...]] = get_args(OrderStatus)
PAID: Final = ("paid", "shipped", "completed")  # whose money is the shop's

Step = Literal[
    "pay", "expire", "cancel", "ship", "hand_over", "deliver", "complete", "pay_late", "give_back",
    "refund",
]  # fmt: skip


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """`step` takes an order from `before` to `after`; `who` does it and `then` is what follows."""

    step: Step
    before: OrderStatus
    after: OrderStatus
    who: str
    then: str


TABLE: Final[tuple[Move, ...]] = (
    Move(
        step="pay", before="created", after="paid", who="the gateway's notice",
        then="the coupon is used, the money is booked as a sale",
    ),
    Move(
        step="expire", before="created", after="expired", who="the deadline",
        then="stock and coupon go back",
    ),
    Move(
        step="cancel", before="created", after="canceled", who="the buyer",
        then="stock and coupon go back",
    ),
    Move(
        step="ship", before="paid", after="shipped", who="staff",
        then="the buyer is told how to follow the parcel",
    ),
    Move(
        step="hand_over", before="paid", after="completed", who="staff, by the pick-up code",
        then="nothing more is to be done; the code is spent",
    ),
    Move(
        step="deliver", before="paid", after="completed", who="the house, for what is digital",
        then="the buyer reads in the order what was bought",
    ),
    Move(
        step="complete", before="shipped", after="completed",
        who="the buyer, or time (15 days after shipping)", then="nothing more is to be done",
    ),
    Move(
        step="pay_late", before="expired", after="paid_late", who="the gateway's notice",
        then="a refund is asked for",
    ),
    Move(
        step="pay_late", before="canceled", after="paid_late", who="the gateway's notice",
        then="a refund is asked for",
    ),
    Move(
        step="give_back", before="paid_late", after="refunded", who="the gateway's notice",
        then="what was owed is paid",
    ),
    Move(
        step="refund", before="paid", after="refunded", who="staff, once the gateway has done it",
        then="stock and coupon go back, its share earned nothing",
    ),
    Move(
        step="refund", before="shipped", after="refunded",
        who="staff, once the gateway has done it", then="its share earned nothing",
    ),
    Move(
        step="refund", before="completed", after="refunded",
        who="staff, once the gateway has done it", then="its share earned nothing",
    ),
)  # fmt: skip


def before(step: Step) -> frozenset[OrderStatus]:
    """Where an order must stand for this step."""
    return frozenset(move.before for move in TABLE if move.step == step)


def after(step: Step) -> OrderStatus:
    """Where this step leads."""
    (where,) = {move.after for move in TABLE if move.step == step}
    return where


def page() -> str:
    """The table as a page for people."""
    rows = [
        f"| `{move.before}` | {move.step} | `{move.after}` | {move.who} | {move.then} |"
        for move in TABLE
    ]
    ends = ", ".join(
        f"`{status}`" for status in STATUSES if not any(m.before == status for m in TABLE)
    )
    return "\n".join(
        [
            "# What may become of an order",
            "",
            "Made by `make gen` from `src/yaohe/commerce/orders/moves.py`. An order begins as "
            "`created`: stock and coupon are held until the deadline. Every step is one "
            "compare-and-set statement; a step that is not listed here cannot happen, and who "
            "asks for it is answered `order_move`.",
            "",
            "| From | Step | To | Who | Then |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"Ends: {ends}.",
            "",
        ]
    )
