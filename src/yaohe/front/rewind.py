"""Recordings at the door: the list to rewind or replay by, its reels, its small pictures."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from yaohe.front.request import Header, Request, answer
from yaohe.kernel.errors import BadInput
from yaohe.live.privacy import Privacy
from yaohe.live.recordings import (
    RecordingPath,
    Recordings,
    init_path,
    parse_recording_path,
    playlist,
    reel_path,
    thumb_path,
)

_FILES: Final[dict[str, tuple[Callable[[Path, int], Path], bytes]]] = {
    "init": (init_path, b"video/mp4"),
    "reel": (reel_path, b"video/mp4"),
    "thumb": (thumb_path, b"image/jpeg"),
}
_NOT_KEPT: Final[list[Header]] = [(b"cache-control", b"no-store")]
_ANYWHERE: Final = (b"access-control-allow-origin", b"*")
_SECONDS_MAX: Final = 32_503_680_000  # the year 3000


class TimeUnreadable(BadInput):
    code = "time_unreadable"
    status = 400
    message = "`from` is a moment in seconds since 1970, `show` the number of a show."


class RewindDoor:
    def __init__(self, recordings: Recordings, privacy: Privacy) -> None:
        self._recordings, self._privacy = recordings, privacy

    async def document(self, request: Request) -> None:
        path = parse_recording_path(request.path)
        if path is None:
            await answer(request, 404, b"", _NOT_KEPT)
        elif path.kind == "list":
            await self._list(request, path)
        else:
            await self._file(request, path)

    async def _list(self, request: Request, path: RecordingPath) -> None:
        """`?from=` begins at a moment in the past, `?show=` names another show than the last."""
        query = request.query if request.scope["query_string"] else {}
        wanted = _number(query.get("show"))
        since = _number(query.get("from"))
        show = None if wanted is None else int(wanted)
        recording = await self._recordings.find(path.room_id, show)
        text = None
        if recording is not None:
            allowed = self._recordings.since(recording)
            start = datetime.fromtimestamp(since, UTC) if since is not None else None
            if start is None or (allowed is not None and start < allowed):
                start = allowed
            skip = query.get("_HLS_skip") in {"YES", "v2"}
            text = playlist(recording, recording.since(start), skip=skip)
        if text is None:
            await answer(request, 404, b"", _NOT_KEPT)
            return
        if "ticket" in query:
            text = self._privacy.ticketed(text, path.room_id, query["ticket"])
        headers = [
            (b"content-type", b"application/vnd.apple.mpegurl"),
            (b"cache-control", b"no-cache"),
            _ANYWHERE,
        ]
        body = text.encode()
        if b"gzip" in request.headers.get(b"accept-encoding", b""):
            body = gzip.compress(body, 5)
            headers.append((b"content-encoding", b"gzip"))
        await answer(request, 200, body, headers)

    async def _file(self, request: Request, path: RecordingPath) -> None:
        place, content_type = _FILES[path.kind]
        data = await self._recordings.file(path.room_id, path.show, place, path.number)
        if data is None:
            await answer(request, 404, b"", _NOT_KEPT)
            return
        headers = [
            (b"content-type", content_type),
            (b"cache-control", b"public, max-age=3600, immutable"),
            _ANYWHERE,
        ]
        await answer(request, 200, data, headers)


def _number(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        number = float(given)
    except ValueError:
        raise TimeUnreadable from None
    if not 0 <= number <= _SECONDS_MAX:
        raise TimeUnreadable
    return number
