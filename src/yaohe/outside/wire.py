"""What the server API of outside rooms takes and answers, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from yaohe.identity import friendly_name
from yaohe.outside.model import EventCount, OutsideOrder, OutsideRoom
from yaohe.sharing import Share
from yaohe.sharing.attribution import Credit
from yaohe.sharing.reports import ShareReport

Word = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=1_000)]
Long = Annotated[str, Meta(max_length=4_000)]


class RoomBody(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of what the outside room is by now."""

    title: Text
    url: Text
    title_en: Text = ""
    cover_url: Text = ""
    status: Literal["upcoming", "live", "ended"] = "live"
    utm: dict[Word, Text] = {}


class RoomList(msgspec.Struct, frozen=True):
    items: list[OutsideRoom]


class UserBody(msgspec.Struct, frozen=True):
    """A user of the outside system, told by its server."""

    id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
    name: Annotated[str, Meta(max_length=40)] = ""


class OutsideShareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`user` is for servers; a page says who shares by X-Yaohe-Visitor. `text` is what the sharer
    says; without it the room's title."""

    channel: Word = "copy_link"
    content: Literal["link", "card", "poster"] = "link"
    prepared: bool = False
    parent: Word | None = None
    moment_ms: Annotated[int, Meta(ge=0, le=7 * 86_400_000)] | None = None
    text: Annotated[str, Meta(max_length=300)] = ""
    user: UserBody | None = None


class OutsideShareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    url: str
    text: str
    cover_url: str
    intents: dict[str, str]


class IntendBody(msgspec.Struct, frozen=True):
    channel: Word


class VisitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`click` is the page's own `yh_cid`, when it was opened with one. `consent` says whether this
    person may be remembered; when it is not said, the shop's consent mode decides. `opening` is
    what an earlier visit of this page was answered, before its person accepted."""

    click: Annotated[str, Meta(max_length=200)] | None = None
    consent: bool | None = None
    opening: Word | None = None


class InvitedBy(msgspec.Struct, frozen=True):
    token: str
    sharer: str


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Keep `visitor` and send it as X-Yaohe-Visitor from now on. Without consent it is good for
    sharing alone and must not outlive the page; `opening` is then how the visit was counted."""

    visitor: str
    invited: InvitedBy | None
    counted: bool
    named: bool = True
    opening: str | None = None


class WatchBody(msgspec.Struct, frozen=True, kw_only=True):
    visible: bool = True
    token: Word | None = None


class WatchAnswer(msgspec.Struct, frozen=True):
    watch_ms: int


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """Something a visitor did. `id` is of the sender's making and makes telling it twice harmless.
    Money is told by servers, as orders."""

    id: Word
    name: Word
    properties: dict[str, Any] = {}
    user: UserBody | None = None


class EventAnswer(msgspec.Struct, frozen=True):
    id: str


class IdentifyBody(msgspec.Struct, frozen=True):
    token: Long


class IdentifyAnswer(msgspec.Struct, frozen=True):
    user: str


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """A paid order. Who bought: `visitor` (the header value the page has) or `user`."""

    amount_minor: int
    currency: Word
    room: Word | None = None
    visitor: Word | None = None
    user: UserBody | None = None


class CreditBody(msgspec.Struct, frozen=True):
    token: str
    sharer: str
    channel: str
    first_token: str
    last_token: str


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`credit` is null when no share led to the order."""

    id: str
    ref: str
    amount_minor: int
    currency: str
    refunded: bool
    credit: CreditBody | None = None


class RoomReport(msgspec.Struct, frozen=True, kw_only=True):
    room: OutsideRoom
    shares: ShareReport
    events: list[EventCount]


def invited_by(share: Share | None, lang: str) -> InvitedBy | None:
    if share is None:
        return None
    return InvitedBy(share.token, friendly_name(share.sharer_id, lang, given=share.sharer_name))


def order_answer(order: OutsideOrder, credit: Credit | None) -> OrderAnswer:
    body = None
    if credit is not None:
        body = CreditBody(
            credit.token, credit.sharer_name, credit.channel, credit.first_token, credit.last_token
        )
    return OrderAnswer(
        id=order.id,
        ref=order.ref,
        amount_minor=order.amount_minor,
        currency=order.currency,
        refunded=order.refunded_at is not None,
        credit=body,
    )
