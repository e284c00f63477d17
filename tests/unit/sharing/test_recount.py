"""Reports and rows agree, whatever people did; what was changed by hand is found and mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import pytest_asyncio
from tests.support.town import WHATSAPP, Town
from tests.unit.sharing.test_attribution import credit, order

from yaohe.app.recounting import recount_shares
from yaohe.app.settings import load
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.sharing import Sharing
from yaohe.sharing.recount import recount

pytestmark = pytest.mark.db

Ask = Callable[..., object]


@pytest_asyncio.fixture
async def street(fresh_db: Database) -> AsyncIterator[Town]:
    """A room with a story, alone in its database."""
    sharing = Sharing(fresh_db, SystemClock(), "https://shop.example")
    town = Town(sharing, fresh_db)
    lin, mei, bo = (town.person(name) for name in ("Lin", "Mei", "Bo"))
    first = await town.share(lin, channel="whatsapp")
    await town.share(lin, prepared=True)
    await town.fetch(first.token, user_agent=WHATSAPP)
    await town.fetch(first.token, method="HEAD")
    await town.fetch("nobodys___")
    await town.open(first.token, mei)
    await town.open(first.token, bo)
    second = await town.share(mei, channel="x")
    await town.open(second.token, bo)
    await town.watch(mei, first.token, 35)
    await town.sharing.interact(town.room, bo.id)
    bought = order(bo, 9_900)
    await credit(town, bought, order(mei, 4_900))
    async with town.db.begin() as tx:
        await sharing.reverse_credit(tx, bought.order_id)
    yield town
    await sharing.close()


async def ask(town: Town, capsys: pytest.CaptureFixture[str], *, mend: bool = False) -> dict:  # type: ignore[type-arg]
    """The command's exit code and what it printed."""
    said: list[str] = []
    settings = load({}, data="/nonexistent", database_url=town.db.url)
    code = await recount_shares(settings, said.append, as_json=True, mend=mend)
    printed = msgspec.json.decode(capsys.readouterr().out)
    assert isinstance(printed, dict)
    return printed | {"code": code, "said": said}


async def test_both_counts_say_what_happened(
    street: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    told = await ask(street, capsys)
    assert (told["code"], told["equal"]) == (0, True)
    assert told["counters"] == told["recount"]
    room = told["recount"]["rooms"][street.room]
    assert (room["prepared"], room["intended"], room["effective"], room["productive"]) == (
        3,
        2,
        2,
        2,
    )
    assert (room["hits"], room["bot_hits"], room["clicks"], room["visitors"]) == (4, 1, 3, 2)
    assert (room["orders"], room["buyers"], room["paid_minor"]) == (1, 1, 4_900)
    assert (room["funnel_shared"], room["funnel_opened"], room["funnel_ordered"]) == (2, 2, 1)
    assert told["recount"]["unknown"] == {"hits": 1, "bot_hits": 0}
    assert told["recount"]["totals"]["hits"] == 5


@pytest.mark.parametrize(
    "harm",
    [
        "update sharing.hit_totals set hits = hits + 1 where token <> 'nobodys___'",
        "update sharing.hit_totals set bot_hits = 9 where token = 'nobodys___'",
        "delete from sharing.hit_totals",
        "update sharing.shares set productive_at = null",
        "update sharing.shares set productive_at = now(), effective_at = now()",
    ],
)
async def test_harm_is_found_and_mended(
    street: Town, capsys: pytest.CaptureFixture[str], harm: str
) -> None:
    right = (await ask(street, capsys))["recount"]
    async with street.db.raw() as conn:
        await conn.execute(harm)
    found = await ask(street, capsys)
    assert (found["code"], found["equal"]) == (1, False)
    assert found["counters"] != found["recount"] == right
    mended = await ask(street, capsys, mend=True)
    assert (mended["code"], mended["equal"], mended["counters"]) == (0, True, right)
    assert any("the rows say" in line for line in mended["said"])


async def test_differences_are_told_by_room_and_number(street: Town) -> None:
    async with street.db.raw() as conn:
        await conn.execute("update sharing.hit_totals set hits = 7 where token = 'nobodys___'")
        (line,) = (await recount(conn)).differences()
    assert line == "links nobody made: hits is shown as 7, the rows say 1"


async def test_an_empty_shop_agrees_with_itself(
    fresh_db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(Sharing(fresh_db, SystemClock(), "https://shop.example"), fresh_db)
    told = await ask(town, capsys)
    assert (told["code"], told["counters"]["rooms"]) == (0, {})
