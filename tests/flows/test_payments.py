"""Money: believed only when signed, counted once, never lost, given back when it came too late.
The gateway speaks to the shop over real HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from tests.support.patience import PATIENCE_S
from tests.support.shop import (
    SECRET,
    Shop,
    free_port,
    make_app,
    make_shop,
    running,
    serve,
    until,
)

from yaohe.commerce import Order, OrderFilter
from yaohe.commerce.errors import OrderNotFound, OrderNotPayable, PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.model import Payment, PayPage
from yaohe.kernel.clock import ManualClock, SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.platforms import NoticeStale, NoticeUnsigned, PaymentRequest, RefundRequest
from yaohe.platforms.payments import NoticeBody, NoticeKind, sign
from yaohe.platforms.sandbox_pay import SandboxGateway
from yaohe.platforms.sandbox_pay.errors import SandboxMismatch, SandboxNotPaid

pytestmark = pytest.mark.db


@pytest.fixture
async def shop(fresh_db: Database) -> AsyncIterator[Shop]:
    """A shop that answers over HTTP at the address its gateway notifies."""
    port = free_port()
    made = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made


async def place(shop: Shop, visitor_id: str, *, coupon_id: str | None = None) -> Order:
    product = await shop.product(stock=10)
    return await shop.commerce.create_order(
        visitor_id, "tea", product.id, 2, coupon_id, new_id("k")
    )


async def open_payment(shop: Shop) -> tuple[str, Order, Payment]:
    visitor = new_id("v")
    order = await place(shop, visitor)
    return visitor, order, await shop.commerce.start_payment(order.id, visitor)


def notice(
    shop: Shop,
    payment: Payment,
    kind: NoticeKind = "payment.paid",
    *,
    amount_minor: int | None = None,
    currency: str | None = None,
    notice_id: str | None = None,
    ago_s: int = 0,
    key: bytes | None = None,
) -> tuple[dict[str, str], bytes]:
    """What the gateway would send, with anything bent."""
    raw = msgspec.json.encode(
        NoticeBody(
            type=kind,
            payment_id=payment.id,
            amount_minor=payment.amount_minor if amount_minor is None else amount_minor,
            currency=currency or payment.currency,
        )
    )
    stamp = int(SystemClock().now().timestamp()) - ago_s
    notice_id = notice_id or new_id("msg")
    signature = sign(key or shop.gateway._notice_key, notice_id, stamp, raw)
    headers = {
        "webhook-id": notice_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature,
    }
    return headers, raw


async def status(shop: Shop, order: Order) -> str:
    return (await shop.commerce.order(order.id, order.visitor_id)).status


async def test_paying_through_the_cashier(shop: Shop) -> None:
    visitor = new_id("v")
    template = await shop.template(amount_minor=1_000)
    coupon = await shop.commerce.claim_coupon(
        template.id, visitor, source="arrival", source_ref="token"
    )
    order = await place(shop, visitor, coupon_id=coupon.id)
    payment = await shop.commerce.start_payment(order.id, visitor)
    assert payment.amount_minor == 18_800
    async with running(shop.gateway):
        await shop.gateway.pay(payment.id)
        await until(lambda: _is(shop, order, "paid"))
    kept = await shop.commerce.order(order.id, visitor)
    assert (kept.paid_minor, kept.paid_at is not None) == (18_800, True)
    (fact,) = await shop.facts("order_paid.v1")
    body = msgspec.json.decode(fact["body"])
    assert (body["paid_minor"], body["room_id"], body["coupon_id"]) == (18_800, "tea", coupon.id)
    assert (await shop.commerce.coupons_of(visitor))[0].state == "used"
    sales = await shop.commerce.room_sales("tea")
    assert (sales.orders, sales.paid_minor, sales.buyers, sales.coupons) == (1, 18_800, 1, 1)
    with pytest.raises(OrderNotPayable):
        await shop.commerce.start_payment(order.id, visitor)


async def _is(shop: Shop, order: Order, wanted: str) -> bool:
    return await status(shop, order) == wanted


async def test_two_askers_open_one_payment(shop: Shop) -> None:
    visitor = new_id("v")
    order = await place(shop, visitor)
    payments = await asyncio.gather(
        *[shop.commerce.start_payment(order.id, visitor) for _ in range(10)]
    )
    assert len({(payment.id, payment.cashier_url) for payment in payments}) == 1
    with pytest.raises(OrderNotFound):
        await shop.commerce.start_payment(order.id, new_id("v"))
    for path in ("//evil.example", "/\\evil.example", "https://evil.example", "", "/a b", "/#x"):
        with pytest.raises(BadInput):
            await shop.commerce.start_payment(order.id, visitor, page=PayPage(return_path=path))


@pytest.mark.parametrize("kind", ["payment.canceled", "payment.paid"])
async def test_pressing_pay_while_the_gateway_speaks_of_the_payment(
    shop: Shop, kind: NoticeKind
) -> None:
    """Several windows press "pay" at the moment in which the gateway says that the payment was
    given up, or paid: everybody gets a payment or a reason, nobody an error of ours."""
    product = await shop.product(stock=1_000)
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(
        base_url=shop.commerce.base_url, trust_env=False, timeout=PATIENCE_S, limits=limits
    ) as windows:

        async def pay(order_id: str) -> tuple[int, str]:
            answer = await windows.post(f"/api/v1/orders/{order_id}/pay", json={})
            error = answer.json().get("error", {})
            return answer.status_code, error.get("code", "")

        async def tell(payment: Payment) -> tuple[int, str]:
            headers, raw = notice(shop, payment, kind)
            answer = await windows.post(
                "/api/v1/payments/sandbox/callback", headers=headers, content=raw
            )
            return answer.status_code, "" if answer.is_success else answer.text

        heard: Counter[tuple[int, str]] = Counter()
        for number in range(10):
            wish = {"product_id": product.id, "idempotency_key": f"k{number}"}
            placed = (await windows.post("/api/v1/orders", json=wish)).json()["order"]
            buyer = await shop.value(
                "select visitor_id from commerce.orders where id = $1", placed["id"]
            )
            payment = await shop.commerce.start_payment(placed["id"], buyer)
            heard.update(
                await asyncio.gather(
                    pay(placed["id"]), tell(payment), pay(placed["id"]), pay(placed["id"])
                )
            )
            open_now = await shop.value(
                "select count(*) from commerce.payments where order_id = $1 and state = 'open'",
                placed["id"],
            )
            assert open_now <= (1 if kind == "payment.canceled" else 0)
            await windows.post(f"/api/v1/orders/{placed['id']}/cancel", json={})
        refused = {said for said in heard if said[0] >= 400}
        assert refused <= {(409, "order_not_payable")}, heard


async def test_the_same_notice_many_times_at_once_counts_once(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    headers, raw = notice(shop, payment)
    async with httpx.AsyncClient(base_url=shop.commerce.base_url, trust_env=False) as client:
        answers = await asyncio.gather(
            *[
                client.post("/api/v1/payments/sandbox/callback", headers=headers, content=raw)
                for _ in range(30)
            ]
        )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["outcome"] for answer in answers} == {"paid"}
    # News of the same payment under another id is no second payment either.
    assert await shop.commerce.payment_callback(*notice(shop, payment)) == "nothing"
    assert len(await shop.facts("order_paid.v1")) == 1
    assert await status(shop, order) == "paid"


async def test_notices_nobody_signed_are_refused(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    headers, raw = notice(shop, payment)
    bent = [
        (headers, raw.replace(b"19800", b"19801")),
        (headers | {"webhook-id": "other"}, raw),
        (headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, raw),
        (headers | {"webhook-timestamp": "soon"}, raw),
        (headers | {"webhook-signature": "v1,"}, raw),
        (headers | {"webhook-signature": "v1a," + headers["webhook-signature"][3:]}, raw),
        ({}, raw),
        notice(shop, payment, key=b"another key"),
    ]
    for wrong_headers, wrong_raw in bent:
        with pytest.raises(NoticeUnsigned):
            await shop.commerce.payment_callback(wrong_headers, wrong_raw)
    for ago_s in (301, -301):
        with pytest.raises(NoticeStale):
            await shop.commerce.payment_callback(*notice(shop, payment, ago_s=ago_s))
    assert await status(shop, order) == "created"
    assert await shop.value("select count(*) from commerce.payment_notices") == 0
    # A second signature beside ours (a secret being changed) is fine.
    two = headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    assert await shop.commerce.payment_callback(two, raw) == "paid"


async def test_a_wrong_amount_pays_nothing_and_is_seen_by_staff(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    for bend in ({"amount_minor": 1}, {"currency": "USD"}):
        bent = notice(shop, payment, **bend)  # type: ignore[arg-type]
        for _ in range(2):  # the same news again is refused in the same way
            with pytest.raises(PaymentMismatch):
                await shop.commerce.payment_callback(*bent)
    assert await status(shop, order) == "created"
    (seen,) = (await shop.commerce.shop_orders(OrderFilter())).items
    assert seen.payment_problem == "payment.paid: 19800 USD"
    assert await shop.commerce.payment_callback(*notice(shop, payment)) == "paid"


async def test_a_payment_nobody_knows(shop: Shop) -> None:
    _, _, payment = await open_payment(shop)
    unknown = msgspec.structs.replace(payment, id="pay_nothing")
    with pytest.raises(PaymentNotFound):
        await shop.commerce.payment_callback(*notice(shop, unknown))
    assert await shop.value("select count(*) from commerce.payment_notices") == 0


async def test_news_out_of_order(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    assert await shop.commerce.payment_callback(*notice(shop, payment)) == "paid"
    canceled = notice(shop, payment, "payment.canceled")
    assert await shop.commerce.payment_callback(*canceled) == "nothing"
    assert await status(shop, order) == "paid"
    # The other way round the money wins, too.
    other = await place(shop, visitor)
    again = await shop.commerce.start_payment(other.id, visitor)
    canceled = notice(shop, again, "payment.canceled")
    assert await shop.commerce.payment_callback(*canceled) == "canceled"
    assert await status(shop, other) == "created"
    assert await shop.commerce.payment_callback(*notice(shop, again)) == "paid"


async def test_canceled_at_the_cashier_may_be_paid_by_a_new_payment(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    async with running(shop.gateway):
        await shop.gateway.cancel(payment.id)
        canceled = "select state = 'canceled' from commerce.payments where id = $1"
        await until(lambda: shop.value(canceled, payment.id))
        second = await shop.commerce.start_payment(order.id, visitor)
        assert second.id != payment.id
        await shop.gateway.pay(second.id)
        await until(lambda: _is(shop, order, "paid"))


async def test_late_money_goes_back(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    stock_before = await shop.value("select stock from commerce.products")
    await shop.gateway.pay(payment.id)  # the news is written, but not delivered yet
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    assert await shop.commerce.expire_orders() == 1
    async with running(shop.gateway):
        await until(lambda: _is(shop, order, "paid_late"))
        kept = await shop.commerce.order(order.id, visitor)
        assert kept.paid_minor == payment.amount_minor
        (late,) = await shop.facts("payment_late.v1")
        assert msgspec.json.decode(late["body"])["amount_minor"] == payment.amount_minor
        assert sum(await asyncio.gather(*[shop.commerce.ask_for_refunds() for _ in range(4)])) == 1
        await until(lambda: _is(shop, order, "refunded"))
    assert len(await shop.facts("payment_refunded.v1")) == 1
    assert await shop.facts("order_paid.v1") == []
    assert await shop.value("select state from commerce.payments") == "refunded"
    assert await shop.value("select stock from commerce.products") == stock_before + 2
    assert await shop.value("select state from sandbox_pay.payments") == "refunded"
    assert await shop.commerce.ask_for_refunds() == 0


async def test_canceling_an_order_closes_its_cashier(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    await shop.commerce.cancel_order(order.id, visitor)
    assert (await shop.gateway.pay(payment.id)).state == "closed"
    # Should money come all the same, it goes back.
    assert await shop.commerce.payment_callback(*notice(shop, payment)) == "late"
    assert await status(shop, order) == "paid_late"


async def test_money_that_comes_twice_goes_back_once(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    canceled = notice(shop, payment, "payment.canceled")
    await shop.commerce.payment_callback(*canceled)
    second = await shop.commerce.start_payment(order.id, visitor)
    answers = await asyncio.gather(
        shop.commerce.payment_callback(*notice(shop, payment)),
        shop.commerce.payment_callback(*notice(shop, second)),
    )
    assert Counter(answers) == {"paid": 1, "late": 1}
    assert await status(shop, order) == "paid"
    assert await shop.value("select count(*) from commerce.refunds") == 1
    assert len(await shop.facts("order_paid.v1")) == 1


async def test_payment_and_expiry_at_the_same_moment(shop: Shop) -> None:
    """Whoever is first: the money is counted or goes back, and stock is right either way."""
    pairs = [await open_payment(shop) for _ in range(20)]
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    await asyncio.gather(
        *[shop.commerce.payment_callback(*notice(shop, payment)) for _, _, payment in pairs],
        *[shop.commerce.expire_orders() for _ in range(5)],
    )
    await shop.commerce.expire_orders()
    rows = await shop.rows(
        "select o.status, p.stock, (select count(*) from commerce.refunds r "
        "where r.order_id = o.id) as refunds "
        "from commerce.orders o join commerce.products p on p.id = o.product_id"
    )
    for row in rows:
        expected = {"paid": (8, 0), "paid_late": (10, 1)}[row["status"]]
        assert (row["stock"], row["refunds"]) == expected


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [("duplicate", 1), ("reorder", 1), ("bad_signature", 2), ("old_timestamp", 2)],
)
async def test_faults_of_the_gateway_end_well(shop: Shop, fault: str, attempts: int) -> None:
    _, order, payment = await open_payment(shop)
    await shop.gateway.script(payment.id, fault)  # type: ignore[arg-type]
    async with running(shop.gateway):
        await shop.gateway.pay(payment.id)
        await until(lambda: _is(shop, order, "paid"))
        done = "select bool_and(delivered_at is not null) from sandbox_pay.notices"
        await until(lambda: shop.value(done))
    assert await shop.value("select max(attempts) from sandbox_pay.notices") == attempts
    assert len(await shop.facts("order_paid.v1")) == 1
    assert await status(shop, order) == "paid"
    assert await shop.value("select count(*) from commerce.refunds") == 0


async def test_delayed_and_wrong_news(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    await shop.gateway.script(payment.id, "delay")
    await shop.gateway.pay(payment.id)
    assert await shop.gateway.deliver() == 0
    await shop.rows("update sandbox_pay.notices set due_at = now()")
    assert await shop.gateway.deliver() == 1
    assert await status(shop, order) == "paid"

    _, other, wrong = await open_payment(shop)
    await shop.gateway.script(wrong.id, "wrong_amount")
    await shop.gateway.pay(wrong.id)
    for _ in range(2):
        await shop.rows("update sandbox_pay.notices set due_at = now() where delivered_at is null")
        assert await shop.gateway.deliver() == 1
    assert await status(shop, other) == "created"
    row = (await shop.rows("select * from sandbox_pay.notices where delivered_at is null"))[0]
    assert (row["attempts"], row["last_result"], row["given_up_at"]) == (2, "409", None)


async def test_a_gateway_killed_before_it_told_tells_after(pg: object, shop: Shop) -> None:
    """kill -9 between taking the money and telling the shop: the next process tells."""
    _, order, payment = await open_payment(shop)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.kill_after_paying",
        shop.db.url,
        SECRET.decode(),
        payment.id,
    )
    assert await child.wait() == -9
    assert await status(shop, order) == "created"
    async with running(shop.gateway):
        await until(lambda: _is(shop, order, "paid"))


async def test_a_shop_that_is_away_is_told_when_it_is_back(fresh_db: Database) -> None:
    """Nobody listens at first; the shop comes back on another port."""
    away = make_shop(fresh_db, base_url=f"http://127.0.0.1:{free_port()}")
    _, order, payment = await open_payment(away)
    await away.gateway.pay(payment.id)
    assert await away.gateway.deliver() == 1
    assert await away.value("select last_result from sandbox_pay.notices") == "ConnectError"
    port = free_port()
    back = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(back), port), running(back.gateway):
        await until(lambda: _is(back, order, "paid"))


async def test_the_gateway_gives_up_in_the_end(shop: Shop) -> None:
    _, _, payment = await open_payment(shop)
    await shop.gateway.script(payment.id, "wrong_amount")
    await shop.gateway.pay(payment.id)
    await shop.rows("update sandbox_pay.notices set attempts = 55")
    assert await shop.gateway.deliver() == 1
    assert await shop.value("select given_up_at is not null from sandbox_pay.notices")
    await shop.rows("update sandbox_pay.notices set due_at = now()")
    assert await shop.gateway.deliver() == 0


async def test_the_gateway_is_idempotent(fresh_db: Database) -> None:
    gateway = SandboxGateway(fresh_db, ManualClock(), SECRET, base_url="https://pay.example/")
    request = PaymentRequest(
        payment_id=new_id("pay"),
        amount_minor=500,
        currency="CNY",
        subject="春茶",
        shop_name="",
        return_url="https://shop.example/r/tea",
        notify_url="https://shop.example/api/v1/payments/sandbox/callback",
        expires_at=SystemClock().now() + timedelta(minutes=10),
    )
    url = await gateway.create(request)
    assert url == f"https://pay.example/sandbox/cashier/{request.payment_id}"
    assert await gateway.create(request) == url
    with pytest.raises(SandboxMismatch):
        await gateway.create(msgspec.structs.replace(request, amount_minor=501))
    refund = RefundRequest(
        refund_id=new_id("ref"),
        payment_id=request.payment_id,
        amount_minor=500,
        currency="CNY",
        reason="late",
    )
    with pytest.raises(SandboxNotPaid):
        await gateway.refund(refund)
    paid = await asyncio.gather(*[gateway.pay(request.payment_id) for _ in range(5)])
    assert {payment.state for payment in paid} == {"paid"}
    await gateway.close(request.payment_id)
    with pytest.raises(SandboxMismatch):
        await gateway.refund(msgspec.structs.replace(refund, amount_minor=499))
    await asyncio.gather(*[gateway.refund(refund) for _ in range(5)])
    assert (await gateway.payment(request.payment_id)).state == "refunded"
    async with fresh_db.raw() as conn:
        bodies = await conn.fetch("select body from sandbox_pay.notices order by created_at")
    assert [msgspec.json.decode(row["body"])["type"] for row in bodies] == [
        "payment.paid",
        "refund.done",
    ]
