"""The ledger: double entry that only grows, holds in two phases, ids that make repeating safe."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Server

from yaohe.kernel.db import Database, migrate
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.migrating import script_folder
from yaohe.ledger import (
    Account,
    AccountKind,
    Hold,
    HoldEnded,
    Ledger,
    LedgerShort,
    Post,
    Transfer,
    TransferReused,
    Void,
    audit,
)

pytestmark = pytest.mark.db

Movement = Transfer | Hold | Post | Void


def account(kind: AccountKind = "provider_clearing", owner: str = "", **more: str) -> Account:
    return Account(shop_id="shop_main", kind=kind, owner=owner, **({"currency": "CNY"} | more))


PROVIDER, SALES = account(owner="sandbox"), account("sales")


def budget() -> Account:
    """A guarded account of its own."""
    return account("shop_budget", new_id("b"))


def escrow() -> Account:
    return account("packet_escrow", new_id("p"))


def transfer(source: Account, target: Account, amount_minor: int, name: str = "") -> Transfer:
    return Transfer(id=name or new_id("t"), source=source, target=target, amount_minor=amount_minor)


def hold(source: Account, target: Account, amount_minor: int, **more: int) -> Hold:
    return Hold(id=new_id("h"), source=source, target=target, amount_minor=amount_minor, **more)


async def do(db: Database, *movements: Movement) -> None:
    """Each in the one transaction."""
    ledger = Ledger(db)
    async with db.begin() as tx:
        for one in movements:
            if isinstance(one, Transfer):
                await ledger.transfer(tx, one)
            elif isinstance(one, Hold):
                await ledger.hold(tx, one)
            elif isinstance(one, Post):
                await ledger.post(tx, one)
            else:
                await ledger.void(tx, one)


async def together(db: Database, *transfers: Transfer) -> None:
    """All in one statement."""
    async with db.begin() as tx:
        await Ledger(db).transfer(tx, *transfers)


async def balance(db: Database, of: Account) -> int:
    async with db.raw() as conn:
        return int(
            await conn.fetchval(
                "select coalesce(sum(amount_minor), 0) from ledger.entries where account_id = $1",
                of.id,
            )
        )


async def held(db: Database, of: Account) -> int:
    async with db.raw() as conn:
        return int(
            await conn.fetchval("select held_minor from ledger.accounts where id = $1", of.id)
        )


async def in_order(db: Database) -> None:
    async with db.raw() as conn:
        report = await audit(conn)
    assert (report.sum_minor, report.differences, report.stuck) == (0, [], [])


async def test_a_transfer_is_two_entries_with_the_sum_zero(db: Database) -> None:
    mine = budget()
    await do(db, transfer(PROVIDER, mine, 500), transfer(mine, SALES, 200))
    assert await balance(db, mine) == 300
    await in_order(db)


async def test_the_same_id_is_the_same_transfer(db: Database) -> None:
    mine = budget()
    paid = transfer(PROVIDER, mine, 500)
    await do(db, paid)
    await do(db, paid, paid)
    assert await balance(db, mine) == 500
    others = (
        transfer(PROVIDER, mine, 501, paid.id),
        transfer(PROVIDER, SALES, 500, paid.id),
        Hold(id=paid.id, source=PROVIDER, target=mine, amount_minor=500),
    )
    for other in others:
        with pytest.raises(TransferReused):
            await do(db, other)
    one = transfer(PROVIDER, mine, 1)
    with pytest.raises(TransferReused):
        await together(db, one, transfer(PROVIDER, mine, 2, one.id))
    assert await balance(db, mine) == 500
    await in_order(db)


async def test_one_id_from_many_sides_moves_money_once(db: Database) -> None:
    mine = budget()
    paid = transfer(PROVIDER, mine, 700)
    await asyncio.gather(*(do(db, paid) for _ in range(30)))
    assert await balance(db, mine) == 700
    await in_order(db)


async def test_a_guarded_account_never_gives_more_than_it_has(db: Database) -> None:
    mine = budget()
    await do(db, transfer(PROVIDER, mine, 1_000))
    wishes = (do(db, transfer(mine, SALES, 70)) for _ in range(40))
    results = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert len(refused) == 40 - 1_000 // 70
    assert all(isinstance(result, LedgerShort) for result in refused)
    assert await balance(db, mine) == 1_000 % 70
    await in_order(db)


async def test_what_is_held_cannot_be_spent(db: Database) -> None:
    mine, packet = budget(), escrow()
    aside = hold(mine, packet, 800)
    await do(db, transfer(PROVIDER, mine, 1_000), aside)
    assert (await balance(db, mine), await held(db, mine)) == (1_000, 800)
    for wish in (transfer(mine, SALES, 201), hold(mine, packet, 201)):
        with pytest.raises(LedgerShort):
            await do(db, wish)
    await do(db, transfer(mine, SALES, 200))
    await in_order(db)


async def test_a_hold_is_posted_in_parts_and_its_rest_let_go(db: Database) -> None:
    mine, packet = budget(), escrow()
    aside = hold(mine, packet, 900)
    await do(db, transfer(PROVIDER, mine, 1_000), aside)
    part = Post(id=new_id("t"), hold_id=aside.id, amount_minor=300)
    await do(db, part)
    await do(db, part)  # again: nothing
    assert (await balance(db, packet), await held(db, mine)) == (300, 600)
    with pytest.raises(HoldEnded):
        await do(db, Post(id=new_id("t"), hold_id=aside.id, amount_minor=601))
    rest = Void(id=new_id("t"), hold_id=aside.id)
    await do(db, rest)
    await do(db, rest)
    assert (await balance(db, packet), await held(db, mine)) == (300, 0)
    for late in (
        Void(id=new_id("t"), hold_id=aside.id),
        Post(id=new_id("t"), hold_id=aside.id, amount_minor=1),
        Post(id=new_id("t"), hold_id="nothing", amount_minor=1),
        Void(id=new_id("t"), hold_id="nothing"),
    ):
        with pytest.raises(HoldEnded):
            await do(db, late)
    with pytest.raises(TransferReused):
        await do(db, Post(id=part.id, hold_id=aside.id, amount_minor=299))
    await in_order(db)


async def test_parts_from_many_sides_are_never_more_than_the_hold(db: Database) -> None:
    mine, packet = budget(), escrow()
    aside = hold(mine, packet, 1_000)
    await do(db, transfer(PROVIDER, mine, 1_000), aside)

    def post() -> Post:
        return Post(id=new_id("t"), hold_id=aside.id, amount_minor=30)

    wishes = [do(db, post()) for _ in range(50)] + [
        do(db, Void(id=new_id("t"), hold_id=aside.id)) for _ in range(3)
    ]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert all(result is None or isinstance(result, HoldEnded) for result in results)
    posted = sum(result is None for result in results[:50])
    assert (await balance(db, packet), await held(db, mine)) == (posted * 30, 0)
    assert posted <= 33
    await in_order(db)


async def test_a_hold_expires_once_whoever_sweeps(db: Database) -> None:
    mine, packet = budget(), escrow()
    aside, other = hold(mine, packet, 400, expires_s=60), hold(mine, packet, 100)
    await do(db, transfer(PROVIDER, mine, 500), aside, other)
    await do(db, Post(id=new_id("t"), hold_id=aside.id, amount_minor=150))
    async with db.raw() as conn:
        await conn.execute(
            "update ledger.holds set expires_at = now() - interval '1 second' where id = $1",
            aside.id,
        )
    ledger = Ledger(db)
    assert sum(await asyncio.gather(*(ledger.expire() for _ in range(5)))) == 1
    assert (await balance(db, packet), await held(db, mine)) == (150, 100)
    assert await ledger.expire() == 0
    await in_order(db)


@pytest.mark.parametrize(
    "wish",
    [
        transfer(PROVIDER, SALES, 0),
        transfer(PROVIDER, SALES, -5),
        transfer(PROVIDER, SALES, 10**14),
        transfer(SALES, SALES, 5),
        transfer(PROVIDER, account("sales", currency="USD"), 5),
        transfer(PROVIDER, account("sales", currency="yuan"), 5),
        transfer(PROVIDER, SALES, 5, "t" * 200),
        transfer(PROVIDER, SALES, 5, "\x00"),
        hold(PROVIDER, SALES, 5, expires_s=0),
        hold(PROVIDER, SALES, 5, expires_s=10**9),
        Post(id="t_1", hold_id="h_1", amount_minor=0),
    ],
    ids=(
        "nothing", "negative", "too much", "to itself", "to another currency", "no currency",
        "long id", "unprintable id", "no time", "too long", "post of nothing",
    ),
)  # fmt: skip
async def test_what_is_no_movement_is_refused(db: Database, wish: Movement) -> None:
    with pytest.raises(BadInput):
        await do(db, wish)


async def test_the_database_forbids_changing_what_was_written(db: Database) -> None:
    await do(db, transfer(PROVIDER, budget(), 5))
    async with db.raw() as conn:
        for statement in (
            "update ledger.entries set amount_minor = 1",
            "delete from ledger.entries",
            "truncate ledger.entries",
            "update ledger.transfers set amount_minor = 1",
            "delete from ledger.transfers",
            "truncate ledger.transfers cascade",
            "delete from ledger.accounts",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await conn.execute(statement)
        with pytest.raises(asyncpg.CheckViolationError, match="sum zero"):
            await conn.execute(
                "insert into ledger.entries select transfer_id, 'x', 1 from ledger.entries limit 1"
            )
    await in_order(db)


KINDS: tuple[AccountKind, ...] = ("shop_budget", "packet_escrow", "user_credit")
STEP = st.tuples(
    st.sampled_from(("fund", "transfer", "hold", "post", "void", "expire", "again")),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(1, 60),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=30))
async def test_whatever_is_done_the_ledger_is_in_order(
    db: Database, steps: list[tuple[str, int, int, int]]
) -> None:
    """Against a model in memory: what is free decides, and nothing else."""
    owner = new_id("o")
    pots = [account(kind, owner) for kind in KINDS]
    free, moved = [0, 0, 0], [0, 0, 0]
    holds: list[tuple[Hold, int, int, list[int]]] = []
    done: list[Movement] = []
    for what, a, b, amount in steps:
        wish: Movement
        good = True
        if what == "fund":
            wish = transfer(PROVIDER, pots[a], amount)
            free[a] += amount
            moved[a] += amount
        elif what in {"transfer", "hold"}:
            if a == b:
                continue
            good = free[a] >= amount
            wish = (transfer if what == "transfer" else hold)(pots[a], pots[b], amount)
            if good:
                free[a] -= amount
                if isinstance(wish, Hold):
                    holds.append((wish, a, b, [amount]))
                else:
                    free[b] += amount
                    moved[a], moved[b] = moved[a] - amount, moved[b] + amount
        elif what == "again":
            if not done:
                continue
            wish = done[amount % len(done)]
        else:
            if not holds:
                continue
            aside, source, target, left = holds[amount % len(holds)]
            if what == "post":
                wish = Post(id=new_id("t"), hold_id=aside.id, amount_minor=amount)
                good = left[0] >= amount
                if good:
                    left[0] -= amount
                    free[target] += amount
                    moved[source], moved[target] = moved[source] - amount, moved[target] + amount
            else:
                wish = Void(id=new_id("t"), hold_id=aside.id)
                good = left[0] > 0
                free[source] += left[0]
                left[0] = 0
        try:
            await do(db, wish)
            assert good, f"{wish} went through"
            done.append(wish)
        except AppError:
            assert not good, f"{wish} was refused"
    for place, pot in enumerate(pots):
        assert await balance(db, pot) == moved[place]
    await in_order(db)


OLD = """
insert into commerce.products (id, shop_id, title, title_en, subtitle, subtitle_en, price_minor,
                               currency, stock, sold, status)
