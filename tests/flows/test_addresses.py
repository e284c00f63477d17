"""A buyer's address book: one default whoever writes at once, nobody else's ever, never too
many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce.addresses.model import ADDRESSES_MAX
from yaohe.commerce.errors import AddressMissing, AddressNotFound
from yaohe.commerce.orders.model import Buyer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made
    await made.commerce.close()


def at(where: str) -> Buyer:
    return Buyer(name="林", phone="13900000000", address=where)


async def book(shop: Shop, who: str) -> list[str]:
    """Where, the default first and marked."""
    found = await shop.commerce.addresses_of(who)
    return [f"{'*' * one.is_default}{one.address}" for one in found]


async def test_the_first_is_the_default_until_another_is(shop: Shop) -> None:
    who, keep = new_id("v"), shop.commerce.keep_address
    await keep(who, at("一路 1 号"))
    await keep(who, at("二路 2 号"))
    assert await book(shop, who) == ["*一路 1 号", "二路 2 号"]
    await keep(who, at("三路 3 号"), default=True)
    await keep(who, at(" 一路  1 号 "))  # the same again
    assert await book(shop, who) == ["*三路 3 号", "一路 1 号", "二路 2 号"]
    (third, first, _) = await shop.commerce.addresses_of(who)
    await shop.commerce.drop_address(who, third.id)
    assert await book(shop, who) == ["*一路 1 号", "二路 2 号"]
    await keep(who, at("四路 4 号"), instead_of=first.id)
    assert await book(shop, who) == ["*四路 4 号", "二路 2 号"]
    for one in await shop.commerce.addresses_of(who):
        await shop.commerce.drop_address(who, one.id)
    assert await book(shop, who) == []


async def test_many_at_once_leave_one_default_and_no_double(shop: Shop, db: Database) -> None:
    who, other, few = new_id("v"), make_shop(db), asyncio.Semaphore(8)

    async def keep(where: Shop, number: int) -> None:
        async with few:
            await where.commerce.keep_address(who, at(f"路 {number} 号"), default=number % 3 == 0)

    await asyncio.gather(*[keep(where, n) for n in range(30) for where in (shop, other)])
    found = await book(shop, who)
    assert len(found) == len(set(found)) == ADDRESSES_MAX
    assert sum(one.startswith("*") for one in found) == 1


async def test_the_one_longest_unused_makes_room_and_never_the_default(shop: Shop) -> None:
    who = new_id("v")
    for number in range(ADDRESSES_MAX + 1):
        await shop.commerce.keep_address(who, at(f"路 {number} 号"))
    found = await book(shop, who)
    assert found[:2] == ["*路 0 号", f"路 {ADDRESSES_MAX} 号"]
    assert "路 1 号" not in found


async def test_nobody_reaches_the_book_of_another(shop: Shop) -> None:
    mine, theirs = new_id("v"), new_id("v")
    (kept,) = await shop.commerce.keep_address(mine, at("一路 1 号"))
    with pytest.raises(AddressNotFound):
        await shop.commerce.drop_address(theirs, kept.id)
    with pytest.raises(AddressNotFound):
        await shop.commerce.keep_address(theirs, at("二路 2 号"), instead_of=kept.id)
    assert (await book(shop, mine), await book(shop, theirs)) == (["*一路 1 号"], [])
    with pytest.raises(AddressMissing):
        await shop.commerce.keep_address(mine, Buyer(name="林", phone="13900000000"))
    with pytest.raises(BadInput):
        await shop.commerce.keep_address(mine, Buyer(name="", phone="1", address="x"))


async def test_over_http(shop: Shop) -> None:
    url, path = shop.commerce.base_url, "/api/v1/me/addresses"
    async with httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False) as guest:
        given = {"name": "Lin", "phone": "13900000000", "address": "1 Lake Road"}
        made = await guest.post(path, json=given)
        assert made.status_code == 201
        (kept,) = made.json()["items"]
        assert kept == {"id": kept["id"], "is_default": True, **given}
        changed = await guest.put(f"{path}/{kept['id']}", json=given | {"address": "2 Lake Road"})
        (now,) = changed.json()["items"]
        assert (now["address"], now["is_default"]) == ("2 Lake Road", True)
        assert (await guest.get(path)).json()["items"] == [now]
        for bad, code in (({"address": ""}, "address_missing"), ({"phone": "x"}, "bad_input")):
            refused = await guest.post(path, json=given | bad)
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
        gone = await guest.delete(f"{path}/{kept['id']}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "address_not_found")
        assert (await guest.delete(f"{path}/{now['id']}")).json()["items"] == []
        foreign = await guest.post(path, json=given, headers={"origin": "https://x.example"})
        assert foreign.status_code == 403
