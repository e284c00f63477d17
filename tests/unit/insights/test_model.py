"""Putting a report together: sums fit, by room, by channel and by share."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from yaohe.insights import Totals
from yaohe.insights.http import etag_of
from yaohe.insights.model import ReportRoom, RoomReport, room_report
from yaohe.sharing.reports import ChannelRow, Counts, Funnel, ShareReport, ShareRow

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOM = ReportRoom(
    id="tea", title="春茶", title_en="Tea", status="live", started_at=AT, ended_at=None
)


def row(token: str, channel: str, clicks: int) -> ShareRow:
    return ShareRow(
        token=token,
        sharer_id="v_00000000000000000000",
        sharer_name="可靠的仓鼠",
        channel=channel,
        content="card",
        parent_token=None,
        state="effective",
        created_at=AT,
        counts=Counts(prepared=1, intended=1, effective=1, clicks=clicks, visitors=clicks),
    )


def report(*, as_of: datetime = AT, previous: Totals | None = None) -> RoomReport:
    shares = [row("aaaaaaaaaa", "x", 3), row("bbbbbbbbbb", "weibo", 2), row("cccccccccc", "x", 1)]
    found = ShareReport(
        totals=Counts(
            prepared=3, intended=3, effective=3, clicks=6, visitors=5, orders=2, paid_minor=900
        ),
        funnel=Funnel(shared=3, opened=5, watched=4, interacted=2, ordered=2),
        by_channel=[
            ChannelRow(channel="x", counts=Counts(clicks=4)),
            ChannelRow(channel="weibo", counts=Counts(clicks=2)),
        ],
        shares=shares,
        as_of=as_of,
    )
    return room_report(
        ROOM,
        found,
        channels={share.token: share.channel for share in shares},
        assists={"aaaaaaaaaa": 2, "bbbbbbbbbb": 1},
        coupons={"aaaaaaaaaa": 4, "cccccccccc": 1},
        previous=previous,
    )


def test_assists_and_coupons_are_added_where_they_belong() -> None:
    made = report()
    assert (made.totals.assists, made.totals.coupons) == (3, 5)
    assert [(r.channel, r.assists, r.coupons) for r in made.by_channel] == [
        ("x", 2, 5),
        ("weibo", 1, 0),
    ]
    assert [(r.token[0], r.assists, r.coupons) for r in made.shares] == [
        ("a", 2, 4),
        ("b", 1, 0),
        ("c", 0, 1),
    ]


def test_sharers_are_named_in_both_languages() -> None:
    made = report()
    assert {(r.sharer_name, r.sharer_name_en) for r in made.shares} == {
        ("可靠的仓鼠", "Trusty Hamster")
    }


def test_the_sentence_is_read_off_the_totals() -> None:
    sentence = report().sentence
    assert (sentence.shares, sentence.friends, sentence.watched) == (3, 5, 4)
    assert (sentence.orders, sentence.paid_minor) == (2, 900)


def test_the_tag_changes_with_the_numbers_and_not_with_the_hour() -> None:
    later = report(as_of=datetime(2026, 11, 24, tzinfo=UTC))
    assert etag_of(later) == etag_of(report())
    assert etag_of(report(previous=Totals(clicks=1))) != etag_of(report())
    assert etag_of(report()).startswith('"')


def test_it_is_json_as_it_stands() -> None:
    assert msgspec.json.decode(msgspec.json.encode(report()))["totals"]["paid_minor"] == 900
