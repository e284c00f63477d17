"""The spread: generations as they were, everybody once, and a K that young shows do not shrink."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.town import Town
from tests.unit.sharing.test_attribution import credit, order

from yaohe.sharing.spread.model import bin_of, k_of

SHOW_S = 72 * 3_600


def cascade(k: float, *, seed: int, roots: int = 600) -> tuple[dict[int, int], dict]:  # type: ignore[type-arg]
    """What is seen, by the end of a show, of sharers who each bring Poisson(k) others after a
    log-normal wait of about five hours."""
    rng = random.Random(seed)
    waiting = [rng.uniform(0, SHOW_S) for _ in range(roots)]
    watched: dict[int, int] = {}
    waits: dict[tuple[int, int], int] = {}
    while waiting:
        shared_at = waiting.pop()
        left = bin_of(SHOW_S - shared_at)
        watched[left] = watched.get(left, 0) + 1
        arrival = rng.expovariate(1)
        while arrival < k:
            arrival += rng.expovariate(1)
            wait = rng.lognormvariate(9.8, 1.2)
            if shared_at + wait < SHOW_S:
                waiting.append(shared_at + wait)
                key = (bin_of(wait), left)
                waits[key] = waits.get(key, 0) + 1
    return watched, waits


@pytest.mark.parametrize("k", [0.3, 0.5, 0.8])
def test_the_corrected_k_is_near_the_true_one_and_the_plain_one_below(k: float) -> None:
    results = [k_of(*cascade(k, seed=seed)) for seed in range(12)]
    plain = sum(one for one, _ in results) / len(results)
    mended = sum(one for _, one in results) / len(results)
    assert plain < 0.93 * k
    assert mended == pytest.approx(k, rel=0.1)
    assert abs(mended - k) < abs(plain - k) / 2


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 120), st.integers(0, 120)).map(sorted).map(tuple),
        st.integers(1, 50),
    ),
    st.integers(0, 500),
)
def test_k_is_never_below_what_was_counted(waits: dict[tuple[int, int], int], others: int) -> None:
    watched = {120: others + sum(waits.values())}
    for (_, time_watched), count in waits.items():
        watched[time_watched] = watched.get(time_watched, 0) + count
    observed, corrected = k_of(watched, waits)
    assert corrected >= observed - 1e-9
    assert k_of({}, {}) == (0.0, 0.0)


@pytest.mark.db
async def test_generations_loops_and_own_links(town: Town) -> None:
    lin, mei, bo = (town.person(name) for name in ("Lin", "Mei", "Bo"))
    first = await town.share(lin)
    await town.open(first.token, lin)  # one's own link leads nowhere
    await town.open(first.token, mei)
    second = await town.share(mei, parent=first.token)
    await town.open(second.token, bo)
    await town.open(second.token, lin)  # led back by whom they brought
    third = await town.share(lin, parent=second.token)
    await town.share(bo, prepared=True)  # never went out
    await town.open(third.token, bo)
    await credit(town, order(bo, 5_000))

    found = await town.sharing.spread(town.room)
    assert (found.sharers, found.brought, found.k_observed) == (2, 1, 0.5)
    rows = [
        (one.generation, one.sharers, one.shares, one.friends, one.paid_minor)
        for one in found.generations
    ]
    assert rows == [(1, 1, 1, 1, 0), (2, 1, 1, 2, 0), (3, 1, 1, 1, 5_000)]
    assert (await town.sharing.spread("nobodys")).generations == []


@pytest.mark.db
async def test_bins_are_the_same_in_sql(town: Town) -> None:
    seconds = [0.0, 0.5, 1.0, 59.9, 3_600.0, 86_400.0 * 30]
    rows = await town.rows(
        "select floor(ln(1 + s) * 10)::int as bin from unnest($1::float8[]) with ordinality"
        " as t (s, nth) order by nth",
        seconds,
    )
    assert [row["bin"] for row in rows] == [bin_of(one) for one in seconds]


@pytest.mark.db
async def test_a_hundred_thousand_shares_are_counted_in_one_go(town: Town) -> None:
    async with town.db.raw() as conn:
        await conn.execute(
            """
            insert into sharing.shares (token, shop_id, room_id, sharer_id, sharer_name,
                parent_token, generation, channel, content, intended_at, created_at)
            select lpad(n::text, 10, 'S'), 'shop_main', $1, 'v' || n, '',
                   case when n > 1000 then lpad((n / 10)::text, 10, 'S') end,
                   case when n > 10000 then 3 when n > 1000 then 2 else 1 end,
                   'x', 'card', now(), now() - make_interval(secs => 100000 - n)
              from generate_series(1, 100000) n
            """,
            town.room,
        )
    began = time.process_time()
    found = await town.sharing.spread(town.room)
    assert time.process_time() - began < 1  # the counting is the database's
    assert (found.sharers, found.brought, len(found.generations)) == (100_000, 99_000, 3)
