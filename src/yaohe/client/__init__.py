"""A client of the server API for outside rooms, for programs in Python: async and typed.

    async with Client("https://share.example.com", "yhs_live_…") as yaohe:
        await yaohe.put_room("show-1", title="Spring tea", url="https://live.example.com/show-1")
        share = await yaohe.share("show-1", user=User("u-7", "Lin"), channel="wechat")
        order = await yaohe.order("A-1001", amount_minor=9_900, currency="CNY", visitor=visitor)

`verify` tells whether a webhook that came in is genuine.

It needs nothing of the server: only httpx and msgspec. Calls that change something carry an
idempotency key, so one that was lost on the way is sent again without harm.
"""

from yaohe.client.client import Client
from yaohe.client.errors import Refused, Unreachable, YaoheError
from yaohe.client.shapes import Credit, Order, Report, Room, Share, User
from yaohe.client.webhooks import Event, SignatureRefused, verify

__all__ = [
    "Client",
    "Credit",
    "Event",
    "Order",
    "Refused",
    "Report",
    "Room",
    "Share",
    "SignatureRefused",
    "Unreachable",
    "User",
    "YaoheError",
    "verify",
]
