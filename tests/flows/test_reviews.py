"""Reviews: by buyers of what arrived, one for an order, counted in integers, hidden in the open."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import Shop, make_app, make_shop

from yaohe.commerce import Order, Product
from yaohe.commerce.errors import OrderNotFound
from yaohe.commerce.reviews.errors import ReviewHidden, ReviewTooEarly
from yaohe.commerce.reviews.model import Stars
from yaohe.commerce.reviews.service import PAGE
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def arrived(shop: Shop, product: Product, who: str, status: str = "completed") -> Order:
    order = await shop.commerce.create_order(who, None, product.id, 1, None, new_id("k"))
    await stand(shop, order, status)
    return order


async def stand(shop: Shop, order: Order, status: str) -> None:
    await shop.rows("update commerce.orders set status = $2 where id = $1", order.id, status)


async def test_only_the_buyer_of_what_arrived_reviews_it_and_once(shop: Shop) -> None:
    other_door = make_shop(shop.db)
    product = await shop.product()
    mei, other = new_id("v"), new_id("v")
    order = await arrived(shop, product, mei, "shipped")
    reviews = shop.commerce.reviews
    for status in ("created", "paid", "shipped", "expired", "canceled", "paid_late", "refunded"):
        await stand(shop, order, status)
        with pytest.raises(ReviewTooEarly):
            await reviews.write(order.id, mei, 5, "好")
    await stand(shop, order, "completed")
    with pytest.raises(OrderNotFound):
        await reviews.write(order.id, other, 1, "假的")
    for wrong in (0, 6, -1):
        with pytest.raises(BadInput):
            await reviews.write(order.id, mei, wrong, "")
    await asyncio.gather(
        *[at.commerce.reviews.write(order.id, mei, 5, "香") for _ in range(8)
          for at in (shop, other_door)]
    )  # fmt: skip
    await reviews.write(order.id, mei, 4, "香，但罐子小")
    stars, page = await reviews.of_product(product.id)
    assert (stars.count, stars.average_tenths) == (1, 40)
    assert [(one.stars, one.text) for one in page.items] == [(4, "香，但罐子小")]


async def test_what_is_hidden_counts_on_and_is_counted(shop: Shop) -> None:
    product = await shop.product()
    made = []
    for stars in (5, 5, 1):
        mei = new_id("v")
        order = await arrived(shop, product, mei)
        made.append((order, mei, await shop.commerce.reviews.write(order.id, mei, stars, "…")))
    order, mei, bad = made[-1]
    token = await shop.identity.setup_token()
    owner, _ = await shop.identity.setup(token or "", "lin@example.com", "green tea 250 g", "Lin")
    await shop.commerce.reviews.hide(bad.id, "abuse", by=owner)
    stars, page = await shop.commerce.reviews.of_product(product.id)
    assert (stars.given, stars.average_tenths) == ((1, 0, 0, 0, 2), 37)
    assert stars.hidden == {"abuse": 1}
    assert bad.id not in {one.id for one in page.items}
    with pytest.raises(ReviewHidden):
        await shop.commerce.reviews.write(order.id, mei, 5, "改口")
    mine = await shop.commerce.reviews.of_order(order.id, mei)
    assert mine is not None
    assert (mine.stars, mine.hidden_for) == (1, "abuse")
    await shop.commerce.reviews.hide(bad.id, None, by=owner)
    stars, page = await shop.commerce.reviews.of_product(product.id)
    assert (stars.hidden, len(page.items)) == ({}, 3)
    await stand(shop, made[0][0], "refunded")
    _, page = await shop.commerce.reviews.of_product(product.id)
    assert [one.refunded for one in page.items] == [False, False, True]


async def test_pages_hold_all_of_them_once(shop: Shop) -> None:
    product = await shop.product()
    for _ in range(PAGE + 3):
        mei = new_id("v")
        order = await arrived(shop, product, mei)
        await shop.commerce.reviews.write(order.id, mei, 3, "")
    _, first = await shop.commerce.reviews.of_product(product.id)
    _, rest = await shop.commerce.reviews.of_product(product.id, before=first.next)
    assert (len(first.items), len(rest.items), rest.next) == (PAGE, 3, None)
    assert len({one.id for one in (*first.items, *rest.items)}) == PAGE + 3


@given(st.tuples(*[st.integers(0, 10_000)] * 5))
def test_the_average_is_exact_to_a_tenth(given: tuple[int, int, int, int, int]) -> None:
    stars = Stars(given=given, hidden={})
    if not stars.count:
        assert stars.average_tenths is None
        return
    exact = Fraction(sum(n * many for n, many in enumerate(given, 1)), stars.count)
    assert stars.average_tenths is not None
    assert 10 <= stars.average_tenths <= 50
    assert -Fraction(1, 20) < Fraction(stars.average_tenths, 10) - exact <= Fraction(1, 20)


async def test_over_http_everybody_reads_the_shop_answers(fresh_db: Database) -> None:
    shop = make_shop(fresh_db)
    product = await shop.product()
    token = await shop.identity.setup_token()
    transport = httpx.ASGITransport(app=make_app(shop))
    api = "/api/v1"
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as guest,
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as staff,
    ):
        owner = {"email": "lin@example.com", "password": "green tea 250 g"}
        await staff.post(f"{api}/staff/setup", json=owner | {"token": token})
        await staff.post(f"{api}/staff/login", json=owner)
        (await guest.get(f"{api}/orders")).raise_for_status()
        body = {"product_id": product.id, "idempotency_key": "k"}
        order = (await guest.post(f"{api}/orders", json=body)).json()["order"]
        mine = f"{api}/orders/{order['id']}/review"
        early = await guest.put(mine, json={"stars": 5})
        assert (early.status_code, early.json()["error"]["code"]) == (409, "review_too_early")
        await shop.rows("update commerce.orders set status = 'completed'")
        assert (await guest.get(mine)).json() == {"review": None, "hidden_for": None}
        written = (await guest.put(mine, json={"stars": 4, "text": " 回甘 "})).json()
        assert (written["stars"], written["text"]) == (4, "回甘")
        for wrong in ({"stars": 9}, {"stars": "many"}, {"stars": 4, "text": "x" * 501}, {}):
            assert (await guest.put(mine, json=wrong)).status_code in {400, 422}
        (line,) = (await staff.get(f"{api}/shop/reviews")).json()["items"]
        at = f"{api}/shop/reviews/{line['review']['id']}"
        assert (await staff.put(f"{at}/answer", json={"text": "谢谢"})).status_code == 204
        read = (await staff.get(f"{api}/products/{product.id}/reviews")).json()
        assert (read["count"], read["average_tenths"], read["stars"]) == (1, 40, [0, 0, 0, 1, 0])
        assert read["items"][0]["answer"] == "谢谢"
        assert order["id"] not in str(read)  # nobody learns the order of somebody else
        assert (await staff.post(f"{at}/hide", json={"reason": "spam"})).status_code == 204
        assert (await staff.post(f"{at}/hide", json={"reason": "bad"})).status_code == 422
        hidden = (await guest.get(f"{api}/products/{product.id}/reviews")).json()
        assert (hidden["items"], hidden["hidden"]) == ([], {"spam": 1})
        assert (await guest.post(f"{at}/show", json={})).status_code == 401
        assert (await staff.post(f"{api}/shop/reviews/rev_x/show")).status_code == 404
