"""What is Stripe's own: its pages are asked for once, its account holds what is not ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.shop import Shop, make_shop
from tests.support.stripe_double import StripeDouble

from yaohe.commerce.payments.model import Arrival, Payment
from yaohe.commerce.payments.reconcile_store import CALENDAR
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.platforms.outgoing import PlatformAway, PlatformRefused
from yaohe.platforms.payments import PaymentRequest, RefundRequest

pytestmark = pytest.mark.db


async def begun(shop: Shop) -> tuple[str, Payment]:
    product = await shop.product()
    visitor = new_id("v")
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    return visitor, await shop.commerce.start_payment(order.id, visitor)


def refund_of(payment: Payment, amount_minor: int) -> RefundRequest:
    return RefundRequest(
        refund_id=new_id("ref"),
        payment_id=payment.id,
        amount_minor=amount_minor,
        paid_minor=payment.amount_minor,
        currency=payment.currency,
        notify_url="",
    )


async def test_a_lost_answer_makes_no_second_page(fresh_db: Database) -> None:
    """Stripe made the page and we never heard: asked again, from another place, it is the same."""
    double = StripeDouble(fresh_db, trouble="lost")
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    with pytest.raises(PlatformAway):
        await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5", return_path="/a"))
    double.trouble = ""
    entrance = await shop.commerce.enter_payment(
        payment.id, visitor, Arrival(way="h5", return_path="/b")
    )
    (session,) = double.sessions.values()
    assert entrance.text == session["url"]
    # After a day Stripe has forgotten the key, and we still know the page.
    double.answered.clear()
    again = await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    assert (again.text, len(double.sessions)) == (session["url"], 1)


async def test_a_lost_answer_makes_no_second_refund(fresh_db: Database) -> None:
    double = StripeDouble(fresh_db)
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    double.pay(payment.id)
    request = refund_of(payment, 100)
    await double.gateway.refund(request)
    double.answered.clear()  # a day later
    news = await double.gateway.refund(request)
    assert news is not None
    assert (news.type, len(double.refunds)) == ("refund.done", 1)
    for _ in range(3):  # the list has pages
        await double.gateway.refund(refund_of(payment, 50))
    assert await double.gateway.ask_refund(request) is not None
    with pytest.raises(PlatformRefused, match="charge_already_refunded"):
        await double.gateway.refund(refund_of(payment, payment.amount_minor))


async def test_a_refund_that_failed_is_made_anew(fresh_db: Database) -> None:
    """At Stripe a failed refund is final: the next one has another number, and ends."""
    double = StripeDouble(fresh_db, refunds_end="failed")
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    await shop.commerce.cancel_order(payment.order_id, visitor)
    double.force(payment.id)
    await shop.commerce.payment_callback("stripe", *double.paid_notice(payment.id))
    await shop.commerce.ask_for_refunds()
    (row,) = await shop.rows("select id, state, round from commerce.refunds")
    assert (row["state"], row["round"]) == ("due", 2)
    told = await shop.commerce.payment_callback("stripe", *double.refund_notice(row["id"]))
    assert told == "nothing"  # the same failure, told once more, begins no third round
    double.refunds_end = "done"
    await shop.rows("update commerce.refunds set next_at = now()")
    await shop.commerce.ask_for_refunds()
    assert await shop.value("select state from commerce.refunds") == "done"
    assert (len(double.refunds), double.took(payment.id)) == (2, 0)
    assert (await shop.commerce.order(payment.order_id, visitor)).status == "refunded"
    assert (await shop.audit()).holds


async def test_a_refund_told_before_its_answer(fresh_db: Database) -> None:
    double = StripeDouble(fresh_db)
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    await shop.commerce.cancel_order(payment.order_id, visitor)
    double.force(payment.id)
    await shop.commerce.payment_callback("stripe", *double.paid_notice(payment.id))
    refund_id = await shop.value("select id from commerce.refunds")
    told: list[str] = []

    async def tell() -> None:
        if double.refunds:
            notice = double.refund_notice(refund_id)
            told.append(await shop.commerce.payment_callback("stripe", *notice))
        else:
            double.before_answer = tell

    double.before_answer = tell
    await shop.commerce.ask_for_refunds()
    assert told == ["refunded"]
    assert await shop.value("select state from commerce.refunds") == "done"
    assert (await shop.audit()).holds


async def test_a_bank_transfer_is_paid_when_it_arrives(fresh_db: Database) -> None:
    """The page is complete and nothing is paid: the order waits for the money, not for the page."""
    double = StripeDouble(fresh_db)
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    session = double.session_of(payment.id)
    session["status"] = "complete"
    waiting = double.event("checkout.session.completed", session)
    assert await shop.commerce.payment_callback("stripe", *waiting) == "nothing"
    assert (await shop.commerce.order(payment.order_id, visitor)).status == "created"
    double.take(session)
    arrived = double.event("checkout.session.async_payment_succeeded", session)
    assert await shop.commerce.payment_callback("stripe", *arrived) == "paid"


async def test_another_currency_is_not_asked_for(fresh_db: Database) -> None:
    double = StripeDouble(fresh_db)
    request = PaymentRequest(
        payment_id="pay_1",
        amount_minor=5_000,
        currency="KWD",
        subject="tea",
        shop_name="",
        site="",
        return_url="",
        notify_url="",
        expires_at=SystemClock().now(),
    )
    with pytest.raises(PlatformRefused, match="currency"):
        await double.gateway.create(request)
    assert double.asked == []


async def test_the_bill_holds_what_is_ours(fresh_db: Database) -> None:
    """Others use the account, too; a refund by hand belongs to its payment; one that failed after
    it was done stands there twice."""
    double = StripeDouble(fresh_db)
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    double.pay(payment.id)
    intent_id = double.session_of(payment.id)["payment_intent"]
    by_hand = {"id": "re_hand", "amount": 100, "currency": "cny", "payment_intent": intent_id}
    theirs = {"id": "ch_other", "amount": 7, "currency": "usd", "metadata": {}}
    double._book("refund", by_hand, -100)
    double._book("refund_failure", by_hand, 100)
    double._book("charge", theirs, 7)
    double._book("stripe_fee", {"id": "fee"}, -3)
    double.yesterday()
    day = SystemClock().now().astimezone(CALENDAR).date() - timedelta(days=1)
    lines = await double.gateway.bill(day)
    assert sorted((line.refund_id or "", line.amount_minor) for line in lines) == [
        ("", payment.amount_minor), ("re_hand", 100), ("re_hand", 100),
    ]  # fmt: skip
    assert {(line.payment_id, line.currency) for line in lines} == {(payment.id, "CNY")}


async def test_a_page_of_somebody_else_is_not_believed(fresh_db: Database) -> None:
    double = StripeDouble(fresh_db)
    shop = make_shop(fresh_db, other=double.gateway)
    visitor, payment = await begun(shop)
    await shop.commerce.enter_payment(payment.id, visitor, Arrival(way="h5"))
    double.session_of(payment.id)["metadata"] = {"yaohe_payment": "pay_other"}
    with pytest.raises(PlatformAway):
        await double.gateway.ask(payment.id)
