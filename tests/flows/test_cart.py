"""A cart: what its owner put in, as it is now; never fuller than it may be, whoever asks at
once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.phone import until
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce import Product, ProductChange
from yaohe.commerce.cart.errors import CartFull
from yaohe.commerce.cart.model import LINES_MAX
from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantMissing, VariantNotFound
from yaohe.commerce.prices.model import NewLivePrice
from yaohe.commerce.variants import NewVariant
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

CART = "/api/v1/me/cart"


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made
    await made.commerce.close()


@contextlib.asynccontextmanager
async def guest(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that the shop has seen: every request of it comes from the same visitor."""
    site = shop.commerce.base_url
    async with httpx.AsyncClient(base_url=site, headers={"Origin": site}) as client:
        assert (await client.get(CART)).json() == {"items": []}
        yield client


async def held(shop: Shop, who: str) -> dict[str, int]:
    return {line.product_id: line.quantity for line in await shop.commerce.cart.of(who)}


async def many(shop: Shop, count: int) -> list[Product]:
    return [await shop.product(stock=1) for _ in range(count)]


async def test_the_number_is_absolute_and_the_same_request_again_changes_nothing(
    shop: Shop,
) -> None:
    product = await shop.product(stock=5)
    async with guest(shop) as mei:
        first = await mei.put(f"{CART}/{product.id}", json={"quantity": 2, "room_id": "tea"})
        (line,) = first.json()["items"]
        assert (line["quantity"], line["state"], line["stock"]) == (2, "here", 5)
        assert (line["price_minor"], line["seen_minor"], line["room_id"]) == (9_900, 9_900, "tea")
        again = await mei.put(f"{CART}/{product.id}", json={"quantity": 2, "room_id": "tea"})
        assert again.json() == first.json()
        more = await mei.put(f"{CART}/{product.id}", json={"quantity": 6})
        (line,) = more.json()["items"]
        assert (line["quantity"], line["state"]) == (6, "short")
        assert (await mei.get(CART)).json() == more.json()
        for _ in range(2):
            gone = await mei.delete(f"{CART}/{product.id}")
            assert (gone.status_code, gone.json()) == (200, {"items": []})


async def test_emptying_takes_everything_of_one_visitor_and_nothing_of_another(shop: Shop) -> None:
    one, two = await many(shop, 2)
    async with guest(shop) as mei, guest(shop) as lin:
        for product in (one, two):
            await mei.put(f"{CART}/{product.id}", json={"quantity": 1})
        await lin.put(f"{CART}/{one.id}", json={"quantity": 3})
        assert (await mei.delete(CART)).status_code == 204
        assert (await mei.get(CART)).json() == {"items": []}
        (line,) = (await lin.get(CART)).json()["items"]
        assert line["quantity"] == 3


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"quantity": 0}, "bad_input"),
        ({"quantity": 100}, "bad_input"),
        ({"quantity": 1, "variant_id": "a b"}, "bad_input"),
        ({"quantity": 1, "room_id": "\x00"}, "bad_input"),
        ({"quantity": 1, "variant_id": "var_none"}, "variant_not_found"),
        ({}, "bad_input"),
    ],
)
async def test_what_no_cart_may_hold_is_refused_and_nothing_is_written(
    shop: Shop, asked: dict[str, Any], code: str
) -> None:
    product = await shop.product()
    async with guest(shop) as mei:
        refused = await mei.put(f"{CART}/{product.id}", json=asked)
        assert refused.json()["error"]["code"] == code
        assert (await mei.get(CART)).json() == {"items": []}


