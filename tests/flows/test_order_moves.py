"""What becomes of an order after it was placed: every status against every step, shipping and
receiving from many sides, and nothing moves that the table does not list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, get_args

import asyncpg
import httpx
import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce.errors import ForbiddenMove, OrderNotFound
from yaohe.commerce.orders import store
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.orders.moves import STATUSES, TABLE, OrderStatus, Step, page
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

LISTED = {(move.step, move.before): move.after for move in TABLE}
PARCEL = Shipment(carrier="顺丰", tracking="SF1234567890")


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    made = make_shop(db)
    yield made
    await made.commerce.close()


@pytest.fixture(scope="module")
async def owner(shop: Shop) -> Staff:
    token = await shop.identity.setup_token()
    assert token is not None
    staff, _ = await shop.identity.setup(token, "lin@example.com", "one long sentence", "小林")
    return staff


async def order_in(shop: Shop, status: OrderStatus, **goods: str) -> tuple[str, str]:
    """The ids of an order that stands there, and of its buyer."""
    visitor = new_id("v")
    product = await shop.product(stock=5, **goods)
    made = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    await shop.rows("update commerce.orders set status = $2 where id = $1", made.id, status)
    return made.id, visitor


async def row(shop: Shop, order_id: str) -> dict[str, Any]:
    (found,) = await shop.rows("select * from commerce.orders where id = $1", order_id)
    return dict(found)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("step", [s for s in get_args(Step) if s not in {"expire", "cancel"}])
async def test_a_step_moves_what_the_table_lists_and_nothing_else(
    shop: Shop, step: Step, status: OrderStatus
) -> None:
    digital = {"delivery": "digital", "digital_text": "key"} if step == "deliver" else {}
    order_id, _ = await order_in(shop, status, **digital)
    before = await row(shop, order_id)
    async with shop.db.begin() as tx:
        if step == "ship":
            moved = await store.ship(tx.conn, order_id, PARCEL)
        elif step == "complete":
            moved = next(iter(await store.complete(tx.conn, [order_id])), None)
        elif step == "hand_over":
            moved = await store.hand_over(tx.conn, order_id)
        elif step == "deliver":
            moved = next(iter(await store.deliver(tx.conn, [order_id])), None)
        else:
            moved = await store.move(tx.conn, order_id, step)
    after = await row(shop, order_id)
    wanted = LISTED.get((step, status))
    assert (None if moved is None else moved.status) == wanted
    assert after["status"] == (wanted or status)
    if wanted is None:
        assert after == before
    elif step in {"hand_over", "deliver"}:
        assert after["shipped_at"] == after["completed_at"] != before["shipped_at"]


STOCK = """
    select p.stock from commerce.order_lines l join commerce.products p on p.id = l.product_id
     where l.order_id = $1
