"""Links of staff, on the whole system: made, found by their names, closed, led outside, counted and
credited under their own class, and never two with one name."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from tests.conftest import Server
from tests.sim.asgi import SAFARI, Browser
from tests.support import footage
from tests.support.outside import Yard, yard

from yaohe.commerce import NewProduct
from yaohe.live.rooms import NewRoom
from yaohe.sharing.attribution import PaidOrder
from yaohe.sharing.links import service

pytestmark = pytest.mark.db

CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
OUT = "https://tea.example.com/sale?id=7"


@pytest_asyncio.fixture(scope="module")
async def home(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Yard]:
    async with pg.clone() as url, yard(tmp_path_factory.mktemp("links"), url) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def room(home: Yard) -> str:
    made = await home.system.rooms.create(NewRoom(title="春茶开播", host_name="小禾"))
    return made.id


async def made(home: Yard, wish: dict[str, Any], status: int = 201) -> dict[str, Any]:
    answer = await home.owner.post("/api/v1/links", json={"name": "Bio", **wish})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body if status == 201 else body["error"]


async def changed(home: Yard, link: dict[str, Any], **more: Any) -> httpx.Response:
    names = ("name", "room", "slug", "source", "tags", "url", "expires_at", "paused", "utm")
    body = {name: link[name] for name in names if link[name] is not None} | more
    return await home.owner.put(f"/api/v1/links/{link['token']}", json=body)


async def opened(home: Yard, name: str, agent: str = SAFARI) -> tuple[int, str, Browser]:
    """A new person's browser opens /s/{name}: the status, the document, and the browser."""
    browser = Browser(user_agent=agent)
    found = await browser.ask(home.system.app, "GET", f"/s/{name}")
    packed = found.headers.get("content-encoding") == "gzip"
    return found.status, (gzip.decompress(found.body) if packed else found.body).decode(), browser


async def counts(home: Yard, token: str) -> dict[str, int]:
    found = (await home.owner.get(f"/api/v1/links/{token}")).json()["counts"]
    return {name: int(number) for name, number in found.items()}


async def test_a_link_is_found_by_its_name_in_letters_of_any_size(home: Yard, room: str) -> None:
    link = await made(home, {"room": room, "slug": "Spring-Tea", "tags": ["bio"]})
    assert link["link"] == "http://yaohe.test/s/spring-tea"
    for name in ("spring-tea", "SPRING-tea", link["token"]):
        status, page, _ = await opened(home, name)
        assert status == 200
        assert 'data-invited=""' in page  # a link of the shop's own: nobody invites
        assert f'"token":"{link["token"]}"' in page
        assert "lnk_" not in page
    status, _, browser = await opened(home, "spring-tea")
    beacon = await browser.ask(
        home.system.app, "POST", "/api/v1/beacon", {"token": link["token"]}
    )  # fmt: skip
    assert beacon.json == {"counted": True, "opening": None}
    await opened(home, "spring-tea", CRAWLER)
    assert await counts(home, link["token"]) == {
        "hits": 5, "bot_hits": 1, "clicks": 1, "watched": 0, "orders": 0, "paid_minor": 0,
    }  # fmt: skip
    assert (await opened(home, "spring-coffee"))[0] == 404


async def test_without_a_chosen_name_it_cannot_be_guessed(home: Yard, room: str) -> None:
    links = [await made(home, {"room": room}) for _ in range(3)]
    assert all(link["slug"] is None and len(link["token"]) == 10 for link in links)
    assert len({link["token"] for link in links}) == 3


async def test_a_paused_or_ended_link_says_so_kindly_and_keeps_its_hits(
    home: Yard, room: str
) -> None:
    link = await made(home, {"room": room, "slug": "flash-sale"})
    assert (await opened(home, "flash-sale"))[0] == 200
    assert (await changed(home, link, paused=True)).json()["state"] == "paused"
    status, page, late = await opened(home, "flash-sale")
    assert status == 404
    beacon = {"token": link["token"]}
    told = await late.ask(home.system.app, "POST", "/api/v1/beacon", beacon)
    assert told.json == {"counted": False, "opening": None}
    assert "这个链接暂时停用" in page
    assert room not in page
    past = (home.system.clock.now() - timedelta(seconds=1)).isoformat()
    assert (await changed(home, link, expires_at=past)).json()["state"] == "expired"
    status, page, _ = await opened(home, "flash-sale")
    assert status == 410
    assert "这个链接已经到期" in page
    assert (await changed(home, link, expires_at=None)).json()["state"] == "open"
    assert (await opened(home, "flash-sale"))[0] == 200
    assert (await counts(home, link["token"]))["hits"] == 4


