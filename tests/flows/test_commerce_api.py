"""The API of the shop over real HTTP: who may, what is answered, and the cashier page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.shop import Shop, free_port, make_app, make_shop, running, serve, until

from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

API = "/api/v1"


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
    token = await made.identity.setup_token()
    assert token is not None
    async with serve(make_app(made), port), running(made.gateway):
        async with people(made) as person:
            answer = await person.post(
                f"{API}/staff/setup",
                json={"token": token, "email": "lin@example.com", "password": "green tea 250 g"},
            )
            assert answer.status_code == 201
        yield made


def people(shop: Shop) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=shop.commerce.base_url, trust_env=False)


@pytest.fixture
async def guest(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with people(shop) as client:
        yield client


@pytest.fixture
async def staff(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with people(shop) as client:
        answer = await client.post(
            f"{API}/staff/login", json={"email": "lin@example.com", "password": "green tea 250 g"}
        )
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("yh_s=")
        assert "HttpOnly; SameSite=Lax" in cookie
        yield client


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def new_product(staff: httpx.AsyncClient, **more: object) -> dict[str, object]:
    body = {"title": "春茶", "title_en": "Spring tea", "price_minor": 9_900, "stock": 5} | more
    answer = await staff.post(f"{API}/products", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_staff_routes_want_staff(guest: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/staff/me"),
        ("GET", "/staff/api-keys"),
        ("POST", "/staff/api-keys"),
        ("DELETE", "/staff/api-keys/key_1"),
        ("POST", "/staff/password"),
        ("GET", "/shop"),
        ("PATCH", "/shop"),
        ("GET", "/products"),
        ("POST", "/products"),
        ("PATCH", "/products/prd_1"),
        ("GET", "/coupon-templates"),
        ("POST", "/coupon-templates"),
        ("PATCH", "/coupon-templates/ct_1"),
        ("POST", "/coupons/cpn_1/revoke"),
    ):
        answer = await guest.request(method, API + path, json={} if method != "GET" else None)
        assert (answer.status_code, code(answer)) == (401, "not_signed_in"), path


async def test_signing_in_and_out(shop: Shop, staff: httpx.AsyncClient) -> None:
    me = (await staff.get(f"{API}/staff/me")).json()
    assert (me["staff"]["email"], me["staff"]["role"]) == ("lin@example.com", "owner")
    assert me["shop"]["currency"] == "CNY"
    assert (await staff.get(f"{API}/staff/setup")).json() == {"open": False}
    assert (await staff.post(f"{API}/staff/logout")).status_code == 204
    assert (await staff.get(f"{API}/staff/me")).status_code == 401
    wrong = await staff.post(
        f"{API}/staff/login", json={"email": "lin@example.com", "password": "wrong"}
    )
    assert (wrong.status_code, code(wrong)) == (401, "wrong_password")


async def test_another_site_cannot_act_for_staff(shop: Shop, staff: httpx.AsyncClient) -> None:
    own = shop.commerce.base_url
    for headers, status in (
        ({"Origin": own}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": own.replace("127.0.0.1", "127.0.0.2")}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ):
        answer = await staff.post(f"{API}/staff/api-keys", json={"name": "k"}, headers=headers)
        assert answer.status_code == status, headers
    assert code(answer) == "wrong_origin"
    read = await staff.get(f"{API}/staff/me", headers={"Origin": "https://evil.example"})
    assert read.status_code == 200


async def test_api_keys_over_http(staff: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    full = (await staff.post(f"{API}/staff/api-keys", json={"name": "full"})).json()
    read = await staff.post(f"{API}/staff/api-keys", json={"name": "r", "scope": "read"})
    bearer = {"Authorization": f"Bearer {full['key']}"}
    only = {"Authorization": f"Bearer {read.json()['key']}"}
    shown = await guest.get(f"{API}/products", headers=only)
    assert shown.status_code == 200
    body = {"title": "茶", "price_minor": 1, "stock": 1}
    refused = await guest.post(f"{API}/products", json=body, headers=only)
    assert (refused.status_code, code(refused)) == (403, "key_read_only")
    made = await guest.post(f"{API}/products", json=body, headers=bearer)
    assert made.status_code == 201
    for path in ("/staff/api-keys", "/staff/password"):
        wish = {"name": "x", "old": "x", "new": "y"}
        answer = await guest.post(API + path, json=wish, headers=bearer)
        assert (answer.status_code, code(answer)) == (403, "key_read_only")
    keys = (await staff.get(f"{API}/staff/api-keys")).json()["items"]
    assert full["key"] not in str(keys)
    gone = await staff.delete(f"{API}/staff/api-keys/{full['id']}")
    assert gone.status_code == 204
    assert (await guest.get(f"{API}/products", headers=bearer)).status_code == 401
    wrong = await guest.get(f"{API}/products", headers={"Authorization": "Basic eDp5"})
    assert wrong.status_code == 401


async def test_products_and_templates(staff: httpx.AsyncClient) -> None:
    made = await new_product(staff, picture_key="tea.jpg", list_price_minor=12_900)
    assert (made["picture"], made["currency"], made["status"]) == (
        "/media/products/tea.jpg",
        "CNY",
        "on_sale",
    )
    path = f"{API}/products/{made['id']}"
    changed = await staff.patch(path, json={"price_minor": 8_900, "list_price_minor": None})
    assert (changed.json()["price_minor"], changed.json()["list_price_minor"]) == (8_900, None)
    struck = await staff.patch(path, json={"list_price_minor": 8_899})
    assert (struck.status_code, struck.json()["error"]["field"]) == (422, "list_price_minor")
    more = await staff.patch(path, json={"stock_change": 3})
    assert more.json()["stock"] == 8
    less = await staff.patch(path, json={"stock_change": -9})
    assert (less.status_code, code(less)) == (409, "stock_too_low")
    missing = await staff.patch(f"{API}/products/prd_nothing", json={"stock": 1})
    assert (missing.status_code, code(missing)) == (404, "product_not_found")
    listed = (await staff.get(f"{API}/products")).json()["items"]
    assert made["id"] in {item["id"] for item in listed}
    for wrong in (
        {"price_minor": -1},
        {"price_minor": 10**14},
        {"price_minor": 1.5},
        {"stock": -1},
        {"stock": 1, "stock_change": 1},
        {"status": "gone"},
        {"title": ""},
        {"title": "x" * 500},
        {"picture_key": "../secret"},
        {"picture_key": ".hidden"},
    ):
        answer = await staff.patch(path, json=wrong)
        assert (answer.status_code, code(answer)) == (422, "bad_input"), wrong

    body = {"title": "减十元", "amount_minor": 1_000, "total": 9, "valid_days": 7}
    template = (await staff.post(f"{API}/coupon-templates", json=body)).json()
    assert (template["status"], template["used"], template["claimed"]) == ("active", 0, 0)
    stopped = await staff.patch(
        f"{API}/coupon-templates/{template['id']}", json={"status": "stopped"}
    )
    assert stopped.json()["status"] == "stopped"
    bad = await staff.post(f"{API}/coupon-templates", json=body | {"total": 0})
    assert (bad.status_code, code(bad)) == (422, "bad_input")
    zoneless = body | {"valid_until": "2026-12-31T23:59:59"}
    bad = await staff.post(f"{API}/coupon-templates", json=zoneless)
    assert (bad.status_code, code(bad)) == (422, "bad_input")
    assert bad.json()["error"]["field"] == "valid_until"
    assert "2026-12-31T23:59:59+08:00" in bad.json()["error"]["message"]


async def test_a_guest_buys(shop: Shop, staff: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    product = await new_product(staff)
    me = await guest.get(f"{API}/me")
    visitor = me.json()["visitor"]
    assert me.headers["set-cookie"].startswith(f"yh_v={visitor['id']}.")
    assert visitor["name"] != visitor["name_en"]
    template = await shop.template(amount_minor=1_000)
    coupon = await shop.commerce.claim_coupon(
        template.id, visitor["id"], source="arrival", source_ref="token"
    )
    wallet = (await guest.get(f"{API}/me/coupons")).json()["items"]
    assert [item["id"] for item in wallet] == [coupon.id]
    wish = {
        "product_id": product["id"],
        "room_id": "tea",
        "quantity": 1,
        "coupon_id": coupon.id,
        "idempotency_key": "press-1",
        "expected_minor": 8_900,
        "return_path": "/s/abc?lang=en",
        "buyer": {"name": "林", "phone": "13800000000", "address": "西湖区"},
    }
    headers = {"Accept-Language": "en"}
    made = await guest.post(f"{API}/orders", json=wish, headers=headers)
    assert made.status_code == 201, made.text
    again = await guest.post(f"{API}/orders", json=wish, headers=headers)
    assert again.json() == made.json()
    order, cashier = made.json()["order"], made.json()["cashier_url"]
    assert (order["status"], order["payable_minor"]) == ("created", 8_900)
    assert cashier.startswith(shop.commerce.base_url + "/pay/pay_")

    page = await guest.get(cashier, headers=headers, follow_redirects=True)
    cashier = str(page.url).partition("?")[0]
    assert cashier.startswith(shop.commerce.base_url + "/sandbox/cashier/pay_")
    assert page.status_code == 200
    assert "Pay ¥89" in page.text
    assert "Sandbox · no real money" in page.text
    assert "Spring tea" in page.text
    assert "<script" not in page.text
    assert "SameSite=Strict" in page.headers["set-cookie"]
    token = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    form = {"token": token.group(1), "redirect_url": page.url.params["redirect_url"]}
    paid = await guest.post(f"{cashier}/pay", data=form)
    assert paid.status_code == 303
    assert paid.headers["location"] == (
        f"{shop.commerce.base_url}/s/abc?lang=en&order={order['id']}"
    )

    async def is_paid() -> bool:
        answer = await guest.get(f"{API}/orders/{order['id']}")
        return bool(answer.json()["status"] == "paid")

    await until(is_paid)
    assert (await guest.get(cashier, headers=headers)).text.count("Paid") >= 1
    odd = {"accept-language": b"\xff\xfe"}
    assert (await guest.get(cashier, headers=odd)).status_code == 200
    repeated = await guest.post(f"{cashier}/pay", data=form)
    assert repeated.status_code == 303
    # The door leads back to the order once there is nothing to pay.
    again = await guest.get(made.json()["cashier_url"])
    assert (again.status_code, again.headers["location"]) == (303, paid.headers["location"])
    assert len((await guest.get(f"{API}/orders")).json()["items"]) == 1
    async with people(shop) as stranger:
        hidden = await stranger.get(f"{API}/orders/{order['id']}")
        assert (hidden.status_code, code(hidden)) == (404, "order_not_found")
        assert (await stranger.get(f"{API}/orders")).json() == {"items": []}
    late = await guest.post(f"{API}/orders/{order['id']}/pay", json={})
    assert (late.status_code, code(late)) == (409, "order_not_payable")
    over = await guest.post(f"{API}/orders/{order['id']}/cancel")
    assert (over.status_code, code(over)) == (409, "order_move")
    used = (await guest.get(f"{API}/me/coupons")).json()["items"][0]
    assert used["state"] == "used"


async def test_refusals_of_an_order(staff: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    product = await new_product(staff, stock=1)
    wish = {"product_id": product["id"], "idempotency_key": "k"}
    for change, status, wanted in (
        ({"product_id": "prd_nothing"}, 404, "product_not_found"),
        ({"quantity": 2}, 409, "sold_out"),
        ({"quantity": 0}, 422, "bad_input"),
        ({"expected_minor": 1}, 409, "price_changed"),
        ({"coupon_id": "cpn_1"}, 404, "coupon_not_found"),
        ({"return_path": "https://evil.example"}, 422, "bad_input"),
        ({"idempotency_key": ""}, 422, "bad_input"),
        ({"buyer": {"name": "a"}}, 422, "bad_input"),
    ):
        answer = await guest.post(f"{API}/orders", json=wish | change)
        assert (answer.status_code, code(answer)) == (status, wanted), change
    foreign = await guest.post(f"{API}/orders", json=wish, headers={"Origin": "https://evil.test"})
    assert (foreign.status_code, code(foreign)) == (403, "wrong_origin")
    made = await guest.post(f"{API}/orders", json=wish)
    assert made.status_code == 201
    door = made.json()["cashier_url"]
    for body, url in (
        (None, door), ({}, door), ({"return_path": "/r/tea"}, f"{door}r%2Ftea"),
    ):  # fmt: skip
        again = await guest.post(f"{API}/orders/{made.json()['order']['id']}/pay", json=body)
        assert (again.status_code, again.json()) == (200, made.json() | {"cashier_url": url})
    canceled = await guest.post(f"{API}/orders/{made.json()['order']['id']}/cancel")
    assert canceled.json()["status"] == "canceled"


async def test_the_cashier_follows_the_address_the_buyer_uses(
    shop: Shop, staff: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    """With no public address configured, localhost stays localhost and a phone stays in its
    network, so that the cookies still fit on the way back."""
    product = await new_product(staff)
    for host, site in (
        ("localhost:8080", "http://localhost:8080"),
        ("192.168.1.5:8080", "http://192.168.1.5:8080"),
    ):
        wish = {"product_id": product["id"], "idempotency_key": new_id("k")}
        answer = await guest.post(f"{API}/orders", json=wish, headers={"Host": host})
        assert answer.status_code == 201, answer.text
        door = answer.json()["cashier_url"]
        assert door.startswith(f"{site}/pay/")
        entered = await guest.get(door.removeprefix(site), headers={"Host": host})
        assert entered.headers["location"].startswith(f"{site}/sandbox/cashier/")


async def open_cashier(shop: Shop) -> str:
    product = await shop.product()
    visitor = new_id("v")
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, "k")
    payment = await shop.commerce.start_payment(order.id, visitor)
    return (await shop.enter(payment.id)).text.partition("?")[0]


async def test_forms_that_are_not_ours(shop: Shop, guest: httpx.AsyncClient) -> None:
    cashier = await open_cashier(shop)
    page = await guest.get(cashier)
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page.text)[0]
    other = await open_cashier(shop)
    for url, data, headers, cookies in (
        (cashier, {}, {}, True),
        (cashier, {"token": "0" * 64}, {}, True),
        (cashier, {"token": "é"}, {}, True),
        (other, {"token": token}, {}, True),
        (cashier, {"token": token}, {"Origin": "https://evil.example"}, True),
        (cashier, {"token": token}, {}, False),
    ):
        sender = guest if cookies else people(shop)
        answer = await sender.post(f"{url}/pay", data=data, headers=headers)
        assert answer.status_code == 403
        assert "页面已过期" in answer.text
        if not cookies:
            await sender.aclose()
    state = "select distinct state from sandbox_pay.payments where id = any($1)"
    ids = [url.rsplit("/", 1)[1] for url in (cashier, other)]
    assert await shop.value(state, ids) == "open"
    missing = await guest.get("/sandbox/cashier/pay_nothing")
    assert missing.status_code == 404
    assert "没有这笔支付" in missing.text
    nothing = await guest.post("/sandbox/cashier/pay_nothing/pay", data={"token": token})
    assert nothing.status_code == 404


async def test_the_cashier_leads_nowhere_else(shop: Shop, guest: httpx.AsyncClient) -> None:
    cashier = await open_cashier(shop)
    for wanted, back in (
        ("https://evil.example/r/tea", "/"),
        ("//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        (f"{shop.commerce.base_url}/r/tea", f"{shop.commerce.base_url}/r/tea"),
    ):
        page = await guest.get(cashier, params={"redirect_url": wanted})
        assert f'class="plain" href="{back}"' in page.text
    api = await guest.post("/sandbox/payments/pay_1/faults", json={"faults": ["late"]})
    assert api.status_code == 404  # only the cashier is reached through the shop
    payment_id = cashier.rsplit("/", 1)[1]
    faults = "select faults from sandbox_pay.payments where id = $1"
    for way in ("..%2Fpayments%2F{}%2Ffaults", "x/..%2F..%2Fpayments%2F{}%2Ffaults"):
        around = f"/sandbox/cashier/{way.format(payment_id)}"
        api = await guest.post(around, json={"faults": ["late"]})
        assert api.json()["error"]["code"] == "cashier_not_there"
    assert await shop.value(faults, payment_id) == []


async def test_the_door_to_the_cashier(shop: Shop, guest: httpx.AsyncClient) -> None:
    """It opens for the buyer alone, and says so in words when nobody is behind it."""
    product = await shop.product()
    wish = {"product_id": product.id, "idempotency_key": new_id("k"), "return_path": "/r/tea"}
    door = (await guest.post(f"{API}/orders", json=wish)).json()["cashier_url"]
    async with people(shop) as stranger:
        closed = await stranger.get(door)
        assert (closed.status_code, "没有这笔支付" in closed.text) == (404, True)
    shop.outgoing.cut = True
    away = await guest.get(door, headers={"Accept-Language": "en"})
    shop.outgoing.cut = False
    assert (away.status_code, "does not answer" in away.text) == (503, True)
    assert (await guest.get(door)).status_code == 303


async def test_a_cashier_whose_time_is_over(shop: Shop, guest: httpx.AsyncClient) -> None:
    cashier = await open_cashier(shop)
    page = await guest.get(cashier)
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page.text)[0]
    refresh = re.search(r'http-equiv="refresh" content="(\d+)"', page.text)
    assert refresh is not None
    assert 500 < int(refresh.group(1)) <= 601
    await shop.rows(
        "update sandbox_pay.payments set expires_at = $2 where id = $1",
        cashier.rsplit("/", 1)[1],
        datetime.now(UTC) - timedelta(seconds=1),
    )
    assert "订单已超时" in (await guest.get(cashier)).text
    late = await guest.post(f"{cashier}/pay", data={"token": token})
    assert late.status_code == 200
    assert "订单已超时" in late.text


async def test_notices_over_http(guest: httpx.AsyncClient) -> None:
    path = f"{API}/payments/sandbox/callback"
    unsigned = await guest.post(path, content=b"{}")
    assert (unsigned.status_code, code(unsigned)) == (401, "notice_unsigned")
    huge = await guest.post(path, content=b" " * 70_000)
    assert huge.status_code == 413
