"""Realtime: chat, likes, counts and state of rooms, in Centrifugo's client protocol on `/rt`.

Words: hub, caller, hall (a room as one process serves it), desk (the owner's side), chat line.
"""

from yaohe.live.realtime.archive import Archive
from yaohe.live.realtime.errors import ChatLineNotFound
from yaohe.live.realtime.hub import Hub
from yaohe.live.realtime.model import Caller, ChatLine, Joined, RoomCounts

__all__ = [
    "Archive",
    "Caller",
    "ChatLine",
    "ChatLineNotFound",
    "Hub",
    "Joined",
    "RoomCounts",
]
