"""Rooms: places with a link where a show happens. Words: room, status, slate, stream key, grace."""

from yaohe.live.rooms.errors import RoomIdTaken, RoomNotFound
from yaohe.live.rooms.events import RoomEnded, RoomWentLive
from yaohe.live.rooms.model import NewRoom, PublishLine, Room, RoomChange, RoomStatus
from yaohe.live.rooms.service import Rooms

__all__ = [
    "NewRoom",
    "PublishLine",
    "Room",
    "RoomChange",
    "RoomEnded",
    "RoomIdTaken",
    "RoomNotFound",
    "RoomStatus",
    "RoomWentLive",
    "Rooms",
]
