"""Where people come from: the words of the link, then the page that linked, never a way back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.town import Town
from tests.unit.sharing.test_attribution import credit, order

from yaohe.sharing.attribution import MODELS, PaidOrder
from yaohe.sharing.landings import source_of
from yaohe.sharing.landings.model import NAME_CHARS_MAX

OWN = "live.example.com"


@pytest.mark.parametrize(
    ("query", "referer", "way"),
    [
        ({}, "", ("direct", "")),
        ({"gclid": "x"}, "https://www.google.com/", ("ad", "")),
        ({"utm_medium": "CPC", "utm_campaign": "spring"}, "", ("ad", "spring")),
        ({"utm_medium": "kol", "utm_source": "mei"}, "", ("promoter", "mei")),
        ({"utm_source": "newsletter"}, "", ("recommendation", "newsletter")),
        ({}, "https://www.google.co.uk/", ("search", "google.co.uk")),
        ({}, "https://m.baidu.com/s?wd=tea", ("search", "m.baidu.com")),
        ({}, "https://www.so.com/", ("search", "so.com")),
        ({}, "https://notso.com/", ("recommendation", "notso.com")),
        ({}, "https://www.xiaohongshu.com/explore/1", ("recommendation", "xiaohongshu.com")),
        ({}, "https://live.example.com/r/other", None),
        ({}, "https://wx.tenpay.com/cgi-bin/mmpayweb", None),
        ({}, "https://checkout.stripe.com/c/pay", None),
        ({}, "https://accounts.google.com/o/oauth2", None),
        ({}, "https://facebook.com/dialog/oauth?client_id=1", None),
        ({}, "https://facebook.com/groups/tea", ("recommendation", "facebook.com")),
        ({}, "android-app://com.example/", ("direct", "")),
        ({}, "http://[broken", ("direct", "")),
        ({"fbclid": "x"}, "https://l.facebook.com/", ("recommendation", "l.facebook.com")),
    ],
)
def test_the_way_in(query: dict[str, str], referer: str, way: tuple[str, str] | None) -> None:
    assert source_of(query, referer, own_host=OWN) == way


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=90), max_size=4), st.text())
def test_any_words_are_some_way(query: dict[str, str], referer: str) -> None:
    way = source_of(query | {"utm_source": referer}, referer, own_host=OWN)
    assert way is None or (len(way[1]) <= NAME_CHARS_MAX and way[1].isprintable())


@pytest.mark.db
async def test_every_way_is_a_touch_and_the_share_still_gets_its_credit(town: Town) -> None:
    mei = town.person("Mei")
    share = await town.share(town.person("Lin"), channel="weibo")
    await town.open(share.token, mei)
    town.sharing.land(town.room, mei.id, "ad", "spring")
    town.sharing.land(town.room, mei.id, "direct", "")
    await landed(town, 2)
    bought = order(mei, 9_901)
    (found,) = await credit(town, with_room(bought, town.room))
    assert found.token == share.token
    for model, sources in {
        "last": {"direct": 9_901},
        "last_non_direct": {"ad": 9_901},
        "first": {"share": 9_901},
        "linear": {"share": 4_951, "ad": 4_950},
        "position": {"share": 4_951, "ad": 4_950},
    }.items():
        assert await earned_by(town, model) == sources, model
    # What comes later changes nothing of what was kept.
    town.sharing.land(town.room, mei.id, "search", "bing.com")
    await landed(town, 3)
    await credit(town, with_room(bought, town.room))
    assert await earned_by(town, "last_non_direct") == {"ad": 9_901}


@pytest.mark.db
async def test_a_part_given_back_is_nobodys_and_is_taken_once(town: Town) -> None:
    mei = town.person("Mei")
    share = await town.share(town.person("Lin"))
    await town.open(share.token, mei)
    bought = order(mei, 10_000)
    await credit(town, with_room(bought, town.room))

    async def back(refund_id: str, amount_minor: int) -> bool:
        async with town.db.begin() as tx:
            return await town.sharing.refund_credit(
                tx, bought.order_id, refund_id=refund_id, amount_minor=amount_minor
            )

    assert await back("ref_1" + town.room, 2_500)
    assert not await back("ref_1" + town.room, 2_500)
    assert (await town.sharing.share_report(town.room)).totals.paid_minor == 7_500
    for model in MODELS:
        assert await earned_by(town, model) == {"share": 7_500}
    assert await back("ref_2" + town.room, 9_000)  # more than is left takes what is left
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.orders, totals.paid_minor) == (0, 0)
    assert await earned_by(town, "linear") == {}


async def earned_by(town: Town, model: str) -> dict[str, int]:
    found = await town.sharing.room_earnings(
        town.room,
        model=model,  # type: ignore[arg-type]
        window_days=7,
        half_life_days=3,
    )
    assert sum(row.amount_minor for row in found.sources) == found.net_minor
    assert all(row.sharer_name == "Lin" for row in found.shares)
    return {row.source: row.amount_minor for row in found.sources}


async def landed(town: Town, count: int) -> None:
    """Wait until so many ways in are written: the note never holds up who makes it."""
    for _ in range(500):
        rows = await town.rows("select 1 from sharing.landings where room_id = $1", town.room)
        if len(rows) >= count:
            return
    raise AssertionError("not written")


def with_room(paid: PaidOrder, room: str) -> PaidOrder:
    return msgspec.structs.replace(paid, room_id=room)