async def test_only_what_is_on_sale_and_wholly_named_is_put_in(shop: Shop) -> None:
    who, put = new_id("v"), shop.commerce.cart.put
    hidden = await shop.product()
    await shop.commerce.update_product(hidden.id, ProductChange(status="hidden"))
    varied = await shop.product()
    await shop.commerce.set_variants(
        varied.id, [NewVariant(title="大", title_en="L", price_minor=9_900, stock=1)]
    )
    for product_id, error in (
        ("prd_none", ProductNotFound),
        (hidden.id, ProductHidden),
        (varied.id, VariantMissing),
    ):
        with pytest.raises(error):
            await put(who, product_id, 1)
    with pytest.raises(VariantNotFound):
        await put(who, varied.id, 1, variant_id=hidden.id)
    with pytest.raises(BadInput):
        await put(who, varied.id, 1, variant_id="x" * 81)
    assert await held(shop, who) == {}


async def test_what_changed_is_said_and_nothing_is_dropped(shop: Shop) -> None:
    who = new_id("v")
    dear, gone, hidden, varied, plain = await many(shop, 5)
    (small, _) = await shop.commerce.set_variants(
        varied.id,
        [
            NewVariant(title="小", title_en="S", price_minor=5_000, stock=4),
            NewVariant(title="大", title_en="L", price_minor=7_000, stock=4),
        ],
    )
    for product in (dear, gone, hidden, plain):
        await shop.commerce.cart.put(who, product.id, 1)
    await shop.commerce.cart.put(who, varied.id, 1, variant_id=small.id)
    await shop.commerce.update_product(dear.id, ProductChange(price_minor=12_000))
    await shop.commerce.update_product(gone.id, ProductChange(stock_change=-1))
    await shop.commerce.update_product(hidden.id, ProductChange(status="hidden"))
    await shop.commerce.set_variants(
        varied.id, [NewVariant(title="大", title_en="L", price_minor=7_000, stock=4)]
    )
    await shop.commerce.set_variants(
        plain.id, [NewVariant(title="红", title_en="Red", price_minor=9_900, stock=4)]
    )
    lines = await shop.commerce.cart.of(who)
    assert [(line.product_id, line.state) for line in lines] == [
        (varied.id, "variant_gone"),
        (plain.id, "variant_gone"),  # it has variants now: say which one
        (hidden.id, "off_sale"),
        (gone.id, "sold_out"),
        (dear.id, "here"),
    ]
    assert (lines[0].variant_title, lines[0].seen_minor) == ("小", 5_000)
    assert (lines[-1].seen_minor, lines[-1].price_minor) == (9_900, 12_000)


async def test_a_live_price_shows_where_it_runs(shop: Shop) -> None:
    who, product = new_id("v"), await shop.product()
    price = await shop.commerce.start_live_price(
        NewLivePrice(room_id="tea", product_id=product.id, price_minor=7_900, minutes=5, total=3)
    )
    (line,) = await shop.commerce.cart.put(who, product.id, 1, room_id="tea")
    shown = (line.live_price_id, line.live_price_minor, line.live_price_left, line.seen_minor)
    assert shown == (price.id, 7_900, 3, 7_900)
    assert (await shop.commerce.cart.of(who, room_id="cups"))[0].live_price_id is None
    assert (await shop.commerce.cart.of(who))[0].live_price_id == price.id
    await shop.commerce.stop_live_price(price.id)
    (line,) = await shop.commerce.cart.of(who)
    assert (line.live_price_id, line.price_minor, line.seen_minor) == (None, 9_900, 7_900)


