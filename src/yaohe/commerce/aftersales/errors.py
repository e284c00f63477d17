"""What can be wrong about an after-sale request.

NotFound 404 ── AftersaleNotFound   aftersale_not_found
Conflict 409
├── AftersaleOpen                   aftersale_open     one of this order is not answered yet
├── AftersaleOver                   aftersale_over     the days in which one may ask are over
├── AftersaleLimit                  aftersale_limit    as many as one order may have
└── AftersaleMove                   aftersale_move     it no longer stands where this step begins
"""

from __future__ import annotations

from yaohe.commerce.aftersales.model import REQUESTS_MAX
from yaohe.kernel.errors import Conflict, NotFound


class AftersaleNotFound(NotFound):
    code = "aftersale_not_found"
    message = "There is no such after-sale request."


class AftersaleOpen(Conflict):
    code = "aftersale_open"
    message = "A request about this order is open. Wait for its end, or withdraw it."


class AftersaleOver(Conflict):
    code = "aftersale_over"
    message = "The days in which this could be asked for are over. Write to the shop."


class AftersaleLimit(Conflict):
    code = "aftersale_limit"
    message = f"One order has at most {REQUESTS_MAX} requests. Write to the shop."


class AftersaleMove(Conflict):
    code = "aftersale_move"
    message = "The request has moved on and no longer allows this. Look at it again."
