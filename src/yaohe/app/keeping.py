"""What keeps a show to be watched again: its recording, and the captions that belong to it."""

from __future__ import annotations

from yaohe.app.settings import Settings
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.live.captions import Captions
from yaohe.live.media import MediaOrigin
from yaohe.live.realtime import Hub
from yaohe.live.recordings import Recordings
from yaohe.live.rooms import Rooms


def recorder(settings: Settings, origin: MediaOrigin, rooms: Rooms, clock: Clock) -> Recordings:
    """What records every show, and hears from the rooms when one is over."""
    recordings = Recordings(
        settings.data / "recordings",
        origin,
        clock,
        window_s=settings.rewind_window_s,
        keep_days=settings.recordings_keep_days,
        free_bytes_min=settings.disk_free_mb_min << 20,
        is_live=rooms.is_live,
    )
    rooms.on_change.append(lambda room: recordings.follow(room.id, live=room.status == "live"))
    return recordings


def captioner(
    settings: Settings, db: Database, origin: MediaOrigin, clock: Clock, hub: Hub
) -> Captions:
    """Kept for as long as what they belong to."""
    kept_s = max(settings.rewind_window_s, settings.recordings_keep_days * 86_400)
    return Captions(
        db,
        origin,
        clock,
        tell=lambda room_id, text: hub.change(room_id, caption=text),
        keep_s=kept_s if settings.rewind_window_s else 0,
    )


async def has_replay(recordings: Recordings, room_id: str) -> bool:
    """Whether anything of the room's show can be watched again."""
    found = await recordings.find(room_id)
    return found is not None and bool(found.since(recordings.since(found)))
