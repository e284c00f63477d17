"""A guest logs in: all they did is their account's, nothing is lost and nothing counts twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import Server
from tests.support.system import running_system

from yaohe.app.auditing import audit_database
from yaohe.app.build import System
from yaohe.commerce import Coupon, CouponLimit, NewProduct, NewTemplate
from yaohe.identity import Visitor
from yaohe.kernel.ids import new_id
from yaohe.live.rooms import NewRoom
from yaohe.platforms.logins import Person
from yaohe.sharing import Share
from yaohe.sharing.attribution import PaidOrder
from yaohe.sharing.recount import recount

pytestmark = pytest.mark.db

MAY = Person(service="qq", app_id="app", subject="may", name="小满")


@dataclass
class Place:
    system: System
    url: str

    def guest(self) -> Visitor:
        return self.system.identity.new_visitor()

    async def log_in(self, visitor: Visitor, person: Person = MAY) -> Visitor:
        """Who this browser is from now on, when all that follows has happened."""
        now = await self.system.identity.accounts.join(person, visitor)
        await self.system.relay.drained()
        return now

    async def share(self, sharer: Visitor, **more: Any) -> Share:
        given = {"channel": "copy_link", "content": "card", "shop_id": "shop_main"} | more
        return await self.system.sharing.create_share("tea", sharer=sharer, **given)

    async def watched(self, visitor: Visitor, share: Share, seconds: int) -> None:
        """They opened this share, and watched so long by it."""
        await self.system.sharing.confirm_click(share.token, visitor.id, joined=True)
        await self.change(
            "update sharing.visits set watch_ms = $3 where token = $1 and visitor_id = $2",
            share.token, visitor.id, seconds * 1_000,
        )  # fmt: skip

    async def template(self, per_person: int) -> str:
        wish = NewTemplate(
            title="减", amount_minor=100, total=1_000, per_person=per_person, valid_days=7
        )
        return (await self.system.commerce.create_template(wish)).id

    async def claim(self, template: str, visitor: Visitor, reason: str = "open") -> Coupon:
        return await self.system.commerce.claim_coupon(
            template, visitor.id, source=reason, source_ref="tea"
        )

    async def usable(self, visitor: Visitor) -> list[str]:
        mine = await self.system.commerce.coupons_of(visitor.id)
        return sorted(coupon.id for coupon in mine if coupon.state == "claimed")

    async def order(self, visitor: Visitor, key: str, coupon: str | None = None) -> str:
        product = await self.system.commerce.create_product(
            NewProduct(title="茶", title_en="Tea", price_minor=9_900, stock=9)
        )
        made = await self.system.commerce.create_order(visitor.id, None, product.id, 1, coupon, key)
        return made.id

    async def change(self, statement: str, *values: object) -> None:
        async with self.system.db.raw(writes=True) as conn:
            await conn.execute(statement, *values)

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.system.db.raw() as conn:
            return [tuple(row) for row in await conn.fetch(query, *values)]

    async def audited(self) -> None:
        """Counters equal the rows, and commerce has nothing to complain of."""
        async with self.system.db.raw() as conn:
            told = await recount(conn)
        assert told.equal, told.differences()
        conn = await asyncpg.connect(self.url)
        try:
            found = await audit_database(conn)
        finally:
            await conn.close()
        assert found.holds, found


@pytest.fixture
async def at(tmp_path: Path, pg: Server) -> AsyncIterator[Place]:
    async with pg.clone() as url, running_system(tmp_path, url) as system:
        await system.rooms.create(NewRoom(title="春茶", title_en="Tea", host_name="小林", id="tea"))
        yield Place(system, url)


async def test_two_who_are_one_count_once_where_a_person_counts_once(at: Place) -> None:
    lin, phone, tablet = at.guest(), at.guest(), at.guest()
    share, own = await at.share(lin), await at.share(tablet)
    await at.watched(phone, share, 20)
    await at.watched(tablet, share, 15)
    assert await at.log_in(phone) == phone
    assert (await at.log_in(tablet)).id == phone.id
    clicks = await at.rows("select visitor_id from sharing.clicks where token = $1", share.token)
    assert clicks == [(phone.id,)]
    visits = await at.rows("select visitor_id, watch_ms from sharing.visits")
    assert visits == [(phone.id, 35_000)]
    assert (await at.system.sharing.fresh_share(share.token)).state == "productive"
    assert [one.token for one in await at.system.sharing.shares_of(phone.id)] == [own.token]
    await at.audited()


async def test_what_was_done_by_a_share_of_the_other_stays_what_it_was(at: Place) -> None:
    phone, tablet = at.guest(), at.guest()
    await at.log_in(phone)
    mine, theirs = await at.share(phone), await at.share(tablet)
    await at.watched(tablet, mine, 40)
    await at.watched(phone, theirs, 40)
    await at.system.sharing.interact("tea", tablet.id)
    await at.log_in(tablet)
    await at.log_in(tablet)  # a page that was sent back twice
    assert len(await at.rows("select token from sharing.clicks")) == 2
    assert await at.rows("select from sharing.clicks where visitor_id = sharer_id") == []
    await at.audited()
    # From now on it is their own share.
    told = await at.system.sharing.confirm_click(mine.token, phone.id, joined=True)
    assert told.counted is False


async def test_a_person_has_as_many_coupons_as_a_person_may(at: Place) -> None:
    reasons = (("open", "open"), ("open", "assist"))
    spenders = (set[str](), {"guest"}, {"account"}, {"guest", "account"})
    for n, (per_person, (first, second), used) in enumerate(
        itertools.product((1, 2, 3), reasons, spenders)
    ):
        person = Person(service="qq", app_id="app", subject=f"p-{n}", name="")
        phone, tablet, template = at.guest(), at.guest(), await at.template(per_person)
        await at.log_in(phone, person)
        hers = await at.claim(template, phone, first)
        guests = await at.claim(template, tablet, second)
        if "account" in used:
            await at.order(phone, new_id("k"), hers.id)
        if "guest" in used:
            await at.order(tablet, new_id("k"), guests.id)
        for _ in range(2):
            await at.log_in(tablet, person)
        # The same reason counts once; what is left is what one person may have.
        unused = [hers] if "account" not in used else []
        if "guest" not in used and first != second:
            unused.append(guests)
        allowed = max(0, per_person - len(used))
        case = (per_person, first, second, used)
        assert await at.usable(phone) == sorted(one.id for one in unused[:allowed]), case
        assert await at.usable(tablet) == [], case
        assert len(await at.system.commerce.orders_of(phone.id)) == len(used), case
        had = "select id from commerce.coupons where visitor_id = $1"
        for more in range(len(await at.rows(had, phone.id)), per_person):
            await at.claim(template, phone, f"more-{more}")
        with pytest.raises(CouponLimit):
            await at.claim(template, phone, "beyond")
    await at.audited()


async def test_what_is_dropped_as_a_twin_takes_no_place(at: Place) -> None:
    for n, spends in enumerate((False, True)):
        person = Person(service="qq", app_id="app", subject=f"twin-{n}", name="")
        phone, tablet, template = at.guest(), at.guest(), await at.template(2)
        await at.log_in(phone, person)
        hers = await at.claim(template, phone)
        await at.claim(template, tablet)
        second = await at.claim(template, tablet, "assist")
        if spends:
            await at.order(phone, new_id("k"), hers.id)
        for _ in range(2):
            await at.log_in(tablet, person)
        kept = [second.id] if spends else [hers.id, second.id]
        assert await at.usable(phone) == sorted(kept)
        with pytest.raises(CouponLimit):
            await at.claim(template, phone, "beyond")
    await at.audited()


async def test_what_was_bought_does_not_meet_what_is_in_the_other_cart(at: Place) -> None:
    cart, rows = at.system.commerce.cart, "select quantity, order_id from commerce.cart_lines"
    cases = (
        # Who ordered, what became of it, quantities of (account, guest), what stays.
        ("phone", "paid", (1, 2), [(2, None)]),
        ("tablet", "paid", (1, 5), [(1, None)]),
        ("tablet", "created", (1, 2), [(2, "order")]),
        ("phone", "created", (1, 2), [(2, "order")]),
    )
    for n, (who, status, (hers, guests), expected) in enumerate(cases):
        person = Person(service="qq", app_id="app", subject=f"cart-{n}", name="")
        phone, tablet = at.guest(), at.guest()
        await at.log_in(phone, person)
        buyer = phone if who == "phone" else tablet
        order = await at.order(buyer, new_id("k"))
        (goods,) = await at.rows(
            "select product_id from commerce.order_lines where order_id = $1", order
        )
        for visitor, quantity in ((phone, hers), (tablet, guests)):
            await cart.put(visitor.id, goods[0], quantity)
        await cart.ordered(buyer.id, order, [(goods[0], None)])
        await at.change("update commerce.orders set status = $2 where id = $1", order, status)
        for _ in range(2):
            await at.log_in(tablet, person)
        kept = await at.rows(f"{rows} where visitor_id = $1", phone.id)
        assert kept == [(q, order if name else None) for q, name in expected], (who, status)


async def test_a_login_amid_an_order_costs_no_coupon_when_the_order_ends(at: Place) -> None:
    phone, tablet, template = at.guest(), at.guest(), await at.template(1)
    await at.log_in(phone)
    await at.claim(template, phone)
    guests = await at.claim(template, tablet)
    order = await at.order(tablet, new_id("k"), guests.id)
    for _ in range(2):
        await at.log_in(tablet)
    assert await at.usable(phone) == [], "one person has one, and the order holds it"
    await at.system.commerce.cancel_order(order, phone.id)
    assert await at.usable(phone) == [guests.id]
    with pytest.raises(CouponLimit):
        await at.claim(template, phone, "beyond")
    await at.audited()


async def test_orders_follows_blocks_and_penalties_come_along(at: Place) -> None:
    phone, tablet, troll = at.guest(), at.guest(), at.guest()
    await at.log_in(phone)
    live, moderation = at.system.follows, at.system.moderation
    await live.follow("tea", tablet.id)
    await moderation.block(tablet.id, troll.id, name="T")
    await moderation.block(tablet.id, phone.id, name="P")
    await moderation.block(troll.id, tablet.id, name="G")
    ward = await moderation.ward("tea")
    await at.change(
        "insert into live.chat_penalties (room_id, shop_id, visitor_id, name, kind, by_name)"
        " values ('tea', 'shop_main', $1, 'G', 'ban', 'Lin')",
        tablet.id,
    )
    for who, where in ((phone, "A"), (tablet, "A"), (tablet, "B")):
        await at.change(
            "insert into commerce.addresses select $1, 'shop_main', $2, 'M', '1', $3, $4, now(),"
            " now() on conflict do nothing",
            new_id("adr"), who.id, where, who is phone or where == "B",
        )  # fmt: skip
    placed = [await at.order(phone, "the-same-key"), await at.order(tablet, "the-same-key")]
    await at.log_in(tablet)
    assert [one.room_id for one in await live.of(phone.id)] == ["tea"]
    assert [one.visitor_id for one in await moderation.blocked(phone.id)] == [troll.id]
    assert [one.visitor_id for one in await moderation.blocked(troll.id)] == [phone.id]
    held = ward.penalty(phone.id, datetime.now(UTC))
    assert held is not None, "logging in frees nobody"
    assert phone.id in ward.followers
    mine = await at.system.commerce.orders_of(phone.id)
    assert sorted(order.id for order in mine) == sorted(placed)
    ward.close()
    kept = await at.rows("select visitor_id, address, is_default from commerce.addresses")
    assert sorted(kept) == [(phone.id, "A", True), (phone.id, "B", False)]
    await at.audited()


async def test_who_waits_under_one_of_two_names_waits(at: Place) -> None:
    phone, tablet = at.guest(), at.guest()
    await at.log_in(phone)
    product = await at.system.commerce.create_product(
        NewProduct(title="茶", title_en="Tea", price_minor=9_900, stock=0)
    )
    for place, (who, told) in enumerate(((phone, True), (tablet, False)), 1):
        await at.change(
            "insert into commerce.waits overriding system value values ($1, $2, '', 'shop_main',"
            " $3, $4, now(), case when $5 then now() end, case when $5 then now() end)",
            who.id, product.id, f"room-{place}", place, told,
        )  # fmt: skip
    await at.log_in(tablet)
    kept = await at.rows("select visitor_id, room_id, place, told_at, seen_at from commerce.waits")
    assert kept == [(phone.id, "room-2", 2, None, None)]


async def test_an_order_that_is_credited_after_the_login_keeps_its_touches(at: Place) -> None:
    lin, phone, tablet = at.guest(), at.guest(), at.guest()
    share = await at.share(lin)
    await at.watched(tablet, share, 5)
    await at.log_in(phone)
    await at.log_in(tablet)
    order = PaidOrder(
        order_id=new_id("ord"), shop_id="shop_main", visitor_id=tablet.id, amount_minor=500,
        currency="CNY", at=datetime.now(UTC), room_id="tea",
    )  # fmt: skip
    async with at.system.db.begin() as tx:
        given = await at.system.sharing.credit_orders(tx, [order])
    assert given[order.order_id].token == share.token
    assert given[order.order_id].visitor_id == phone.id
    touches = await at.rows("select source, token from sharing.touches")
    assert touches == [("share", share.token)]
    await at.audited()


async def test_many_devices_at_once_and_busy_meanwhile(at: Place) -> None:
    lin, template = at.guest(), await at.template(1)
    shares = [await at.share(lin) for _ in range(3)]
    devices = [at.guest() for _ in range(8)]
    accounts = at.system.identity.accounts

    async def busy(device: Visitor, key: str) -> None:
        for share in shares:
            await at.watched(device, share, 12)
            await at.system.sharing.interact("tea", device.id)
        with contextlib.suppress(CouponLimit):
            await at.claim(template, device)
        await at.system.follows.follow("tea", device.id)
        await at.order(device, key)

    await asyncio.gather(*(busy(device, "early") for device in devices[:4]))
    logins = [accounts.join(MAY, device) for device in devices * 2]
    now = {visitor.id for visitor in await asyncio.gather(*logins)}
    assert len(now) == 1
    (main,) = now
    # Pages in other tabs went on under the old names: what came late is moved as well. One of them
    # may be the account by now, and has an order under the early key.
    await asyncio.gather(*(busy(device, "late") for device in devices[4:]))
    await at.system.relay.drained()
    await at.change("update identity.merges set at = now() - interval '2 hours'")
    await asyncio.gather(accounts.settle(), accounts.settle())
    await at.system.relay.drained()
    assert await at.rows("select distinct visitor_id from sharing.clicks") == [(main,)]
    assert len(await at.rows("select token from sharing.clicks")) == 3
    assert await at.rows("select distinct visitor_id from sharing.visits") == [(main,)]
    assert await at.rows("select visitor_id from live.follows") == [(main,)]
    assert await at.rows("select distinct visitor_id from commerce.orders") == [(main,)]
    assert len(await at.rows("select id from commerce.orders")) == 8
    claimed = await at.rows("select visitor_id from commerce.coupons where state = 'claimed'")
    assert claimed == [(main,)]
    assert await at.rows("select from identity.merges where settled_at is null") == []
    await at.audited()


async def test_somebody_else_at_the_same_browser_takes_nothing_along(at: Place) -> None:
    phone, tablet = at.guest(), at.guest()
    other = Person(service="qq", app_id="app", subject="other", name="阿强")
    await at.log_in(phone)
    own = await at.log_in(tablet, other)
    share = await at.share(phone)
    assert (await at.log_in(phone, other)).id == own.id
    assert [one.token for one in await at.system.sharing.shares_of(phone.id)] == [share.token]
    assert await at.rows("select from identity.merges") == []
