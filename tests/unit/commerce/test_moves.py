"""What may become of orders, coupons and payments: every pair of states, allowed or not."""

from __future__ import annotations

from typing import get_args

import pytest

from yaohe.commerce.aftersales import moves as aftersales
from yaohe.commerce.coupons import model as coupons
from yaohe.commerce.orders import moves as orders
from yaohe.commerce.payments import model as payments

ORDER_MOVES = {
    ("created", "paid"),
    ("created", "expired"),
    ("created", "canceled"),
    ("paid", "shipped"),
    ("paid", "completed"),
    ("shipped", "completed"),
    ("expired", "paid_late"),
    ("canceled", "paid_late"),
    ("paid_late", "refunded"),
    ("paid", "refunded"),
    ("shipped", "refunded"),
    ("completed", "refunded"),
}
COUPON_MOVES = {
    ("claimed", "locked"),
    ("claimed", "used"),
    ("claimed", "expired"),
    ("claimed", "revoked"),
    ("locked", "claimed"),
    ("locked", "used"),
    ("locked", "expired"),
    ("used", "claimed"),
    ("used", "expired"),
}
PAYMENT_MOVES = {
    ("open", "paid"),
    ("open", "canceled"),
    ("canceled", "paid"),
    ("paid", "refunded"),
}


@pytest.mark.parametrize("before", get_args(orders.OrderStatus))
@pytest.mark.parametrize("after", get_args(orders.OrderStatus))
def test_orders(before: orders.OrderStatus, after: orders.OrderStatus) -> None:
    listed = any((move.before, move.after) == (before, after) for move in orders.TABLE)
    assert listed == ((before, after) in ORDER_MOVES)


@pytest.mark.parametrize("before", get_args(coupons.CouponState))
@pytest.mark.parametrize("after", get_args(coupons.CouponState))
def test_coupons(before: coupons.CouponState, after: coupons.CouponState) -> None:
    assert (after in coupons.MOVES[before]) == ((before, after) in COUPON_MOVES)


@pytest.mark.parametrize("before", get_args(payments.PaymentState))
@pytest.mark.parametrize("after", get_args(payments.PaymentState))
def test_payments(before: payments.PaymentState, after: payments.PaymentState) -> None:
    assert (after in payments.MOVES[before]) == ((before, after) in PAYMENT_MOVES)


def test_money_that_comes_in_always_has_an_effect() -> None:
    effects = {status: payments.effect_of(status) for status in get_args(orders.OrderStatus)}
    assert effects == {
        "created": "pays",
        "expired": "late",
        "canceled": "late",
        "paid": "double",
        "shipped": "double",
        "completed": "double",
        "paid_late": "double",
        "refunded": "double",
    }


MONEY_MOVES = {
    ("agree", "asked", "refunding"),
    ("decline", "asked", "declined"),
    ("withdraw", "asked", "withdrawn"),
    ("overtake", "asked", "refunded"),
    ("give_back", "refunding", "refunded"),
}
RETURN_MOVES = {
    ("agree", "asked", "agreed"),
    ("send_back", "agreed", "sent_back"),
    ("receive", "agreed", "refunding"),
    ("receive", "sent_back", "refunding"),
    ("decline", "asked", "declined"),
    ("decline", "agreed", "declined"),
    ("decline", "sent_back", "declined"),
    ("withdraw", "asked", "withdrawn"),
    ("withdraw", "agreed", "withdrawn"),
    ("overtake", "asked", "refunded"),
    ("overtake", "agreed", "refunded"),
    ("overtake", "sent_back", "refunded"),
    ("give_back", "refunding", "refunded"),
}


@pytest.mark.parametrize(("kind", "expected"), [("money", MONEY_MOVES), ("return", RETURN_MOVES)])
def test_aftersales(kind: aftersales.AftersaleKind, expected: set[tuple[str, str, str]]) -> None:
    found = {
        (step, before, move.after)
        for step in get_args(aftersales.Step)
        for before in aftersales.STATUSES
        if (move := aftersales.find(step, before, kind))
    }
    assert found == expected
    assert {"refunded", "declined", "withdrawn"} == aftersales.ENDS
    # Every move has one row for its kind: the table is not ambiguous.
    rows = [(m.step, m.before) for m in aftersales.TABLE if kind in m.kinds]
    assert len(rows) == len(set(rows))