values ('prd_1', 'shop_main', '茶', '', '', '', 500, 'CNY', 5, 1, 'on_sale');
insert into commerce.orders (id, shop_id, visitor_id, product_id, title, title_en, quantity,
    unit_price_minor, discount_minor, payable_minor, paid_minor, currency, status,
    idempotency_key, created_at, deadline_at)
select 'ord_' || n, 'shop_main', 'v_1', 'prd_1', '茶', '', 1, 500, 0, 500,
       case when n in (2, 6) then 0 else 500 end, 'CNY',
       (array['paid', 'expired', 'paid_late', 'refunded', 'paid', 'created'])[n],
       'key' || n, now(), now()
  from generate_series(1, 6) n;
insert into commerce.payments (id, shop_id, order_id, gateway, amount_minor, currency, state,
                               created_at, paid_at)
select 'pay_' || n, 'shop_main', 'ord_' || n, 'sandbox', 500, 'CNY',
       (array['paid', 'canceled', 'paid', 'refunded', 'paid', 'open'])[n], now(), now()
  from generate_series(1, 6) n;
insert into commerce.payments (id, shop_id, order_id, gateway, amount_minor, currency, state,
                               created_at, paid_at)
values ('pay_7', 'shop_main', 'ord_5', 'sandbox', 500, 'CNY', 'paid', now(), now());
insert into commerce.refunds (id, shop_id, payment_id, order_id, gateway, amount_minor, currency,
                              reason, state, next_at, created_at, done_at)
