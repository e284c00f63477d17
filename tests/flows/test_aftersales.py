"""After-sale requests: asked by the buyer of a paid order, answered once, and never more money than
was paid, whoever comes at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tests.flows.test_refunds import PARCEL, paid, settled
from tests.support.market import open_market
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.commerce import Order
from yaohe.commerce.aftersales.errors import (
    AftersaleLimit,
    AftersaleMove,
    AftersaleNotFound,
    AftersaleOpen,
    AftersaleOver,
)
from yaohe.commerce.aftersales.model import (
    DAYS_MAX,
    REQUESTS_MAX,
    Aftersale,
    AftersaleRule,
    AftersaleWish,
    cleaned_wish,
)
from yaohe.commerce.aftersales.moves import KINDS, OPEN, STATUSES, find
from yaohe.commerce.errors import ForbiddenMove, KeyReused, OrderNotFound, RefundTooMuch
from yaohe.commerce.orders import OrderRefunded
from yaohe.commerce.orders.model import Shipment
from yaohe.commerce.payments.model import RefundWish
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    port = free_port()
    made = make_shop(db, base_url=f"http://127.0.0.1:{port}")
    async with serve(make_app(made), port):
        yield made
    await made.commerce.close()


@pytest.fixture(scope="module")
async def owner(shop: Shop) -> Staff:
    token = await shop.identity.setup_token()
    assert token is not None
    staff, _ = await shop.identity.setup(token, "lin@example.com", "one long sentence", "小林")
    return staff


def wish(amount_minor: int, kind: str = "money", **more: str) -> AftersaleWish:
    given = {"reason": "damaged", "text": "罐子碎了", "key": new_id("k")} | more
    return AftersaleWish(kind=kind, amount_minor=amount_minor, **given)  # type: ignore[arg-type]


async def ask(shop: Shop, order: Order, amount_minor: int, kind: str = "money") -> Aftersale:
    return await shop.commerce.aftersales.ask(order.id, order.visitor_id, wish(amount_minor, kind))


async def status(shop: Shop, request: Aftersale) -> str:
    found: str = await shop.value(
        "select status from commerce.aftersales where id = $1", request.id
    )
    return found


async def settle(shop: Shop, request: Aftersale) -> None:
    """What the flow does after each refund that was done."""
    refund = "select refund_id from commerce.aftersales where id = $1"
    refund_id = await shop.value(refund, request.id) or "none"
    async with shop.db.begin() as tx:
        await shop.commerce.aftersales.settle(tx, request.order_id, refund_id)


async def test_money_goes_back_once_it_is_agreed_and_the_books_hold(
    shop: Shop, owner: Staff
) -> None:
    order = await paid(shop)
    request = await ask(shop, order, 1_000)
    assert (await shop.commerce.aftersales.of_order(order.id, order.visitor_id)).kinds == []
    agreed = await shop.commerce.aftersales.agree(request.id, "", by=owner)
    assert agreed.status == "refunding"
    with pytest.raises(AftersaleMove):
        await shop.commerce.aftersales.withdraw(request.id, order.visitor_id)
    await settle(shop, await ask_again_is_refused(shop, order, request))

    async def back() -> bool:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        return (await shop.commerce.order(order.id, order.visitor_id)).refunded_minor == 1_000

    await until(back)
    await settle(shop, request)
    assert await status(shop, request) == "refunded"
    found = await shop.commerce.aftersales.of_order(order.id, order.visitor_id)
    assert (found.kinds, found.left_minor) == (["money"], order.paid_minor - 1_000)
    assert (await shop.audit()).holds


async def ask_again_is_refused(shop: Shop, order: Order, request: Aftersale) -> Aftersale:
    with pytest.raises(AftersaleOpen):
        await ask(shop, order, 1)
    return request


async def test_goods_go_back_first(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    aftersales = shop.commerce.aftersales
    with pytest.raises(BadInput):  # nothing was sent
        await ask(shop, order, 100, "return")
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    request = await ask(shop, order, order.paid_minor, "return")
    with pytest.raises(BadInput):  # where to?
        await aftersales.agree(request.id, " ", by=owner)
    agreed = await aftersales.agree(request.id, "杭州龙井路 1 号", by=owner)
    assert (agreed.status, agreed.answer) == ("agreed", "杭州龙井路 1 号")
    parcel = Shipment(carrier="YTO", tracking="YT1")
    sent = await aftersales.send_back(request.id, order.visitor_id, parcel)
    assert (sent.status, sent.carrier, sent.tracking) == ("sent_back", "YTO", "YT1")
    assert await shop.value("select count(*) from commerce.refunds where order_id = $1",
                            order.id) == 0  # fmt: skip
    received = await aftersales.receive(request.id, by=owner)
    assert received.status == "refunding"
    await settled(shop, order, "refunded")
    await settle(shop, request)
    assert await status(shop, request) == "refunded"
    trail = await shop.rows(
        "select action from identity.audit where subject = $1 order by id", request.id
    )
    assert [row["action"] for row in trail] == ["aftersale.agree", "aftersale.receive"]


@pytest.mark.parametrize("round_", range(3))
async def test_of_those_who_answer_at_once_one_is_heard(
    shop: Shop, owner: Staff, round_: int
) -> None:
    """Agreed, declined and withdrawn by many at the same moment, while staff give all the money
    back by themselves: one answer holds, and together no more than was paid goes back."""
    order = await paid(shop)
    half = order.paid_minor // 2
    request = await ask(shop, order, half + round_)
    aftersales = shop.commerce.aftersales
    answers = [
        *(aftersales.agree(request.id, "", by=owner) for _ in range(4)),
        *(aftersales.withdraw(request.id, order.visitor_id) for _ in range(4)),
        *(aftersales.decline(request.id, "看照片没坏", by=owner) for _ in range(4)),
    ]
    own = [
        shop.commerce.refund_order(order.id, RefundWish(amount_minor=half), by=owner)
        for _ in range(4)
    ]
    results = await asyncio.gather(*answers, *own, return_exceptions=True)
    assert all(isinstance(one, Aftersale | Order | AppError) for one in results), results
    heard = [one for one in results if isinstance(one, Aftersale)]
    assert len(heard) == 1
    assert await status(shop, request) == heard[0].status
    taken = await shop.value(
        "select sum(amount_minor) from commerce.refunds where order_id = $1", order.id
    )
    assert taken <= order.paid_minor
    made = await shop.value(
        "select count(*) from commerce.refunds where idempotency_key = $1",
        f"aftersale:{request.id}",
    )
    assert made == (heard[0].status == "refunding")
    assert (await shop.audit()).holds


async def test_many_agree_and_one_refund_is_made(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    request = await ask(shop, order, 500)
    other_door = make_shop(shop.db)
    results = await asyncio.gather(
        *(at.commerce.aftersales.agree(request.id, "", by=owner)
          for _ in range(8) for at in (shop, other_door)),
        return_exceptions=True,
    )  # fmt: skip
    assert sum(isinstance(one, Aftersale) for one in results) == 1
    assert sum(isinstance(one, AftersaleMove) for one in results) == 15
    assert (await shop.rows("select amount_minor from commerce.refunds where order_id = $1",
                            order.id))[0]["amount_minor"] == 500  # fmt: skip


async def test_of_many_requests_one_is_open(shop: Shop) -> None:
    order = await paid(shop)
    results = await asyncio.gather(
        *(ask(shop, order, 100) for _ in range(12)), return_exceptions=True
    )
    assert sum(isinstance(one, Aftersale) for one in results) == 1
    assert sum(isinstance(one, AftersaleOpen) for one in results) == 11, results
    first = next(one for one in results if isinstance(one, Aftersale))
    await shop.commerce.aftersales.withdraw(first.id, order.visitor_id)
    same = wish(100)
    twice = await asyncio.gather(
        *(shop.commerce.aftersales.ask(order.id, order.visitor_id, same) for _ in range(6))
    )
    assert len({one.id for one in twice}) == 1
    with pytest.raises(KeyReused):
        await shop.commerce.aftersales.ask(order.id, order.visitor_id, wish(101, key=same.key))


async def test_every_move_that_is_not_listed_is_refused(shop: Shop, owner: Staff) -> None:
    """Each verb in each state of each kind: it moves as the table says, or says no."""
    aftersales = shop.commerce.aftersales
    order = await paid(shop)
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    request = await ask(shop, order, 1)
    verbs = {
        "agree": lambda: aftersales.agree(request.id, "寄回杭州", by=owner),
        "receive": lambda: aftersales.receive(request.id, by=owner),
        "decline": lambda: aftersales.decline(request.id, "不行", by=owner),
        "withdraw": lambda: aftersales.withdraw(request.id, order.visitor_id),
        "send_back": lambda: aftersales.send_back(request.id, order.visitor_id, Shipment()),
    }
    for kind in KINDS:
        for before in STATUSES:
            for step, verb in verbs.items():
                await shop.rows(
                    """update commerce.aftersales
                          set status = $2, kind = $3, refund_id = case when $2 = 'refunding'
                              then (select r.id from commerce.refunds r
                                     where r.order_id = aftersales.order_id) end where id = $1""",
                    request.id, before, kind,
                )  # fmt: skip
                listed = find(step, before, kind)  # type: ignore[arg-type]
                if listed is None:
                    with pytest.raises(AftersaleMove):
                        await verb()
                    assert await status(shop, request) == before
                else:
                    assert (await verb()).status == listed.after


async def test_who_may_ask_for_how_much_and_until_when(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    aftersales = shop.commerce.aftersales
    with pytest.raises(OrderNotFound):
        await aftersales.ask(order.id, new_id("v"), wish(1))
    with pytest.raises(RefundTooMuch):
        await ask(shop, order, order.paid_minor + 1)
    await shop.commerce.ship_order(order.id, PARCEL, by=owner)
    await shop.commerce.complete_order(order.id, order.visitor_id)
    long_ago = (
        "update commerce.orders set completed_at = now() - make_interval(days => $2) where id = $1"
    )
    await shop.rows(long_ago, order.id, 8)
    with pytest.raises(AftersaleOver):
        await ask(shop, order, 1)
    assert (await aftersales.of_order(order.id, order.visitor_id)).kinds == []
    await aftersales.set_rule(AftersaleRule(days=14), by=owner)
    seen = await aftersales.of_order(order.id, order.visitor_id)
    assert (seen.kinds, seen.days) == (["money", "return"], 14)
    request = await ask(shop, order, 1)
    with pytest.raises(AftersaleNotFound):
        await aftersales.withdraw(request.id, new_id("v"))
    for _ in range(REQUESTS_MAX - 1):
        await aftersales.withdraw(request.id, order.visitor_id)
        request = await ask(shop, order, 1)
    await aftersales.withdraw(request.id, order.visitor_id)
    with pytest.raises(AftersaleLimit):
        await ask(shop, order, 1)
    for days in (0, DAYS_MAX + 1):
        with pytest.raises(BadInput):
            await aftersales.set_rule(AftersaleRule(days=days), by=owner)
    await aftersales.set_rule(AftersaleRule(), by=owner)
    unpaid = await shop.commerce.create_order(
        new_id("v"), None, (await shop.product()).id, 1, None, new_id("k")
    )
    with pytest.raises(ForbiddenMove):
        await ask(shop, unpaid, 1)


async def test_staff_who_give_everything_back_end_the_request(fresh_db: Database) -> None:
    """Through the facts: what staff refunded by themselves ends what was still asked for, and the
    buyer's page hears each step."""
    async with open_market(fresh_db) as market, market.room() as stall:
        shop, mei = market.shop, stall.person("Mei")
        product = await shop.product()
        order = await shop.commerce.create_order(mei.id, None, product.id, 1, None, new_id("k"))
        payment = await shop.commerce.start_payment(order.id, mei.id)
        await shop.rows("update commerce.payments set state = 'paid' where id = $1", payment.id)
        stand = "update commerce.orders set status = $2 where id = $1"
        await shop.rows(stand, order.id, "paid")
        request = await ask(shop, order, 100)
        fact = OrderRefunded(
            shop_id=order.shop_id, order_id=order.id, visitor_id=mei.id,
            refund_id=new_id("ref"), amount_minor=1, currency="CNY",
        )  # fmt: skip
        for stands in ("paid", "refunded"):  # some of it, then all of it
            await market.relay.drained()
            assert await status(shop, request) == "asked"
            await shop.rows(stand, order.id, stands)
            async with fresh_db.begin() as tx:
                await tx.record(fact)
        await market.relay.drained()
        assert await status(shop, request) == "refunded"
        told = [one["status"] for one in market.hub.heard_by(mei, "aftersale")]
        assert told == ["asked", "refunded"]