"""
Verb = Callable[[Shop, str, str, Staff], Awaitable[object]]
VERBS: dict[Step, Verb] = {
    "cancel": lambda shop, order, buyer, _: shop.commerce.cancel_order(order, buyer),
    "ship": lambda shop, order, _, staff: shop.commerce.ship_order(order, PARCEL, by=staff),
    "complete": lambda shop, order, buyer, _: shop.commerce.complete_order(order, buyer),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("step", list(VERBS))
async def test_a_verb_that_is_forbidden_changes_nothing(
    shop: Shop, owner: Staff, step: Step, status: OrderStatus
) -> None:
    order_id, visitor = await order_in(shop, status)
    before = await row(shop, order_id)
    stock = await shop.rows(STOCK, order_id)
    assert stock
    may = (step, status) in LISTED
    again = LISTED.get((step, next(m.before for m in TABLE if m.step == step))) == status
    if may or (again and step != "cancel"):  # saying it again is no error
        await VERBS[step](shop, order_id, visitor, owner)
        assert (await row(shop, order_id))["status"] == (LISTED.get((step, status)) or status)
        return
    with pytest.raises(ForbiddenMove):
        await VERBS[step](shop, order_id, visitor, owner)
    assert await row(shop, order_id) == before
    assert stock == await shop.rows(STOCK, order_id)


@pytest.mark.parametrize("status", STATUSES)
async def test_the_deadline_ends_only_what_nobody_paid(shop: Shop, status: OrderStatus) -> None:
    order_id, _ = await order_in(shop, status)
    await shop.rows(
        "update commerce.orders set deadline_at = now() - interval '1 minute' where id = $1",
        order_id,
    )
    await shop.commerce.expire_orders()
    assert (await row(shop, order_id))["status"] == (LISTED.get(("expire", status)) or status)


async def test_many_ship_and_receive_at_once_and_each_happens_once(
    shop: Shop, owner: Staff
) -> None:
    order_id, visitor = await order_in(shop, "paid")
    commerce = shop.commerce
    await asyncio.gather(*(commerce.ship_order(order_id, PARCEL, by=owner) for _ in range(8)))
    await asyncio.gather(*(commerce.complete_order(order_id, visitor) for _ in range(8)))
    order = await commerce.order(order_id, visitor)
    assert (order.status, order.shipment) == ("completed", PARCEL)
    for kind in ("order_shipped.v1", "order_completed.v1"):
        told = [f for f in await shop.facts(kind) if f["aggregate"] == f"order:{order_id}"]
        assert len(told) == 1, kind
    with pytest.raises(ForbiddenMove):
        await commerce.ship_order(order_id, PARCEL, by=owner)


async def test_what_was_shipped_long_ago_has_arrived(shop: Shop) -> None:
    long_ago, _ = await order_in(shop, "shipped")
    lately, _ = await order_in(shop, "shipped")
    for order_id, days in ((long_ago, 16), (lately, 14)):
        await shop.rows(
            "update commerce.orders set shipped_at = now() - make_interval(days => $2)"
            " where id = $1",
            order_id,
            days,
        )
    rounds = await asyncio.gather(*(shop.commerce.complete_old_orders() for _ in range(3)))
    assert sum(rounds) == 1
    assert (await row(shop, long_ago))["status"] == "completed"
    assert (await row(shop, lately))["status"] == "shipped"


async def test_a_number_is_corrected_and_a_note_replaced(shop: Shop, owner: Staff) -> None:
    order_id, visitor = await order_in(shop, "paid")
    await shop.commerce.ship_order(order_id, Shipment(), by=owner)
    await shop.commerce.ship_order(order_id, PARCEL, by=owner)
    await shop.commerce.note_order(order_id, "门卫\n收", by=owner)
    order = await shop.commerce.order(order_id, visitor)
    assert (order.shipment, order.staff_note) == (PARCEL, "门卫\n收")
    for bad in (
        Shipment(carrier="x" * 41),
        Shipment(tracking="1" * 61),
        Shipment(carrier="\ud800"),
    ):
        with pytest.raises(BadInput):
            await shop.commerce.ship_order(order_id, bad, by=owner)
    with pytest.raises(BadInput):
        await shop.commerce.note_order(order_id, "x" * 501, by=owner)
    for verb in (
        lambda: shop.commerce.ship_order("ord_none", PARCEL, by=owner),
        lambda: shop.commerce.note_order("ord_none", "", by=owner),
        lambda: shop.commerce.complete_order(order_id, "v_other"),
    ):
        with pytest.raises(OrderNotFound):
            await verb()


async def test_over_http_staff_ship_and_the_buyer_receives(fresh_db: Database) -> None:
    port = free_port()
    shop = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(shop), port) as url:
        people = [
            httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False)
            for _ in range(3)
        ]
        buyer, stranger, desk = people
        product = await shop.product(price_minor=0)  # nothing to pay: it is paid at once
        wish = {"product_id": product.id, "idempotency_key": "k"}
        order = (await buyer.post("/api/v1/orders", json=wish)).json()["order"]
        assert (order["status"], order["tracking"]) == ("paid", "")
        at = f"/api/v1/shop/orders/{order['id']}"
        parcel = {"carrier": "SF", "tracking": "SF1"}
        assert (await buyer.post(f"{at}/ship", json=parcel)).status_code == 401
        setup = {"token": await shop.identity.setup_token(), "name": "小林",
                 "email": "lin@example.com", "password": "one long sentence"}  # fmt: skip
        assert (await desk.post("/api/v1/staff/setup", json=setup)).is_success
        mine = f"/api/v1/orders/{order['id']}"
        early = await buyer.post(f"{mine}/complete")
        assert (early.status_code, early.json()["error"]["code"]) == (409, "order_move")
        shipped = await desk.post(f"{at}/ship", json=parcel)
        assert (shipped.status_code, shipped.json()["status"]) == (200, "shipped")
        noted = await desk.put(f"{at}/note", json={"note": "gate"})
        assert noted.status_code == 200
        assert "gate" not in (await buyer.get(mine)).text
        assert (await buyer.get(mine)).json()["tracking"] == "SF1"
        assert (await stranger.post(f"{mine}/complete")).status_code == 404
        assert (await buyer.post(f"{mine}/complete")).json()["status"] == "completed"
        wrong = await desk.post(f"{at}/ship", json={"carrier": 5})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "bad_input")
        for person in people:
            await person.aclose()
    await shop.commerce.close()


async def test_the_database_knows_no_other_status(shop: Shop) -> None:
    order_id, _ = await order_in(shop, "paid")
    async with shop.db.raw() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("update commerce.orders set status = 'lost' where id = $1", order_id)


def test_the_page_lists_every_move() -> None:
    text = page()
    assert all(f"| `{m.before}` | {m.step} | `{m.after}` |" in text for m in TABLE)
    assert "Ends: `refunded`." in text
