"""Visits: time by the database's clock, and what makes a share productive."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.town import Town

from yaohe.kernel.errors import BadInput
from yaohe.sharing import WatchTick
from yaohe.sharing.visits.model import GAP_MS_MAX, accrued_ms

pytestmark = pytest.mark.db


class Stopwatch:
    """Real time that passed since it was made, for bounds that hold on a busy machine."""

    def __init__(self) -> None:
        self._since = asyncio.get_running_loop().time()

    def passed_ms(self) -> int:
        return int((asyncio.get_running_loop().time() - self._since) * 1_000) + 20


@pytest.mark.parametrize(
    ("visible", "silence_s"),
    [(True, 0), (True, 5), (True, 7), (True, 3_600), (True, -3_600), (False, 5), (False, 3_600)],
)
async def test_sql_and_model_accrue_alike(town: Town, visible: bool, silence_s: float) -> None:
    mei, watch = town.person(), Stopwatch()
    await town.tick(mei, visible=visible)
    await town.pass_time(mei, silence_s)
    watched = await town.tick(mei)
    expected = accrued_ms(visible_before=visible, silence_ms=int(silence_s * 1_000))
    assert expected <= watched <= min(expected + watch.passed_ms(), GAP_MS_MAX)


async def test_hidden_time_does_not_count_but_the_time_until_the_hide_does(town: Town) -> None:
    mei, watch = town.person(), Stopwatch()
    await town.tick(mei)
    await town.pass_time(mei, 4)
    until_hidden = await town.tick(mei, visible=False)
    assert 4_000 <= until_hidden <= 4_000 + watch.passed_ms()
    await town.pass_time(mei, 600)
    assert await town.tick(mei) == until_hidden


async def test_a_visible_page_is_read_up_to_this_moment(town: Town) -> None:
    mei, watch = town.person(), Stopwatch()
    share = await town.share(town.person())
    await town.open(share.token, mei)
    assert await town.sharing.visit(town.room, mei.id) is None
    await town.watch(mei, share.token, 10)
    await town.pass_time(mei, 4)
    visit = await town.sharing.visit(town.room, mei.id, token=share.token)
    arrival = await town.sharing.arrival(share.token, mei.id)
    assert visit is not None
    assert arrival is not None
    assert 14_000 <= visit.watch_ms <= 14_000 + watch.passed_ms()
    assert visit.watch_ms <= arrival.watch_ms <= 14_000 + watch.passed_ms()
    assert (arrival.clicked, arrival.room_id) == (True, town.room)
    assert await town.sharing.arrival("0000000000", mei.id) is None
    assert await town.sharing.arrival("?", mei.id) is None
    stranger = await town.sharing.arrival(share.token, town.person().id)
    assert stranger is not None
    assert (stranger.clicked, stranger.watch_ms) == (False, 0)


async def test_a_flood_of_ticks_gains_no_time(town: Town) -> None:
    mei = town.person()
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(town.tick(mei) for _ in range(500)))
    watched = await town.tick(mei)
    assert watched <= (asyncio.get_running_loop().time() - started) * 1_000 + 50


async def test_tokens_of_others_rooms_and_of_oneself_are_direct_visits(town: Town) -> None:
    lin = town.person("Lin")
    mine = await town.share(lin)
    elsewhere = await Town(town.sharing, town.db).share(town.person())
    for token in (mine.token, elsewhere.token, "0000000000", "x" * 64):
        await town.tick(lin, token)
    rows = await town.rows("select token from sharing.visits where visitor_id = $1", lin.id)
    assert [row["token"] for row in rows] == [""]


async def test_own_and_direct_ticks_in_one_batch_are_one_visit(town: Town) -> None:
    lin = town.person("Lin")
    mine = await town.share(lin)
    await asyncio.gather(*(town.tick(lin, token) for token in (mine.token, None) * 20))
    rows = await town.rows("select token from sharing.visits where visitor_id = $1", lin.id)
    assert [row["token"] for row in rows] == [""]


async def test_thirty_seconds_make_a_share_productive_once(town: Town) -> None:
    share, mei, bo = await town.share(town.person()), town.person(), town.person()
    for friend in (mei, bo):
        await town.open(share.token, friend)
    await town.watch(mei, share.token, 15)  # and what a busy machine adds
    before = await town.sharing.fresh_share(share.token)
    assert before.state == "effective"
    await town.watch(mei, share.token, 20)
    after = await town.sharing.fresh_share(share.token)
    assert after.state == "productive"
    await town.watch(bo, share.token, 40)
    assert (await town.sharing.fresh_share(share.token)).productive_at == after.productive_at
    assert await town.facts("share_productive.v1", share.token) == [mei.id]


async def test_watching_without_a_confirmed_click_is_not_productive(town: Town) -> None:
    share, ghost = await town.share(town.person()), town.person()
    await town.watch(ghost, share.token, 60)
    assert (await town.sharing.fresh_share(share.token)).state == "intended"
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.visitors, totals.watch_ms) == (0, 0)
    # The proof comes late: the room join. What was watched before counts then.
    await town.sharing.confirm_click(share.token, ghost.id, joined=True)
    assert (await town.sharing.fresh_share(share.token)).state == "productive"


async def test_the_sharers_own_watching_makes_nothing_productive(town: Town) -> None:
    lin = town.person("Lin")
    share = await town.share(lin)
    await town.open(share.token, lin)
    await town.watch(lin, share.token, 60)
    assert (await town.sharing.fresh_share(share.token)).state == "intended"


async def test_taking_part_makes_the_share_that_brought_one_productive(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.open(share.token, mei)
    await asyncio.gather(*(town.sharing.interact(town.room, mei.id) for _ in range(50)))
    assert (await town.sharing.fresh_share(share.token)).state == "productive"
    assert await town.facts("share_productive.v1", share.token) == [mei.id]
    visit = await town.sharing.visit(town.room, mei.id, token=share.token)
    assert visit is not None
    assert visit.interacted_at is not None
    assert (await town.sharing.share_report(town.room)).totals.interacted == 1


async def test_taking_part_without_a_share_is_a_direct_visit(town: Town) -> None:
    bo = town.person()
    await town.sharing.interact(town.room, bo.id)
    visit = await town.sharing.visit(town.room, bo.id)
    assert visit is not None
    assert visit.interacted_at is not None


async def test_many_watch_at_once_without_waiting_for_each_other(town: Town) -> None:
    share = await town.share(town.person())
    people = [town.person() for _ in range(400)]
    await asyncio.gather(
        *(town.sharing.confirm_click(share.token, p.id, joined=True) for p in people)
    )
    for _ in range(7):
        for person in people[:3]:
            await town.pass_time(person, 5)
        await asyncio.gather(*(town.tick(p, share.token) for p in people))
    assert len(await town.facts("share_productive.v1", share.token)) == 1


async def test_wrong_ticks_are_refused_before_they_join_a_batch(town: Town) -> None:
    for room, visitor, token in (("", "v", None), ("r", "\x00", None), ("r", "v", "t" * 65)):
        with pytest.raises(BadInput):
            await town.sharing.tick(WatchTick(room_id=room, visitor_id=visitor, token=token))
