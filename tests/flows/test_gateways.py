"""A shop changes its gateway, a buyer comes from inside WeChat, a wrong sum came: no money is lost,
nobody is led into a dead end, nobody is asked for ever."""

from __future__ import annotations

import httpx
import pytest
from tests.support.alipay_double import AlipayDouble
from tests.support.notices import paid_notice
from tests.support.shop import Shop, make_app, make_shop
from tests.support.till import IN_WECHAT

from yaohe.commerce import Order
from yaohe.commerce.errors import RefundElsewhere
from yaohe.commerce.payments.model import Payment
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


async def open_payment(shop: Shop) -> tuple[Order, Payment]:
    product = await shop.product(stock=10)
    order = await shop.commerce.create_order(new_id("v"), None, product.id, 1, None, new_id("k"))
    return order, await shop.commerce.start_payment(order.id, order.visitor_id)


async def test_a_payment_begun_at_the_gateway_of_before_is_begun_anew(fresh_db: Database) -> None:
    before = make_shop(fresh_db)
    order, old = await open_payment(before)
    await before.enter(old.id)
    after = make_shop(fresh_db, gateway_name="wechat")
    new = (await after.enter(old.id)).payment
    assert (new.id != old.id, new.gateway) == (True, "wechat")
    assert (await after.commerce.payment(old.id, order.visitor_id)).state == "canceled"
    assert await after.commerce.payment_callback("wechat", *paid_notice(new)) == "paid"
    assert (await after.audit()).holds


async def test_what_another_gateway_took_is_not_given_back_here(fresh_db: Database) -> None:
    before = make_shop(fresh_db)
    order, payment = await open_payment(before)
    assert await before.commerce.payment_callback("sandbox", *paid_notice(payment)) == "paid"
    token = await before.identity.setup_token()
    assert token is not None
    owner, _ = await before.identity.setup(token, "lin@example.com", "one long sentence", "小林")
    after = make_shop(fresh_db, gateway_name="wechat")
    with pytest.raises(RefundElsewhere):
        await after.commerce.refund_order(order.id, by=owner)
    assert await after.value("select count(*) from commerce.refunds") == 0
    assert await after.value("select sum(given_back_minor) from commerce.payments") == 0
    await before.commerce.refund_order(order.id, by=owner)


async def test_what_the_gateway_of_before_has_open_is_said(fresh_db: Database) -> None:
    before = make_shop(fresh_db, gateway_name="wechat")
    order, paid = await open_payment(before)
    await before.enter(paid.id)
    await before.commerce.cancel_order(order.id, order.visitor_id)
    assert await before.commerce.payment_callback("wechat", *paid_notice(paid)) == "late"
    _, waiting = await open_payment(before)
    await before.enter(waiting.id)
    await open_payment(before)  # nobody was led to the cashier
    assert await before.commerce.payment_warnings() == {}
    after = make_shop(fresh_db, other=AlipayDouble(fresh_db).gateway)
    said = {"payments.wechat": "1 open payments, 1 unfinished refunds"}
    assert await after.commerce.payment_warnings() == said
    await after.rows("update commerce.refunds set state = 'done', done_at = now()")
    await after.rows("update commerce.payments set state = 'canceled' where state = 'open'")
    assert await after.commerce.payment_warnings() == {}


async def test_a_wrong_sum_is_asked_about_ever_less(fresh_db: Database) -> None:
    shop = make_shop(fresh_db)
    _, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "wrong_amount")
    await shop.gateway.pay(payment.id)
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    await shop.commerce.expire_orders()
    assert await shop.value("select problem is not null from commerce.payments")
    await shop.rows("update commerce.payments set ask_at = now()")
    await shop.commerce.expire_orders()
    assert await shop.value("select ask_at > now() + interval '30 minutes' from commerce.payments")


@pytest.mark.parametrize(("works_in_app", "status"), [((), 409), (("h5",), 303)])
async def test_buyers_inside_wechat(
    fresh_db: Database, works_in_app: tuple[()] | tuple[str], status: int
) -> None:
    """WeChat's own browser refuses what works in others: the page says where to pay instead."""
    shop = make_shop(fresh_db, ways=("h5", "native"), works_in_app=works_in_app)  # type: ignore[arg-type]
    product = await shop.product()
    transport = httpx.ASGITransport(app=make_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url=shop.commerce.base_url) as guest:
        wish = {"product_id": product.id, "idempotency_key": "k"}
        placed = (await guest.post("/api/v1/orders", json=wish)).json()
        page = await guest.get(placed["cashier_url"], headers=IN_WECHAT)
    assert page.status_code == status, page.text
    if status == 409:
        assert "You cannot pay inside WeChat" in page.text
        assert "in your phone's browser" in page.text
    begun = await shop.value("select way from commerce.payments")
    assert begun == (None if status == 409 else "h5")


async def test_alipay_hears_the_word_it_wants(fresh_db: Database) -> None:
    """It tells a notice again until somebody answers "success", and nothing else."""
    bank = AlipayDouble(fresh_db)
    shop = make_shop(fresh_db, other=bank.gateway)
    order, payment = await open_payment(shop)
    bank.visit((await shop.enter(payment.id)).text)
    bank.pay(payment.id)
    transport = httpx.ASGITransport(app=make_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url=shop.commerce.base_url) as alipay:
        door = "/api/v1/payments/alipay/callback"
        for notice, status in (
            (bank.paid_notice(payment.id, forged=True), 401),
            (bank.paid_notice(payment.id), 200),
            (bank.notice(payment.id, trade_status="WAIT_BUYER_PAY"), 200),
        ):
            answer = await alipay.post(door, headers=notice[0], content=notice[1])
            assert (answer.status_code, answer.text == "success") == (status, status == 200)
    assert (await shop.commerce.order(order.id, order.visitor_id)).status == "paid"


async def test_a_refund_that_moved_no_money_is_asked_for_anew(fresh_db: Database) -> None:
    """Alipay says "taken" and nothing moves: to ask what became of it would never end it."""
    bank = AlipayDouble(fresh_db, refunds_rest=True)
    shop = make_shop(fresh_db, other=bank.gateway)
    order, payment = await open_payment(shop)
    bank.visit((await shop.enter(payment.id)).text)
    await shop.commerce.cancel_order(order.id, order.visitor_id)
    bank.force(payment.id)
    assert await shop.commerce.payment_callback("alipay", *bank.paid_notice(payment.id)) == "late"
    await shop.commerce.ask_for_refunds()
    assert await shop.value("select state from commerce.refunds") == "due"
    bank.refunds_rest = False
    await shop.rows("update commerce.refunds set next_at = now()")
    await shop.commerce.ask_for_refunds()
    assert await shop.value("select state from commerce.refunds") == "done"
    assert bank.took(payment.id) == 0


async def test_a_code_says_by_which_app_it_is_scanned(fresh_db: Database) -> None:
    shop = make_shop(fresh_db, other=AlipayDouble(fresh_db).gateway)
    product = await shop.product()
    transport = httpx.ASGITransport(app=make_app(shop))
    desk = {"Accept-Language": "en", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/150"}
    async with httpx.AsyncClient(
        transport=transport, base_url=shop.commerce.base_url, headers=desk
    ) as guest:
        wish = {"product_id": product.id, "idempotency_key": "k"}
        placed = (await guest.post("/api/v1/orders", json=wish)).json()
        page = await guest.get(placed["cashier_url"])
    assert "Scan with Alipay to pay" in page.text
