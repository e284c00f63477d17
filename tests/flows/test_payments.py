"""Money: believed only when signed, counted once, never lost, given back when it came too late.
The gateway speaks to the shop over real HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import msgspec
import pytest
from tests.support.notices import paid_notice, refund_notice
from tests.support.patience import PATIENCE_S
from tests.support.shop import (
    Shop,
    free_port,
    make_app,
    make_shop,
    running,
    sandbox_keys,
    serve,
    until,
)

from yaohe.commerce import Order, OrderFilter
from yaohe.commerce.errors import OrderNotFound, OrderNotPayable, PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.model import Arrival, Outcome, Payment
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.platforms.outgoing import PlatformRefused
from yaohe.platforms.payments import (
    GatewayUnknown,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
)

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


async def tell(shop: Shop, notice: tuple[dict[str, str], bytes]) -> Outcome:
    """What the shop makes of this notice."""
    return await shop.commerce.payment_callback("sandbox", *notice)


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
        await shop.pay(payment.id)
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
    (payment_id,) = {payment.id for payment in payments}
    arrival = Arrival(way="h5", return_path="/r/tea?x=1")
    entrances = await asyncio.gather(
        *[shop.commerce.enter_payment(payment_id, visitor, arrival) for _ in range(10)]
    )
    (text,) = {entrance.text for entrance in entrances}
    back = quote(f"{shop.commerce.base_url}/r/tea?x=1&order={order.id}", safe="")
    assert text == (f"{shop.commerce.base_url}/sandbox/cashier/{payment_id}?redirect_url={back}")
    with pytest.raises(OrderNotFound):
        await shop.commerce.start_payment(order.id, new_id("v"))
    with pytest.raises(PaymentNotFound):
        await shop.commerce.enter_payment(payment_id, new_id("v"), arrival)
    for path in ("//evil.example", "/\\evil.example", "https://evil.example", "", "/a b", "/#x"):
        with pytest.raises(BadInput):
            await shop.commerce.enter_payment(
                payment_id, visitor, Arrival(way="h5", return_path=path)
            )


async def test_another_way_is_another_payment(shop: Shop) -> None:
    """Begun on a phone, paid by a code on the big screen: only one of the two takes money."""
    visitor, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    entrance = await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="native"))
    assert entrance.payment.id != payment.id
    assert entrance.text.endswith(f"/sandbox/cashier/{entrance.payment.id}")
    assert (await shop.gateway.pay(payment.id)).state == "closed"
    states = "select state from commerce.payments where order_id = $1 order by created_at, id"
    assert [row["state"] for row in await shop.rows(states, order.id)] == ["canceled", "open"]
    # The first was paid before the second screen was opened: there is nothing more to pay.
    visitor, order, payment = await open_payment(shop)
    await shop.pay(payment.id)
    with pytest.raises(OrderNotPayable):
        await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="native"))
    assert await status(shop, order) == "paid"


async def test_a_payment_the_gateway_refuses_stays_open(shop: Shop) -> None:
    """It never took the payment in: the buyer is told, and may come again once that is mended."""
    visitor, order, payment = await open_payment(shop)
    shop.outgoing.refuses = "/v3/pay/transactions/h5"
    with pytest.raises(PlatformRefused):
        await shop.enter(payment.id)
    assert (await shop.commerce.payment(payment.id, visitor)).state == "open"
    assert await status(shop, order) == "created"
    shop.outgoing.refuses = "nothing"
    assert (await shop.enter(payment.id)).payment.id == payment.id


async def test_pressing_pay_while_the_gateway_speaks_of_the_payment(shop: Shop) -> None:
    """Several windows press "pay" at the moment in which the gateway says that the payment was
    paid: everybody gets a payment or a reason, nobody an error of ours."""
    product = await shop.product(stock=1_000)
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(
        base_url=shop.commerce.base_url, trust_env=False, timeout=PATIENCE_S, limits=limits
    ) as windows:

        async def pay(order_id: str) -> tuple[int, str]:
            answer = await windows.post(f"/api/v1/orders/{order_id}/pay", json={})
            error = answer.json().get("error", {})
            return answer.status_code, error.get("code", "")

        async def said(payment: Payment) -> tuple[int, str]:
            headers, raw = paid_notice(payment)
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
                    pay(placed["id"]), said(payment), pay(placed["id"]), pay(placed["id"])
                )
            )
            open_now = await shop.value(
                "select count(*) from commerce.payments where order_id = $1 and state = 'open'",
                placed["id"],
            )
            assert open_now == 0
        refused = {said for said in heard if said[0] >= 400}
        assert refused <= {(409, "order_not_payable")}, heard


async def test_the_same_notice_many_times_at_once_counts_once(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    headers, raw = paid_notice(payment)
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
    assert await tell(shop, paid_notice(payment)) == "nothing"
    assert len(await shop.facts("order_paid.v1")) == 1
    assert await status(shop, order) == "paid"


async def test_notices_nobody_signed_are_refused(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    headers, raw = paid_notice(payment)
    stamp = int(headers["wechatpay-timestamp"])
    bent = [
        (headers, raw.replace(b"SUCCESS", b"SUCCES5")),
        (headers | {"wechatpay-nonce": "other"}, raw),
        (headers | {"wechatpay-timestamp": str(stamp + 1)}, raw),
        (headers | {"wechatpay-timestamp": "soon"}, raw),
        (headers | {"wechatpay-signature": ""}, raw),
        (headers | {"wechatpay-signature": "WECHATPAY/SIGNTEST/" + "A" * 300}, raw),
        (headers | {"wechatpay-signature-type": "none"}, raw),
        (headers | {"wechatpay-serial": "PUB_KEY_ID_OTHER"}, raw),
        ({}, raw),
        paid_notice(payment, key=sandbox_keys().merchant),
    ]
    for notice in bent:
        with pytest.raises(NoticeUnsigned):
            await tell(shop, notice)
    for ago_s in (302, -302):
        with pytest.raises(NoticeStale):
            await tell(shop, paid_notice(payment, ago_s=ago_s))
    for wrong in (
        paid_notice(payment, v3_key=b"another key, of thirty-two bytes"),
        paid_notice(payment, mchid="1900000001"),
        paid_notice(payment, notice_id="x" * 200),
    ):
        with pytest.raises(NoticeUnreadable):
            await tell(shop, wrong)
    with pytest.raises(GatewayUnknown):
        await shop.commerce.payment_callback("wechat", headers, raw)
    assert await status(shop, order) == "created"
    assert await shop.value("select count(*) from commerce.payment_notices") == 0
    assert await tell(shop, (headers, raw)) == "paid"


async def test_a_wrong_amount_pays_nothing_and_is_seen_by_staff(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    for bend in ({"amount_minor": 1}, {"currency": "USD"}):
        bent = paid_notice(payment, **bend)  # type: ignore[arg-type]
        for _ in range(2):  # the same news again is refused in the same way
            with pytest.raises(PaymentMismatch):
                await tell(shop, bent)
    assert await status(shop, order) == "created"
    (seen,) = (await shop.commerce.shop_orders(OrderFilter())).items
    assert seen.payment_problem == "payment.paid: 19800 USD"
    assert await tell(shop, paid_notice(payment)) == "paid"


async def test_a_payment_or_refund_nobody_knows(shop: Shop) -> None:
    _, _, payment = await open_payment(shop)
    unknown = msgspec.structs.replace(payment, id="pay_nothing")
    for notice in (paid_notice(unknown), refund_notice(payment, "ref_nothing", 1)):
        with pytest.raises(PaymentNotFound):
            await tell(shop, notice)
    assert await shop.value("select count(*) from commerce.payment_notices") == 0


async def test_late_money_goes_back(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    stock_before = await shop.value("select stock from commerce.products")
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "late")
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    assert await shop.commerce.expire_orders() == 1
    await shop.gateway.pay(payment.id)  # though it was closed
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


async def test_the_gateway_is_asked_before_time_ends_an_order(shop: Shop) -> None:
    """Paid, and the notice lost: the order is found paid instead of being given up. Not paid: it is
    closed at the gateway, and only then given up."""
    _, lost, paid = await open_payment(shop)
    await shop.pay(paid.id)
    await shop.rows("update sandbox_pay.notices set given_up_at = now()")
    _, forgotten, unpaid = await open_payment(shop)
    await shop.enter(unpaid.id)
    _, never, _ = await open_payment(shop)  # nobody went to the cashier: nobody is asked
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    assert await shop.commerce.expire_orders() == 2
    states = [await status(shop, order) for order in (lost, forgotten, never)]
    assert states == ["paid", "expired", "expired"]
    assert (await shop.gateway.pay(unpaid.id)).state == "closed"
    told = await shop.value("select notice_id from commerce.payment_notices where outcome = 'paid'")
    assert told.startswith(f"asked:payment.paid:{paid.id}")


async def test_a_gateway_that_is_away_keeps_the_goods_only_for_a_while(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    shop.outgoing.cut = True
    await shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    assert await shop.commerce.expire_orders() == 0
    assert await status(shop, order) == "created"
    await shop.rows("update commerce.orders set deadline_at = now() - interval '10 minutes'")
    assert await shop.commerce.expire_orders() == 1
    assert await shop.value("select state from commerce.payments") == "open"
    shop.outgoing.cut = False
    await shop.rows("update commerce.payments set ask_at = now()")
    await shop.commerce.expire_orders()
    assert await shop.value("select state from commerce.payments") == "canceled"
    assert await shop.value("select state from sandbox_pay.payments") == "closed"


async def test_canceling_an_order_closes_its_cashier(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.commerce.cancel_order(order.id, visitor)
    assert (await shop.gateway.pay(payment.id)).state == "closed"
    assert await shop.value("select state from commerce.payments") == "canceled"
    # Should money come all the same, it goes back.
    assert await tell(shop, paid_notice(payment)) == "late"
    assert await status(shop, order) == "paid_late"


async def test_cancel_against_pay(shop: Shop) -> None:
    """At the same moment, at the cashier and in the shop: the order is paid, or the money goes
    back, or none was taken."""
    pairs = [await open_payment(shop) for _ in range(12)]
    for _, _, payment in pairs:
        await shop.enter(payment.id)
    cancels = [shop.commerce.cancel_order(order.id, visitor) for visitor, order, _ in pairs]
    pays = [shop.gateway.pay(payment.id) for _, _, payment in pairs]
    async with running(shop.gateway):
        await asyncio.gather(*cancels, *pays, return_exceptions=True)

        async def rest() -> bool:
            await shop.commerce.ask_for_refunds()
            waiting = """select count(*) from commerce.payments p join sandbox_pay.payments g
                           on g.id = p.id where p.state <> case g.state
                           when 'closed' then 'canceled' else g.state end"""
            return bool(await shop.value(waiting) == 0)

        await until(rest)
    rows = await shop.rows(
        """select o.status, p.state, t.stock from commerce.orders o
             join commerce.payments p on p.order_id = o.id
             join commerce.order_lines l on l.order_id = o.id
             join commerce.products t on t.id = l.product_id"""
    )
    allowed = {("paid", "paid", 8), ("refunded", "refunded", 10), ("canceled", "canceled", 10)}
    assert {tuple(row) for row in rows} <= allowed
    assert (await shop.audit()).holds


async def test_money_that_comes_twice_goes_back_once(shop: Shop) -> None:
    visitor, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "late")
    second = (await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="native"))).payment
    answers = await asyncio.gather(
        tell(shop, paid_notice(payment)), tell(shop, paid_notice(second))
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
        *[tell(shop, paid_notice(payment)) for _, _, payment in pairs],
        *[shop.commerce.expire_orders() for _ in range(5)],
    )
    await shop.commerce.expire_orders()
    rows = await shop.rows(
        "select o.status, p.stock, (select count(*) from commerce.refunds r "
        "where r.order_id = o.id) as refunds "
        "from commerce.orders o join commerce.order_lines l on l.order_id = o.id "
        "join commerce.products p on p.id = l.product_id"
    )
    for row in rows:
        expected = {"paid": (8, 0), "paid_late": (10, 1)}[row["status"]]
        assert (row["stock"], row["refunds"]) == expected


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [("duplicate", 1), ("early", 1), ("bad_signature", 2), ("old_timestamp", 2)],
)
async def test_faults_of_the_gateway_end_well(shop: Shop, fault: str, attempts: int) -> None:
    _, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, fault)  # type: ignore[arg-type]
    if fault == "early":
        await shop.gateway.pay(payment.id)
        assert await status(shop, order) == "paid"  # before the payer had an answer
    async with running(shop.gateway):
        await shop.gateway.pay(payment.id)
        await until(lambda: _is(shop, order, "paid"))
        done = "select bool_and(delivered_at is not null) from sandbox_pay.notices"
        await until(lambda: shop.value(done))
    assert await shop.value("select max(attempts) from sandbox_pay.notices") == attempts
    assert len(await shop.facts("order_paid.v1")) == 1
    assert await status(shop, order) == "paid"
    assert await shop.value("select count(*) from commerce.refunds") == 0
    assert (await shop.audit()).holds


async def test_news_in_the_wrong_order(shop: Shop) -> None:
    """The notice of the payment comes after the one of its refund: the shop learned of the money
    by asking, gave it back, and the late notice changes nothing."""
    visitor, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "reorder")
    await shop.gateway.pay(payment.id)
    await shop.commerce.cancel_order(order.id, visitor)  # it asks, and finds the money
    assert await status(shop, order) == "paid_late"
    await shop.commerce.ask_for_refunds()
    await shop.gateway.deliver()
    assert await status(shop, order) == "refunded"
    waiting = "select event_type from sandbox_pay.notices where delivered_at is null"
    assert await shop.value(waiting) == "TRANSACTION.SUCCESS"
    await shop.rows("update sandbox_pay.notices set due_at = now()")
    assert await shop.gateway.deliver() == 1
    assert await status(shop, order) == "refunded"
    assert await shop.value("select count(*) from commerce.refunds") == 1
    assert (await shop.audit()).holds


async def test_delayed_and_wrong_news(shop: Shop) -> None:
    _, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "delay")
    await shop.gateway.pay(payment.id)
    assert await shop.gateway.deliver() == 0
    await shop.rows("update sandbox_pay.notices set due_at = now()")
    assert await shop.gateway.deliver() == 1
    assert await status(shop, order) == "paid"

    _, other, wrong = await open_payment(shop)
    await shop.enter(wrong.id)
    await shop.gateway.script(wrong.id, "wrong_amount")
    await shop.gateway.pay(wrong.id)
    for _ in range(2):
        await shop.rows("update sandbox_pay.notices set due_at = now() where delivered_at is null")
        assert await shop.gateway.deliver() == 1
    assert await status(shop, other) == "created"
    row = (await shop.rows("select * from sandbox_pay.notices where delivered_at is null"))[0]
    assert (row["attempts"], row["last_result"], row["given_up_at"]) == (2, "409", None)
    # Who comes to pay once more is told so, and not that nothing was paid.
    with pytest.raises(PaymentMismatch):
        await shop.enter(wrong.id)


async def test_a_gateway_killed_before_it_told_tells_after(pg: object, shop: Shop) -> None:
    """kill -9 between taking the money and telling the shop: the next process tells."""
    _, order, payment = await open_payment(shop)
    await shop.enter(payment.id)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.kill_after_paying", shop.db.url, payment.id
    )
    assert await child.wait() == -9
    assert await status(shop, order) == "created"
    async with running(shop.gateway):
        await until(lambda: _is(shop, order, "paid"))


async def test_a_shop_that_is_away_is_told_when_it_is_back(fresh_db: Database) -> None:
    """Nobody listens at first; the shop comes back on another port."""
    away = make_shop(fresh_db, base_url=f"http://127.0.0.1:{free_port()}")
    _, order, payment = await open_payment(away)
    await away.pay(payment.id)
    assert await away.gateway.deliver() == 1
    assert await away.value("select last_result from sandbox_pay.notices") == "ConnectError"
    port = free_port()
    back = make_shop(fresh_db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(back), port), running(back.gateway):
        await until(lambda: _is(back, order, "paid"))


async def test_the_gateway_gives_up_in_the_end(shop: Shop) -> None:
    _, _, payment = await open_payment(shop)
    await shop.enter(payment.id)
    await shop.gateway.script(payment.id, "wrong_amount")
    await shop.gateway.pay(payment.id)
    await shop.rows("update sandbox_pay.notices set attempts = 55")
    assert await shop.gateway.deliver() == 1
    assert await shop.value("select given_up_at is not null from sandbox_pay.notices")
    await shop.rows("update sandbox_pay.notices set due_at = now()")
    assert await shop.gateway.deliver() == 0
