"""`yaohe audit`: a shop that sold, refunded and waited is in order; whatever is bent is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import Server
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.app.auditing import audit_database, judge
from yaohe.commerce.prices import NewLivePrice
from yaohe.commerce.variants import NewVariant
from yaohe.kernel.db import Database, migrate
from yaohe.kernel.ids import new_id
from yaohe.kernel.postgres import EmbeddedPostgres

pytestmark = pytest.mark.db

IN_ORDER: dict[str, object] = {
    "ledger_sum": 0, "oversold": [], "overclaimed": [], "stuck": [], "differences": [],
}  # fmt: skip


async def deliver(shop: Shop) -> None:
    while await shop.gateway.deliver():
        pass


async def story(shop: Shop) -> None:
    """Mei pays with a coupon; Bo pays for what he gave up, and has his money back; Cy does the
    same and waits for it; Di has not paid yet."""
    product = await shop.product(stock=20)
    template = await shop.template(total=5)
    mei, bo, cy, di = (new_id("v") for _ in range(4))
    coupon = await shop.commerce.claim_coupon(
        template.id, mei, source="arrival", source_ref="token"
    )
    await shop.commerce.claim_coupon(template.id, di, source="arrival", source_ref="token")

    async def order(who: str, coupon_id: str | None = None) -> tuple[str, str]:
        made = await shop.commerce.create_order(who, None, product.id, 2, coupon_id, new_id("k"))
        return made.id, (await shop.commerce.start_payment(made.id, who)).id

    lower = await shop.commerce.start_live_price(
        NewLivePrice(
            room_id="tea",
            product_id=product.id,
            price_minor=7_900,
            minutes=5,
            total=9,
            per_person=2,
        )
    )
    _, paid = await order(mei, coupon.id)
    await shop.pay(paid)
    red, _ = await shop.commerce.set_variants(
        (await shop.product()).id,
        [NewVariant(title=title, price_minor=9_900, stock=5) for title in ("红", "蓝")],
    )
    given_up = await shop.commerce.create_order(
        di, None, red.product_id, 1, None, new_id("k"), variant_id=red.id
    )
    await shop.commerce.cancel_order(given_up.id, di)
    unpaid = await shop.commerce.create_order(
        di, "tea", product.id, 1, None, new_id("k"), live_price_id=lower.id
    )
    await shop.commerce.start_payment(unpaid.id, di)
    for who in (bo, cy):
        order_id, late = await order(who)
        await shop.pay(late)
        await shop.commerce.cancel_order(order_id, who)
        if who == bo:
            await deliver(shop)
            await shop.commerce.ask_for_refunds()
        await deliver(shop)

    async def settled() -> bool:
        await deliver(shop)
        states = await shop.rows("select status from commerce.orders order by 1")
        return [r["status"] for r in states] == [
            "canceled", "created", "paid", "paid_late", "refunded",
        ]  # fmt: skip

    await until(settled)


@pytest.fixture(scope="module")
async def shop(pg: Server) -> AsyncIterator[Shop]:
    async with pg.clone() as url:
        db = Database(url)
        port = free_port()
        made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
        async with serve(make_app(made), port):
            await story(made)
            yield made
        await made.commerce.close()
        await db.close()


async def test_a_shop_in_order(shop: Shop) -> None:
    conn = await asyncpg.connect(shop.db.url)
    found = await audit_database(conn)
    await conn.close()
    assert found.holds, found
    assert found.holds_open == 1


BENT = {
    "oversold": (
        "update commerce.products set sold = sold + 1",
        """alter table commerce.products drop constraint products_stock_check;
           update commerce.products set stock = -1""",
        "update commerce.variants set sold = sold + 1",
        "update commerce.order_lines set variant_id = (select max(id) from commerce.variants)",
        "update commerce.live_prices set taken = taken + 1",
        "update commerce.live_prices set price_minor = price_minor - 1",
        """alter table commerce.live_prices drop constraint live_prices_per_person_check;
           update commerce.live_prices set per_person = 0""",
    ),
    "overclaimed": (
        "update commerce.coupon_templates set claimed = claimed + 1",
        """alter table commerce.coupon_templates drop constraint coupon_templates_check;
           alter table commerce.coupon_templates drop constraint coupon_templates_total_check;
           update commerce.coupon_templates set total = 1""",
        """alter table commerce.coupon_templates
             drop constraint coupon_templates_per_person_check;
           update commerce.coupon_templates set per_person = 0""",
        "update commerce.coupons set order_id = null, state = 'claimed'",
        "delete from commerce.coupons where state = 'used'",
        "update commerce.coupons set state = 'locked' where state = 'used'",
    ),
    "stuck": (
        "update commerce.refunds set created_at = now() - interval '2 days'",
    ),
    "differences": (
        "update commerce.order_lines set quantity = quantity + 1 where live_price_id is null",
        "update commerce.order_lines set place = 1",
        "update commerce.order_lines set discount_minor = discount_minor + 1"
        " where live_price_id is null and discount_minor > 0",
        "update commerce.payments set problem = 'payment.paid: 1 CNY'",
        "update commerce.payments set state = 'canceled' where state = 'paid'",
        "update commerce.payments set amount_minor = amount_minor + 1",
        "update commerce.orders set paid_minor = paid_minor + 1",
        "update commerce.orders set status = 'refunded' where status = 'paid'",
        "delete from commerce.refunds",
        "update commerce.payments set given_back_minor = 1 where state = 'paid'",
        "update commerce.orders set refunded_minor = 1 where status = 'paid'",
        "update commerce.refunds set amount_minor = amount_minor + 1",
        "update commerce.refunds set state = 'requested'",
        "delete from ledger.transfers where kind = 'transfer'",
        "delete from ledger.transfers where kind = 'post'",
        "update ledger.transfers set target_id = 'x' where kind = 'transfer'",
        """insert into ledger.transfers select id || 'x', kind, hold_id, source_id, target_id,
               amount_minor, at from ledger.transfers where kind = 'transfer'""",
        "delete from ledger.entries where amount_minor > 0",
        "update ledger.holds set left_minor = left_minor - 1 where ended_at is null",
        "update ledger.accounts set balance_minor = balance_minor + 1 where guarded",
        "update ledger.accounts set held_minor = held_minor - 1 where guarded",
        "delete from ledger.accounts where kind = 'sales'",
    ),
    "ledger_sum": (
        "update ledger.entries set amount_minor = amount_minor + 1 where amount_minor > 0",
        "delete from ledger.entries where amount_minor < 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("where", "bend"),
    [(where, bend) for where, bends in BENT.items() for bend in bends],
    ids=[f"{where} {n}" for where, bends in BENT.items() for n in range(len(bends))],
)
async def test_what_is_bent_is_found(shop: Shop, where: str, bend: str) -> None:
    conn = await asyncpg.connect(shop.db.url)
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute("set local session_replication_role = replica")
        await conn.execute(bend)
        found = await judge(conn)
    finally:
        await transaction.rollback()
        await conn.close()
    assert getattr(found, where), found
    assert not found.holds


async def test_holds_and_orders_that_outlive_their_time_are_stuck(shop: Shop) -> None:
    """Time in which the database was away does not count, so this asks as if it ran for an hour."""
    conn = await asyncpg.connect(shop.db.url)
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(
        """
        create function public.pg_postmaster_start_time() returns timestamptz language sql
            as 'select now() - interval ''1 hour''';
        set local search_path = public, pg_catalog;
        update commerce.orders set deadline_at = now() - interval '10 minutes'
         where status = 'created';
        update ledger.holds set expires_at = now() - interval '10 minutes' where ended_at is null;
        """
    )
    found = await judge(conn)
    await transaction.rollback()
    await conn.close()
    assert [finding["what"] for finding in found.stuck] == [
        "an order outlived its deadline",
        "a hold outlived its time",
    ]


def command(data: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "yaohe", "audit", "--data", str(data), "--json", *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    out = done.stdout.splitlines()
    return done.returncode, json.loads(out[0]) if out else {}, done.stderr


async def test_the_command_on_a_stopped_and_on_a_running_installation(tmp_path: Path) -> None:
    data = tmp_path / "data"
    engine = EmbeddedPostgres(data)
    url = await engine.start()
    try:
        await migrate(url)
        assert command(data)[:2] == (0, {"holds_open": 0} | IN_ORDER)
        conn = await asyncpg.connect(url)
        await conn.execute(
            """insert into commerce.products (id, shop_id, title, title_en, subtitle, subtitle_en,
                   price_minor, currency, stock, sold, status)
               values ('prd_1', 'shop_main', '茶', '', '', '', 1, 'CNY', 1, 1, 'on_sale')"""
        )
        await conn.close()
    finally:
        await engine.stop()
    code, found, told = command(data)
    assert (code, list(found)) == (
        1, ["ledger_sum", "holds_open", "oversold", "overclaimed", "stuck", "differences"],
    )  # fmt: skip
    assert found["oversold"] == [
        {"what": "sold is not what orders hold", "product": "prd_1", "stock": 1, "sold": 1,
         "held": 0}
    ]  # fmt: skip
    assert "prd_1" in told
    code, found, told = command(tmp_path / "nothing")
    assert (code, found) == (1, {})
    assert "no installation" in told
