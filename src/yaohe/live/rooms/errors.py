"""What can be wrong about a room.

NotFound ── RoomNotFound   404 room_not_found
Conflict ── RoomIdTaken    409 room_id_taken
         └─ RoomNotLive    409 room_not_live
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict, NotFound


class RoomNotFound(NotFound):
    code = "room_not_found"
    message = "There is no room with this address."


class RoomIdTaken(Conflict):
    code = "room_id_taken"
    message = "Another room has this address. Choose another."


class RoomNotLive(Conflict):
    code = "room_not_live"
    message = "This room is not live, so there is nothing to end."


class RoomOwnedElsewhere(Conflict):
    code = "room_owned_elsewhere"
    message = "Another process serves this room. Publish there, or wait until it lets go."
