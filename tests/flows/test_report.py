"""The share report and its neighbours over real HTTP: who may, what is answered, and when 304."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.market import Market, make_market_app, open_market
from tests.support.shop import free_port, serve
from tests.support.town import WHATSAPP

from yaohe.identity import Visitor
from yaohe.insights.reports import previous_show
from yaohe.kernel.db import Database
from yaohe.live.rooms import Room

pytestmark = pytest.mark.db

API = "/api/v1"
LOGIN = {"email": "lin@example.com", "password": "green tea 250 g"}
COUNTS = {
    "prepared", "intended", "effective", "productive", "hits", "bot_hits", "openings", "clicks",
    "visitors", "watch_ms", "interacted", "assists", "coupons", "buyers", "orders", "paid_minor",
}  # fmt: skip


@pytest.fixture(scope="module")
async def market(db: Database) -> AsyncIterator[Market]:
    port = free_port()
    async with open_market(db, base_url=f"http://127.0.0.1:{port}") as opened:
        token = await opened.shop.identity.setup_token()
        assert token is not None
        async with serve(make_market_app(opened), port):
            async with client(opened) as person:
                made = await person.post(f"{API}/staff/setup", json={"token": token, **LOGIN})
                assert made.status_code == 201
            yield opened


def client(market: Market) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=market.shop.commerce.base_url, trust_env=False)


@pytest.fixture
async def guest(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    async with client(market) as browser:
        yield browser


@pytest.fixture
async def staff(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    async with client(market) as browser:
        assert (await browser.post(f"{API}/staff/login", json=LOGIN)).status_code == 200
        yield browser


async def who(market: Market, browser: httpx.AsyncClient) -> Visitor:
    """The visitor this browser is."""
    me = await browser.get(f"{API}/me")
    found = market.shop.identity.visitor_of(browser.cookies.get)
    assert found is not None
    assert found.id == me.json()["visitor"]["id"]
    return found


async def test_the_main_story_in_the_report(market: Market, staff: httpx.AsyncClient) -> None:
    async with market.room() as stall:
        product = await market.shop.product()
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin, channel="whatsapp")
        await stall.fetch(share.token, user_agent=WHATSAPP)
        first = (await staff.get(f"{API}/rooms/{stall.room}/share-report")).json()
        assert (first["totals"]["hits"], first["totals"]["bot_hits"]) == (1, 1)
        assert {first["totals"][name] for name in COUNTS - {"hits", "bot_hits", "intended",
                                                            "prepared"}} == {0}  # fmt: skip

        await stall.arrive(share, mei, seconds=35)
        await stall.help(share, mei)
        await stall.pay(mei, product, 8_900)
        answer = await staff.get(f"{API}/rooms/{stall.room}/share-report")
        report = answer.json()
        assert set(report["totals"]) == COUNTS
        expected = {
            "prepared": 1, "intended": 1, "effective": 1, "productive": 1, "hits": 2,
            "bot_hits": 1, "openings": 0, "clicks": 1, "visitors": 1, "interacted": 1, "assists": 1,
            "coupons": 2, "buyers": 1, "orders": 1, "paid_minor": 8_900,
        }  # fmt: skip
        assert report["totals"] == expected | {"watch_ms": report["totals"]["watch_ms"]}
        assert report["totals"]["watch_ms"] >= 35_000
        assert report["by_channel"] == [{"channel": "whatsapp", **report["totals"]}]
        (row,) = report["shares"]
        assert (row["token"], row["sharer_name"], row["state"]) == (
            share.token,
            "Lin",
            "productive",
        )
        assert (row["coupons"], row["assists"], row["paid_minor"]) == (2, 1, 8_900)
        assert report["funnel"] == {
            "shared": 1, "opened": 1, "watched": 1, "interacted": 1, "ordered": 1,
        }  # fmt: skip
        assert report["sentence"] == {
            "shares": 1, "friends": 1, "watched": 1, "orders": 1, "paid_minor": 8_900,
        }  # fmt: skip
        assert (report["currency"], report["previous"]) == ("CNY", None)
        assert report["room"]["id"] == stall.room
        assert report["room"]["title_en"] == "Spring tea"


async def test_nothing_new_is_a_304(market: Market, staff: httpx.AsyncClient) -> None:
    async with market.room() as stall:
        path = f"{API}/rooms/{stall.room}/share-report"
        share = await stall.share(stall.person())
        first = await staff.get(path)
        tag = first.headers["etag"]
        again = await staff.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        await stall.open(share.token, stall.person())
        await market.relay.drained()
        changed = await staff.get(path, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag


async def test_only_staff_may_see_it(market: Market, guest: httpx.AsyncClient) -> None:
    async with market.room() as stall:
        for method, path in (
            ("GET", f"/rooms/{stall.room}/share-report"),
            ("GET", f"/rooms/{stall.room}/share-offer"),
            ("PUT", f"/rooms/{stall.room}/share-offer"),
            ("GET", "/shop/orders"),
        ):
            answer = await guest.request(method, API + path, json={} if method == "PUT" else None)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")


async def test_an_api_key_may_see_it(market: Market, staff: httpx.AsyncClient) -> None:
    made = await staff.post(f"{API}/staff/api-keys", json={"name": "sheet", "scope": "read"})
    async with market.room() as stall, client(market) as program:
        program.headers["Authorization"] = f"Bearer {made.json()['key']}"
        report = await program.get(f"{API}/rooms/{stall.room}/share-report")
        assert report.status_code == 200
        refused = await program.put(f"{API}/rooms/{stall.room}/share-offer", json={})
        assert refused.status_code == 403


async def test_rooms_that_are_not_there(staff: httpx.AsyncClient) -> None:
    for method, path in (("GET", "share-report"), ("GET", "share-offer"), ("PUT", "share-offer")):
        answer = await staff.request(
            method, f"{API}/rooms/nowhere/{path}", json={} if method == "PUT" else None
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "room_not_found")


async def test_setting_a_rooms_coupons(market: Market, staff: httpx.AsyncClient) -> None:
    async with market.room(offer=False) as stall:
        path = f"{API}/rooms/{stall.room}/share-offer"
        no_parts = {"friend_part": None, "sharer_part": None}
        nothing = {"friend_template_id": None, "sharer_template_id": None} | no_parts
        assert (await staff.get(path)).json() == nothing
        ids = {"friend_template_id": stall.friend.id, "sharer_template_id": stall.sharer.id}
        chosen = ids | no_parts
        assert (await staff.put(path, json=ids)).json() == chosen
        assert (await staff.get(path)).json() == chosen
        part = {"total": 30, "show_total": 9}
        given = part | {"claimed": 0, "show_claimed": 0}
        limited = await staff.put(path, json=chosen | {"friend_part": part})
        assert limited.json() == chosen | {"friend_part": given}
        for wrong_part in ({"total": 101}, {"total": 3, "show_total": 4}, {"show_total": 0}):
            refused = await staff.put(path, json=chosen | {"friend_part": wrong_part})
            assert refused.json()["error"]["code"] == "bad_input", refused.text
        one = ids | {"sharer_template_id": stall.friend.id, "friend_part": part}
        assert (await staff.put(path, json=one)).status_code == 422
        alone = {"sharer_part": part}
        assert (await staff.put(path, json=alone)).status_code == 422
        assert (await staff.put(path, json=chosen)).json() == chosen
        wrong = await staff.put(path, json={"friend_template_id": "ct_none"})
        assert wrong.json()["error"]["code"] == "coupon_template_not_found"
        assert (await staff.put(path, json={"friend_template_id": 7})).status_code == 422
        assert (await staff.get(path)).json() == chosen
        assert (await staff.put(path, json=nothing)).json() == nothing
        audited = await stall.rows(
            "select count(*) as n from identity.audit where subject = $1", stall.room
        )
        assert audited[0]["n"] == 4


async def test_orders_of_the_shop_say_which_share_brought_them(
    market: Market, staff: httpx.AsyncClient
) -> None:
    async with market.room() as stall:
        product = await market.shop.product()
        mei, bo = stall.person("Mei"), stall.person("Bo")
        share = await stall.share(stall.person("Lin"), channel="x")
        await stall.open(share.token, mei)
        commerce = market.shop.commerce
        for buyer in (mei, bo):
            order = await commerce.create_order(
                buyer.id, stall.room, product.id, 2, None, f"key-{buyer.id}", None
            )
            async with market.db.raw() as conn:
                await conn.execute(
                    "update commerce.orders set status = 'paid', paid_minor = payable_minor,"
                    " paid_at = now() where id = $1",
                    order.id,
                )
            async with market.db.begin() as tx:
                from yaohe.sharing.attribution import PaidOrder

                paid = PaidOrder(
                    order_id=order.id,
                    shop_id="shop_main",
                    visitor_id=buyer.id,
                    amount_minor=order.payable_minor,
                    currency="CNY",
                    at=datetime.now(UTC),
                )
                await market.sharing.credit_orders(tx, [paid])
        answer = await staff.get(f"{API}/shop/orders", params={"room": stall.room, "limit": 1})
        page = answer.json()
        assert page["items"][0]["share"] is None  # Bo came directly
        rest = await staff.get(
            f"{API}/shop/orders", params={"room": stall.room, "before": page["next"]}
        )
        (row,) = rest.json()["items"]
        assert row["share"] == {
            "token": share.token, "sharer_name": "Lin", "sharer_name_en": "Lin", "channel": "x",
        }  # fmt: skip
        assert (row["total_minor"], row["quantity"], row["status"]) == (19_800, 2, "paid")
        assert row["product"]["title"] == "春茶"
        assert row["buyer"] is None
        assert row["buyer_name"]
        wrong = await staff.get(f"{API}/shop/orders", params={"status": "lost"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "bad_input")
        assert (await staff.get(f"{API}/shop/orders", params={"limit": 0})).status_code in {
            400,
            422,
        }


async def test_the_previous_show_is_the_same_hosts_last_one(market: Market) -> None:
    async with market.room(host_name="阿陶") as stall:
        room = await market.rooms.get(stall.room)
    import msgspec

    def show(days: float, **more: object) -> Room:
        at = datetime.now(UTC) + timedelta(days=days)
        values = {"id": f"r{days}", "started_at": at, "status": "ended"} | more
        return msgspec.structs.replace(room, **values)

    now = show(0, status="live")
    older, old, later = show(-9), show(-2), show(3)
    others = [show(-1, host_name="小林"), show(-1, status="upcoming")]
    assert previous_show(now, [now, older, old, later, *others]) == old
    assert previous_show(now, [now, later, *others]) is None


async def test_a_report_is_compared_with_the_show_before(
    market: Market, staff: httpx.AsyncClient
) -> None:
    async with market.room(host_name="阿茶") as first, market.room(host_name="阿茶") as second:
        share = await first.share(first.person())
        await first.open(share.token, first.person())
        await market.relay.drained()
        async with market.db.raw() as conn:
            await conn.execute(
                "update live.rooms set status = 'ended', started_at = now() - interval '2 days',"
                " ended_at = now() - interval '1 day' where id = $1",
                first.room,
            )
        report = (await staff.get(f"{API}/rooms/{second.room}/share-report")).json()
        assert report["totals"]["clicks"] == 0
        assert (report["previous"]["clicks"], report["previous"]["coupons"]) == (1, 1)


async def test_a_sharer_sees_what_came_of_it_and_of_whom_nothing(
    market: Market, guest: httpx.AsyncClient
) -> None:
    async with market.room() as stall:
        lin, mei = await who(market, guest), stall.person("Mei")
        share = await stall.share(lin, prepared=True)
        await stall.share(mei)
        assert (await guest.get(f"{API}/me/shares")).json() == {"items": []}
        pressed = await guest.post(f"{API}/shares/{share.token}/intend", json={"channel": "weibo"})
        assert pressed.json() == {"token": share.token, "channel": "weibo", "state": "intended"}
        await stall.open(share.token, mei)
        answer = await guest.get(f"{API}/me/shares")
        (row,) = answer.json()["items"]
        assert (row["friends"], row["watched"], row["orders"]) == (1, 0, 0)
        assert row["url"].endswith(f"/s/{share.token}")
        assert mei.id not in answer.text
        assert answer.headers["cache-control"] == "private, no-store"


async def test_pressing_what_is_not_ones_own(market: Market, guest: httpx.AsyncClient) -> None:
    async with market.room() as stall:
        share = await stall.share(stall.person(), prepared=True)
        path = f"{API}/shares/{share.token}/intend"
        answers = {
            (await guest.post(path, json={"channel": "x"})).json()["error"]["code"],
            (await guest.post(path, json={"channel": "pigeon"})).json()["error"]["code"],
            (await guest.post(f"{API}/shares/0000000000/intend", json={"channel": "x"})).json()[
                "error"
            ]["code"],
        }
        assert answers == {"share_not_yours", "channel_refused", "share_not_found"}
        foreign = await guest.post(
            path, json={"channel": "x"}, headers={"Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403
