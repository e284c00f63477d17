"""A share: who gave which moment of which room to a channel, and what became of it.

prepared → intended → effective → productive. A token exists (prepared); the sharer pressed
(intended); another visitor's click was confirmed (effective); that visitor watched 30 s, took part
or bought (productive). Each moment is noted once. Effective without intended is legal: WeChat's
own menu shares a page without telling it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from yaohe.kernel.coalesce import check_text
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import is_token
from yaohe.kernel.text import clean_text
from yaohe.platforms import takes
from yaohe.sharing.errors import ChannelRefused
from yaohe.sharing.shares.terms import LinkTerms

State = Literal["prepared", "intended", "effective", "productive"]

NAME_CHARS_MAX: Final = 40
ID_CHARS_MAX: Final = 64
NOTE_CHARS_MAX: Final = 60
MOMENT_MS_MAX: Final = 7 * 86_400_000
_LINK_NAME: Final = re.compile(r"[0-9A-Za-z-]{3,40}\Z")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    shop_id: str
    room_id: str
    sharer_id: str
    sharer_name: str
    parent_token: str | None
    generation: int  # 1 when nobody's share led the sharer here
    channel: str
    content: str
    variant: str
    moment_ms: int | None  # in the stream, when a moment is what is shared
    moment_at: datetime | None = None  # the same as time of day: what the sharer had on screen
    product_id: str | None = None  # shown at that moment
    note: str = ""  # what the sharer says to the friend, "" nothing
    bought: bool = False  # the sharer bought the product and wants it told
    clip_key: str | None = None  # the file, where a clip is what is shared
    clip_ms: int | None = None  # how long it plays
    clip_bytes: int | None = None
    created_at: datetime
    prepared_at: datetime
    intended_at: datetime | None
    effective_at: datetime | None
    productive_at: datetime | None
    link: LinkTerms | None = None  # where staff made it, for whom finds it by its name

    @property
    def is_named(self) -> bool:
        """Whether somebody invites by it: no link of the shop's own, nobody who is forgotten."""
        return self.link is None and self.sharer_name != ""

    @property
    def state(self) -> State:
        """The furthest this share has come."""
        if self.productive_at is not None:
            return "productive"
        if self.effective_at is not None:
            return "effective"
        return "prepared" if self.intended_at is None else "intended"


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share that is asked for. `parent` is only a claim: the store decides what led here."""

    token: str
    shop_id: str
    room_id: str
    sharer_id: str
    sharer_name: str
    channel: str
    content: str
    variant: str
    parent: str | None
    moment_ms: int | None
    prepared: bool
    moment_at: datetime | None = None
    product_id: str | None = None
    clip_key: str | None = None
    clip_ms: int | None = None
    clip_bytes: int | None = None


def is_link_name(text: str) -> bool:
    """Whether this may stand after /s/: a token, or a name staff chose."""
    return _LINK_NAME.match(text) is not None


def check_key(text: str, *, field: str, empty: bool = False) -> None:
    """Raise `BadInput` unless `text` is an id that may travel in a batch."""
    if not text.isprintable() or len(text) > ID_CHARS_MAX or not (text or empty):
        raise BadInput(f"{field} must be 1 to {ID_CHARS_MAX} printable characters.", field=field)


def checked_name(name: str) -> str:
    """The sharer's name as it will be drawn on cards."""
    return clean_text(name[: NAME_CHARS_MAX * 4], field="name", chars_max=NAME_CHARS_MAX)


def checked_note(note: str) -> str:
    """What the sharer says, as it will be read; "" is nothing."""
    return clean_text(note, field="note", chars_max=NOTE_CHARS_MAX, empty=True)


def check_share(share: NewShare) -> None:
    """Raise `BadInput` unless this share may join a batch."""
    if not takes(share.channel, share.content):
        raise ChannelRefused(field="channel")
    if share.parent is not None and not is_token(share.parent):
        raise BadInput("The parent is not a share token.", field="parent")
    if share.moment_ms is not None and not 0 <= share.moment_ms <= MOMENT_MS_MAX:
        raise BadInput("The moment lies outside of any stream.", field="moment_ms")
    check_text(share.sharer_name, field="name", chars_max=NAME_CHARS_MAX, chars_min=1)
    check_key(share.variant, field="variant", empty=True)
    if share.product_id is not None:
        check_key(share.product_id, field="product_id")
    if share.clip_key is not None:
        check_key(share.clip_key, field="clip_key")
    for field in ("shop_id", "room_id", "sharer_id"):
        check_key(getattr(share, field), field=field)
