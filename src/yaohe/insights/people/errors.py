"""What is refused to who wants to be forgotten.

Conflict 409
└── OrdersUnderWay     orders_under_way     something is still to be paid, sent or received
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict


class OrdersUnderWay(Conflict):
    code = "orders_under_way"
    message = "An order of yours is under way. Wait until it has arrived or cancel it, then delete."
