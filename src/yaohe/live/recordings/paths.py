"""The addresses of recordings under `/live/{room}/`.

rewind.m3u8                     what may be rewound, or the whole of the last show
reel-{show}-{number}.m4s        a reel, and reel-{show}-init-{epoch}.mp4 that goes before it
reel-{show}-{number}.jpg        its first picture, small
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

_PATH = re.compile(
    r"/live/(?P<room>[A-Za-z0-9_-]{1,64})/(?:(?P<list>rewind\.m3u8)"
    r"|reel-(?P<show>[0-9]{1,12})-(?:init-(?P<epoch>[0-9]{1,12})\.mp4"
    r"|(?P<number>[0-9]{1,9})\.(?P<kind>m4s|jpg)))\Z"
)


class RecordingPath(msgspec.Struct, frozen=True):
    room_id: str
    kind: Literal["list", "init", "reel", "thumb"]
    show: int = 0
    number: int = 0


def parse_recording_path(path: str) -> RecordingPath | None:
    """Which part of which room's recordings `path` names; None when it is none."""
    found = _PATH.match(path)
    if found is None:
        return None
    room = found["room"]
    if found["list"]:
        return RecordingPath(room, "list")
    if found["epoch"]:
        return RecordingPath(room, "init", int(found["show"]), int(found["epoch"]))
    kind: Literal["reel", "thumb"] = "reel" if found["kind"] == "m4s" else "thumb"
    return RecordingPath(room, kind, int(found["show"]), int(found["number"]))
