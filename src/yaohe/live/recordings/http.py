"""The API of recordings: what can be watched again, and how the disk does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.live.captions import CaptionLine, Captions
from yaohe.live.realtime import ChatLine, Hub
from yaohe.live.recordings.disk import DiskState
from yaohe.live.recordings.errors import NothingRecorded
from yaohe.live.recordings.model import Reel, Span, spans
from yaohe.live.recordings.service import Recordings
from yaohe.live.shelf import Shelf
from yaohe.sharing import Sharing

# As many small pictures as a time line has room for, and lines as somebody can read in a minute.
FACES_MAX: Final = 120
LINES_MAX: Final = 300
STRETCH_S_MAX: Final = 600

SECONDS_MAX: Final = 32_503_680_000  # the year 3000
Seconds = Annotated[float, QueryParameter(ge=0, le=SECONDS_MAX)]


class Face(msgspec.Struct, frozen=True):
    """A small picture of the moment `at`."""

    at: datetime
    url: str


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was shown from `at` on."""

    at: datetime
    product_id: str
    title: str
    title_en: str
    picture: str | None
    price_minor: int


class ShareMoment(msgspec.Struct, frozen=True):
    """Ten seconds from `at` on in which the room was shared `n` times."""

    at: datetime
    n: int


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`list_url?from=` plays from a moment; `spans` join the time of day and the position."""

    show: int
    live: bool
    list_url: str
    spans: list[Span]
    faces: list[Face]
    chapters: list[Chapter]
    shares: list[ShareMoment]


class ReplayMoment(msgspec.Struct, frozen=True, kw_only=True):
    """`position_ms` on the time line of what can be watched, null where nothing shows the moment;
    it is `ago_ms` past by the server's clock."""

    position_ms: int | None
    ago_ms: int


class ReplayChat(msgspec.Struct, frozen=True):
    items: list[ChatLine]


class ReplayCaptions(msgspec.Struct, frozen=True):
    items: list[CaptionLine]


class Replay(Controller):
    """A show to rewind while it is live and to replay after."""

    path = "/api/v1/rooms/{room_id:str}/replay"
    tags = ("replay",)

    @get(
        "/",
        summary="What of the show can be watched again, with what happened when",
        opt={"errors": (NothingRecorded,)},
    )
    async def show(
        self,
        room_id: FromPath[str],
        recordings: Given[Recordings],
        shelf: Given[Shelf],
        sharing: Given[Sharing],
    ) -> ReplayAnswer:
        recording = await recordings.find(room_id)
        reels = [] if recording is None else recording.since(recordings.since(recording))
        if recording is None or not reels:
            raise NothingRecorded
        begin, end = recording.at(reels[0]), recording.ends(reels[-1])
        shown = await shelf.pinned_between(room_id, begin, end)
        at = f"/live/{room_id}"
        return ReplayAnswer(
            show=recording.show,
            live=recording.ended_at is None,
            list_url=f"{at}/rewind.m3u8?show={recording.show}",
            spans=spans(recording, reels),
            faces=[
                Face(recording.at(reel), f"{at}/reel-{recording.show}-{reel.number}.jpg")
                for reel in _some(reels)
            ],
            chapters=[
                Chapter(
                    at=max(pinned_at, begin),
                    product_id=product.id,
                    title=product.title,
                    title_en=product.title_en,
                    picture=product.picture,
                    price_minor=product.price_minor,
                )
                for product, pinned_at in shown
            ],
            shares=[ShareMoment(*one) for one in await sharing.share_times(room_id, begin, end)],
        )

    @get("/moment", summary="Whether a moment of the show can be watched, and where it stands")
    async def moment(
        self,
        room_id: FromPath[str],
        recordings: Given[Recordings],
        at: Seconds,
    ) -> ReplayMoment:
        """`at` is seconds since 1970. A room without a recording shows nothing, as an answer."""
        moment = _moment(at)
        position_ms, ago_ms = await recordings.moment(room_id, moment)
        return ReplayMoment(position_ms=position_ms, ago_ms=ago_ms)

    @get("/chat", summary="What was said about a stretch of the video")
    async def chat(
        self,
        room_id: FromPath[str],
        hub: Given[Hub],
        begin: Seconds,
        end: Seconds,
    ) -> ReplayChat:
        """`begin` and `end` are seconds since 1970, ten minutes apart at most."""
        first = _moment(begin)
        last = min(_moment(end), first + timedelta(seconds=STRETCH_S_MAX))
        return ReplayChat(await hub.between(room_id, first, last, limit=LINES_MAX))

    @get("/captions", summary="What could be read with a stretch of the video")
    async def captions(
        self,
        room_id: FromPath[str],
        captions: Given[Captions],
        begin: Seconds,
        end: Seconds,
    ) -> ReplayCaptions:
        """`begin` and `end` are seconds since 1970, ten minutes apart at most. A caption stands
        until the next one; an empty one takes it away."""
        first = _moment(begin)
        last = min(_moment(end), first + timedelta(seconds=STRETCH_S_MAX))
        return ReplayCaptions(await captions.between(room_id, first, last))


class RecordingDesk(Controller):
    """How recording goes, for staff."""

    path = "/api/v1/recordings"
    tags = ("replay",)
    dependencies = STAFF_ONLY

    @get("/disk", summary="Space for recordings", opt={"errors": STAFF_ERRORS})
    async def disk(self, staff: Given[Staff], recordings: Given[Recordings]) -> DiskState:
        return recordings.disk.state


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _some(reels: Sequence[Reel]) -> Sequence[Reel]:
    """Evenly chosen, the first among them."""
    step = -(-len(reels) // FACES_MAX)
    return reels[::step]


controllers = (Replay, RecordingDesk)