async def test_a_cart_is_never_fuller_than_it_may_be_whoever_puts_at_once(shop: Shop) -> None:
    who, other = new_id("v"), make_shop(shop.db)
    products = await many(shop, LINES_MAX + 10)
    doors = [shop.commerce.cart, other.commerce.cart]
    asked = [doors[n % 2].put(who, product.id, 1) for n, product in enumerate(products)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    full = [answer for answer in answers if isinstance(answer, CartFull)]
    assert (len(full), len(await held(shop, who))) == (10, LINES_MAX)
    inside = next(iter(await held(shop, who)))
    await shop.commerce.cart.put(who, inside, 7)  # what is in may always be changed
    assert (await held(shop, who))[inside] == 7


async def test_twenty_presses_at_two_doors_are_one_line(shop: Shop) -> None:
    who, product, other = new_id("v"), await shop.product(), make_shop(shop.db)
    doors = [shop.commerce.cart, other.commerce.cart]
    await asyncio.gather(*[doors[n % 2].put(who, product.id, 3) for n in range(20)])
    assert await held(shop, who) == {product.id: 3}
    work = [doors[n % 2].remove(who, product.id) for n in range(10)]
    await asyncio.gather(*work, *[doors[n % 2].put(who, product.id, 4) for n in range(10)])
    assert await held(shop, who) in ({}, {product.id: 4})


async def test_what_was_ordered_from_the_cart_leaves_it_when_it_is_paid(shop: Shop) -> None:
    paid, kept, free = await many(shop, 3)
    async with guest(shop) as mei:
        for product in (paid, kept):
            await mei.put(f"{CART}/{product.id}", json={"quantity": 1})
        order = {
            "product_id": paid.id,
            "idempotency_key": new_id("k"),
            "from_cart": True,
            "buyer": {"name": "林", "phone": "13900000000", "address": "一路 1 号"},
        }
        placed = (await mei.post("/api/v1/orders", json=order)).json()["order"]
        lines = {line["product_id"]: line for line in (await mei.get(CART)).json()["items"]}
        assert (lines[paid.id]["order_id"], lines[kept.id]["order_id"]) == (placed["id"], None)
        await mei.post(f"/api/v1/orders/{placed['id']}/cancel")
        lines = {line["product_id"]: line for line in (await mei.get(CART)).json()["items"]}
        assert lines[paid.id]["order_id"] is None

        again = order | {"idempotency_key": new_id("k")}
        answer = (await mei.post("/api/v1/orders", json=again)).json()
        payment_id = answer["cashier_url"].split("/pay/")[1].split("?")[0]
        await shop.pay(payment_id)
        await shop.gateway.deliver()

        async def left() -> list[str]:
            return [line["product_id"] for line in (await mei.get(CART)).json()["items"]]

        await until(left, lambda products: products == [kept.id])
        # What is bought takes no place, and can be put in anew.
        await mei.put(f"{CART}/{free.id}", json={"quantity": 1})
        (rows,) = await shop.rows(
            "select count(*) as n from commerce.cart_lines where product_id = any($1)", [paid.id]
        )
        assert rows["n"] == 0


async def test_carts_nobody_touches_end(shop: Shop) -> None:
    who = new_id("v")
    old, new = await many(shop, 2)
    for product in (old, new):
        await shop.commerce.cart.put(who, product.id, 1)
    await shop.rows(
        "update commerce.cart_lines set changed_at = now() - interval '91 days'"
        " where product_id = $1",
        old.id,
    )
    await shop.commerce.cart.sweep()
    assert await held(shop, who) == {new.id: 1}


async def test_a_login_brings_the_cart_along(shop: Shop) -> None:
    guest_id, account = new_id("v"), new_id("v")
    both, only = await many(shop, 2)
    put, merge = shop.commerce.cart.put, shop.commerce.merge_visitor
    await put(guest_id, both.id, 5)
    await put(guest_id, only.id, 1)
    await put(account, both.id, 2)
    await asyncio.gather(*[merge(guest_id, account) for _ in range(3)])
    assert await held(shop, guest_id) == {}
    assert await held(shop, account) == {both.id: 5, only.id: 1}


async def test_a_full_cart_takes_what_the_guest_put_in_last(shop: Shop) -> None:
    guest_id, account = new_id("v"), new_id("v")
    mine = await many(shop, LINES_MAX - 1)
    older, newer = await many(shop, 2)
    for product in mine:
        await shop.commerce.cart.put(account, product.id, 1)
    for product in (older, newer, mine[0]):
        await shop.commerce.cart.put(guest_id, product.id, 2)
    await shop.commerce.merge_visitor(guest_id, account)
    lines = await held(shop, account)
    assert len(lines) == LINES_MAX
    assert (lines[newer.id], lines[mine[0].id], older.id in lines) == (2, 2, False)
