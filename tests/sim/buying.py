"""What visitors do with money: coupons, orders, the cashier with its faults, changes of mind."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

from tests.sim.people import FAULTS, Person, rng_room

from yaohe.kernel.errors import AppError
from yaohe.platforms.sandbox_pay.errors import SandboxNo

WAYS = (
    ("pay",), ("pay",), ("pay",), ("pay",), ("pay", "pay"), (),
    ("pay", "give up"), ("pay", "give up"),
)  # fmt: skip


def payment_in(cashier_url: str) -> str:
    """The payment that an address of the cashier's door leads to."""
    return urlsplit(cashier_url).path.rpartition("/")[2]


async def claim(person: Person) -> None:
    """Take the room's coupon."""
    for answer in await person.twice("POST", f"/api/v1/rooms/{rng_room(person)}/coupon"):
        if answer.ok:
            coupon = answer.json["coupon"]["id"]
            person.world.told.coupons[coupon] = person.id
            if coupon not in person.coupons:
                person.coupons.append(coupon)


async def look(person: Person) -> None:
    """One's own coupons: those that came by themselves are seen here."""
    answer = await person.ask("GET", "/api/v1/me/coupons")
    if answer.ok:
        for coupon in answer.json["items"]:
            person.world.told.coupons[coupon["id"]] = person.id
        person.coupons = [c["id"] for c in answer.json["items"] if c["state"] == "claimed"]


async def buy(person: Person) -> None:
    """Order; sometimes twice by one key, sometimes the same coupon for two things at once."""
    rng = person.rng
    keys = [f"k{rng.getrandbits(64):016x}"]
    if rng.random() < 0.15:
        keys.append(f"k{rng.getrandbits(64):016x}")
    coupon = rng.choice([None, *person.coupons])
    room = rng_room(person)
    quantity = rng.choice((1, 1, 2, 5))
    wishes = [
        {
            "product_id": rng.choice(person.world.products),
            "quantity": quantity,
            "room_id": room,
            "coupon_id": coupon,
            "idempotency_key": key,
        }
        for key in keys
    ]
    if room == "tea" and rng.random() < 0.6:
        # Asked for with any product, sometimes with a coupon: the shop knows what goes together.
        for wish in wishes:
            wish["live_price_id"] = person.world.live_price
            wish["product_id"] = rng.choice((person.world.products[1], wish["product_id"]))
            wish["coupon_id"] = rng.choice((None, None, coupon))
    await asyncio.gather(*(_order(person, wish) for wish in wishes))
    if rng.random() < 0.6:
        await pay(person)


async def _order(person: Person, wish: dict[str, Any]) -> None:
    told, key = person.world.told, wish["idempotency_key"]
    told.keys.add((person.id, key))
    answers = await person.twice("POST", "/api/v1/orders", wish)
    if answers[0].status == 503:
        answers.append(await person.ask("POST", "/api/v1/orders", wish))
    for answer in answers:
        if answer.ok:
            order = answer.json["order"]
            told.orders[order["id"]] = (person.id, key)
            cashier = answer.json["cashier_url"]
            if cashier:
                person.orders[order["id"]] = payment_in(cashier)


async def pay(person: Person) -> None:
    """At the cashier: pay, pay twice, give up meanwhile, or only look; the news may be bent."""
    rng = person.rng
    if not person.orders:
        return
    payment = person.orders[rng.choice(list(person.orders)[-2:])]
    entered = await person.ask("GET", f"/pay/{payment}")
    person.world.told.note(person.name, f"enter {payment}", str(entered.status))
    if rng.random() < 0.5:
        faults: Any = rng.sample(FAULTS, rng.choice((1, 1, 2)))
        with contextlib.suppress(SandboxNo, AppError):
            await person.world.gateway.script(payment, *faults)
            person.world.told.note(person.name, f"faults of {payment}: {faults}", "set")
    way = rng.choice(WAYS)
    doings = [_pay(person, payment) for act in way if act == "pay"]
    if "give up" in way:
        doings.append(give_up(person))
    await asyncio.gather(*doings)


async def _pay(person: Person, payment: str) -> None:
    told = person.world.told
    try:
        ended = await person.world.gateway.pay(payment)
    except (SandboxNo, AppError) as error:
        told.note(f"{person.name} {person.id}", f"pay {payment}", error.code)
        return
    told.note(f"{person.name} {person.id}", f"pay {payment}", ended.state)
    if ended.state == "paid":
        told.money.add(payment)


async def pay_again(person: Person) -> None:
    """Open the payment of an order again; the first may have been canceled, or be on its way."""
    if not person.orders:
        return
    order = person.rng.choice(list(person.orders)[-2:])
    for answer in await person.twice("POST", f"/api/v1/orders/{order}/pay"):
        if answer.ok and answer.json["cashier_url"]:
            person.orders[order] = payment_in(answer.json["cashier_url"])
    await pay(person)


async def give_up(person: Person) -> None:
    """Cancel an order, while somebody is perhaps paying it."""
    if person.orders:
        order = person.rng.choice(list(person.orders)[-2:])
        await person.twice("POST", f"/api/v1/orders/{order}/cancel")
