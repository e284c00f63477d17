"""`Commerce`: one front for catalog, prices, coupons, orders and payments.

The verbs live with their nouns; here they get the names the rest of the house calls them by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from yaohe.commerce.addresses.service import Addresses
from yaohe.commerce.aftersales.service import Aftersales
from yaohe.commerce.bills.service import Bills
from yaohe.commerce.cart.service import Cart
from yaohe.commerce.catalog.service import Catalog
from yaohe.commerce.coupons.days import ZoneOf
from yaohe.commerce.coupons.service import Coupons
from yaohe.commerce.delivery.service import Delivery
from yaohe.commerce.merging.service import Merging
from yaohe.commerce.messages.service import Messages
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.service import GRACE, Orders, RoomExists
from yaohe.commerce.orders.sheets.service import OrderSheets
from yaohe.commerce.orders.shipping import Shipping
from yaohe.commerce.payments.reconciling import Reconciling
from yaohe.commerce.payments.service import Payments
from yaohe.commerce.people.service import People
from yaohe.commerce.prices.service import Prices
from yaohe.commerce.quotes.service import Quotes
from yaohe.commerce.reviews.service import Reviews
from yaohe.commerce.sheets.service import Sheets
from yaohe.commerce.variants.service import Variants
from yaohe.commerce.waits.service import Waits
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.sweep import every
from yaohe.ledger import Ledger
from yaohe.platforms.payments import PaymentGateway

SWEEP_EVERY_S: Final = 1.0
ARRIVED_EVERY_S: Final = 60.0
BILLS_EVERY_S: Final = 60.0
TOLD_EVERY_S: Final = 20.0
CARTS_EVERY_S: Final = 3600.0
ORDER_DEADLINE_S: Final = 600.0

RoomRefusal = Callable[[str, Mapping[str, str]], AppError | None]


def _all_welcome(_room_id: str, _cookies: Mapping[str, str]) -> AppError | None:
    return None


class Commerce:
    """`base_url` is the public address; `notify_url` the one at which the gateway reaches us (the
    same unless given). `room_exists` knows the rooms that an order may name, `room_refusal` why
    somebody with these cookies may not buy in one; `time_zone` is the shop's; `order_deadline_s` is
    how long a buyer may take to pay."""

    def __init__(
        self,
        db: Database,
        gateway: PaymentGateway,
        ledger: Ledger,
        base_url: str,
        *,
        room_exists: RoomExists,
        time_zone: ZoneOf,
        room_refusal: RoomRefusal = _all_welcome,
        notify_url: str | None = None,
        order_deadline_s: float = ORDER_DEADLINE_S,
        grace: timedelta = GRACE,
    ) -> None:
        self._open_goods(db, room_exists)
        self._open_coupons(db, time_zone)

        orders = self._orders = Orders(
            db,
            room_exists=room_exists,
            time_zone=time_zone,
            deadline_s=order_deadline_s,
            grace=grace,
        )
        self.create_order = orders.create
        self.order = orders.order
        self.orders_of = orders.orders_of
        self.shop_orders = orders.shop_orders
        self.has_bought = orders.has_bought
        self.room_sales = orders.room_sales
        self.messages = Messages(db, own_order=orders.order)
        self.reviews = Reviews(db, own_order=orders.order)
        self.room_refusal = room_refusal

        self._open_delivery(db, time_zone)

        payments = self._payments = Payments(
            db, gateway, ledger, base_url=base_url, notify_url=notify_url or base_url
        )
        self._grace = grace
        self.base_url = payments.base_url
        self.ways_to_pay, self.ways_to_pay_in_app = payments.ways, payments.ways_in_app
        self.payers = gateway.payers
        self.start_payment = payments.start
        self.payment = payments.of
        self.enter_payment = payments.enter
        self.payment_callback, self.payment_thanks = payments.take_notice, payments.thanks
        self.refund_order = payments.refund
        self.payment_warnings = payments.warnings
        self.reconcile = Reconciling(db, gateway).day
        self.bills = Bills(db, [gateway])
        self.ask_for_refunds = payments.ask_for_refunds
        self.aftersales = Aftersales(db, refund_in=payments.refund_in)

    def _open_goods(self, db: Database, room_exists: RoomExists) -> None:
        """What is sold, and for how much; and who it is sold to."""
        self.merge_visitor, people = Merging(db).merge, People(db)
        self.person_kept, self.erase_person = people.kept, people.erase

        catalog = Catalog(db)
        self.create_product = catalog.create_product
        self.update_product = catalog.update_product
        self.product = catalog.product
        self.products_by_id = catalog.products_by_id
        self.products = catalog.products

        variants = Variants(db)
        self.set_variants = variants.replace
        self.sheets = Sheets(db, catalog, variants)

        prices = Prices(db, room_exists=room_exists)
        self.start_live_price = prices.start
        self.stop_live_price = prices.stop
        self.live_prices = prices.running
        self.end_live_prices = prices.end_in_rooms

        self.cart = Cart(db, room_exists=room_exists)
        self.quote = Quotes(db).quote

        waits = Waits(db, room_exists=room_exists)
        self.ask_to_be_told = waits.ask
        self.leave_wait = waits.leave
        self.wait_seen = waits.seen
        self.waits_of = waits.mine
        self.wait_counts = waits.counts
        self.tell_waiting = waits.tell
        self.tell_next = waits.tell_next

    def _open_coupons(self, db: Database, time_zone: ZoneOf) -> None:
        """What is taken off."""
        coupons = self._coupons = Coupons(db, time_zone)
        self.create_template = coupons.create_template
        self.set_template_status = coupons.set_template_status
        self.template = coupons.template
        self.templates = coupons.templates
        self.claim_coupon = coupons.claim
        self.set_coupon_part, self.coupon_part = coupons.set_part, coupons.part_given
        self.coupons_of = coupons.coupons_of
        self.revoke_coupon = coupons.revoke
        self.claims_by_source = coupons.claims_by_source

    def _open_delivery(self, db: Database, time_zone: ZoneOf) -> None:
        """How it reaches the buyer."""
        delivery = Delivery(db)
        self.delivery_rule = delivery.rule
        self.set_delivery_rule = delivery.set_rule

        addresses = Addresses(db)
        self.addresses_of = addresses.of
        self.keep_address = addresses.keep
        self.drop_address = addresses.drop

        shipping = Shipping(db)
        self.ship_order = shipping.ship
        self.complete_order = shipping.complete
        self.complete_old_orders = shipping.complete_old
        self.note_order = shipping.note
        self.hand_over = shipping.hand_over
        self.deliver_digital = shipping.deliver
        self.order_sheets = OrderSheets(db, self._orders, shipping, time_zone=time_zone)

    @property
    def waiting(self) -> dict[str, int]:
        """How many callers wait in each queue, for `/metrics`."""
        queues = (self._coupons.claims, self._orders.placing)
        return {queue.name: queue.waiting for queue in queues}

    async def cancel_order(self, order_id: str, visitor_id: str) -> Order:
        """Give up one's own unpaid order; stock and coupon go back, the cashier is closed."""
        order = await self._orders.cancel(order_id, visitor_id)
        await self._payments.close(order_id)
        return order

    async def expire_orders(self) -> int:
        """End orders nobody paid in time; the gateway is asked first whether really nobody did."""
        await self._payments.settle_ended(grace=self._grace)
        return await self._orders.expire()

    async def run(self) -> None:
        """Keep sweeping until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(every(SWEEP_EVERY_S, "orders_expired", self.expire_orders))
            group.create_task(every(ARRIVED_EVERY_S, "orders_arrived", self.complete_old_orders))
            group.create_task(every(SWEEP_EVERY_S, "refunds_asked", self.ask_for_refunds))
            group.create_task(every(BILLS_EVERY_S, "bills_compared", self.bills.compare_due))
            group.create_task(every(TOLD_EVERY_S, "waiting_told", self.tell_next))
            group.create_task(every(CARTS_EVERY_S, "carts_swept", self.cart.sweep))

    async def close(self) -> None:
        """Answer everybody who was accepted, then take no more."""
        await asyncio.gather(self._coupons.claims.close(), self._orders.placing.close())
