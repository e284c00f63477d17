"""The report of a room, put together from what sharing, campaigns and commerce count.

What each number means is said where it is counted: `sharing/reports/model.py`; `assists` are helps
that counted, `coupons` those that shares brought, to friends and to sharers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from yaohe.commerce import Order
from yaohe.identity import friendly_name
from yaohe.sharing.attribution import Credit
from yaohe.sharing.reports import Counts, Funnel, ShareReport
from yaohe.sharing.shares import State


class Totals(Counts, frozen=True, kw_only=True):
    assists: int = 0
    coupons: int = 0


class ChannelTotals(Totals, frozen=True, kw_only=True):
    channel: str


class ShareTotals(Totals, frozen=True, kw_only=True):
    token: str
    sharer_name: str
    sharer_name_en: str
    channel: str
    content: str
    parent_token: str | None
    state: State
    created_at: datetime


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the one sentence above the report: so many shares brought so many friends."""

    shares: int
    friends: int
    watched: int
    orders: int
    paid_minor: int


class ReportRoom(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None


class RoomReport(msgspec.Struct, frozen=True, kw_only=True):
    room: ReportRoom
    sentence: Sentence
    totals: Totals
    funnel: Funnel
    by_channel: list[ChannelTotals]
    shares: list[ShareTotals]
    previous: Totals | None
    as_of: datetime


class CreditedOrder(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    coupon_title: str | None
    coupon_title_en: str | None
    payment_problem: str | None
    refund_state: str | None
    going_back_minor: int
    credit: Credit | None


class OrdersPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[CreditedOrder]
    next: str | None


def _with(counts: Counts, *, assists: int, coupons: int) -> dict[str, int]:
    return {**msgspec.structs.asdict(counts), "assists": assists, "coupons": coupons}


def _in_channel(counted: Mapping[str, int], channels: Mapping[str, str], channel: str) -> int:
    return sum(n for token, n in counted.items() if channels.get(token) == channel)


def totals_of(
    report: ShareReport, *, assists: Mapping[str, int], coupons: Mapping[str, int]
) -> Totals:
    return Totals(
        **_with(report.totals, assists=sum(assists.values()), coupons=sum(coupons.values()))
    )


def room_report(
    room: ReportRoom,
    report: ShareReport,
    *,
    channels: Mapping[str, str],
    assists: Mapping[str, int],
    coupons: Mapping[str, int],
    previous: Totals | None,
) -> RoomReport:
    """`channels`, `assists` and `coupons` go by share token."""
    totals = totals_of(report, assists=assists, coupons=coupons)
    return RoomReport(
        room=room,
        sentence=Sentence(
            shares=report.funnel.shared,
            friends=totals.visitors,
            watched=report.funnel.watched,
            orders=totals.orders,
            paid_minor=totals.paid_minor,
        ),
        totals=totals,
        funnel=report.funnel,
        by_channel=[
            ChannelTotals(
                channel=row.channel,
                **_with(
                    row.counts,
                    assists=_in_channel(assists, channels, row.channel),
                    coupons=_in_channel(coupons, channels, row.channel),
                ),
            )
            for row in report.by_channel
        ],
        shares=[
            ShareTotals(
                token=row.token,
                sharer_name=friendly_name(row.sharer_id, "zh-CN", given=row.sharer_name),
                sharer_name_en=friendly_name(row.sharer_id, "en", given=row.sharer_name),
                channel=row.channel,
                content=row.content,
                parent_token=row.parent_token,
                state=row.state,
                created_at=row.created_at,
                **_with(
                    row.counts,
                    assists=assists.get(row.token, 0),
                    coupons=coupons.get(row.token, 0),
                ),
            )
            for row in report.shares
        ],
        previous=previous,
        as_of=report.as_of,
    )
