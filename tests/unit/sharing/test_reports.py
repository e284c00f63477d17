"""The report counts what the definitions say, no more and no less."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.town import WHATSAPP, Town
from tests.unit.sharing.test_attribution import credit, order

from yaohe.sharing.reports import Counts, Funnel

pytestmark = pytest.mark.db


async def test_an_empty_room_reports_noughts(town: Town) -> None:
    report = await town.sharing.share_report(town.room)
    assert report.totals == Counts()
    assert (report.by_channel, report.shares) == ([], [])
    assert set(msgspec.structs.astuple(report.funnel)) == {0}


async def test_the_whole_story_in_numbers(town: Town) -> None:
    lin, mei, bo, ann = (town.person(name) for name in ("Lin", "Mei", "Bo", "Ann"))
    whatsapp = await town.share(lin, channel="whatsapp")
    await town.share(lin, channel="wechat", content="poster", prepared=True)
    await town.fetch(whatsapp.token, user_agent=WHATSAPP)
    await town.fetch(whatsapp.token, lin)  # looks at the own link
    await town.open(whatsapp.token, mei)
    await town.open(whatsapp.token, bo)
    second = await town.share(mei, channel="x")
    await town.open(second.token, bo)
    await town.watch(mei, whatsapp.token, 35)
    await town.watch(bo, second.token, 5)
    await town.sharing.interact(town.room, bo.id)
    await credit(town, order(bo, 9_900), order(mei, 4_900))
    await town.tick(ann)  # came directly

    report = await town.sharing.share_report(town.room)
    totals = report.totals
    assert (totals.prepared, totals.intended, totals.effective, totals.productive) == (3, 2, 2, 2)
    assert (totals.hits, totals.bot_hits, totals.clicks, totals.visitors) == (5, 1, 3, 2)
    assert (totals.orders, totals.buyers, totals.paid_minor) == (2, 2, 14_800)
    assert totals.interacted == 1
    assert totals.watch_ms >= 40_000
    funnel = report.funnel
    assert (funnel.shared, funnel.opened, funnel.watched, funnel.interacted) == (2, 2, 2, 2)
    assert funnel.ordered == 2

    channels = {row.channel: row.counts for row in report.by_channel}
    assert set(channels) == {"whatsapp", "wechat", "x"}
    assert (channels["whatsapp"].clicks, channels["whatsapp"].paid_minor) == (2, 4_900)
    assert (channels["x"].clicks, channels["x"].paid_minor) == (1, 9_900)
    assert (channels["wechat"].prepared, channels["wechat"].intended) == (1, 0)
    for name in ("prepared", "intended", "effective", "productive", "hits", "bot_hits", "clicks",
                 "watch_ms", "orders", "paid_minor"):  # fmt: skip
        assert sum(getattr(row, name) for row in channels.values()) == getattr(totals, name), name
        assert sum(getattr(row.counts, name) for row in report.shares) == getattr(totals, name)

    assert next(row.channel for row in report.shares) == "x"  # sold most
    row = next(row for row in report.shares if row.channel == "whatsapp")
    assert (row.sharer_name, row.state, row.parent_token) == ("Lin", "productive", None)
    assert next(row for row in report.shares if row.channel == "x").parent_token == whatsapp.token


async def test_each_step_of_the_funnel_is_a_part_of_the_one_before(town: Town) -> None:
    lin = town.person("Lin")
    share, unseen = await town.share(lin), await town.share(lin, prepared=True)
    looked, watched, spoke, bought, twice = (town.person() for _ in range(5))
    for visitor in (looked, watched, spoke, bought, twice):
        await town.open(share.token, visitor)
    await town.open(unseen.token, twice)  # by WeChat's own menu: nobody was seen to press
    await town.watch(looked, share.token, 5)
    await town.watch(watched, share.token, 35)
    await town.watch(twice, unseen.token, 35)
    await town.sharing.interact(town.room, spoke.id)  # in the first second
    await credit(town, order(bought, 9_900), order(twice, 100))
    report = await town.sharing.share_report(town.room)
    funnel = report.funnel
    assert funnel == Funnel(shared=2, opened=5, watched=4, interacted=3, ordered=2)
    assert (report.totals.intended, report.totals.interacted) == (1, 1)
    assert (funnel.opened, funnel.ordered) == (report.totals.visitors, report.totals.buyers)


async def test_totals_are_over_all_shares_rows_only_of_the_busiest(town: Town) -> None:
    for _ in range(7):
        await town.share(town.person())
    busy = await town.share(town.person())
    await town.open(busy.token, town.person())
    report = await town.sharing.share_report(town.room, rows_max=3)
    assert report.totals.prepared == 8
    assert next(row.token for row in report.shares) == busy.token
    assert len(report.shares) == 3


async def test_sharers_see_how_many_never_who(town: Town) -> None:
    lin, mei = town.person("Lin"), town.person("Mei")
    share = await town.share(lin)
    await town.share(lin, prepared=True)  # never pressed, never opened: nothing to tell
    await town.share(mei)
    await town.open(share.token, mei)
    await town.watch(mei, share.token, 35)
    await credit(town, order(mei))
    (mine,) = await town.sharing.shares_of(lin.id)
    assert (mine.token, mine.friends, mine.watched, mine.orders) == (share.token, 1, 1, 1)
    assert mine.state == "productive"
    assert mei.id.encode() not in msgspec.json.encode(mine)
    assert b"Mei" not in msgspec.json.encode(mine)
