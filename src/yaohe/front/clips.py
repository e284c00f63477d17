"""The clip of a share over HTTP: `/s/{token}/clip.mp4`, whole or in ranges (RFC 9110, 14).

Players ask for ranges, Safari plays nothing without them. What an open range asks for is answered
in pieces of bounded size, so nobody's clip is held in memory as a whole.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

import msgspec

from yaohe.content.clips import (
    CLIP_S_MAX,
    ClipEmpty,
    ClipGone,
    Clips,
    ClipTooLong,
    ClipUnreadable,
    Made,
)
from yaohe.front.request import Request, answer
from yaohe.front.view import Snapshot
from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.limits import Limit
from yaohe.kernel.wire import address_key
from yaohe.live.shelf import Shelf
from yaohe.sharing import ShareRequest, Sharing

PIECE: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


class ClipRangeWrong(BadInput):
    code = "clip_range_wrong"
    message = "Say which part is meant: last_s, or from_s and a later to_s."


class RangeUnmet(AppError):
    code = "range_unmet"
    status = 416
    message = "The file is shorter than that."


CLIP_ERRORS: Final = (ClipRangeWrong, ClipEmpty, ClipTooLong, ClipUnreadable)


class ClipMaker:
    """Makes the clip that a new share is of."""

    def __init__(self, clips: Clips, shelf: Shelf, clock: Clock) -> None:
        self._clips, self._shelf, self._clock = clips, shelf, clock
        self._limit = Limit(clock, burst=8, per_second=0.1)
        # In seconds of video: cookies are free, and a long clip is work for seconds. Wide, because
        # carriers put a city behind one address.
        self._per_address = Limit(clock, burst=1_800, per_second=20)

    async def make(
        self,
        moment: Snapshot,
        wish: ShareRequest,
        visitor_id: str,
        at: datetime | None,
        *,
        address: str,
    ) -> Made:
        """`at` is what the sharer has on screen; raises what is wrong with the wish."""
        begin, end = await self._between(moment.room_id, wish, at or self._clock.now())
        lasts_s = min((end - begin).total_seconds(), CLIP_S_MAX)
        self._limit.spend(visitor_id)
        self._per_address.spend(address_key(address), cost=max(1, round(lasts_s)))
        return await self._clips.make(moment.room_id, begin, end)

    async def product(self, room_id: str, clip: Made) -> str | None:
        """What the room showed for the longest part of it."""
        end = clip.begin + timedelta(milliseconds=clip.duration_ms)
        shown = await self._shelf.pinned_between(room_id, clip.begin, end)
        if not shown:
            return None
        ends = [*(since for _, since in shown[1:]), end]
        lasted = [
            until - max(since, clip.begin) for (_, since), until in zip(shown, ends, strict=True)
        ]
        return shown[lasted.index(max(lasted))][0].id

    async def _between(
        self, room_id: str, wish: ShareRequest, at: datetime
    ) -> tuple[datetime, datetime]:
        if wish.last_s is not None and wish.from_s is None and wish.to_s is None:
            return at - timedelta(seconds=wish.last_s), at
        if wish.last_s is not None or wish.from_s is None or wish.to_s is None:
            raise ClipRangeWrong(field="last_s")
        if wish.from_s >= wish.to_s:
            raise ClipRangeWrong(field="to_s")
        begun = await self._clips.begun(room_id)
        if begun is None:
            raise ClipEmpty
        return begun + timedelta(seconds=wish.from_s), begun + timedelta(seconds=wish.to_s)


class ClipDoor:
    def __init__(self, clips: Clips, sharing: Sharing) -> None:
        self._clips, self._sharing = clips, sharing

    async def show(self, request: Request) -> None:
        """Looked at, never a hit: the link itself is what counts."""
        try:
            share = await self._sharing.share(request.path.split("/")[2])
            if share is None or share.clip_key is None or share.clip_bytes is None:
                raise ClipGone
            if self._sharing.link_closed(share) is not None:
                raise ClipGone
            size, key = share.clip_bytes, share.clip_key
            asked = request.header(b"range")
            first, end = span_of(asked, size) if asked else (0, size)
            part = await self._clips.read(key, first, min(first + PIECE, end))
        except AppError as error:
            refused = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            if isinstance(error, RangeUnmet):
                refused.append((b"content-range", f"bytes */{size}".encode()))
            await answer(request, error.status, msgspec.json.encode(error.body()), refused)
            return
        # Staff may change, pause and end a link of theirs; anybody else's clip stays what it is.
        age_s = 86_400 if share.link is None else 30
        headers = [
            (b"content-type", b"video/mp4"),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", f"public, max-age={age_s}".encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        if not asked:
            await self._whole(request, headers, key, part, size)
            return
        last = first + len(part) - 1
        headers.append((b"content-range", f"bytes {first}-{last}/{size}".encode()))
        await answer(request, 206, part, headers)

    async def _whole(
        self,
        request: Request,
        headers: list[tuple[bytes, bytes]],
        key: str,
        part: bytes,
        size: int,
    ) -> None:
        """All of it, piece by piece as the reader takes them."""
        headers.append((b"content-length", str(size).encode()))
        await request.send({"type": "http.response.start", "status": 200, "headers": headers})
        if request.scope["method"] == "HEAD":
            await request.send({"type": "http.response.body", "body": b""})
            return
        sent = 0
        while part:
            sent += len(part)
            more = sent < size
            body = {"type": "http.response.body", "body": part, "more_body": more}
            await request.send(body)
            part = await self._clips.read(key, sent, min(sent + PIECE, size)) if more else b""


def span_of(asked: str, size: int) -> tuple[int, int]:
    """First byte and the one after the last that a Range header asks for; several are refused."""
    found = _RANGE.match(asked.strip())
    if found is None or not (found[1] or found[2]):
        raise RangeUnmet
    if not found[1]:  # the last so many
        return max(0, size - int(found[2])), size
    first, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    if first >= end:
        raise RangeUnmet
    return first, end
