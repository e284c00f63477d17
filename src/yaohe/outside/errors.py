"""What outside refuses, in words a client can read.

NotFound 404
├── OutsideRoomNotFound    outside_room_not_found
└── OutsideOrderNotFound   outside_order_not_found
NotSignedIn 401
└── VisitorUnknown         visitor_unknown         the X-Yaohe-Visitor header is missing or forged
BadInput 422
├── SiteNotRegistered      site_not_registered     an address of a site no key belongs to
└── KeyUsedDifferently     idempotency_mismatch    same Idempotency-Key, another request
Conflict 409
├── StillWorking           idempotency_busy        the first request with this key has not ended
├── EventDiffers           event_differs           same event id, another event
└── OrderDiffers           order_differs           same order ref, another amount or buyer
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, Conflict, NotFound, NotSignedIn


class OutsideRoomNotFound(NotFound):
    code = "outside_room_not_found"
    message = "There is no such room in this mode. PUT it first."


class OutsideOrderNotFound(NotFound):
    code = "outside_order_not_found"
    message = "There is no such order in this mode."


class VisitorUnknown(NotSignedIn):
    code = "visitor_unknown"
    message = "Send X-Yaohe-Visitor as the last visit answered it."


class SiteNotRegistered(BadInput):
    code = "site_not_registered"
    message = "No app key of this mode belongs to this site. Add the site to a key in the studio."


class KeyUsedDifferently(BadInput):
    code = "idempotency_mismatch"
    message = "This Idempotency-Key came with another request before. Use a new one."


class StillWorking(Conflict):
    code = "idempotency_busy"
    message = "The first request with this Idempotency-Key has not ended. Ask again."


class EventDiffers(Conflict):
    code = "event_differs"
    message = "Another event has this id. Every event needs an id of its own."


class OrderDiffers(Conflict):
    code = "order_differs"
    message = "An order with this ref was told before with other facts. It was not changed."