async def test_a_changed_link_shows_what_it_says_now(home: Yard) -> None:
    system = home.system
    shown = (await system.rooms.create(NewRoom(title="夜场", host_name="小禾"))).id
    products = [
        (await system.commerce.create_product(NewProduct(title=t, price_minor=900, stock=9))).id
        for t in ("春茶", "盖碗")
    ]
    await system.shelf.replace(shown, products)
    link = await made(home, {"room": shown, "product": products[0], "slug": "night"})
    assert f'"product":"{products[0]}"' in (await opened(home, "night"))[1]
    assert (await changed(home, link, product=products[1])).status_code == 200
    assert f'"product":"{products[1]}"' in (await opened(home, "night"))[1]


async def test_a_paused_link_gives_out_neither_picture_nor_clip(home: Yard) -> None:
    system, friend = home.system, Browser()
    show = (await system.rooms.create(NewRoom(title="短片", host_name="小禾"))).id
    room_log = system.origin.open(show)
    footage.begin(room_log, system.clock.now() - timedelta(seconds=6))
    at_ms = 0
    while at_ms < 6_000:
        at_ms = footage.show(room_log, at_ms)
    wish = {"channel": "copy_link", "content": "clip", "from_s": 0, "to_s": 4}
    share = await friend.ask(system.app, "POST", f"/api/v1/rooms/{show}/shares", wish)
    assert share.status == 201, share.json
    link = await made(home, {"clip": share.json["token"], "slug": "short"})
    files = [f"/s/{link['token']}/{name}" for name in ("clip.mp4", "card.jpg", "poster.jpg")]
    for path in files:
        found = await friend.ask(system.app, "GET", path)
        assert found.status == 200, path
        age_s = int(found.headers["cache-control"].partition("max-age=")[2])
        assert age_s <= 30, path
    pause = {"name": "Bio", "clip": share.json["token"], "slug": "short", "paused": True}
    answer = await home.owner.put(f"/api/v1/links/{link['token']}", json=pause)
    assert answer.json()["state"] == "paused", answer.text
    closed = [(await friend.ask(system.app, "GET", path)).status for path in files]
    assert [status for status in closed if status not in {404, 410}] == []


async def test_outside_only_to_sites_of_the_list_and_with_campaign_fields(home: Yard) -> None:
    assert (await made(home, {"url": OUT}, 422))["code"] == "site_not_allowed"
    put = await home.owner.put("/api/v1/links/sites", json={"sites": ["https://TEA.example.com/"]})
    assert put.json() == {"sites": ["tea.example.com"]}
    for elsewhere in ("https://tea.example.com.evil.example/", "https://tea.example.com:8443/"):
        assert (await made(home, {"url": elsewhere}, 422))["code"] == "site_not_allowed"
    link = await made(home, {"url": OUT, "slug": "tea-ad", "source": "ad"})
    found = await Browser().ask(home.system.app, "GET", "/s/Tea-Ad?url=https://evil.example/")
    assert found.status == 302
    assert found.headers["location"] == (
        f"{OUT}&utm_source=copy_link&utm_medium=ad&utm_campaign=tea-ad"
    )
    # There is no page of ours whose beacon could tell of a person.
    visitor = Browser()
    await visitor.ask(home.system.app, "GET", "/s/tea-ad")
    told = await visitor.ask(
        home.system.app, "POST", "/api/v1/beacon", {"token": link["token"]}
    )  # fmt: skip
    assert told.json == {"counted": False, "opening": None}
    await home.owner.put("/api/v1/links/sites", json={"sites": []})
    assert (await opened(home, "tea-ad"))[0] == 404
    assert (await counts(home, link["token"]))["hits"] == 3
    assert (await counts(home, link["token"]))["clicks"] == 0


async def test_a_name_is_given_once_however_many_ask(home: Yard, room: str) -> None:
    wishes = [{"room": room, "slug": "one-name", "name": f"n{n}"} for n in range(12)]
    answers = await asyncio.gather(*(home.owner.post("/api/v1/links", json=w) for w in wishes))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 11
    assert {one.json()["error"]["code"] for one in answers if one.status_code == 409} == {
        "slug_taken"
    }
    others = [await made(home, {"room": room, "name": f"o{n}"}) for n in range(6)]
    moved = await asyncio.gather(*(changed(home, one, slug="second-name") for one in others))
    assert sorted(one.status_code for one in moved) == [200] + [409] * 5


async def test_many_are_made_whole_or_not_at_all(
    home: Yard, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await home.owner.get("/api/v1/links")).json()["total"]
    wishes = [{"name": "a", "room": room, "slug": "bulk-one"}, {"name": "b", "room": "r_none"}]
    refused = await home.owner.post("/api/v1/links/bulk", json={"links": wishes})
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "target_missing"
    twice = [{"name": "a", "room": room, "slug": "bulk-one"}] * 2
    refused = await home.owner.post("/api/v1/links/bulk", json={"links": twice})
    assert refused.status_code == 409
    assert "Link 2" in refused.json()["error"]["message"]
    assert (await home.owner.get("/api/v1/links")).json()["total"] == before
    sheet = f"name,room,slug,tags,source\n海报一,{room},csv-one,flyer;bio,ad\n海报二,{room},,,\n"
    answer = await home.owner.post("/api/v1/links/csv", content=sheet.encode())
    assert answer.status_code == 201, answer.text
    assert [one["name"] for one in answer.json()["items"]] == ["海报一", "海报二"]
    page = (await home.owner.get("/api/v1/links", params={"tag": "flyer"})).json()
    assert [one["slug"] for one in page["items"]] == ["csv-one"]
    assert {"tag": "flyer", "links": 1} in page["tags"]
    found = (await home.owner.get("/api/v1/links", params={"q": "CSV-o"})).json()
    assert found["total"] == 1
    monkeypatch.setattr(service, "READ_AT_ONCE", 2)  # a table is longer than one reading
    table = await home.owner.get("/api/v1/links/csv")
    assert len(table.text.splitlines()) == 1 + before + 2
    assert "海报二" in table.text
    assert "http://yaohe.test/s/csv-one" in table.text


