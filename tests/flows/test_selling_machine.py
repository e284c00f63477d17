"""Anything a buyer, the gateway and the desk can do, in any order: hypothesis writes the stories,
the real services tell them on a real database, a plain model says what must be left of stock,
coupons and money after each, and the auditor judges the whole.

`YAOHE_STORIES=500` writes many more of them.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import Server
from tests.support.shop import Shop, free_port, make_app, make_shop, serve

from yaohe.commerce import Order
from yaohe.commerce.errors import (
    CouponExpired,
    CouponSpent,
    ForbiddenMove,
    LivePriceGone,
    LivePriceLimit,
    NotTogether,
    OrderLimit,
    OrderNotPayable,
    RefundTooMuch,
    RefundUnderWay,
    SoldOut,
)
from yaohe.commerce.orders.model import OPEN_ORDERS_MAX, Shipment
from yaohe.commerce.payments.model import RefundWish
from yaohe.commerce.prices import NewLivePrice
from yaohe.commerce.variants import NewVariant
from yaohe.identity import SHOP_ID, Staff
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_id
from yaohe.platforms.sandbox_pay.errors import SandboxNo

pytestmark = pytest.mark.db

MANY: Final = os.environ.get("YAOHE_STORIES", "")
STORIES: Final = int(MANY or "14")
STEPS: Final = 25
BOSS: Final = Staff(id="st_x", shop_id=SHOP_ID, email="l@x.cn", name="Lin", role="owner")
ROOM: Final = "tea"
# What is sold, with its price and how many there are; the last two are variants of one product.
STOCK: Final = {"tea": 6, "red": 3, "blue": 4}
PRICES: Final = {"tea": 9_900, "red": 5_000, "blue": 6_000}
LOW_MINOR, LOW_TOTAL, LOW_EACH = 7_900, 3, 2
OFF_MINOR: Final = 1_000

Got = TypeVar("Got")


class Stage:
    """One shop on one database with an event loop of its own, for all stories."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self.shop: Shop = self.run(self._open(url))
        self.ends: Counter[str] = Counter()

    async def _open(self, url: str) -> Shop:
        port = free_port()
        db = Database(url)
        self._stack.push_async_callback(db.close)
        shop = make_shop(db, base_url=f"http://127.0.0.1:{port}")
        await self._stack.enter_async_context(serve(make_app(shop), port))
        return shop

    def run(self, work: Coroutine[Any, Any, Got]) -> Got:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()


@dataclass
class Sale:
    """What the model knows of an order."""

    order: Order
    who: str
    goods: str
    quantity: int
    live: bool
    coupon: bool
    payable: int
    key: str
    status: str = "created"
    shipped: bool = False
    entered: str = ""  # the payment the buyer went to the cashier with
    money: int = 0  # at the gateway
    back: int = 0

    @property
    def holds(self) -> bool:
        """Whether what it took is still taken."""
        return self.status in {"created", "paid", "shipped", "completed"} or self.shipped


@dataclass
class Model:
    """Stock and money as a child would count them."""

    sales: list[Sale] = field(default_factory=list)

    def left(self, goods: str) -> int:
        return STOCK[goods] - sum(s.quantity for s in self.sales if s.goods == goods and s.holds)

    def low_taken(self, who: str | None = None) -> int:
        return sum(s.quantity for s in self.sales if s.live and s.holds and who in {None, s.who})

    def coupon_free(self, who: str) -> bool:
        return not any(s.coupon and s.holds and s.who == who for s in self.sales)

    def open_of(self, who: str) -> int:
        return sum(s.status == "created" and s.who == who for s in self.sales)

    def refusals(
        self, who: str, goods: str, quantity: int, *, low: bool, coupon: bool
    ) -> set[type[AppError]]:
        """Why this order may not be; empty when it must be."""
        found: set[type[AppError]] = set()
        if low and coupon:
            return {NotTogether}
        if self.left(goods) < quantity:
            found.add(SoldOut)
        if low and self.low_taken() + quantity > LOW_TOTAL:
            found.add(LivePriceGone)
        if low and self.low_taken(who) + quantity > LOW_EACH:
            found.add(LivePriceLimit)
        if coupon and not self.coupon_free(who):
            found |= {CouponSpent, CouponExpired}
        if self.open_of(who) >= OPEN_ORDERS_MAX:
            found.add(OrderLimit)
        return found


