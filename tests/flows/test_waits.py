"""The list of those who want to be told: in the order they asked, not many more than there are
pieces, each once, whoever decides and however often."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.market import Market, open_market
from tests.support.shop import Shop, make_app, make_shop

from yaohe.commerce import Product, ProductChange
from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantNotFound
from yaohe.commerce.variants import NewVariant
from yaohe.commerce.waits.errors import StillThere, WaitsFull
from yaohe.commerce.waits.model import TOLD_PER_PIECE, WAITS_MAX
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def line(shop: Shop, product: Product, people: int, **more: str) -> list[str]:
    """So many people who asked one after the other."""
    made = [new_id("v") for _ in range(people)]
    for one in made:
        await shop.commerce.ask_to_be_told(one, product.id, **more)
    return made


async def told(shop: Shop) -> list[str]:
    """Who was told, in order, by the facts."""
    rows = await shop.rows(
        """select body ->> 'visitor_id' as who from kernel.outbox
            where type = 'back_in_stock.v1' order by event_id"""
    )
    return [row["who"] for row in rows]


async def stock(shop: Shop, product: Product, more: int) -> None:
    await shop.commerce.update_product(product.id, ProductChange(stock_change=more))


async def test_those_who_asked_first_are_told_first_and_no_more_than_make_sense(
    shop: Shop,
) -> None:
    product = await shop.product(stock=0)
    people = await line(shop, product, 10)
    await shop.commerce.tell_next()
    assert await told(shop) == []
    await stock(shop, product, 2)
    await shop.commerce.tell_next()
    assert await told(shop) == people[: 2 * TOLD_PER_PIECE]
    await shop.commerce.tell_next()  # their turn is not over
    assert await told(shop) == people[: 2 * TOLD_PER_PIECE]
    await shop.rows("update commerce.waits set told_at = told_at - interval '31 minutes'")
    await shop.commerce.tell_next()
    assert await told(shop) == people


async def test_who_bought_no_longer_stands_for_a_piece(shop: Shop) -> None:
    product = await shop.product(stock=0)
    people = await line(shop, product, 2 * TOLD_PER_PIECE)
    await stock(shop, product, 1)
    await shop.commerce.tell_next()
    await shop.commerce.create_order(people[0], None, product.id, 1, None, new_id("k"))
    await shop.commerce.tell_next()
    assert len(await told(shop)) == TOLD_PER_PIECE  # nothing is left
    await stock(shop, product, 1)
    await shop.commerce.tell_next()
    assert await told(shop) == people[: TOLD_PER_PIECE + 1]


async def test_eight_who_decide_at_once_tell_each_person_once(shop: Shop) -> None:
    other = make_shop(shop.db)
    product = await shop.product(stock=0)
    people = await line(shop, product, 40)
    await stock(shop, product, 3)
    await asyncio.gather(*[at.commerce.tell_next() for _ in range(4) for at in (shop, other)])
    assert await told(shop) == people[: 3 * TOLD_PER_PIECE]


async def test_many_presses_are_one_place_and_one_tap_leaves(shop: Shop) -> None:
    product = await shop.product(stock=0)
    mei = new_id("v")
    await asyncio.gather(*[shop.commerce.ask_to_be_told(mei, product.id) for _ in range(20)])
    (count,) = await shop.commerce.wait_counts()
    assert (count.product_id, count.waiting) == (product.id, 1)
    await shop.commerce.leave_wait(mei, product.id)
    await shop.commerce.leave_wait(mei, product.id)
    await stock(shop, product, 1)
    assert await shop.commerce.tell_next() == 0
    assert await shop.commerce.waits_of(mei) == []


async def test_what_is_back_stays_news_until_seen_and_can_be_asked_again(shop: Shop) -> None:
    product = await shop.product(stock=0)
    mei = new_id("v")
    await shop.commerce.ask_to_be_told(mei, product.id, room_id="tea")
    await stock(shop, product, 1)
    await shop.commerce.tell_next()
    (wait,) = await shop.commerce.waits_of(mei)
    assert (wait.stock, wait.room_id, wait.told_at is not None) == (1, "tea", True)
    await shop.commerce.wait_seen(mei, product.id)
    assert await shop.commerce.waits_of(mei) == []
    await stock(shop, product, -1)
    await shop.commerce.ask_to_be_told(mei, product.id)
    await shop.commerce.ask_to_be_told(mei, product.id)
    (wait,) = await shop.commerce.waits_of(mei)
    assert wait.told_at is None


async def test_a_variant_has_a_list_of_its_own(shop: Shop) -> None:
    product = await shop.product(stock=3)
    red, blue = await shop.commerce.set_variants(
        product.id,
        [
            NewVariant(title="红罐", price_minor=9_900, stock=0),
            NewVariant(title="蓝罐", price_minor=9_900, stock=0),
        ],
    )
    (any_one,) = await line(shop, product, 1)
    (wants_red,) = await line(shop, product, 1, variant_id=red.id)
    (wants_blue,) = await line(shop, product, 1, variant_id=blue.id)
    await shop.commerce.set_variants(
        product.id,
        [
            NewVariant(id=red.id, title="红罐", price_minor=9_900, stock_change=2),
            NewVariant(id=blue.id, title="蓝罐", price_minor=9_900),
        ],
    )
    await shop.commerce.tell_next()
    assert set(await told(shop)) == {any_one, wants_red}
    with pytest.raises(StillThere):
        await shop.commerce.ask_to_be_told(new_id("v"), product.id, variant_id=red.id)
    (still,) = await shop.commerce.waits_of(wants_blue)
    assert (still.title_in("zh-CN"), still.told_at) == ("春茶 · 蓝罐", None)


async def test_who_cannot_wait_is_told_why(shop: Shop) -> None:
    there = await shop.product(stock=1)
    hidden = await shop.product(stock=0, status="hidden")
    gone = await shop.product(stock=0)
    mei = new_id("v")
    for product_id, variant_id, refusal in (
        (there.id, "", StillThere),
        (hidden.id, "", ProductHidden),
        ("prd_none", "", ProductNotFound),
        (gone.id, "var_none", VariantNotFound),
    ):
        with pytest.raises(refusal):
            await shop.commerce.ask_to_be_told(mei, product_id, variant_id=variant_id)
    await shop.rows(
        """insert into commerce.waits
             (visitor_id, product_id, variant_id, shop_id, asked_at)
           select $1, $2, n::text, 'shop_main', now() from generate_series(1, $3::int) n""",
        mei, gone.id, WAITS_MAX,
    )  # fmt: skip
    with pytest.raises(WaitsFull):
        await shop.commerce.ask_to_be_told(mei, gone.id)


@pytest.fixture
async def market(fresh_db: Database) -> AsyncIterator[Market]:
    async with open_market(fresh_db) as made:
        yield made


async def test_an_order_that_is_given_up_is_news_to_who_waits(market: Market) -> None:
    shop = market.shop
    product = await shop.product(stock=1)
    buyer, mei = new_id("v"), new_id("v")
    order = await shop.commerce.create_order(buyer, None, product.id, 1, None, new_id("k"))
    await shop.commerce.ask_to_be_told(mei, product.id)
    await market.relay.drained()
    assert not [m for _, m in market.hub.told if m["type"] == "back_in_stock"]
    await shop.commerce.cancel_order(order.id, buyer)
    await market.relay.drained()
    heard = [(who, m) for who, m in market.hub.told if m["type"] == "back_in_stock"]
    assert [(who, m["product_id"], m["title_en"]) for who, m in heard] == [
        (mei, product.id, "Spring tea")
    ]


async def test_over_http_a_guest_asks_and_staff_see_how_many(shop: Shop) -> None:
    product = await shop.product(stock=0)
    token = await shop.identity.setup_token()
    transport = httpx.ASGITransport(app=make_app(shop))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as guest,
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as staff,
    ):
        me = f"/api/v1/me/waits/{product.id}"
        answers = [await guest.put(me, json={"room_id": "tea"}) for _ in range(2)]
        assert Counter(answer.status_code for answer in answers) == {204: 2}
        (mine,) = (await guest.get("/api/v1/me/waits")).json()["items"]
        assert (mine["title_en"], mine["told_at"]) == ("Spring tea", None)
        for body in ({"variant_id": "x y"}, {"variant_id": "x" * 90}, {"room_id": "\u0000"}):
            assert (await guest.put(me, json=body)).status_code == 422
        assert (await guest.get("/api/v1/shop/waits")).status_code == 401
        await staff.post(
            "/api/v1/staff/setup",
            json={"token": token, "email": "lin@example.com", "password": "green tea 250 g"},
        )
        await staff.post(
            "/api/v1/staff/login", json={"email": "lin@example.com", "password": "green tea 250 g"}
        )
        counted = (await staff.get("/api/v1/shop/waits")).json()["items"]
        assert counted == [{"product_id": product.id, "variant_id": "", "waiting": 1}]
        assert (await guest.delete(me)).status_code == 204
        assert (await guest.get("/api/v1/me/waits")).json() == {"items": []}
