"""Webhooks: what happens in the shop is told to servers of others, signed, until they have it.

Words owned: an *endpoint* is an address that is told, a *message* one thing that happened as it is
told, a *delivery* that message on its way to one endpoint, a *try* one request of it. The form is
Standard Webhooks.
"""

from yaohe.webhooks.model import EVENTS, Happened
from yaohe.webhooks.service import Webhooks

__all__ = ["EVENTS", "Happened", "Webhooks"]
