"""A live room on somebody else's site: keys, links that lead out, visits, events and orders, told
by its pages and its server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from tests.conftest import Server
from tests.support.outside import SITE, Caller, Yard, click_of, follow, yard

pytestmark = pytest.mark.db

CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"


@pytest_asyncio.fixture(scope="module")
async def home(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Yard]:
    async with pg.clone() as url, yard(tmp_path_factory.mktemp("outside"), url) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_is_remembered(home: Yard) -> None:
    home.anybody.cookies.clear()


async def a_share(home: Yard, ref: str) -> tuple[Caller, Caller, str]:
    """A server with a room, the page of a sharer, and the link they gave away."""
    server, page = await home.server(), await home.page()
    await server.room(ref)
    await page.enter(ref)
    share = await page.ok("POST", f"/rooms/{ref}/shares", {"channel": "wechat"})
    return server, page, share["url"]


async def test_a_share_is_followed_to_the_order(home: Yard) -> None:
    server, _, url = await a_share(home, "followed")
    location = await follow(home.anybody, url)
    parts = urlsplit(location)
    assert location.startswith(f"{SITE}/live?id=7&")
    assert parts.fragment == "chat"
    fields = parse_qs(parts.query)
    assert fields["utm_source"] == ["wechat"]
    assert fields["utm_campaign"] == ["followed"]

    friend = await home.page()
    landed = await friend.enter("followed", click_of(location))
    assert landed["counted"] is True
    assert landed["invited"]["token"] in url
    event = {"id": "event-0001", "name": "add_to_cart", "properties": {"sku": "t1"}}
    await friend.ok("POST", "/rooms/followed/events", event)
    await friend.ok("POST", "/rooms/followed/events", event)  # told twice, kept once
    order = {"amount_minor": 9_900, "currency": "CNY", "visitor": friend.visitor}
    told = await server.ok("PUT", "/orders/followed-1", order)
    assert told["credit"]["channel"] == "wechat"
    assert await server.ok("PUT", "/orders/followed-1", order) == told

    report = await server.ok("GET", "/rooms/followed/report")
    totals = report["shares"]["totals"]
    assert (totals["clicks"], totals["productive"], totals["orders"]) == (1, 1, 1)
    assert totals["paid_minor"] == 9_900
    assert report["events"] == [
        {"name": "add_to_cart", "by_pages": 1, "by_servers": 0, "visitors": 1}
    ]

    back = await server.ok("POST", "/orders/followed-1/refund")
    assert back["refunded"] is True
    totals = (await server.ok("GET", "/rooms/followed/report"))["shares"]["totals"]
    assert (totals["orders"], totals["paid_minor"]) == (0, 0)


async def test_a_click_id_counts_for_one_person(home: Yard) -> None:
    """Who passes on the address from their address bar does not hand over who they are."""
    server, sharer, url = await a_share(home, "once")
    click = click_of(await follow(home.anybody, url))
    first, second = await home.page(), await home.page()
    assert (await first.enter("once", click))["counted"] is True
    assert (await first.enter("once", click))["counted"] is True  # the page loaded again
    landed = await second.enter("once", click)
    assert landed["counted"] is False
    assert landed["invited"] is not None
    assert second.visitor != first.visitor
    own = click_of(await follow(home.anybody, url))
    assert (await sharer.enter("once", own))["counted"] is False  # one's own link
    forged = click[:-2] + ("AA" if click[-2:] != "AA" else "BB")
    stranger = await home.page()
    assert (await stranger.enter("once", forged))["invited"] is None
    totals = (await server.ok("GET", "/rooms/once/report"))["shares"]["totals"]
    assert totals["clicks"] == 1


async def test_a_click_id_handed_in_by_many_at_once_counts_once(home: Yard) -> None:
    server, _, url = await a_share(home, "rush")
    click = click_of(await follow(home.anybody, url))
    pages = [await home.page() for _ in range(8)]
    landed = await asyncio.gather(*(page.enter("rush", click) for page in pages))
    assert Counter(one["counted"] for one in landed) == {True: 1, False: 7}
    assert len({page.visitor for page in pages}) == 8
    totals = (await server.ok("GET", "/rooms/rush/report"))["shares"]["totals"]
    assert totals["clicks"] == 1


async def test_who_did_not_accept_counts_without_a_name_and_with_a_yes_as_who_came(
    home: Yard,
) -> None:
    server, _, url = await a_share(home, "quiet")
    click = click_of(await follow(home.anybody, url))
    page, other = await home.page(), await home.page()
    seen = await page.ok("POST", "/rooms/quiet/visits", {"click": click, "consent": False})
    assert (seen["named"], seen["counted"], seen["invited"] is None) == (False, True, False)
    page.visitor = seen["visitor"]

    async def counted() -> tuple[int, int, int]:
        totals = (await server.ok("GET", "/rooms/quiet/report"))["shares"]["totals"]
        return totals["openings"], totals["clicks"], totals["intended"]

    before = await counted()
    assert before[:2] == (1, 0)
    made = await page.ok("POST", "/rooms/quiet/shares", {"prepared": True})
    await page.ok("POST", f"/shares/{made['token']}/intend", {"channel": "weibo"})
    assert await counted() == (1, 0, before[2] + 1)
    # What would be kept under a name is refused; and nobody makes a name out of it.
    for path, body in (
        ("/rooms/quiet/watch", {}),
        ("/rooms/quiet/events", {"id": "e-1", "name": "like"}),
        ("/identify", {"token": "x.y.z"}),
    ):
        assert await page.refused("POST", path, body) == "consent_needed"
    again = {"click": click, "consent": True, "opening": seen["opening"]}
    assert await page.refused("POST", "/rooms/quiet/visits", again) == "consent_needed"
    page.visitor = ""
    named = await page.ok("POST", "/rooms/quiet/visits", again)
    assert (named["named"], named["counted"]) == (True, True)
    assert (await counted())[:2] == (0, 1)
    assert (await other.ok("POST", "/rooms/quiet/visits", again))["counted"] is False
    assert (await counted())[:2] == (0, 1)


async def test_programs_follow_without_a_click_id(home: Yard) -> None:
    server, _, url = await a_share(home, "crawled")
    location = await follow(home.anybody, url, CRAWLER)
    assert "yh_cid" not in location
    totals = (await server.ok("GET", "/rooms/crawled/report"))["shares"]["totals"]
    assert (totals["hits"], totals["bot_hits"], totals["clicks"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://evil.example/", "site_not_registered"),
        ("https://live.example.com.evil.example/", "site_not_registered"),
        ("https://live.example.com@evil.example/", "bad_input"),
        ("https://live.example.com\\@evil.example/", "bad_input"),
        ("http://live.example.com/", "site_not_registered"),
        ("https://live.example.com:8443/", "site_not_registered"),
        ("//evil.example/", "bad_input"),
        ("javascript:alert(1)", "bad_input"),
        ("https://live.example.com/\r\nSet-Cookie: a=b", "bad_input"),
    ],
)
async def test_links_lead_to_registered_sites_only(home: Yard, url: str, code: str) -> None:
    server = await home.server()
    assert await server.refused("PUT", "/rooms/evil", {"title": "x", "url": url}) == code


async def test_a_site_that_is_taken_away_is_led_to_no_more(home: Yard) -> None:
    site = "https://gone.example.com"
    made = await home.key(sites=[site])
    server, page = Caller(home.anybody, made["key"]), await home.page()
    await server.room("gone", url=site + "/r")
    await page.enter("gone")
    share = await page.ok("POST", "/rooms/gone/shares", {})
    path = urlsplit(share["url"]).path
    assert (await home.anybody.get(path)).headers["location"].startswith(site)
    done = await home.owner.delete(f"/api/v1/staff/app-keys/{made['info']['id']}")
    assert done.status_code == 204
    assert (await home.anybody.get(path)).status_code == 404
    assert await server.refused("GET", "/rooms") == "key_unknown"


async def test_keys_say_who_may_do_what_from_where(home: Yard) -> None:
    server, page = await home.server(scopes=["reports:read"]), await home.page()
    assert await server.refused("PUT", "/rooms/x", {"title": "x", "url": SITE}) == "scope_missing"
    assert await page.refused("GET", "/rooms") == "scope_missing"
    assert await server.refused("GET", "/rooms", origin=SITE) == "site_refused"
    page.site = "https://other.example.com"
    assert await page.refused("POST", "/rooms/x/visits", {}) == "site_refused"
    page.site = ""
    assert await page.refused("POST", "/rooms/x/visits", {}) == "site_refused"
    nobody = Caller(home.anybody, "yhs_live_" + "a" * 32)
    assert await nobody.refused("GET", "/rooms") == "key_unknown"
    listed = (await home.owner.get("/api/v1/staff/app-keys")).json()["items"]
    assert not any("key" in one or "key_hash" in one for one in listed)


async def test_browsers_of_other_sites_are_answered_only_there(home: Yard) -> None:
    await home.page()
    ask = {"access-control-request-method": "POST"}
    known = await home.anybody.options("/api/v1/outside/identify", headers=ask | {"origin": SITE})
    assert known.status_code == 204
    assert known.headers["access-control-allow-origin"] == SITE
    assert "access-control-allow-credentials" not in known.headers
    other = await home.anybody.options(
        "/api/v1/outside/identify", headers=ask | {"origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in other.headers
    staff = await home.anybody.options("/api/v1/staff/app-keys", headers=ask | {"origin": SITE})
    assert "access-control-allow-origin" not in staff.headers


async def test_test_mode_has_a_book_of_its_own(home: Yard) -> None:
    """The same person clicks in test mode and buys in live mode: nothing crosses over."""
    live, test = await home.server(), await home.server(mode="test")
    page, trial = await home.page(), await home.page(mode="test")
    await test.room("tried")
    assert await live.refused("GET", "/rooms/tried") == "outside_room_not_found"
    assert await page.refused("POST", "/rooms/tried/visits", {}) == "outside_room_not_found"
    await trial.enter("tried")
    share = await trial.ok("POST", "/rooms/tried/shares", {})
    friend = await home.page(mode="test")
    landed = await friend.enter("tried", click_of(await follow(home.anybody, share["url"])))
    assert landed["counted"] is True
    order = {"amount_minor": 100, "currency": "CNY", "visitor": friend.visitor}
    assert (await live.ok("PUT", "/orders/tried-1", order))["credit"] is None
    assert (await test.ok("PUT", "/orders/tried-1", order))["credit"] is not None


async def test_idempotency_keys_answer_the_same(home: Yard) -> None:
    server = await home.server()
    await server.room("again")
    wish = {"user": {"id": "u-1", "name": "小林"}, "channel": "weibo"}
    key = {"idempotency-key": "share of u-1"}
    told = await asyncio.gather(
        *(server.call("POST", "/rooms/again/shares", wish, **key) for _ in range(6))
    )
    codes = Counter(one.status_code for one in told)
    assert set(codes) <= {201, 409}
    again = await server.call("POST", "/rooms/again/shares", wish, **key)
    assert again.headers["idempotent-replayed"] == "true"
    assert {one.json()["token"] for one in told if one.status_code == 201} == {
        again.json()["token"]
    }
    other = wish | {"channel": "x"}
    assert await server.refused("POST", "/rooms/again/shares", other, **key) == (
        "idempotency_mismatch"
    )
    assert (await server.ok("GET", "/rooms/again/report"))["shares"]["totals"]["prepared"] == 1


async def test_an_order_told_by_many_at_once_is_one_order(home: Yard) -> None:
    server, _, url = await a_share(home, "crowd")
    friend = await home.page()
    await friend.enter("crowd", click_of(await follow(home.anybody, url)))
    order = {"amount_minor": 500, "currency": "CNY", "visitor": friend.visitor, "room": "crowd"}
    told = await asyncio.gather(*(server.ok("PUT", "/orders/crowd-1", order) for _ in range(10)))
    assert len({one["id"] for one in told}) == 1
    assert all(one["credit"] for one in told)
    dearer = order | {"amount_minor": 900}
    assert await server.refused("PUT", "/orders/crowd-1", dearer) == "order_differs"
    backs = [server.ok("POST", "/orders/crowd-1/refund") for _ in range(5)]
    assert all(one["refunded"] for one in await asyncio.gather(*backs))
    async with home.system.db.raw() as conn:
        facts = await conn.fetch("select type from kernel.outbox where aggregate = $1",
                                 told[0]["id"])  # fmt: skip
    assert Counter(row["type"] for row in facts) == {
        "outside_order_paid.v1": 1, "outside_order_refunded.v1": 1,
    }  # fmt: skip


async def test_forged_tracking_is_refused(home: Yard) -> None:
    server, page = await home.server(), await home.page()
    await server.room("forged")
    event = {"id": "event-0002", "name": "signup"}
    assert await page.refused("POST", "/rooms/forged/events", event) == "visitor_unknown"
    await page.enter("forged")
    honest = page.visitor
    page.visitor = honest[:-1] + ("A" if honest[-1] != "A" else "B")
    assert await page.refused("POST", "/rooms/forged/events", event) == "visitor_unknown"
    page.visitor = honest
    as_user = event | {"user": {"id": "u-9"}}
    assert await page.refused("POST", "/rooms/forged/events", as_user) == "bad_input"
    order = {"amount_minor": 1, "currency": "CNY", "visitor": honest}
    assert await page.refused("PUT", "/orders/forged-1", order) == "scope_missing"
    await page.ok("POST", "/rooms/forged/events", event)
    other = event | {"name": "lead"}
    assert await page.refused("POST", "/rooms/forged/events", other) == "event_differs"
    codes = Counter()
    for number in range(80):
        many = {"id": f"event-1{number:03d}", "name": "view"}
        answer = await page.call("POST", "/rooms/forged/events", many)
        codes[answer.status_code] += 1
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["access-control-allow-origin"] == SITE
    assert codes[429] > 0
    assert codes[201] + codes[429] == 80


async def test_what_another_site_keeps_opens_nothing_here(home: Yard) -> None:
    server, page = await home.server(), await home.page()
    await server.room("cookie")
    await page.enter("cookie")
    me = await home.anybody.get("/api/v1/me", headers={"cookie": f"yh_v={page.visitor}"})
    assert "set-cookie" in me.headers  # a new visitor: the value is no cookie of ours
