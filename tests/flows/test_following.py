"""Who earned the orders and how far shares went, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.market import Market, make_market_app, open_market
from tests.support.shop import free_port, serve

from yaohe.kernel.db import Database

pytestmark = pytest.mark.db

API = "/api/v1"
LOGIN = {"email": "lin@example.com", "password": "green tea 250 g"}


@pytest.fixture(scope="module")
async def market(db: Database) -> AsyncIterator[Market]:
    port = free_port()
    async with (
        open_market(db, base_url=f"http://127.0.0.1:{port}") as opened,
        serve(make_market_app(opened), port),
    ):
        yield opened


@pytest.fixture(scope="module")
async def staff(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    base_url = market.shop.commerce.base_url
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as browser:
        token = await market.shop.identity.setup_token()
        made = await browser.post(f"{API}/staff/setup", json={"token": token, **LOGIN})
        assert made.status_code == 201
        yield browser


async def test_paid_orders_are_earned_under_every_model(
    market: Market, staff: httpx.AsyncClient
) -> None:
    async with market.room() as stall:
        product = await market.shop.product()
        mei = stall.person("Mei")
        share = await stall.share(stall.person("Lin"), channel="weibo")
        await stall.open(share.token, mei)
        await stall.pay(mei, product, 9_900)
        await stall.pay(stall.person(), product, 100)
        await market.relay.drained()
        path = f"{API}/rooms/{stall.room}/attribution"
        told = (await staff.get(path)).json()
        assert (told["model"], told["orders"], told["net_minor"]) == ("last_non_direct", 2, 10_000)
        assert told["sources"] == [
            {"source": "share", "orders": 1, "amount_minor": 9_900},
            {"source": "direct", "orders": 1, "amount_minor": 100},
        ]
        (earner,) = told["shares"]
        assert (earner["sharer_name"], earner["channel"], earner["token"]) == (
            "Lin", "weibo", share.token,
        )  # fmt: skip
        for model in told["models"]:
            again = (await staff.get(path, params={"model": model})).json()
            assert sum(row["amount_minor"] for row in again["sources"]) == again["net_minor"]

        spread = (await staff.get(f"{API}/rooms/{stall.room}/spread")).json()
        assert (spread["sharers"], spread["brought"], spread["k"]) == (1, 0, 0)
        assert spread["generations"] == [
            {
                "generation": 1, "sharers": 1, "shares": 1, "friends": 1, "orders": 1,
                "paid_minor": 9_900,
            }
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"model": "guess"}, "bad_input"),
        ({"window_days": "0"}, "bad_input"),
        ({"half_life_days": "x"}, "bad_input"),
    ],
)
async def test_what_cannot_be_asked_is_told(
    market: Market, staff: httpx.AsyncClient, query: dict[str, str], code: str
) -> None:
    async with market.room() as stall:
        answer = await staff.get(f"{API}/rooms/{stall.room}/attribution", params=query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    for path in ("attribution", "spread"):
        missing = await staff.get(f"{API}/rooms/nowhere/{path}")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "room_not_found")
        guest = httpx.AsyncClient(base_url=staff.base_url, trust_env=False)
        assert (await guest.get(f"{API}/rooms/nowhere/{path}")).status_code == 401
        await guest.aclose()
