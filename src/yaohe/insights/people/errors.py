"""What is refused to who wants to be forgotten.

Conflict 409
└── OrdersUnderWay     orders_under_way     an order or an after-sale request is still open
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict


class OrdersUnderWay(Conflict):
    code = "orders_under_way"
    message = (
        "An order or an after-sale request of yours is still open. "
        "Wait for it, cancel or withdraw it, then delete."
    )
