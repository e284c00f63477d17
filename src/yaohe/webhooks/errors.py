"""What webhooks refuse, in words a client can read.

NotFound 404
├── WebhookNotFound      webhook_not_found
└── DeliveryNotFound     delivery_not_found     never sent there, or older than the log
Conflict 409
├── WebhookPaused        webhook_paused         nothing is sent to a paused endpoint
└── WebhooksFull         webhooks_full          as many endpoints as a shop may have
BadInput 422
└── AddressRefused       address_refused        an address we do not send to
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, Conflict, NotFound


class WebhookNotFound(NotFound):
    code = "webhook_not_found"
    message = "There is no such endpoint. It may have been deleted."


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    message = "This was not sent to the endpoint, or it is no longer in the log."


class WebhookPaused(Conflict):
    code = "webhook_paused"
    message = "This endpoint is paused. Resume it first."


class WebhooksFull(Conflict):
    code = "webhooks_full"
    message = "The shop has as many endpoints as it may. Delete one first."


class AddressRefused(BadInput):
    code = "address_refused"
    message = "Give a public https:// address."
