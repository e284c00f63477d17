"""One suite for every gateway behind the port, each against a double that its vendor's documents
describe: news late, twice, wrong, forged, unknown; answers that fail or get lost. Money is counted
once, and what comes too late goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.support.alipay_double import AlipayDouble
from tests.support.banks import Bank, Trouble
from tests.support.shop import Shop, make_shop
from tests.support.stripe_double import StripeDouble

from yaohe.commerce import Order
from yaohe.commerce.errors import OrderNotPayable, PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.model import Outcome, Payment
from yaohe.commerce.payments.reconcile_store import CALENDAR
from yaohe.identity import Staff
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.platforms.outgoing import PlatformAway
from yaohe.platforms.payments import (
    BillNotThere,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
    RefundRequest,
)

pytestmark = pytest.mark.db

BANKS: dict[str, Callable[[Database], Any]] = {"alipay": AlipayDouble, "stripe": StripeDouble}
TROUBLES: tuple[Trouble, ...] = ("down", "hang", "half", "lost")


@dataclass
class House:
    shop: Shop
    bank: Bank

    async def begun(self) -> tuple[Order, Payment]:
        product = await self.shop.product(stock=10)
        visitor, key = new_id("v"), new_id("k")
        order = await self.shop.commerce.create_order(visitor, None, product.id, 1, None, key)
        payment = await self.shop.commerce.start_payment(order.id, visitor)
        self.bank.visit((await self.shop.enter(payment.id)).text)
        return order, payment

    async def paid(self) -> tuple[Order, Payment]:
        order, payment = await self.begun()
        assert self.bank.pay(payment.id)
        assert await self.tell(self.bank.paid_notice(payment.id)) == "paid"
        return order, payment

    async def tell(self, notice: tuple[dict[str, str], bytes]) -> Outcome:
        return await self.shop.commerce.payment_callback(self.bank.gateway.name, *notice)

    async def status(self, order: Order) -> str:
        return (await self.shop.commerce.order(order.id, order.visitor_id)).status

    async def owner(self) -> Staff:
        token = await self.shop.identity.setup_token()
        assert token is not None
        words = ("lin@example.com", "one long sentence", "小林")
        return (await self.shop.identity.setup(token, *words))[0]

    async def refund(self) -> tuple[str, str]:
        """The number of the only refund, and how it stands with us."""
        (row,) = await self.shop.rows("select id, state from commerce.refunds")
        return row["id"], row["state"]

    async def ask_again(self) -> None:
        await self.shop.rows("update commerce.refunds set next_at = now()")
        await self.shop.commerce.ask_for_refunds()


@pytest.fixture(params=list(BANKS))
def house(request: pytest.FixtureRequest, fresh_db: Database) -> House:
    bank: Bank = BANKS[request.param](fresh_db)
    return House(make_shop(fresh_db, other=bank.gateway), bank)


async def test_paid_and_told_many_times(house: House) -> None:
    order, payment = await house.begun()
    assert house.bank.pay(payment.id)
    notice = house.bank.paid_notice(payment.id)
    answers = await asyncio.gather(*[house.tell(notice) for _ in range(12)])
    assert set(answers) == {"paid"}
    assert await house.tell(house.bank.paid_notice(payment.id)) == "nothing"
    assert await house.status(order) == "paid"
    assert len(await house.shop.facts("order_paid.v1")) == 1
    assert (await house.shop.audit()).holds
    with pytest.raises(OrderNotPayable):
        await house.shop.enter(payment.id)


async def test_coming_twice_is_one_cashier(house: House) -> None:
    _, payment = await house.begun()
    entrances = await asyncio.gather(*[house.shop.enter(payment.id) for _ in range(4)])
    assert len({house.bank.visit(entrance.text) for entrance in entrances}) == 1
    assert house.bank.state(payment.id) == "open"


async def test_news_that_never_came_is_asked_for(house: House) -> None:
    """Before time ends an order its gateway is asked: the money that came is found."""
    order, payment = await house.begun()
    assert house.bank.pay(payment.id)
    await house.shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    await house.shop.commerce.expire_orders()
    assert await house.status(order) == "paid"
    assert await house.tell(house.bank.paid_notice(payment.id)) == "nothing"


async def test_an_order_that_ends_closes_its_cashier(house: House) -> None:
    order, payment = await house.begun()
    await house.shop.rows("update commerce.orders set deadline_at = now() - interval '1 s'")
    await house.shop.commerce.expire_orders()
    assert await house.status(order) == "expired"
    assert house.bank.state(payment.id) == "closed"
    assert not house.bank.pay(payment.id)


async def test_money_that_comes_after_the_end_goes_back_once(house: House) -> None:
    order, payment = await house.begun()
    await house.shop.commerce.cancel_order(order.id, order.visitor_id)
    assert house.bank.state(payment.id) == "closed"
    house.bank.force(payment.id)
    assert await house.tell(house.bank.paid_notice(payment.id)) == "late"
    await house.shop.commerce.ask_for_refunds()
    assert await house.status(order) == "refunded"
    assert house.bank.took(payment.id) == 0
    refund_id, state = await house.refund()
    assert state == "done"
    assert await house.tell(house.bank.refund_notice(refund_id)) == "nothing"
    assert (await house.shop.audit()).holds


async def test_wrong_news_pay_nothing(house: House) -> None:
    order, payment = await house.begun()
    bank = house.bank
    for more_minor in (1, -1):
        with pytest.raises(PaymentMismatch):
            await house.tell(bank.paid_notice(payment.id, more_minor=more_minor))
    if bank.other_currency:
        with pytest.raises(PaymentMismatch):
            await house.tell(bank.paid_notice(payment.id, currency="JPY"))
    with pytest.raises(PaymentNotFound):
        await house.tell(bank.paid_notice("pay_unknown", amount_minor=payment.amount_minor))
    with pytest.raises(NoticeUnsigned):
        await house.tell(bank.paid_notice(payment.id, forged=True))
    with pytest.raises(NoticeStale):
        await house.tell(bank.paid_notice(payment.id, ago_s=bank.stale_s))
    with pytest.raises(NoticeUnreadable):
        await house.tell(bank.paid_notice(payment.id, notice_id="x" * 200))
    headers, raw = bank.paid_notice(payment.id)
    bent = raw.replace(b"9900", b"9901").replace(b"99.00", b"99.01")
    assert bent != raw
    for notice in ((headers, bent), ({}, bent), (headers, b""), (headers, raw[:-40])):
        with pytest.raises(NoticeUnsigned):
            await house.tell(notice)
    assert await house.status(order) == "created"


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_gateway_in_trouble_loses_nothing(house: House, trouble: Trouble) -> None:
    """Every call fails once in every way; asked again, it goes on from there."""
    bank, shop = house.bank, house.shop
    bank.patience(0.05)
    product = await shop.product(stock=10)
    visitor = new_id("v")
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    payment = await shop.commerce.start_payment(order.id, visitor)
    if bank.asks_for_cashier:
        bank.trouble = trouble
        with pytest.raises(PlatformAway):
            await shop.enter(payment.id)
    bank.trouble = ""
    bank.visit((await shop.enter(payment.id)).text)
    assert bank.pay(payment.id)
    bank.trouble = trouble
    await shop.commerce.cancel_order(order.id, visitor)  # the gateway does not say that it was paid
    assert await house.status(order) == "canceled"
    bank.trouble = ""
    await shop.rows("update commerce.payments set ask_at = now()")
    await shop.commerce.expire_orders()
    assert await house.status(order) == "paid_late"
    bank.trouble = trouble
    await house.ask_again()
    assert (await house.refund())[1] != "done"
    bank.trouble = ""
    await house.ask_again()
    assert (await house.refund())[1] == "done"
    assert bank.took(payment.id) == 0
    assert await house.status(order) == "refunded"
    assert (await shop.audit()).holds


async def test_refunds_that_take_their_time(house: House) -> None:
    order, payment = await house.paid()
    house.bank.refunds_end = "pending"
    await house.shop.commerce.refund_order(order.id, by=await house.owner())
    await house.shop.commerce.ask_for_refunds()
    refund_id, state = await house.refund()
    assert state == "requested"
    await house.ask_again()  # it is still under way, and is not asked for twice
    assert (await house.refund())[1] == "requested"
    house.bank.end_refund(refund_id)
    assert await house.tell(house.bank.refund_notice(refund_id)) == "refunded"
    assert await house.status(order) == "refunded"
    assert house.bank.took(payment.id) == 0


async def test_the_bill_agrees_with_the_books(house: House) -> None:
    shop, bank = house.shop, house.bank
    order, _ = await house.paid()
    _, kept = await house.paid()
    await shop.commerce.refund_order(order.id, by=await house.owner())
    await shop.commerce.ask_for_refunds()
    today = SystemClock().now().astimezone(CALENDAR).date()
    with pytest.raises(BillNotThere):
        await shop.commerce.reconcile(today)
    bank.yesterday()
    for column in (
        "payments set captured_at = captured_at",
        "refunds set returned_at = returned_at",
    ):
        await shop.rows(f"update commerce.{column} - interval '1 day'")
    found = await shop.commerce.reconcile(today - timedelta(days=1))
    assert (found.payments, found.refunds, found.differences) == (2, 1, [])
    await shop.rows(
        "update commerce.payments set amount_minor = amount_minor + 1 where id = $1", kept.id
    )
    bent = await shop.commerce.reconcile(today - timedelta(days=1))
    assert [(one.kind, one.payment_id) for one in bent.differences] == [("amount", kept.id)]


async def test_what_it_never_heard_of(house: House) -> None:
    gateway = house.bank.gateway
    assert (await gateway.ask("pay_nobody")).state == "unknown"
    await gateway.close("pay_nobody")
    _, payment = await house.paid()
    request = RefundRequest(
        refund_id="ref_nobody",
        payment_id=payment.id,
        amount_minor=1,
        paid_minor=payment.amount_minor,
        currency=payment.currency,
        notify_url="",
    )
    assert await gateway.ask_refund(request) is None
