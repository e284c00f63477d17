"""What the origin shows under `/live/{room}/…`: which path asks for what, and the answers.

    stream.mp4               an endless answer: init, then fragments from the last keyframe
    ws                       the same bytes over a WebSocket, after one text frame
    index.m3u8 …             the HLS lists of `playlists.py`, with init-{epoch}.mp4,
                             seg-{epoch}-{number}.m4s, part-{epoch}-{offset}.m4s, and of the sound
                             alone audio-init-{epoch}.mp4, audio-seg-{epoch}-{number}.m4s
    rungs.json               what a player can choose of (`?rung=480` on stream.mp4 and ws, and
                             `?rung=audio` for the sound alone)
    poster.jpg               the latest keyframe as a picture (drawn elsewhere: decoding is no job
                             of this process)

The lists and pieces of a lower rung have its name before them: 480p-index.m3u8, 480p-seg-….

`EpochSource` is one epoch of one log as the wire reads it. It is one object for all its viewers
and ends with its epoch; a player then asks again and gets the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from yaohe.live.media.cursor import Cursor
from yaohe.live.media.errors import HlsQueryWrong, PlaylistLate
from yaohe.live.media.log import FragmentLog, Generation, Subscription
from yaohe.live.media.playlists import ListKind, Playlists

Kind = ListKind | Literal["stream", "ws", "init", "segment", "part", "poster", "rungs"]

_PATH = re.compile(
    r"/live/(?P<room>[A-Za-z0-9_-]{1,64})/"
    r"(?:(?P<name>stream\.mp4|ws|audio\.m3u8|master\.m3u8|cdn-master\.m3u8|poster\.jpg|rungs\.json)"
    r"|(?:(?P<rung>[1-9][0-9]{1,3})p-)?(?P<list>index|cdn)\.m3u8"
    r"|(?:(?P<audio>audio-)|(?P<rung_of>[1-9][0-9]{1,3})p-)?(?:init-(?P<init>[0-9]{1,12})\.mp4"
    r"|seg-(?P<epoch>[0-9]{1,12})-(?P<number>[0-9]{1,12})\.m4s)"
    r"|(?:(?P<rung_part>[1-9][0-9]{1,3})p-)?"
    r"part-(?P<of>[0-9]{1,12})-(?P<offset>[0-9]{1,12})\.m4s)\Z"
)
_KINDS: dict[str, Kind] = {
    "stream.mp4": "stream",
    "ws": "ws",
    "index": "playlist",
    "cdn": "plain",
    "audio.m3u8": "audio",
    "master.m3u8": "master",
    "cdn-master.m3u8": "plain_master",
    "rungs.json": "rungs",
    "poster.jpg": "poster",
}
# The very first list waits this long for the first segment; a part a player was told of, this long.
FIRST_S_MAX: Final = 8.0
PART_S_MAX: Final = 4.0
_FOREVER: Final = "public, max-age=3600, immutable"
_PLAYLIST: Final = "application/vnd.apple.mpegurl"
_DIGITS = re.compile(r"[0-9]{1,12}\Z")


class MediaPath(msgspec.Struct, frozen=True):
    room_id: str
    kind: Kind
    epoch: int = 0
    number: int = 0
    audio: bool = False
    rung: str = ""


class MediaDocument(msgspec.Struct, frozen=True):
    """A finished answer: playlists must be asked for again, media never changes."""

    content_type: str
    cache_control: str
    body: bytes

    @property
    def is_list(self) -> bool:
        return self.content_type == _PLAYLIST


def parse_media_path(path: str) -> MediaPath | None:
    """Which part of which room `path` names; None when it is no media path."""
    found = _PATH.match(path)
    if found is None:
        return None
    room, audio = found["room"], found["audio"] is not None
    rung = found["rung"] or found["rung_of"] or found["rung_part"] or ""
    name = found["name"] or found["list"]
    if name:
        return MediaPath(room, _KINDS[name], rung=rung)
    if found["init"]:
        return MediaPath(room, "init", int(found["init"]), audio=audio, rung=rung)
    if found["of"]:
        return MediaPath(room, "part", int(found["of"]), int(found["offset"]), rung=rung)
    return MediaPath(room, "segment", int(found["epoch"]), int(found["number"]), audio, rung)


async def hls_document(
    lists: Playlists, path: MediaPath, query: Mapping[str, str]
) -> MediaDocument | None:
    """The list, init, segment or part; None when there is no such thing (any more).

    Waits where low-latency HLS says so: for the update a player asks for by name, and for the part
    it was told comes next. Raises `HlsQueryWrong`, and `PlaylistLate` when nothing came.
    """
    match path.kind:
        case "playlist" | "plain" | "audio" | "master" | "plain_master":
            return await _list(lists, path.kind, query)
        case "part":
            body = await _part(lists, path)
        case "init":
            body = lists.view.init(path.epoch, audio=path.audio)
        case "segment":
            body = lists.view.segment(path.epoch, path.number, audio=path.audio)
        case _:
            return None
    return MediaDocument("video/mp4", _FOREVER, body) if body is not None else None


async def _list(lists: Playlists, kind: ListKind, query: Mapping[str, str]) -> MediaDocument | None:
    view = lists.view
    log = view.log
    await view.until(lambda: bool(view.segments) or not log.live, FIRST_S_MAX)
    if kind == "playlist":
        await _update(lists, query)
    text = lists.get(kind, skip=kind == "playlist" and query.get("_HLS_skip") in {"YES", "v2"})
    if text is None:
        return None
    # A plain list may be shared for a second; the others are asked for by the moment.
    cache = "public, max-age=1" if kind == "plain" else "no-cache"
    return MediaDocument(_PLAYLIST, cache, text.encode())


async def _update(lists: Playlists, query: Mapping[str, str]) -> None:
    """Wait for the segment and part that a player names, as long as anybody publishes them."""
    number, part = _whole(query, "_HLS_msn"), _whole(query, "_HLS_part")
    if number is None:
        if part is not None:
            raise HlsQueryWrong("_HLS_part needs _HLS_msn beside it.")
        return
    view, log = lists.view, lists.view.log
    if log.ended or not view.segments:
        return
    if number > view.open_number + 1:
        raise HlsQueryWrong("_HLS_msn is too far ahead of what is live.")
    wait_s = 3.0 * view.target_s
    came = await view.until(lambda: view.has(number, part) or log.ended, wait_s)
    # With the publisher away nothing is late: the player keeps its list and asks again.
    if not came and log.live:
        raise PlaylistLate


async def _part(lists: Playlists, path: MediaPath) -> bytes | None:
    view, log = lists.view, lists.view.log
    if path.number == log.next_offset and path.epoch == log.epoch and log.live:
        await view.until(lambda: log.next_offset > path.number or not log.live, PART_S_MAX)
    return view.part(path.epoch, path.number)


def _whole(query: Mapping[str, str], name: str) -> int | None:
    given = query.get(name)
    if given is None:
        return None
    if _DIGITS.match(given) is None:
        raise HlsQueryWrong(f"{name} must be a whole number.")
    return int(given)


class EpochSource:
    """One epoch of a log for streaming readers (the wire's `MediaSource`)."""

    def __init__(self, log: FragmentLog, generation: Generation) -> None:
        self._log = log
        self._generation = generation
        self.init = generation.init
        self._cuts = log.cuts
        self.headers: Sequence[tuple[str, str]] = (
            ("content-type", "video/mp4"),
            ("cache-control", "no-store"),
            ("x-yaohe-codecs", generation.codecs),
            ("x-yaohe-epoch", str(generation.epoch)),
            ("x-yaohe-size", f"{generation.width}x{generation.height}"),
            ("x-yaohe-rung", log.rung),
            ("x-yaohe-timeline", str(generation.timeline)),
        )
        self.greeting = msgspec.json.encode(
            {
                "codecs": generation.codecs,
                "epoch": generation.epoch,
                "w": generation.width,
                "h": generation.height,
                "rung": log.rung,
                "timeline": generation.timeline,
            }
        ).decode()

    @property
    def epoch(self) -> int:
        return self._generation.epoch

    @property
    def kind(self) -> str:
        """For counting: which rung this is."""
        return self._log.rung or "top"

    @property
    def revoked(self) -> bool:
        """True once its readers were sent away."""
        return self._log.cuts != self._cuts

    @property
    def ended(self) -> bool:
        """True once nothing will follow: another epoch began, or the show is over."""
        return self._log.epoch != self._generation.epoch or self._log.ended

    def open_cursor(self) -> Cursor:
        return Cursor(self._log)

    def subscribe(self, wake: Callable[[], None], /) -> Subscription:
        return self._log.subscribe(lambda _: wake())


class Epochs:
    """The present epoch of a log for streaming readers: one object for all of them."""

    __slots__ = ("_kept", "_log")

    def __init__(self, log: FragmentLog) -> None:
        self._log = log
        self._kept: EpochSource | None = None

    def source(self) -> EpochSource | None:
        """None before the first epoch and after the end."""
        log = self._log
        if log.generation is None or log.ended:
            return None
        kept = self._kept
        if kept is None or kept.epoch != log.epoch or kept.revoked:
            kept = self._kept = EpochSource(log, log.generation)
        return kept
