"""A person asks for all that is kept of them, and to be forgotten: what law and books need stays,
without them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.flows.test_merging import MAY, Place
from tests.sim.asgi import Browser
from tests.support.system import running_system
from tests.support.wire import until

from yaohe.commerce import NewProduct
from yaohe.identity import Visitor
from yaohe.live.realtime.model import new_line
from yaohe.live.rooms import NewRoom

pytestmark = pytest.mark.db

DATA = "/api/v1/me/data"
SECRETS = ("王小满", "13800000000", "浦东 1 号", "这个保冷吗", "给你看看")
# What only the gateway, a parcel and another site know; the copy leaves out the gateway's.
PAYER, TRACKING, ELSEWHERE = "openid-of-may", "SF1234567890", "user-77"
GUEST = "v_who_may_was_before"
# Facts say who did something, by id alone, and are swept when all have heard them.
ABOUT_FACTS = ("outbox", "deliveries", "forgotten")
NOTICE = {
    "out_trade_no": "pay_1",
    "success_time": "2026-11-24T12:00:00+08:00",
    "payer": {"openid": PAYER},
    "user_received_account": f"招商银行 {PAYER}",
    "amount": {"total": 9_900, "currency": "CNY"},
}


@pytest.fixture
async def at(tmp_path: Path, pg: Server) -> AsyncIterator[Place]:
    async with pg.clone() as url, running_system(tmp_path, url) as system:
        await system.rooms.create(NewRoom(title="春茶", title_en="Tea", host_name="小林", id="tea"))
        yield Place(system, url)


async def lived(at: Place) -> tuple[Browser, Visitor, str, str]:
    """Somebody who did all there is to do: their browser, who they are, a share, an order."""
    may, app = Browser(), at.system.app
    await may.ask(app, "GET", "/r/tea")
    me = at.system.identity.visitor_of(may.cookies.get)
    assert me is not None
    assert (await at.log_in(me)).id == me.id
    lins = await at.share(at.guest())
    await may.ask(app, "GET", f"/s/{lins.token}")
    await at.watched(me, lins, 20)
    share = await at.share(me)
    await at.system.sharing.say(share.token, sharer_id=me.id, note=SECRETS[4], bought=False)
    await at.watched(at.guest(), share, 20)
    await at.system.follows.follow("tea", me.id)
    await at.change(
        "insert into live.chat_lines (id, shop_id, room_id, visitor_id, kind, name, text, at)"
        " values ('l1', 'shop_main', 'tea', $1, 'chat', 'x', $2, now())",
        me.id, SECRETS[3],
    )  # fmt: skip
    await at.claim(await at.template(1), me)
    tea = NewProduct(title="茶", title_en="Tea", price_minor=9_900, stock=5)
    product = await at.system.commerce.create_product(tea)
    await at.system.commerce.cart.put(me.id, product.id, 2, room_id="tea")
    order = await at.order(me, "k")
    await at.change(
        "update commerce.orders set buyer_name = $1, buyer_phone = $2, buyer_address = $3,"
        " carrier = 'SF', tracking = $4, placed_by = $5",
        *SECRETS[:3], TRACKING, GUEST,
    )  # fmt: skip
    payment = await at.system.commerce.start_payment(order, me.id)
    await at.change(
        "insert into commerce.payment_notices values ($1, 'n', $2, 'payment.paid', 'paid', $3,"
        " now())",
        payment.gateway, payment.id, json.dumps(NOTICE, ensure_ascii=False),
    )  # fmt: skip
    await at.change(
        "insert into outside.people values ('shop_main', $1, $2, 'May', now())", ELSEWHERE, me.id
    )
    await at.change("insert into outside.landings values ('\\x01', $1, now())", me.id)
    await at.change(
        "insert into outside.events values ('shop_main', 'e', 'xr', $1, 'looked', 'page', $2,"
        " now())",
        me.id, json.dumps({"user": ELSEWHERE}),
    )  # fmt: skip
    await at.change(
        "insert into outside.orders values ('xo', 'shop_main', 'r', 'xr', $1, 5, 'CNY', now())",
        me.id,
    )
    spare = await at.claim(await at.template(2), me)
    await at.change("update commerce.coupons set state = 'revoked' where id = $1", spare.id)
    return may, me, share.token, order


async def test_the_copy_holds_what_is_kept(at: Place) -> None:
    may, me, token, order = await lived(at)
    answer = await may.ask(at.system.app, "GET", DATA)
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    told = answer.json
    assert told["visitor"] == me.id
    assert told["account"]["name"] == MAY.name
    assert [one["token"] for one in told["sharing"]["shares"]] == [token]
    assert told["sharing"]["watched"][0]["watch_ms"] == 20_000
    assert [one["id"] for one in told["shop"]["orders"]] == [order]
    assert len(told["shop"]["coupons"]) == 2
    assert [line["quantity"] for line in told["shop"]["cart"]] == [2]
    assert len(told["rooms"]["follows"]) == 1
    assert {name: len(rows) for name, rows in told["elsewhere"].items()} == {
        "known_as": 1, "came": 1, "did": 1, "orders": 1,
    }  # fmt: skip
    whole = json.dumps(told, ensure_ascii=False)
    assert all(secret in whole for secret in SECRETS)
    stranger = (await Browser().ask(at.system.app, "GET", DATA)).json
    assert not any(any(part.values()) for part in (stranger["sharing"], stranger["shop"]))


async def test_what_they_said_leaves_an_open_room_too(at: Place) -> None:
    may, me, _, order = await lived(at)
    await at.system.commerce.cancel_order(order, me.id)
    hub = at.system.hub
    hall = await hub.opened("tea")
    assert hall is not None
    said = new_line(kind="chat", name="x", text=SECRETS[3], at=hub.clock.now(), v=me.id)
    hall.say(said)
    await until(lambda: SECRETS[3] in str(hub.tail("tea", 10)))
    assert (await may.ask(at.system.app, "DELETE", DATA)).status == 204
    await until(lambda: SECRETS[3] not in str(hub.tail("tea", 10)))


async def test_the_person_goes_and_the_books_stay(at: Place) -> None:
    may, me, token, order = await lived(at)
    app = at.system.app
    refused = await may.ask(app, "DELETE", DATA)
    assert refused.word == "409 orders_under_way"
    assert (await may.ask(app, "GET", DATA)).json["shop"]["orders"], "nothing is half done"
    await at.system.commerce.cancel_order(order, me.id)
    before = (await at.system.sharing.share_report("tea")).totals
    assert (await may.ask(app, "DELETE", DATA)).status == 204
    assert may.visitor_id != me.id
    await at.audited()
    assert (await at.system.sharing.share_report("tea")).totals == before
    dump = ""
    tables = await at.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE'"
        "   and table_schema not in ('pg_catalog', 'information_schema')"
    )
    for schema, table in tables:
        rows = await at.rows(f"select to_jsonb(t)::text from {schema}.{table} t")  # noqa: S608
        told = "".join(row[0] for row in rows)
        assert me.id not in told or table in ABOUT_FACTS, table
        dump += told
    hidden = (*SECRETS, MAY.name, PAYER, TRACKING, ELSEWHERE, GUEST)
    assert [secret for secret in hidden if secret in dump] == []
    judged = await at.rows("select placed_by from commerce.orders where placed_by is not null")
    assert len(judged) == 1, "limits of before are still told apart"
    (notice,) = await at.rows("select body from commerce.payment_notices")
    assert json.loads(notice[0]) == {
        name: NOTICE[name] for name in ("out_trade_no", "success_time", "amount")
    }, "what proves the money stays"
    assert [row[0] for row in await at.rows("select id from commerce.orders")] == [order]
    # Their share goes on, and nobody invites by it.
    at.system.sharing.forget_links(None)
    friend = Browser()
    assert (await friend.ask(app, "GET", f"/s/{token}")).status == 200
    share = await at.system.sharing.fresh_share(token)
    assert (share.is_named, share.note, share.state) == (False, "", "effective")
    counted = await at.system.sharing.confirm_click(token, friend.visitor_id, joined=True)
    assert counted.counted
    await at.audited()
    # Asked again it is nothing, and so is the other one's cookie of before.
    again = Browser(cookies={"yh_v": ""})
    assert (await again.ask(app, "DELETE", DATA)).status == 204


async def test_what_comes_late_about_the_forgotten_goes_as_well(at: Place) -> None:
    phone, tablet = Browser(), at.guest()
    await phone.ask(at.system.app, "GET", "/r/tea")
    me = at.system.identity.visitor_of(phone.cookies.get)
    assert me is not None
    await at.log_in(me)
    await at.log_in(tablet)
    open_order = await at.order(tablet, "before")
    assert (await phone.ask(at.system.app, "DELETE", DATA)).word == "409 orders_under_way"
    await at.system.commerce.cancel_order(open_order, tablet.id)
    assert (await phone.ask(at.system.app, "DELETE", DATA)).status == 204
    late = [await at.order(tablet, "another-tab"), await at.order(me, "at-that-moment")]
    await at.change(
        "update commerce.orders set buyer_name = $1, buyer_phone = $2 where id = any($3)",
        *SECRETS[:2], late,
    )  # fmt: skip
    await at.change("update identity.forgotten set at = now() - interval '2 hours'")
    await at.system.people.settle()
    assert len(await at.rows("select from identity.forgotten")) == 2, "they are waited for"
    for order, who in zip(late, (tablet, me), strict=True):
        await at.system.commerce.cancel_order(order, who.id)
    await at.system.people.settle()
    assert await at.rows("select from identity.forgotten") == []
    kept = await at.rows("select visitor_id, buyer_name, buyer_phone from commerce.orders")
    assert len(kept) == 3
    assert all(row[0] not in (me.id, tablet.id) and row[1:] == (None, None) for row in kept)
    await at.audited()