async def test_as_many_as_the_shop_may_have_however_many_ask(
    home: Yard, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await home.owner.get("/api/v1/links")).json()["total"]
    monkeypatch.setattr(service, "LINKS_MAX", before + 2)
    wish = {"links": [{"name": "a", "room": room}, {"name": "b", "room": room}]}
    answers = await asyncio.gather(
        *[home.owner.post("/api/v1/links/bulk", json=wish) for _ in range(6)]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert (await home.owner.get("/api/v1/links")).json()["total"] == before + 2


async def test_the_code_to_print_opens_the_link(home: Yard, room: str) -> None:
    link = await made(home, {"room": room, "slug": "flyer-west"})
    png = await home.owner.get(f"/api/v1/links/{link['token']}/qr.png", params={"pixels": 600})
    assert [one.text for one in zxingcpp.read_barcodes(Image.open(BytesIO(png.content)))] == [
        link["link"]
    ]
    svg = await home.owner.get(f"/api/v1/links/{link['token']}/qr.svg")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert (await home.anybody.get(f"/api/v1/links/{link['token']}/qr.svg")).status_code == 401
    assert (await home.owner.get("/api/v1/links/0000000000/qr.png")).status_code == 404


async def test_an_order_is_credited_to_the_link_and_its_class(home: Yard, room: str) -> None:
    """Promoter → a friend of theirs → the order: the link is above the share, and its class is in
    the report of who earned what."""
    system = home.system
    product = await system.commerce.create_product(
        NewProduct(title="春茶", price_minor=9_900, stock=9)
    )
    await system.shelf.replace(room, [product.id])
    link = await made(
        home, {"room": room, "product": product.id, "slug": "mei", "source": "promoter"}
    )
    _, page, buyer = await opened(home, "mei")
    assert f'"product":"{product.id}"' in page
    await buyer.ask(system.app, "POST", "/api/v1/beacon", {"token": link["token"]})
    order = {"product_id": product.id, "quantity": 1, "idempotency_key": "link-1", "room_id": room}
    placed = await buyer.ask(system.app, "POST", "/api/v1/orders", order)
    assert placed.ok, placed.json
    async with system.db.begin() as tx:
        await system.sharing.credit_orders(
            tx,
            [
                PaidOrder(
                    order_id=placed.json["order"]["id"], shop_id="shop_main", room_id=room,
                    visitor_id=buyer.visitor_id, amount_minor=9_900, currency="CNY",
                    at=system.clock.now(),
                )
            ],
        )  # fmt: skip
    assert (await counts(home, link["token"]))["paid_minor"] == 9_900
    earned = (await home.owner.get(f"/api/v1/rooms/{room}/attribution")).json()
    assert [(row["source"], row["amount_minor"]) for row in earned["sources"]] == [
        ("promoter", 9_900)
    ]
    assert earned["shares"][0]["sharer_name"] == "Bio"
    shared = await buyer.ask(
        system.app, "POST", f"/api/v1/rooms/{room}/shares", {"channel": "copy_link"}
    )
    async with system.db.raw() as conn:
        above = await conn.fetchval(
            "select parent_token from sharing.shares where token = $1", shared.json["token"]
        )
    assert above == link["token"]
    # Nobody is helped by a link of the shop's own.
    helped = await buyer.ask(system.app, "POST", f"/api/v1/shares/{link['token']}/help", {})
    assert helped.word == "404 share_not_found"


async def test_what_cannot_be_is_refused_by_name(home: Yard, room: str) -> None:
    for wish, code in (
        ({"room": "r_none"}, "target_missing"),
        ({"room": room, "product": "prd_none"}, "target_missing"),
        ({"clip": "0000000000"}, "target_missing"),
        ({"room": room, "channel": "carrier_pigeon"}, "channel_refused"),
        ({"room": room, "slug": "studio"}, "slug_refused"),
        ({"room": room, "source": "direct"}, "bad_input"),
    ):
        assert (await made(home, wish, 422))["code"] == code
    assert (await home.owner.get("/api/v1/links/0000000000")).status_code == 404
    assert (await home.anybody.get("/api/v1/links")).status_code == 401
