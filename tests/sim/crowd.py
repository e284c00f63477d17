"""A seeded crowd: who comes, what they do, what happens to them; then all comes to rest."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Sequence

from tests.sim import buying, elements
from tests.sim.asgi import Browser
from tests.sim.auditor import Finding
from tests.sim.elements import Element
from tests.sim.people import BOTS, PLACES, Deed, Person
from tests.sim.world import World

from yaohe.kernel.errors import AppError

PEOPLE, FETCHERS, DEEDS = 20, 3, 12
SETTLE_S_MAX, SETTLE_STEP_S = 90.0, 4_000
_WAITING = """
    select (select count(*) from commerce.orders where status in ('created', 'paid_late'))
         + (select count(*) from commerce.refunds where state <> 'done')
         + (select count(*) from sandbox_pay.notices n
              left join commerce.payments p on p.id = n.payment_id
             where n.delivered_at is null and p.problem is null)
"""

DEEDS_OF_PEOPLE: dict[Deed, int] = {
    Person.share: 5,
    Person.visit: 8,
    Person.open: 3,
    Person.press_anothers: 1,
    Person.claim_a_click: 2,
    Person.typo: 1,
    Person.join: 3,
    Person.watch: 2,
    Person.help: 2,
    buying.claim: 3,
    buying.look: 2,
    buying.buy: 6,
    buying.pay: 3,
    buying.pay_again: 2,
    buying.give_up: 1,
}


def seeds(usual: str) -> list[int]:
    """The seeds to run: `YAOHE_SIM_SEEDS`, else the usual ones; a list of numbers and ranges."""
    chosen: list[int] = []
    for part in os.environ.get("YAOHE_SIM_SEEDS", usual).split(","):
        first, _, last = part.partition("-")
        chosen += range(int(first), int(last or first) + 1)
    return chosen


async def a_person(world: World, name: str, rng: random.Random) -> None:
    """Somebody comes, does what the seed says, and goes."""
    browser = Browser(f"198.51.100.{rng.randrange(1, 250)}", rng.choice(PLACES))
    person = Person(world, name, rng, browser, rng.choice(world.doors), rng.random() < 0.25)
    await asyncio.sleep(rng.uniform(0, 0.4))
    if not await person.come():
        return
    deeds = rng.choices(list(DEEDS_OF_PEOPLE), list(DEEDS_OF_PEOPLE.values()), k=DEEDS)
    for deed in deeds:
        await deed(person)


async def a_fetcher(world: World, name: str, rng: random.Random) -> None:
    """A program follows links, and pretends: none of it may count."""
    browser = Browser("192.0.2.9", rng.choice(BOTS))
    fetcher = Person(world, name, rng, browser, rng.choice(world.doors), False)
    for _ in range(DEEDS):
        await asyncio.sleep(rng.uniform(0.01, 0.15))
        await rng.choice((Person.open, Person.open, Person.claim_a_click, Person.join))(fetcher)


def elements_of(rng: random.Random) -> list[Element]:
    """Time, sweeps and echoes always; bad moments of the database with some seeds."""
    chosen = [elements.clock, elements.sweeps, elements.echoes]
    chosen += [bad for bad in (elements.cuts, elements.jams) if rng.random() < 0.4]
    return chosen


async def live_through(world: World, seed: int, weather: Sequence[Element] | None = None) -> None:
    """The whole story of one seed, until all is at rest."""
    rng = random.Random(seed)
    chosen = elements_of(rng) if weather is None else weather
    world.told.note("seed", str(seed), ", ".join(element.__name__ for element in chosen))
    deeds = [a_person(world, f"p{n}", random.Random(rng.random())) for n in range(PEOPLE)]
    deeds += [a_fetcher(world, f"b{n}", random.Random(rng.random())) for n in range(FETCHERS)]
    deeds.append(elements.merchant(world, random.Random(rng.random())))
    async with asyncio.TaskGroup() as around:
        outside = [around.create_task(e(world, random.Random(rng.random()))) for e in chosen]
        async with asyncio.TaskGroup() as crowd:
            for deed in deeds:
                crowd.create_task(deed)
        for task in outside:
            task.cancel()
    await settle(world)


async def settle(world: World) -> None:
    """Everything that is on its way arrives. What does not, the auditor will find."""
    for door in world.doors:
        door.weather.calm = True
    deadline = time.monotonic() + SETTLE_S_MAX
    while time.monotonic() < deadline:
        await world.reconnect()
        await elements.age(world.conn, SETTLE_STEP_S, watching=False)
        for door in world.doors:
            await door.settled()
            with contextlib.suppress(AppError):
                await door.system.commerce.expire_orders()
                await door.system.commerce.ask_for_refunds()
                await door.system.sharing.replay_hits()
        with contextlib.suppress(TimeoutError):
            await world.drained()
        spooled = sum(door.system.spool.bytes_waiting for door in world.doors)
        if not spooled and not await world.conn.fetchval(_WAITING):
            return
        await asyncio.sleep(0.05)


def verdict(world: World, seed: int, findings: Sequence[Finding]) -> str:
    """What went wrong with this seed, and the steps in which those concerned are named."""
    told = world.told
    lines = [f"seed {seed} ({told.trace[0].answer}); again: YAOHE_SIM_SEEDS={seed}"]
    lines += [f"  {broken}" for broken in told.broken[:10]]
    for finding in findings:
        lines.append(f"  {finding}")
        lines += [f"    {step}" for step in told.about(finding.names)]
    return "\n".join(lines)
