"""The thread of an order: its buyer and staff alone, each message once, unread until seen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.market import Market, open_market
from tests.support.shop import Shop, make_app, make_shop

from yaohe.commerce import Order
from yaohe.commerce.errors import OrderNotFound
from yaohe.commerce.messages.errors import ThreadFull, TooFast
from yaohe.commerce.messages.model import (
    CANNED_MAX,
    MESSAGE_CHARS_MAX,
    MESSAGES_MAX,
    PER_MINUTE,
    Message,
    cleaned_answers,
    cleaned_message,
)
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def bought(shop: Shop, who: str) -> Order:
    product = await shop.product(stock=3)
    return await shop.commerce.create_order(who, None, product.id, 1, None, new_id("k"))


async def test_only_its_buyer_reads_and_writes(shop: Shop) -> None:
    mei, other = new_id("v"), new_id("v")
    order = await bought(shop, mei)
    messages = shop.commerce.messages
    await messages.write(order.id, mei, "什么时候发货？", "k1")
    for order_id, who in ((order.id, other), ("ord_none", mei)):
        for refused in (
            messages.thread(order_id, who),
            messages.write(order_id, who, "hello", "k2"),
            messages.read(order_id, who, 1),
            messages.shop_thread(order_id, shop_id="shop_other"),
            messages.shop_read(order_id, 1, shop_id="shop_other"),
        ):
            with pytest.raises(OrderNotFound):
                await refused
    assert [m.text for m in (await messages.thread(order.id, mei)).messages] == ["什么时候发货？"]
    assert await messages.unread_of(other) == []


async def test_a_key_is_one_message_and_a_rush_is_held_to_the_limit(shop: Shop) -> None:
    other = make_shop(shop.db)
    mei = new_id("v")
    order = await bought(shop, mei)

    async def write(at: Shop, key: str) -> Message | AppError:
        try:
            return await at.commerce.messages.write(order.id, mei, "在吗？", key)
        except AppError as error:
            return error

    same = await asyncio.gather(*[write(at, "k") for _ in range(8) for at in (shop, other)])
    assert len({m.id for m in same if isinstance(m, Message)}) == 1
    assert Counter(map(type, same)) == {Message: 16}
    rush = await asyncio.gather(*[write(at, f"{n}{i}") for n in range(8) for i, at in enumerate(
        (shop, other))])  # fmt: skip
    assert Counter(map(type, rush)) == {Message: PER_MINUTE - 1, TooFast: 16 - (PER_MINUTE - 1)}
    thread = await shop.commerce.messages.shop_thread(order.id)
    assert (len(thread.messages), thread.unread) == (PER_MINUTE, PER_MINUTE)


async def test_a_thread_takes_only_so_many(shop: Shop) -> None:
    mei = new_id("v")
    order = await bought(shop, mei)
    await shop.commerce.messages.write(order.id, mei, "1", "k1")
    full = "update commerce.threads set messages = $2 where order_id = $1"
    await shop.rows(full, order.id, MESSAGES_MAX)
    with pytest.raises(ThreadFull):
        await shop.commerce.messages.write(order.id, mei, "2", "k2")


@given(st.text(max_size=600))
@settings(max_examples=200)
def test_any_text_is_kept_clean_or_refused(text: str) -> None:
    try:
        kept = cleaned_message(text)
    except BadInput:
        return
    assert 0 < len(kept) <= MESSAGE_CHARS_MAX
    assert kept == kept.strip()
    kept.encode()
    assert not any(c in kept for c in "\x00\x1b\u202e\u2066")


def test_a_shop_keeps_so_many_answers() -> None:
    assert cleaned_answers([" 今天发 "]) == ["今天发"]
    for wrong in (["x"] * (CANNED_MAX + 1), [""], ["x" * 301]):
        with pytest.raises(BadInput):
            cleaned_answers(wrong)


@pytest.fixture
async def market(fresh_db: Database) -> AsyncIterator[Market]:
    async with open_market(fresh_db) as made:
        yield made


async def test_over_http_both_write_both_see_what_is_new(market: Market) -> None:
    shop = market.shop
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
        made = await shop.commerce.create_order("v_x", None, product.id, 1, None, "k")
        (await guest.get(f"{api}/orders")).raise_for_status()
        placed = await guest.post(
            f"{api}/orders", json={"product_id": product.id, "idempotency_key": "k"}
        )
        order_id = placed.json()["order"]["id"]
        mine, theirs = f"{api}/orders/{order_id}/messages", f"{api}/shop/orders/{order_id}/messages"
        asked = {"text": "能换地址吗？", "idempotency_key": "k1"}
        assert [(await guest.post(mine, json=asked)).status_code for _ in range(2)] == [201, 201]
        (line,) = (await staff.get(f"{api}/shop/threads")).json()["items"]
        assert (line["unread"], line["text"], line["side"]) == (1, "能换地址吗？", "buyer")
        seen = (await staff.get(theirs)).json()["messages"][-1]["id"]
        assert (await staff.post(f"{theirs}/read", json={"up_to": seen})).status_code == 204
        assert (await staff.get(theirs)).json()["unread"] == 0

        answer = {"text": "可以，发我新地址", "idempotency_key": "a1"}
        assert (await staff.post(theirs, json=answer)).status_code == 201
        assert (await guest.get(f"{api}/me/messages")).json()["items"] == [
            {"order_id": order_id, "unread": 1}
        ]
        thread = (await guest.get(mine)).json()
        assert [m["side"] for m in thread["messages"]] == ["buyer", "shop"]
        assert "staff_id" not in thread["messages"][1]
        last = thread["messages"][-1]["id"]
        await guest.post(f"{mine}/read", json={"up_to": last + 1_000})  # no further than there is
        await staff.post(theirs, json=answer | {"idempotency_key": "a2"})
        assert (await guest.get(f"{api}/me/messages")).json()["items"][0]["unread"] == 1

        await market.relay.drained()
        heard = [m["mine"] for _, m in market.hub.told if m["type"] == "message"]
        assert heard == [True, False, False]

        for path, body, status in (
            (mine, {"text": " ", "idempotency_key": "k3"}, 422),
            (mine, {"text": "x" * 501, "idempotency_key": "k3"}, 422),
            (mine, {"text": "x", "idempotency_key": "a b"}, 422),
            (f"{mine}/read", {"up_to": -1}, 422),
            (f"{api}/orders/{made.id}/messages", asked, 404),
            (theirs, answer, 401),
        ):
            refused = await guest.post(path, json=body)
            assert refused.status_code == status, (path, refused.text)
        kept = await staff.put(f"{api}/shop/canned-answers", json={"items": ["今天发", "谢谢"]})
        assert kept.json() == {"items": ["今天发", "谢谢"]}
        assert (await staff.get(f"{api}/shop/canned-answers")).json() == kept.json()
        assert (await guest.get(f"{api}/shop/canned-answers")).status_code == 401
