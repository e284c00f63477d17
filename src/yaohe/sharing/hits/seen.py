"""People whose hits went to the spool: the database may not know of them yet.

Kept in memory and bounded: a process that starts brings home what the spool holds anyway.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

from yaohe.sharing.hits.model import HitRecord

SEEN_MAX: Final = 50_000

Place = tuple[datetime, str]  # when, and in which environment


class Seen:
    def __init__(self) -> None:
        self._by_token: OrderedDict[tuple[str, str], Place] = OrderedDict()
        self._by_room: OrderedDict[tuple[str, str], Place] = OrderedDict()

    def add(self, hit: HitRecord) -> None:
        if hit.method != "GET" or hit.is_bot:
            return
        place = (hit.at, hit.env)
        for kept, where in ((self._by_token, hit.token), (self._by_room, hit.room_id)):
            kept[where, hit.visitor_id] = place
            if len(kept) > SEEN_MAX:
                kept.popitem(last=False)

    def opened(self, token: str, visitor_id: str) -> str | None:
        """Where this visitor opened this share; None when they were not seen."""
        found = self._by_token.get((token, visitor_id))
        return None if found is None else found[1]

    def came(self, room_id: str, visitor_id: str) -> Place | None:
        """When and where this visitor last opened a share of this room."""
        return self._by_room.get((room_id, visitor_id))
