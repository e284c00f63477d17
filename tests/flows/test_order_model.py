"""What the statement decides, held against the rules in slow plain Python: one order after the
other, of several lines, with live prices and coupons of every kind and scope."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.commerce import NewTemplate, Order, Product
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.splitting import shares
from yaohe.commerce.prices import LivePrice, NewLivePrice
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

PRICES = (9_900, 2_500, 333, 1)
ORDERS = 120


@dataclass
class Rules:
    """The rules in words."""

    price: dict[str, int]
    stock: dict[str, int]
    live: dict[str, LivePrice]
    taken: dict[str, int] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)

    def refused_line(self, lines: list[WishLine], who: str) -> tuple[str, int] | None:
        for place, line in enumerate(lines):
            wanted = sum(one.quantity for one in lines if one.product_id == line.product_id)
            if wanted > self.stock[line.product_id]:
                return "sold_out", place
            if line.live_price_id is None:
                continue
            live = self.live[line.live_price_id]
            if live.product_id != line.product_id:
                return "live_price_over", place
            at_it = sum(one.quantity for one in lines if one.live_price_id == live.id)
            if self.taken.get(live.id, 0) + at_it > (live.total or 0):
                return "live_price_gone", place
            if self.held.get((live.id, who), 0) + at_it > (live.per_person or 0):
                return "live_price_limit", place
        return None

    def cost(self, line: WishLine) -> int:
        live = self.live[line.live_price_id].price_minor if line.live_price_id else None
        return (self.price[line.product_id] if live is None else live) * line.quantity

    def decide(
        self, lines: list[WishLine], who: str, offer: NewTemplate | None
    ) -> tuple[str, int | None] | tuple[int, list[int]]:
        if offer is not None and all(line.live_price_id for line in lines):
            return "not_together", None
        refused = self.refused_line(lines, who)
        if refused is not None:
            return refused[0], refused[1] if len(lines) > 1 else None
        weights = [self.cost(line) for line in lines]
        off = [0] * len(lines)
        if offer is not None:
            counts = [
                line.live_price_id is None
                and (offer.product_ids is None or line.product_id in offer.product_ids)
                for line in lines
            ]
            if not any(counts):
                return "coupon_scope", None
            counted = [cost if one else 0 for cost, one in zip(weights, counts, strict=True)]
            if sum(counted) < offer.threshold_minor:
                return "coupon_threshold", None
            most = sum(counted)
            if offer.percent is not None:
                most = most * offer.percent // 100
            off = shares(min(most, offer.amount_minor), counted)
        for line in lines:
            self.stock[line.product_id] -= line.quantity
            if line.live_price_id is not None:
                live_id = line.live_price_id
                self.taken[live_id] = self.taken.get(live_id, 0) + line.quantity
                mine = (live_id, who)
                self.held[mine] = self.held.get(mine, 0) + line.quantity
        return sum(weights) - sum(off), off


async def opened(shop: Shop) -> tuple[Rules, list[Product], list[LivePrice]]:
    shelf = [await shop.product(price_minor=price, stock=60) for price in PRICES]
    lower = [
        await shop.commerce.start_live_price(
            NewLivePrice(
                room_id="tea", product_id=product.id, price_minor=product.price_minor - 100,
                minutes=5, total=25, per_person=3,
            )
        )
        for product in shelf[:2]
    ]  # fmt: skip
    rules = Rules(
        price={product.id: product.price_minor for product in shelf},
        stock={product.id: product.stock for product in shelf},
        live={live.id: live for live in lower},
    )
    return rules, shelf, lower


def wished(chance: random.Random, shelf: list[Product], lower: list[LivePrice]) -> list[WishLine]:
    lines: dict[tuple[str, str | None], WishLine] = {}
    for _ in range(chance.randint(1, 4)):
        product = chance.choice(shelf)
        live = chance.choice([None, None, *lower])
        if live is not None and chance.random() < 0.8:
            product = next(one for one in shelf if one.id == live.product_id)
        thing = (product.id, None if live is None else live.id)
        lines[thing] = WishLine(
            product_id=thing[0], live_price_id=thing[1], quantity=chance.randint(1, 4)
        )
    return list(lines.values())


def offered(chance: random.Random, shelf: list[Product]) -> NewTemplate | None:
    if chance.random() < 0.3:
        return None
    percent = chance.choice([None, chance.randint(1, 99)])
    scope = chance.choice([None, [one.id for one in chance.sample(shelf, chance.randint(1, 3))]])
    return NewTemplate(
        title="减", total=9, valid_days=7, kind="percent" if percent else "amount",
        percent=percent, product_ids=scope, amount_minor=chance.choice((1, 777, 5_000, 90_000)),
        threshold_minor=chance.choice((0, 0, 3_000, 12_000)),
    )  # fmt: skip


async def placed(
    shop: Shop, who: str, lines: list[WishLine], coupon_id: str | None
) -> tuple[str, tuple[object, object]]:
    """What became of it: its kind, and what the rules have to say, too."""
    try:
        order: Order = await shop.commerce.create_order(
            who, "tea", None, 1, coupon_id, new_id("k"), lines=lines
        )
    except AppError as error:
        place = None if error.field is None else int(error.field[len("lines[") : -1])
        return error.code, (error.code, place)
    off = [line.discount_minor for line in order.lines]
    return order.status, (order.payable_minor, off)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_statement_decides_by_the_rules(db: Database, seed: int) -> None:
    shop, chance = make_shop(db), random.Random(seed)
    rules, shelf, lower = await opened(shop)
    people = [new_id("v") for _ in range(ORDERS // 4)]
    kinds = set[str]()
    for nth in range(ORDERS):
        who, lines, offer = people[nth // 4], wished(chance, shelf, lower), offered(chance, shelf)
        coupon_id = None
        if offer is not None:
            template = await shop.commerce.create_template(offer)
            claimed = await shop.commerce.claim_coupon(
                template.id, who, source="arrival", source_ref="token"
            )
            coupon_id = claimed.id
        told = rules.decide(lines, who, offer)
        kind, found = await placed(shop, who, lines, coupon_id)
        assert found == told, (lines, offer)
        kinds.add(kind)
    assert len(kinds) >= 6, kinds
    assert {one.id: await shop.stock(one) for one in shelf} == rules.stock
    assert (await shop.audit()).holds
