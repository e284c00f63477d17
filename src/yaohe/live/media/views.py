"""What the origin shows under `/live/{room}/…`: which path asks for what, and the answers.

    stream.mp4               an endless answer: init, then fragments from the last keyframe
    ws                       the same bytes over a WebSocket, after one text frame
    index.m3u8               the HLS playlist, with init-{epoch}.mp4 and seg-{epoch}-{number}.m4s
    poster.jpg               the latest keyframe as a picture (drawn elsewhere: decoding is no job
                             of this process)

`EpochSource` is one epoch of one log as the wire reads it. It is one object for all its viewers
and ends with its epoch; a player then asks again and gets the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from yaohe.live.media.cursor import Cursor
from yaohe.live.media.hls import HlsView
from yaohe.live.media.log import FragmentLog, Generation, Subscription

Kind = Literal["stream", "ws", "playlist", "init", "segment", "poster"]

_PATH = re.compile(
    r"/live/(?P<room>[A-Za-z0-9_-]{1,64})/"
    r"(?:(?P<name>stream\.mp4|ws|index\.m3u8|poster\.jpg)"
    r"|init-(?P<init>[0-9]{1,12})\.mp4"
    r"|seg-(?P<epoch>[0-9]{1,12})-(?P<number>[0-9]{1,12})\.m4s)\Z"
)
_KINDS: dict[str, Kind] = {
    "stream.mp4": "stream",
    "ws": "ws",
    "index.m3u8": "playlist",
    "poster.jpg": "poster",
}


class MediaPath(msgspec.Struct, frozen=True):
    room_id: str
    kind: Kind
    epoch: int = 0
    number: int = 0


class MediaDocument(msgspec.Struct, frozen=True):
    """A finished answer: playlists must be asked for again, media never changes."""

    content_type: str
    cache_control: str
    body: bytes


def parse_media_path(path: str) -> MediaPath | None:
    """Which part of which room `path` names; None when it is no media path."""
    found = _PATH.match(path)
    if found is None:
        return None
    room = found["room"]
    if found["name"]:
        return MediaPath(room, _KINDS[found["name"]])
    if found["init"]:
        return MediaPath(room, "init", int(found["init"]))
    return MediaPath(room, "segment", int(found["epoch"]), int(found["number"]))


def hls_document(view: HlsView, path: MediaPath) -> MediaDocument | None:
    """The playlist, init or segment; None when there is no such thing (any more)."""
    if path.kind == "playlist":
        text = view.playlist()
        if text is None:
            return None
        return MediaDocument("application/vnd.apple.mpegurl", "no-cache", text.encode())
    body = None
    if path.kind == "init":
        body = view.init(path.epoch)
    elif path.kind == "segment":
        body = view.segment(path.epoch, path.number)
    if body is None:
        return None
    return MediaDocument("video/mp4", "public, max-age=3600, immutable", body)


class EpochSource:
    """One epoch of a log for streaming readers (the wire's `MediaSource`)."""

    def __init__(self, log: FragmentLog, generation: Generation) -> None:
        self._log = log
        self._generation = generation
        self.init = generation.init
        self.headers: Sequence[tuple[str, str]] = (
            ("content-type", "video/mp4"),
            ("cache-control", "no-store"),
            ("x-yaohe-codecs", generation.codecs),
            ("x-yaohe-epoch", str(generation.epoch)),
            ("x-yaohe-size", f"{generation.width}x{generation.height}"),
        )
        self.greeting = msgspec.json.encode(
            {
                "codecs": generation.codecs,
                "epoch": generation.epoch,
                "w": generation.width,
                "h": generation.height,
            }
        ).decode()

    @property
    def epoch(self) -> int:
        return self._generation.epoch

    @property
    def ended(self) -> bool:
        """True once nothing will follow: another epoch began, or the show is over."""
        return self._log.epoch != self._generation.epoch or self._log.ended

    def open_cursor(self) -> Cursor:
        return Cursor(self._log)

    def subscribe(self, wake: Callable[[], None], /) -> Subscription:
        return self._log.subscribe(lambda _: wake())