class Selling(RuleBasedStateMachine):
    """Three people, three things to buy, a live price, a coupon each, and a gateway that may keep
    its news to itself for a while."""

    stage: Stage
    sales = Bundle("sales")

    def open_shop(self) -> None:
        self.model = Model()
        self.people = [new_id("v") for _ in range(3)]
        self.do = self.stage.run
        self.shop = self.stage.shop
        self.do(self._stock_up())

    async def _stock_up(self) -> None:
        shop = self.shop
        tea = await shop.product(stock=STOCK["tea"], price_minor=PRICES["tea"])
        tins = await shop.product()
        red, blue = await shop.commerce.set_variants(
            tins.id,
            [
                NewVariant(title=name, price_minor=PRICES[name], stock=STOCK[name])
                for name in ("red", "blue")
            ],
        )
        self.products = {"tea": tea.id, "red": tins.id, "blue": tins.id}
        self.variants = {"tea": None, "red": red.id, "blue": blue.id}
        self.low = await shop.commerce.start_live_price(
            NewLivePrice(
                room_id=ROOM, product_id=tea.id, price_minor=LOW_MINOR, minutes=60,
                total=LOW_TOTAL, per_person=LOW_EACH,
            )
        )  # fmt: skip
        template = await shop.template(amount_minor=OFF_MINOR, total=3)
        self.coupons = {
            who: (
                await shop.commerce.claim_coupon(
                    template.id, who, source="arrival", source_ref="token"
                )
            ).id
            for who in self.people
        }

    @initialize(target=sales)
    def have_customers(self) -> Any:
        """Every story begins with something sold: one is paid, of one the money is on its way."""
        self.open_shop()
        wishes = [
            self.order(0, "tea", 2, low=True, coupon=False, then="pay and tell"),
            self.order(1, "red", 1, low=False, coupon=True, then="pay and tell"),
            self.order(2, "blue", 1, low=False, coupon=True, then="pay"),
            self.order(2, "tea", 1, low=False, coupon=False, then="nothing"),
            self.order(1, "blue", 1, low=False, coupon=False, then="nothing"),
        ]
        return multiple(*wishes)

    # Buyers ---------------------------------------------------------------------------------

    @rule(
        target=sales,
        person=st.integers(0, 2),
        goods=st.sampled_from(list(STOCK)),
        quantity=st.integers(1, 3),
        low=st.booleans(),
        coupon=st.booleans(),
        then=st.sampled_from(["nothing", "again", "pay", "pay and tell"]),
    )
    def order(
        self, person: int, goods: str, quantity: int, low: bool, coupon: bool, then: str
    ) -> Any:
        low = low and goods == "tea"
        who = self.people[person]
        why_not = self.model.refusals(who, goods, quantity, low=low, coupon=coupon)
        key = new_id("k")
        try:
            made = self.do(self._order(who, goods, quantity, key, low=low, coupon=coupon))
        except AppError as error:
            if type(error) not in why_not:
                raise
            return multiple()
        assert not why_not, why_not
        unit = LOW_MINOR if low else PRICES[goods]
        payable = unit * quantity - (OFF_MINOR if coupon else 0)
        assert (made.payable_minor, made.status) == (payable, "created")
        sale = Sale(made, who, goods, quantity, low, coupon, payable, key)
        self.model.sales.append(sale)
        if then == "again":
            again = self._order(who, goods, quantity, key, low=low, coupon=coupon)
            assert self.do(again).id == made.id
        if then.startswith("pay"):
            self.pay(sale)
        if then == "pay and tell":
            self.news_arrives()
        return sale

    async def _order(
        self, who: str, goods: str, quantity: int, key: str, *, low: bool, coupon: bool
    ) -> Order:
        return await self.shop.commerce.create_order(
            who,
            ROOM,
            self.products[goods],
            quantity,
            self.coupons[who] if coupon else None,
            key,
            live_price_id=self.low.id if low else None,
            variant_id=self.variants[goods],
        )

    @rule(sale=sales)
    def pay(self, sale: Sale) -> None:
        """The gateway takes the money; nobody has told the shop yet."""
        if not self._is_at_the_cashier(sale):
            return
        try:
            paid = self.do(self.shop.gateway.pay(sale.entered))
        except (SandboxNo, AppError):
            assert sale.status != "created", "an open cashier takes money"
            return
        if paid.state == "paid" and not sale.money:
            assert sale.status == "created", "a closed cashier takes none"
            sale.money = sale.payable

    def _is_at_the_cashier(self, sale: Sale) -> bool:
        try:
            payment = self.do(self.shop.commerce.start_payment(sale.order.id, sale.who))
            self.do(self.shop.enter(payment.id))
        except OrderNotPayable:
            assert sale.status != "created" or sale.money
        else:
            assert sale.status == "created"
            sale.entered = payment.id
        if sale.money and sale.status == "created":
            sale.status = "paid"  # asked for a cashier, the gateway says what it has
        return bool(sale.entered)

    @rule(sale=sales)
    def cancel(self, sale: Sale) -> None:
        try:
            self.do(self.shop.commerce.cancel_order(sale.order.id, sale.who))
        except ForbiddenMove:
            assert sale.status != "created"
            return
        # Whose money is on its way may give up, too; it comes too late then and goes back.
        if sale.status == "created":
            sale.status = "canceled"

    # The gateway and time -------------------------------------------------------------------

    @rule()
    def news_arrives(self) -> None:
        """All that the gateway has to tell, and all that goes back, until nothing moves."""
        self.do(self._settle())
        for sale in self.model.sales:
            if not sale.money:
                continue
            if sale.status == "created":
                sale.status = "paid"
            elif sale.status in {"canceled", "expired"}:
                sale.status, sale.back = "refunded", sale.money
            if sale.back == sale.money and sale.status in {"paid", "shipped", "completed"}:
                sale.status = "refunded"

    async def _settle(self) -> None:
        commerce, gateway = self.shop.commerce, self.shop.gateway
        while True:
            moved = await gateway.deliver()
            moved += await commerce.ask_for_refunds()
            if not moved:
                return

    @rule(sale=sales)
    def its_time_is_over(self, sale: Sale) -> None:
        self.do(
            self.shop.rows(
                "update commerce.orders set deadline_at = now() - interval '1 s' where id = $1",
                sale.order.id,
            )
        )
        self.do(self.shop.commerce.expire_orders())
        if sale.status == "created":
            # The gateway is asked first: money that it has makes the order paid.
            sale.status = "paid" if sale.money else "expired"

    # The desk -------------------------------------------------------------------------------

    @rule(sale=sales, arrives=st.booleans())
    def ship(self, sale: Sale, arrives: bool) -> None:
        try:
            self.do(self.shop.commerce.ship_order(sale.order.id, Shipment(), by=BOSS))
        except ForbiddenMove:
            assert sale.status not in {"paid", "shipped"} or sale.back == sale.money
            return
        assert sale.status in {"paid", "shipped", "completed"}
        if sale.status == "paid":
            sale.status, sale.shipped = "shipped", True
        if arrives:
            self.receive(sale)

    @rule(sale=sales)
    def receive(self, sale: Sale) -> None:
        try:
            self.do(self.shop.commerce.complete_order(sale.order.id, sale.who))
        except ForbiddenMove:
            assert sale.status not in {"shipped", "completed"}
            return
        assert sale.status in {"shipped", "completed"}
        sale.status = "completed"

    @rule(sale=sales, parts=st.sampled_from([None, 1, 2_500, 10_000]))
    def refund(self, sale: Sale, parts: int | None) -> None:
        left = sale.money - sale.back
        wish = RefundWish(amount_minor=parts, key=new_id("k"))
        try:
            self.do(self.shop.commerce.refund_order(sale.order.id, wish, by=BOSS))
        except ForbiddenMove:
            assert sale.status not in {"paid", "shipped", "completed"}
        except RefundUnderWay:
            assert left == 0
        except RefundTooMuch:
            assert parts is not None
            assert parts > left
        else:
            assert sale.status in {"paid", "shipped", "completed"}
            sale.back += left if parts is None else parts
            assert sale.back <= sale.money

    # What must always be true ---------------------------------------------------------------

    @invariant()
    def stock_is_what_the_model_says(self) -> None:
        if not hasattr(self, "products"):
            return
        found = self.do(self._look())
        assert found == {goods: self.model.left(goods) for goods in STOCK}

    async def _look(self) -> dict[str, int]:
        tea = await self.shop.commerce.product(self.products["tea"])
        tins = await self.shop.commerce.product(self.products["red"])
        return {"tea": tea.stock, **{variant.title: variant.stock for variant in tins.variants}}

    def teardown(self) -> None:
        """At the end all comes to rest: every cent is where the model has it, and all is in
        order."""
        if not hasattr(self, "products"):
            return
        self.news_arrives()
        self.stock_is_what_the_model_says()
        rows = self.do(
            self.shop.rows(
                "select id, status, paid_minor, refunded_minor from commerce.orders"
                " where visitor_id = any($1)",
                self.people,
            )
        )
        told = {s.order.id: (s.status, s.money, s.back) for s in self.model.sales}
        assert {row[0]: tuple(row)[1:] for row in rows} == told
        ended = Counter((s.who, s.coupon) for s in self.model.sales if s.coupon and s.holds)
        assert all(count == 1 for count in ended.values())
        assert self.do(self.shop.audit()).holds
        for s in self.model.sales:
            self.stage.ends[s.status] += 1
            self.stage.ends["in part"] += 0 < s.back < s.money


@pytest.fixture
async def selling_url(pg: Server) -> Any:
    async with pg.clone() as url:
        yield url


@pytest.fixture
def stage(selling_url: str) -> Iterator[Stage]:
    made = Stage(selling_url)
    yield made
    made.close()


def test_any_story_ends_with_every_piece_and_every_cent_in_its_place(stage: Stage) -> None:
    machine = type("SellingHere", (Selling,), {"stage": stage})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Making a story short takes minutes: only where there are many.
            phases=list(Phase) if MANY else [Phase.generate],
        ),
    )
    # Stories in which nothing happens would prove nothing.
    seen = {end for end, count in stage.ends.items() if count}
    assert seen >= {"paid", "shipped", "completed", "refunded", "in part"}, stage.ends
    assert seen & {"canceled", "expired"}, stage.ends
