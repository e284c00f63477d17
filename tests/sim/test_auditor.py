"""The auditor is no yes-man: a small shop at rest passes, and each rule catches what is planted."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server
from tests.sim import auditor, elements
from tests.sim.asgi import Browser
from tests.sim.auditor import RULES, ask, audit
from tests.sim.buying import look, payment_in
from tests.sim.crowd import settle
from tests.sim.people import BOTS, Person
from tests.sim.plants import PLANTS, Plant
from tests.sim.recount import differences, recount
from tests.sim.told import ToldShare
from tests.sim.world import World, open_world

pytestmark = [pytest.mark.db, pytest.mark.slow]

HERE = Path(__file__).parent


class Calm(random.Random):
    """Chance that never strikes: nobody taps twice."""

    def random(self) -> float:
        return 0.99


def person(world: World, name: str, user_agent: str | None = None) -> Person:
    browser = Browser() if user_agent is None else Browser(user_agent=user_agent)
    return Person(world, name, Calm(7), browser, world.doors[0], roams=False)


async def share(who: Person, *, pressed: bool = True) -> str:
    wish = {"channel": "whatsapp", "prepared": not pressed}
    token: str = (await who.ask("POST", "/api/v1/rooms/tea/shares", wish)).json["token"]
    who.world.told.shares[token] = ToldShare("tea", who.id, "whatsapp", pressed)
    return token


async def order(
    who: Person, number: int, coupon: str | None = None, *, lower: bool = False
) -> tuple[str, str]:
    """The ids of a new order of the dearest product (or of the one at a live price) and of its
    payment."""
    key, told = f"key-{number}", who.world.told
    told.keys.add((who.id, key))
    wish = {
        "product_id": who.world.products[1 if lower else 0],
        "live_price_id": who.world.live_price if lower else None,
        "idempotency_key": key,
        "room_id": "tea",
        "coupon_id": coupon,
    }
    made = (await who.ask("POST", "/api/v1/orders", wish)).json
    told.orders[made["order"]["id"]] = (who.id, key)
    return made["order"]["id"], payment_in(made["cashier_url"])


async def story(world: World) -> None:
    """Lin shares; Mei comes by the link, watches, helps and buys with her coupon; Bo pays too late
    and gets his money back; Cy never pays; Di pays a live price."""
    lin, mei, bo, cy, di = (person(world, name) for name in ("lin", "mei", "bo", "cy", "di"))
    for who in (lin, bo, cy, di):
        await who.ask("GET", "/r/tea")
    token = await share(lin)
    await share(lin, pressed=False)
    await person(world, "preview", BOTS[0]).fetch(token)
    assert await mei.fetch(token)
    assert await mei.beacon(token)
    for _ in range(8):
        await mei.ask("POST", "/api/v1/watch", {"room": "tea", "token": token})
        world.told.passed_ms += 5_000
        await elements.age(world.conn, 5)
    await mei.ask("POST", "/api/v1/watch", {"room": "tea", "token": token})
    await mei.help(token)
    await world.drained()
    await look(mei)
    gateway = world.gateway
    _, paid = await order(mei, 1, mei.coupons[0])
    assert (await mei.ask("GET", f"/pay/{paid}")).status == 303
    await gateway.pay(paid)
    given_up, late = await order(bo, 2)
    assert (await bo.ask("GET", f"/pay/{late}")).status == 303
    await gateway.script(late, "delay")
    await gateway.pay(late)
    assert (await bo.ask("POST", f"/api/v1/orders/{given_up}/cancel")).ok
    _, lower = await order(di, 4, lower=True)
    assert (await di.ask("GET", f"/pay/{lower}")).status == 303
    await gateway.pay(lower)
    world.told.money |= {paid, late, lower}
    await order(cy, 3)
    await settle(world)


@pytest.fixture(scope="module")
async def world(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    home = tmp_path_factory.mktemp("auditor")
    async with pg.clone() as url, open_world(url, home, random.Random(1)) as opened:
        for door in opened.doors:
            door.weather.calm = True
        await story(opened)
        yield opened


async def test_the_story_is_in_order_and_holds_something_of_everything(world: World) -> None:
    assert await audit(world.conn, world.told) == []
    assert world.told.broken == []
    for table in (
        "sharing.credits", "campaigns.assists", "commerce.refunds", "commerce.coupons",
        "sharing.hits", "sharing.clicks", "sharing.visits", "sandbox_pay.notices",
    ):  # fmt: skip
        assert await world.conn.fetchval(f"select count(*) from {table}"), table  # noqa: S608
    statuses = await world.conn.fetch("select status from commerce.orders order by 1")
    assert [row["status"] for row in statuses] == ["expired", "paid", "paid", "refunded"]


def test_every_rule_has_its_plants() -> None:
    assert PLANTS.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("rule", "plant"),
    [(rule, plant) for rule, plants in PLANTS.items() for plant in plants],
    ids=[f"{rule} {n}" for rule, plants in PLANTS.items() for n in range(len(plants))],
)
async def test_what_is_planted_is_caught(world: World, rule: str, plant: Plant) -> None:
    told = copy.copy(world.told)
    for name in ("stock", "hits", "coupons", "orders", "keys", "money"):
        setattr(told, name, copy.copy(getattr(told, name)))
    transaction = world.conn.transaction()
    await transaction.start()
    try:
        await world.conn.execute("set local session_replication_role = replica")
        if isinstance(plant, str):
            await world.conn.execute(plant)
        else:
            plant(told)
        findings = await ask(world.conn, told, [rule])
    finally:
        await transaction.rollback()
    assert findings, f"nobody noticed: {plant}"
    assert all(str(finding).startswith(rule) for finding in findings)


async def test_the_recount_sees_every_number_of_a_report(world: World) -> None:
    answer = await world.staff("GET", "/api/v1/rooms/tea/share-report")
    counted = await recount(world.conn, "tea")
    assert differences(counted, answer.json) == []
    assert counted["totals"]["orders"] == counted["totals"]["assists"] == 1
    for part, at in numbers(answer.json):
        bent = copy.deepcopy(answer.json)
        place: Any = bent[part]
        for key in at[:-1]:
            place = place[key]
        place[at[-1]] += 1
        assert differences(counted, bent), f"nobody noticed {part} {at}"
    without = answer.json | {"shares": answer.json["shares"][1:]}
    assert differences(counted, without)


def numbers(report: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Where in a report a number stands."""
    found: list[tuple[str, list[Any]]] = []
    for part in ("totals", "funnel", "sentence"):
        found += [(part, [name]) for name in report[part]]
    for part in ("by_channel", "shares"):
        for place, row in enumerate(report[part]):
            found += [(part, [place, n]) for n, v in row.items() if isinstance(v, int)]
    return found


@pytest.mark.parametrize(
    "name",
    ["auditor", "recount", "told", "rules_money", "rules_ledger", "rules_sharing", "rules_facts"],
)
def test_the_auditor_knows_nothing_of_the_house(name: str) -> None:
    tree = ast.parse((HERE / f"{name}.py").read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom)
                     else [alias.name for alias in node.names])
    }  # fmt: skip
    assert "yaohe" not in imported
    assert auditor.RULES