async def test_who_is_forgotten_is_gone_from_requests_that_ended(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    me = order.visitor_id
    request = await ask(shop, order, 100)
    (kept,) = (await shop.commerce.person_kept(me))["aftersales"]
    assert (kept["body"], kept["status"]) == ("罐子碎了", "asked")
    await shop.rows(
        "update commerce.orders set status = 'completed', completed_at = now() where id = $1",
        order.id,
    )
    made = {me: new_id("v")}
    assert not await shop.commerce.erase_person(made)  # one is under way
    await shop.commerce.aftersales.decline(request.id, "寄回小林家", by=owner)
    assert await shop.commerce.erase_person(made)
    row = "select body || answer || tracking from commerce.aftersales where id = $1"
    assert await shop.value(row, request.id) == ""
    assert (await shop.commerce.person_kept(me))["aftersales"] == []


async def test_what_the_bank_did_not_take_keeps_nobody_from_leaving(
    shop: Shop, owner: Staff
) -> None:
    order = await paid(shop)
    made = {order.visitor_id: new_id("v")}
    request = await ask(shop, order, 100)
    await shop.commerce.aftersales.agree(request.id, "", by=owner)
    await shop.rows(
        "update commerce.orders set status = 'completed', completed_at = now() where id = $1",
        order.id,
    )
    assert not await shop.commerce.erase_person(made), "the money is on its way"
    await shop.rows(
        "update commerce.refunds set state = 'failed'"
        " where id = (select refund_id from commerce.aftersales where id = $1)",
        request.id,
    )
    assert await shop.commerce.erase_person(made)


async def test_the_desk_lists_counts_and_answers_over_http(shop: Shop, owner: Staff) -> None:
    order = await paid(shop)
    request = await ask(shop, order, 100)
    async with httpx.AsyncClient(base_url=shop.commerce.base_url, trust_env=False) as desk:
        who = {"email": owner.email, "password": "one long sentence"}
        (await desk.post("/api/v1/staff/login", json=who)).raise_for_status()
        path = "/api/v1/shop/aftersales"
        found = (await desk.get(path, params={"status": "open", "order": order.id})).json()
        assert [one["id"] for one in found["items"]] == [request.id]
        assert found["open"] == await shop.value(
            "select count(*) from commerce.aftersales where status = any($1)", list(OPEN)
        )
        assert (await desk.get(path, params={"status": "gone"})).status_code == 422
        empty = await desk.post(f"{path}/{request.id}/decline", json={"answer": ""})
        assert (empty.status_code, empty.json()["error"]["field"]) == (422, "answer")
        said = await desk.post(f"{path}/{request.id}/decline", json={"answer": "没坏"})
        assert said.json()["status"] == "declined"
        again = await desk.post(f"{path}/{request.id}/agree", json={})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "aftersale_move")
        lost = await desk.post(f"{path}/nobody/agree", json={})
        assert (lost.status_code, lost.json()["error"]["code"]) == (404, "aftersale_not_found")


@given(text=st.text(max_size=400), amount_minor=st.integers(-(2**70), 2**70))
def test_whatever_is_asked_is_cleaned_or_refused(text: str, amount_minor: int) -> None:
    try:
        found = cleaned_wish(wish(amount_minor, text=text))
    except BadInput:
        event("refused")
    else:
        assert found.amount_minor == amount_minor > 0
        assert "\x00" not in found.text
        found.text.encode()
