"""How goods reach the buyer: the fee is part of what is paid and of what goes back, a pick-up code
counts once whoever asks, and what is digital is read by its buyer alone."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import Shop, free_port, make_app, make_shop, serve, until

from yaohe.commerce import Order, Product, ProductChange
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.delivery.model import FEE, cleaned_pickup_code, new_pickup_codes
from yaohe.commerce.errors import (
    AddressMissing,
    ForbiddenMove,
    PickupDone,
    PickupNotFound,
    PriceChanged,
)
from yaohe.commerce.orders.model import Buyer, Shipment
from yaohe.commerce.prices import NewLivePrice
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

_NAMES = ("delivery", "rule_fee_minor", "free_from_minor", "goods_minor", "goods_off_minor")
EIGHT_FREE_FROM_199 = DeliveryRule(
    fee_minor=800, free_from_minor=19_900, pickup_place="湖滨路 8 号", pickup_place_en="8 Lake Road"
)


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


async def order(shop: Shop, product: Product, **more: Any) -> Order:
    who, coupon_id = more.pop("who", None) or new_id("v"), more.pop("coupon_id", None)
    quantity = more.pop("quantity", 1)
    return await shop.commerce.create_order(
        who, "tea", product.id, quantity, coupon_id, new_id("k"), **more
    )


async def settled(shop: Shop, placed: Order, status: str) -> Order:
    async def there() -> Order | None:
        await shop.commerce.ask_for_refunds()
        await shop.gateway.deliver()
        found = await shop.commerce.order(placed.id, placed.visitor_id)
        return found if found.status == status else None

    found: Order = await until(there)
    return found


async def paid(shop: Shop, product: Product, **more: Any) -> Order:
    placed = await order(shop, product, **more)
    payment = await shop.commerce.start_payment(placed.id, placed.visitor_id)
    await shop.pay(payment.id)
    return await settled(shop, placed, "paid")


async def delivered(shop: Shop, *placed: Order) -> list[Order]:
    """What follows from their being paid."""
    async with shop.db.begin() as tx:
        await shop.commerce.deliver_digital(tx, [one.id for one in placed])
    return [await shop.commerce.order(one.id, one.visitor_id) for one in placed]


async def told_completed(shop: Shop, order: Order) -> int:
    facts = await shop.facts("order_completed.v1")
    return sum(fact["aggregate"] == f"order:{order.id}" for fact in facts)


async def in_order(shop: Shop) -> bool:
    return (await shop.audit()).holds


async def test_the_fee_is_the_rule_in_words(shop: Shop) -> None:
    """Nothing unless it is shipped; else the fee, until what is paid for the goods reaches the
    sum. No rule at all is no fee."""
    sums = ((0, 0), (19_899, 0), (19_900, 0), (19_900, 1), (25_000, 5_100), (9, 9))
    cases = [
        (kind, fee, free_from, goods, off)
        for kind in ("ship", "pickup", "digital")
        for fee in (None, 0, 800)
        for free_from in (None, 1, 19_900)
        for goods, off in sums
    ]
    told = "delivery text, rule_fee_minor int, free_from_minor int, goods_minor int, "
    asked = json.dumps([dict(zip(_NAMES, case, strict=True)) for case in cases])
    rows = await shop.rows(
        f"select {FEE} as fee from rows from (jsonb_to_recordset($1::jsonb) "  # noqa: S608
        f"as ({told} goods_off_minor int)) with ordinality order by ordinality",
        asked,
    )
    for (kind, fee, free_from, goods, off), row in zip(cases, rows, strict=True):
        enough = free_from is not None and goods - off >= free_from
        wanted = (fee or 0) if kind == "ship" and not enough else 0
        assert row["fee"] == wanted, (kind, fee, free_from, goods, off)


async def test_the_fee_is_paid_once_and_goes_back_with_the_rest(shop: Shop, owner: Staff) -> None:
    await shop.commerce.set_delivery_rule(EIGHT_FREE_FROM_199, by=owner)
    tea = await shop.product(price_minor=9_900)
    one = await order(shop, tea)
    assert (one.goods_minor, one.fee_minor, one.payable_minor) == (9_900, 800, 10_700)
    with pytest.raises(PriceChanged):
        await order(shop, tea, expected_minor=9_900)
    bought = await paid(shop, tea, expected_minor=10_700)
    assert bought.paid_minor == 10_700
    await shop.commerce.refund_order(bought.id, by=owner)
    assert (await settled(shop, bought, "refunded")).refunded_minor == 10_700
    assert await in_order(shop)
    three = await order(shop, tea, quantity=3, expected_minor=29_700)
    assert (three.fee_minor, three.payable_minor) == (0, 29_700)


async def test_a_coupon_can_bring_an_order_below_free_delivery(shop: Shop, owner: Staff) -> None:
    await shop.commerce.set_delivery_rule(EIGHT_FREE_FROM_199, by=owner)
    tea, who = await shop.product(price_minor=19_900), new_id("v")
    template = await shop.template(amount_minor=1_000)
    coupon = await shop.commerce.claim_coupon(
        template.id, who, source="arrival", source_ref="token"
    )
    bought = await paid(shop, tea, who=who, coupon_id=coupon.id, expected_minor=19_700)
    assert (bought.discount_minor, bought.fee_minor) == (1_000, 800)
    live = await shop.commerce.start_live_price(
        NewLivePrice(room_id="tea", product_id=tea.id, price_minor=15_000, minutes=5)
    )
    cheap = await order(shop, tea, live_price_id=live.id, expected_minor=15_800)
    assert (cheap.first.unit_price_minor, cheap.fee_minor) == (15_000, 800)
    # Even when a coupon pays for all of the goods, the way to the buyer is paid.
    cup, big = await shop.product(price_minor=500), await shop.template(amount_minor=9_000)
    whole = await shop.commerce.claim_coupon(big.id, who, source="arrival", source_ref="token")
    rest = await order(shop, cup, who=who, coupon_id=whole.id)
    assert (rest.discount_minor, rest.payable_minor, rest.status) == (500, 800, "created")
    assert await in_order(shop)


async def test_orders_during_a_change_have_one_of_the_two_fees(shop: Shop, owner: Staff) -> None:
    tea = await shop.product(stock=300)

    async def change() -> None:
        for fee in (800, 0, 800, 0, 800):
            await shop.commerce.set_delivery_rule(DeliveryRule(fee_minor=fee), by=owner)

    made = await asyncio.gather(*[order(shop, tea) for _ in range(200)], change())
    orders = [one for one in made if one is not None]
    assert {one.fee_minor for one in orders} <= {0, 800}
    assert all(one.payable_minor == 9_900 + one.fee_minor for one in orders)
    assert (await order(shop, tea)).fee_minor == 800
    assert await in_order(shop)


async def test_only_what_is_shipped_needs_an_address(shop: Shop, owner: Staff) -> None:
    await shop.commerce.set_delivery_rule(EIGHT_FREE_FROM_199, by=owner)
    lin = Buyer(name="小林", phone="13900000000")
    tea, cup = await shop.product(), await shop.product(delivery="pickup")
    with pytest.raises(AddressMissing):
        await order(shop, tea, buyer=lin)
    assert await shop.stock(tea) == 50
    fetched = await order(shop, cup, buyer=lin, note="下午五点来\n别包装")
    again = await shop.commerce.order(fetched.id, fetched.visitor_id)
    assert (again.buyer, again.buyer_note) == (lin, "下午五点来\n别包装")
    assert (again.pickup_place, again.pickup_place_en) == ("湖滨路 8 号", "8 Lake Road")
    assert (again.fee_minor, again.pickup_code) == (0, fetched.pickup_code)
    for bad in ("x" * 201, "\ud800"):
        with pytest.raises(BadInput):
            await order(shop, cup, note=bad)


async def test_a_pickup_code_counts_once_whoever_asks(shop: Shop, owner: Staff) -> None:
    bought = await paid(shop, await shop.product(delivery="pickup"))
    code = bought.pickup_code
    assert code is not None

    async def ask(text: str) -> Order | AppError:
        try:
            return await shop.commerce.hand_over(text, by=owner)
        except AppError as error:
            return error

    spoken = f"{code[:4]} {code[4:]}"
    answers = await asyncio.gather(*[ask(text) for text in (code, spoken) for _ in range(20)])
    assert Counter(type(answer) for answer in answers) == {Order: 1, PickupDone: 39}
    done = await shop.commerce.order(bought.id, bought.visitor_id)
    assert (done.status, done.shipped_at) == ("completed", done.completed_at)
    assert await told_completed(shop, bought) == 1
    # It has left the shop: a refund does not put it back on the shelf.
    await shop.commerce.refund_order(bought.id, by=owner)
    await settled(shop, bought, "refunded")
    assert (await shop.commerce.product(bought.first.product_id)).stock == 49
    assert await in_order(shop)


async def test_a_code_opens_nothing_that_is_not_paid_or_goes_back(shop: Shop, owner: Staff) -> None:
    cup = await shop.product(delivery="pickup")
    unpaid, given_up = await order(shop, cup), await paid(shop, cup)
    await shop.commerce.refund_order(given_up.id, by=owner)
    for code in (unpaid.pickup_code, given_up.pickup_code):
        with pytest.raises(ForbiddenMove):
            await shop.commerce.hand_over(str(code), by=owner)
    nobody = next(c for c in ("00000000", "00000001", "00000002")
                  if c not in {unpaid.pickup_code, given_up.pickup_code})  # fmt: skip
    with pytest.raises(PickupNotFound):
        await shop.commerce.hand_over(nobody, by=owner)
    with pytest.raises(ForbiddenMove):
        await shop.commerce.ship_order(unpaid.id, Shipment(), by=owner)


async def test_hand_over_and_refund_at_once_never_both_keep_the_goods(
    shop: Shop, owner: Staff
) -> None:
    cup = await shop.product(delivery="pickup", stock=8)
    bought = [await paid(shop, cup) for _ in range(8)]
    asks = [shop.commerce.hand_over(str(one.pickup_code), by=owner) for one in bought]
    await asyncio.gather(
        *asks,
        *[shop.commerce.refund_order(one.id, by=owner) for one in bought],
        return_exceptions=True,
    )
    for one in bought:
        await settled(shop, one, "refunded")
    left = await shop.value(
        "select count(*) from commerce.orders join commerce.order_lines on order_id = id"
        " where shipped_at is not null and product_id = $1",
        cup.id,
    )
    assert await shop.stock(cup) == 8 - left
    assert await in_order(shop)


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        code = cleaned_pickup_code(text)
    except BadInput:
        return
    assert len(code) == 8
    assert code.isascii()
    assert code.isdigit()


def test_codes_are_what_the_desk_reads() -> None:
    assert all(cleaned_pickup_code(f"{c[:4]}-{c[4:]}") == c for c in new_pickup_codes(100))


async def test_what_is_digital_is_read_by_its_buyer_once_it_is_paid(shop: Shop) -> None:
    book = await shop.product(delivery="digital", digital_text="https://example.com/k/7\nkey 7")
    parcel = await shop.product()
    unpaid, bought, shipped = (
        await order(shop, book),
        await paid(shop, book),
        await paid(shop, parcel),
    )
    after = await delivered(shop, unpaid, bought, shipped)
    assert [(one.status, one.digital_text) for one in after] == [
        ("created", ""),
        ("completed", "https://example.com/k/7\nkey 7"),
        ("paid", ""),
    ]
    await delivered(shop, bought)  # told twice
    assert await told_completed(shop, bought) == 1
    assert await in_order(shop)


async def test_a_digital_product_says_what_the_buyer_gets(shop: Shop, owner: Staff) -> None:
    with pytest.raises(BadInput):
        await shop.product(delivery="digital")
    tea = await shop.product()
    with pytest.raises(BadInput):
        await shop.commerce.update_product(tea.id, ProductChange(delivery="digital"), by=owner)
    assert (await shop.commerce.product(tea.id)).delivery == "ship"
    change = ProductChange(delivery="digital", digital_text="a secret key")
    assert (await shop.commerce.update_product(tea.id, change, by=owner)).delivery == "digital"
    noted = await shop.rows("select detail::text from identity.audit")
    assert not any("a secret key" in row["detail"] for row in noted)


async def test_over_http(shop: Shop, owner: Staff) -> None:
    url = shop.commerce.base_url
    async with (
        httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False) as buyer,
        httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False) as desk,
    ):
        signed_in = {"email": "lin@example.com", "password": "one long sentence"}
        assert (await desk.post("/api/v1/staff/login", json=signed_in)).is_success
        await shop.rows("delete from commerce.delivery_rules")
        nothing = (await buyer.get("/api/v1/delivery")).json()
        assert nothing == {
            "fee_minor": 0, "free_from_minor": None, "pickup_place": "", "pickup_place_en": "",
        }  # fmt: skip
        rule = {"fee_minor": 800, "free_from_minor": 19_900, "pickup_place": "湖滨路 8 号"}
        assert (await buyer.put("/api/v1/shop/delivery", json=rule)).status_code == 401
        assert (await desk.put("/api/v1/shop/delivery", json=rule)).status_code == 200
        for bad in ({"fee_minor": -1}, {"free_from_minor": 0},
                    {"pickup_place": "x" * 201}):  # fmt: skip
            refused = await desk.put("/api/v1/shop/delivery", json=bad)
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad_input")
        assert (await buyer.get("/api/v1/delivery")).json()["free_from_minor"] == 19_900
        tea = await shop.product(delivery="pickup")
        wish = {"product_id": tea.id, "idempotency_key": "k", "note": "五点来"}
        made = (await buyer.post("/api/v1/orders", json=wish)).json()["order"]
        assert (made["delivery"], made["buyer_note"], made["pickup_code"]) == (
            "pickup", "五点来", None,
        )  # fmt: skip
        code = await shop.value("select pickup_code from commerce.orders where id = $1", made["id"])
        pickups = "/api/v1/shop/pickups"
        assert (await buyer.post(pickups, json={"code": code})).status_code == 401
        answers = [await desk.post(pickups, json={"code": text}) for text in (code, "12", "x" * 9)]
        assert [(a.status_code, a.json()["error"]["code"]) for a in answers] == [
            (409, "order_move"), (422, "bad_input"), (422, "bad_input"),
        ]  # fmt: skip
        await shop.rows(
            "update commerce.orders set status = 'paid', paid_minor = payable_minor where id = $1",
            made["id"],
        )
        mine = f"/api/v1/orders/{made['id']}"
        assert (await buyer.get(mine)).json()["pickup_code"] == code
        handed = await desk.post(pickups, json={"code": code})
        assert (handed.status_code, handed.json()["status"]) == (200, "completed")
        again = await desk.post(pickups, json={"code": code})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "pickup_done")