values ('ref_3', 'shop_main', 'pay_3', 'ord_3', 'sandbox', 500, 'CNY', 'late', 'requested',
        now(), now(), null),
       ('ref_4', 'shop_main', 'pay_4', 'ord_4', 'sandbox', 500, 'CNY', 'late', 'done',
        now(), now(), now()),
       ('ref_7', 'shop_main', 'pay_7', 'ord_5', 'sandbox', 500, 'CNY', 'double', 'due',
        now(), now(), null);
"""


async def test_the_money_of_before_is_in_it(pg: Server, tmp_path: Path) -> None:
    """A shop that sold before there was a ledger: its payments and refunds are booked."""
    await pg.execute("create database before_the_ledger")
    url = pg.url("before_the_ledger")
    old = tmp_path / "migrations"
    shutil.copytree(script_folder(), old, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (old / "versions").glob("*.py"):
        if script.name >= "20261124_14":
            script.unlink()
    try:
        await migrate(url, scripts=old)
        conn = await asyncpg.connect(url)
        await conn.execute(OLD)
        await migrate(url)
        report = await audit(conn)
        assert (report.sum_minor, report.differences, report.holds_open) == (0, [], 2)
        rows = await conn.fetch(
            "select account_id, sum(amount_minor)::int from ledger.entries group by 1 order by 1"
        )
        assert dict(map(tuple, rows)) == {
            "shop_main/provider_clearing/sandbox/CNY": -2_000,
            "shop_main/refund_payable//CNY": 1_000,
            "shop_main/sales//CNY": 1_000,
        }
        owed = await conn.fetchrow("select * from ledger.accounts where guarded")
        assert owed is not None
        assert (owed["balance_minor"], owed["held_minor"]) == (1_000, 1_000)
        # It is on the gateway's bills of then, and on ours.
        moved = await conn.fetch("""
            select id from commerce.payments where captured_at = paid_at
            union all select id from commerce.refunds where returned_at = done_at order by 1
        """)
        assert [row["id"] for row in moved] == [f"pay_{n}" for n in (1, 3, 4, 5, 7)] + ["ref_4"]
        await conn.close()
    finally:
        await pg.execute("drop database before_the_ledger with (force)")
