"""What an order would cost if it were placed now. It promises nothing and holds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from yaohe.commerce.delivery import DeliveryKind


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `refusal` is the code of why it cannot be ordered so."""

    unit_price_minor: int
    goods_minor: int
    refusal: str | None


class QuotedSum(msgspec.Struct, frozen=True, kw_only=True):
    """The whole order with this coupon (None: with none). `to_free_minor` is how much more goods
    would be shipped for nothing; None when there is no such sum, it is reached, or the coupon pays
    for the delivery."""

    coupon_id: str | None
    goods_minor: int
    discount_minor: int
    fee_minor: int
    payable_minor: int
    to_free_minor: int | None


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """`offers` are the coupons of this buyer that take something off, the cheapest order first;
    `refusal` is why the lines cannot be one order now."""

    currency: str | None
    delivery: DeliveryKind | None
    lines: list[QuotedLine]
    refusal: str | None
    plain: QuotedSum
    offers: list[QuotedSum]


Rows = Sequence[Mapping[Any, Any]]


def quote_of(orders: Sequence[Rows]) -> Quote:
    """`orders` are the rows of the same lines, first without a coupon, then with one each."""
    plain, *tried = orders
    offers = [_sum(rows) for rows in tried if _refusal(rows) is None]
    return Quote(
        currency=plain[0]["currency"],
        delivery=plain[0]["delivery"],
        lines=[
            QuotedLine(
                unit_price_minor=row["unit_minor"] or 0,
                goods_minor=row["line_minor"] or 0,
                refusal=row["line_refusal"],
            )
            for row in plain
        ],
        refusal=_refusal(plain),
        plain=_sum(plain),
        offers=sorted(
            (offer for offer in offers if offer.discount_minor),
            key=lambda offer: (offer.payable_minor, -offer.discount_minor),
        ),
    )


def _refusal(rows: Rows) -> str | None:
    return next((row["first_refusal"] for row in rows if row["first_refusal"]), None)


def _sum(rows: Rows) -> QuotedSum:
    row = rows[0]
    goods, free_from = row["goods_minor"] or 0, row["free_from_minor"]
    left = None
    by_coupon = (row["discount_minor"] or 0) > (row["goods_off_minor"] or 0)
    if row["delivery"] == "ship" and row["fee_minor"] and free_from is not None and not by_coupon:
        left = free_from - (goods - row["goods_off_minor"])
    return QuotedSum(
        coupon_id=row["coupon_id"],
        goods_minor=goods,
        discount_minor=row["discount_minor"] or 0,
        fee_minor=row["fee_minor"] or 0,
        payable_minor=row["payable_minor"] or 0,
        to_free_minor=left,
    )
