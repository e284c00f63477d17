"""What the hot endpoints of sharing take and answer, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Token = Annotated[str, Meta(max_length=64)]
Word = Annotated[str, Meta(max_length=40)]
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Moment = Annotated[int, Meta(ge=0, le=7 * 86_400_000)]


class ShareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/rooms/{room}/shares. It means intended unless `prepared`.

    With `content` "clip" the clip is what the show had in its `last_s` seconds up to the moment, or
    between `from_s` and `to_s`, counted from the show's first picture.
    """

    channel: Word
    content: Word = "card"
    variant: Word = ""
    prepared: bool = False
    parent: Token | None = None
    moment_ms: Moment | None = None
    moment_at: datetime | None = None  # what was on screen, on the clock of the stream
    product: Token | None = None  # what is shown there; else the pinned one
    last_s: Annotated[float, Meta(ge=1, le=300)] | None = None
    from_s: Seconds | None = None
    to_s: Seconds | None = None
    intents: bool = True  # whether the answer holds the compose windows of other services


class ShareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The new share and everything a share sheet needs to offer it."""

    token: str
    url: str
    card_url: str
    poster_url: str
    text: str
    intents: dict[str, str]
    square_url: str | None = None
    product: str | None = None  # what the share is about
    clip_url: str | None = None  # an MP4, where a clip is shared
    clip_ms: int | None = None
    maker: str | None = None  # who made it, told where nothing of them may be kept


class NoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """PUT /api/v1/shares/{token}/note: what the friend is told. `bought` is only told when true."""

    note: Annotated[str, Meta(max_length=400)] = ""
    bought: bool = False


class NoteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the friend will read."""

    note: str
    bought: bool


class BeaconRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/beacon: the page of a share is on screen. `opening` is what an earlier beacon of
    this page was answered, before its visitor accepted to be remembered."""

    token: Token
    opening: Token | None = None


class BeaconAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`counted`: this visitor's click of this share counts, now or from before. Without consent the
    page is counted as an `opening`, whose id is told to nobody else."""

    counted: bool
    opening: str | None = None


class TickRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/watch: the page is, or is no longer, visible."""

    room: Token
    token: Token | None = None
    visible: bool = True


class TickAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How long the server has seen this visit watch."""

    watch_ms: int
