"""What may become of orders, coupons and payments: every pair of states, allowed or not."""

from __future__ import annotations

from typing import get_args

import pytest

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
