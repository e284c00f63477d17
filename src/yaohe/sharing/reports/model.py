"""What the numbers of a share report mean.

`prepared` counts all shares, since each has a token; `intended`, `effective` and `productive`
count the shares that ever reached that state. `hits` are GETs of the links, bots included;
`bot_hits` are those of bots and of browsers that only fetched ahead. `openings` are pages that came
on screen of people who did not accept to be remembered. `clicks` counts pairs of share and visitor.
`visitors` are different people who came by a share; `interacted` of them took part. `watch_ms` is
what they watched. `orders` and `paid_minor` are credited and not reversed; `buyers`
are different people.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from yaohe.sharing.shares.model import State


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    prepared: int = 0
    intended: int = 0
    effective: int = 0
    productive: int = 0
    hits: int = 0
    bot_hits: int = 0
    openings: int = 0
    clicks: int = 0
    visitors: int = 0
    watch_ms: int = 0
    interacted: int = 0
    orders: int = 0
    buyers: int = 0
    paid_minor: int = 0


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Shares that went out, then different people, each step a part of the one before.

    Somebody may chat in the first second and buy in the tenth: who got further has got here too, so
    a step counts those who reached it or a later one.
    """

    shared: int  # pressed, or opened without a press that we could see
    opened: int
    watched: int  # 30 s, or took part or ordered sooner
    interacted: int  # spoke, liked, helped, or ordered
    ordered: int


class ChannelRow(msgspec.Struct, frozen=True, kw_only=True):
    channel: str
    counts: Counts


class ShareRow(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    sharer_id: str
    sharer_name: str
    channel: str
    content: str
    parent_token: str | None
    state: State
    created_at: datetime
    counts: Counts


class ShareReport(msgspec.Struct, frozen=True, kw_only=True):
    """`shares` holds the busiest; totals and channels are over all of them."""

    totals: Counts
    funnel: Funnel
    by_channel: list[ChannelRow]
    shares: list[ShareRow]
    as_of: datetime


class MyShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one share brought, as its sharer may know it: how many, never who."""

    token: str
    room_id: str
    channel: str
    content: str
    state: State
    created_at: datetime
    friends: int
    watched: int
    orders: int
