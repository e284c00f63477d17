"""A room inside pages of other sites: where it may stand, who is known there, what it brings."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest
from tests.conftest import Server
from tests.sim.asgi import Answer, Browser
from tests.support.patience import PATIENCE_S
from tests.support.phone import until
from tests.support.system import running_system

from yaohe.app.build import System
from yaohe.identity import Staff, Visitor
from yaohe.live.privacy.model import NewInvitation
from yaohe.live.rooms import NewRoom, RoomChange

pytestmark = pytest.mark.db

SITE = "https://tea.example.com"
OWNER = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}
OPENED = "/api/v1/rooms/tea/embedded"


@dataclass
class Shop:
    system: System
    owner: Staff
    url: str

    async def ask(
        self, who: Browser, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        return await who.ask(self.system.app, method, path, body, headers=headers)

    async def opened(self, who: Browser, **wish: Any) -> Any:
        frame = {"x-yaohe-frame": wish.pop("frame")} if "frame" in wish else {}
        told = await self.ask(who, "POST", OPENED, wish, **frame)
        assert told.ok, told.word
        return told.json

    async def landings(self) -> list[tuple[str, str]]:
        conn = await asyncpg.connect(self.url)
        try:
            rows = await conn.fetch("select source, name from sharing.landings order by 1, 2")
        finally:
            await conn.close()
        return [tuple(row) for row in rows]

    async def hits(self) -> list[tuple[str, bytes]]:
        conn = await asyncpg.connect(self.url)
        try:
            rows = await conn.fetch("select visitor_id, address_hash from sharing.hits")
        finally:
            await conn.close()
        return [tuple(row) for row in rows]


@asynccontextmanager
async def shop(data: Path, url: str, **settings: object) -> AsyncIterator[Shop]:
    async with running_system(data, url, **settings) as system:
        desk = Browser()
        setup = {"token": await system.identity.setup_token(), **OWNER}
        assert (await desk.ask(system.app, "POST", "/api/v1/staff/setup", setup)).ok
        owner = await system.identity.staff_of(desk.cookies)
        assert owner is not None
        await system.rooms.create(NewRoom(title="茶", title_en="Tea", host_name="小林", id="tea"))
        for site, mode in ((SITE, "live"), ("https://trial.example.com", "test")):
            await system.app_keys.create(
                owner,
                "site",
                kind="public",
                mode=mode,
                sites=[site],  # type: ignore[arg-type]
            )
        yield Shop(system, owner, url)


@pytest.fixture
async def tea(pg: Server, tmp_path: Path) -> AsyncIterator[Shop]:
    async with pg.clone() as url, shop(tmp_path, url) as one:
        yield one


def framed_by(answer: Answer) -> list[str]:
    policy = answer.headers["content-security-policy"]
    return policy.partition("frame-ancestors ")[2].split()


async def test_it_stands_in_named_sites_and_nothing_else_does(tea: Shop) -> None:
    who = Browser()
    page = await tea.ask(who, "GET", "/embed/tea")
    assert (page.status, framed_by(page)) == (200, ["'self'", SITE])
    text = gzip.decompress(page.body).decode()
    assert '<link rel="canonical" href="http://yaohe.test/r/tea">' in text
    assert not page.set_cookies, "nobody is made a visitor by a frame that was only fetched"
    missing = await tea.ask(who, "GET", "/embed/nowhere")
    assert (missing.status, framed_by(missing)) == (404, ["'self'", SITE])
    for path in ("/", "/r/tea", "/studio", "/embed/tea/x", "/r/nowhere"):
        assert framed_by(await tea.ask(who, "GET", path)) == ["'self'"], path


async def test_a_frame_without_cookies_is_the_same_person_by_its_token(tea: Shop) -> None:
    first = await tea.opened(Browser(), site=SITE)
    again = await tea.opened(Browser(), frame=first["frame"])
    visitor = first["frame"].partition(".")[0]
    assert again["frame"] == first["frame"]
    shared = await tea.ask(
        Browser(), "POST", "/api/v1/rooms/tea/shares", {"channel": "copy_link"},
        **{"x-yaohe-frame": first["frame"]},
    )  # fmt: skip
    share = await tea.system.sharing.share(shared.json["token"])
    assert share is not None
    assert share.sharer_id == visitor
    mine = await tea.ask(Browser(), "GET", "/api/v1/me/shares", **{"x-yaohe-frame": first["frame"]})
    assert [one["token"] for one in mine.json["items"]] == [share.token]
    # What the shop's cookie or the SDK's header hold is no frame token, and the other way round.
    identity = tea.system.identity
    nothing: dict[str, str] = {}
    one = identity.visitor_of(nothing.get, frame=first["frame"])
    assert one is not None
    for other in (
        identity.visitor_header(one),
        identity.visitor_cookie(one).partition("=")[2].partition(";")[0],
        first["frame"][:-1],
        "",
    ):
        assert identity.visitor_of(nothing.get, frame=other) is None
        assert (await tea.opened(Browser(), frame=other))["frame"] != first["frame"]
    assert identity.visitor_of({"yh_v": first["frame"]}.get) is None
    assert identity.visitor_from_header(first["frame"]) is None


async def test_nothing_is_bought_or_owned_in_a_frame(tea: Shop) -> None:
    token = (await tea.opened(Browser(), site=SITE))["frame"]
    frame = {"x-yaohe-frame": token}
    for method, path in (
        ("POST", "/api/v1/orders"),
        ("GET", "/api/v1/orders"),
        ("GET", "/api/v1/me/addresses"),
        ("GET", "/api/v1/me/coupons"),
        ("GET", "/api/v1/me/messages"),
        ("PUT", "/api/v1/me/waits/p_1"),
        ("GET", "/api/v1/me/data"),
        ("DELETE", "/api/v1/me/data"),
        ("POST", "/api/v1/me/account/leave"),
        ("POST", "/api/v1/rooms/tea/coupon"),
    ):
        body = {} if method in {"POST", "PUT"} else None
        refused = await tea.ask(Browser(), method, path, body, **frame)
        assert refused.word == "403 in_a_frame", path
    # The shop's own cookie beside it is who it is, also in a frame of the shop's own site.
    who = Browser()
    await tea.ask(who, "GET", "/r/tea")
    assert (await tea.ask(who, "GET", "/api/v1/orders", **frame)).ok


async def test_what_fills_a_tab_is_no_frame(tea: Shop) -> None:
    """A frame of the shop's own site leaves a cookie that the shop's own pages are sent, too."""
    framed = (await tea.opened(Browser(), site=SITE))["frame"].partition(".")[0]
    identity = tea.system.identity
    seal = identity.visitor_cookie(Visitor(framed, ""), framed=True)
    who = Browser(cookies={"yh_f": seal.partition("=")[2].partition(";")[0]})
    assert (await tea.ask(who, "GET", "/api/v1/orders")).word == "403 in_a_frame"
    (own,) = (await tea.ask(who, "GET", "/r/tea", **{"sec-fetch-dest": "document"})).set_cookies
    assert own.startswith("yh_v=v_")
    assert not own.startswith(f"yh_v={framed}")
    assert (await tea.ask(who, "GET", "/api/v1/orders")).ok


async def test_over_https_a_frame_has_a_cookie_of_its_own(pg: Server, tmp_path: Path) -> None:
    async with pg.clone() as url, shop(tmp_path, url, public_url="https://yaohe.test") as one:
        who = Browser()
        told = await one.ask(who, "POST", OPENED, {"site": SITE})
        (cookie,) = told.set_cookies
        assert cookie.startswith("yh_f=v_")
        assert cookie.endswith("; Path=/; HttpOnly; SameSite=None; Secure; Partitioned")
        assert not (await one.ask(who, "POST", OPENED, {"site": SITE})).set_cookies
        # Beside the shop's own cookie, the shop's is who it is.
        identity, framed = one.system.identity, who.cookies["yh_f"]
        new = identity.new_visitor()
        seal = identity.visitor_cookie(new).partition("=")[2].partition(";")[0]
        alone = identity.visitor_of({"yh_f": framed}.get)
        assert alone is not None
        assert alone.id == framed.partition(".")[0]
        assert identity.visitor_of({"yh_f": framed, "yh_v": seal}.get) == new
        (own,) = (await one.ask(Browser(), "GET", "/r/tea")).set_cookies
        assert own.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_where_a_shop_asks_nobody_is_remembered_in_a_frame(
    pg: Server, tmp_path: Path
) -> None:
    async with pg.clone() as url, shop(tmp_path, url, consent="strict") as one:
        who = Browser()
        told = await one.ask(who, "POST", OPENED, {"site": SITE})
        assert (told.json["frame"], told.json["site"], told.set_cookies) == ("", SITE, ())
        token = one.system.identity.frame_token(one.system.identity.new_visitor())
        assert one.system.identity.visitor_of({"yh_c": "no"}.get, frame=token) is None
        assert one.system.identity.visitor_of({"yh_c": "yes"}.get, frame=token) is not None
        assert await one.landings() == []
        sharer = Browser(cookies={"yh_c": "yes"})
        path = "/api/v1/rooms/tea/shares"
        share = (await one.ask(sharer, "POST", path, {"channel": "copy_link"})).json["token"]
        assert (await one.opened(Browser(), site=SITE, share=share))["share"] == share
        # On a slow machine the hit may have taken the way by the spool.
        hits = await until(one.hits, bool, within_s=PATIENCE_S)
        assert hits == [("", b"")]


async def test_a_visit_is_told_by_its_class_and_site(tea: Shop) -> None:
    await tea.opened(Browser(), site=SITE)
    await tea.opened(Browser(), site=SITE, query="?utm_medium=affiliate&utm_campaign=spring")
    told = await tea.opened(Browser(), site="https://liar.example.com")
    assert told["site"] == ""
    await tea.opened(Browser(user_agent="facebookexternalhit/1.1"), site=SITE)
    await until(
        tea.landings,
        lambda rows: (
            rows
            == [
                ("direct", ""),
                ("promoter", "tea.example.com"),
                ("recommendation", "tea.example.com"),
            ]
        ),
        within_s=PATIENCE_S,
    )


async def test_an_embed_code_brings_hits_and_a_touch_makes_the_click(tea: Shop) -> None:
    sharer, friend = Browser(), Browser()
    await tea.ask(sharer, "GET", "/r/tea")
    made = await tea.ask(sharer, "POST", "/api/v1/rooms/tea/shares", {"channel": "copy_link"})
    token = made.json["token"]
    own = await tea.opened(sharer, site=SITE, share=token)
    assert (own["share"], own["mine"]) == (token, True)
    told = await tea.opened(friend, site=SITE, share=token)
    assert (told["share"], told["mine"]) == (token, False)
    report = await tea.system.sharing.share_report("tea")
    assert report.totals.clicks == 0
    clicked = await tea.ask(
        Browser(), "POST", "/api/v1/beacon", {"token": token},
        **{"x-yaohe-frame": told["frame"]},
    )  # fmt: skip
    assert clicked.json["counted"] is True
    # On a slow machine the hit may have taken the way by the spool.
    await until(
        lambda: tea.system.sharing.share_report("tea"), lambda found: found.totals.clicks == 1
    )
    assert await tea.landings() == [("direct", "")], "that is the sharer's, in the room itself"
    # A link of another room leads nowhere here.
    await tea.system.rooms.create(NewRoom(title="别", title_en="O", host_name="小林", id="other"))
    other = await tea.ask(friend, "POST", "/api/v1/rooms/other/shares", {"channel": "copy_link"})
    assert (await tea.opened(friend, share=other.json["token"]))["share"] is None


async def test_bad_calls_are_told(tea: Shop) -> None:
    who = Browser()
    nowhere = await tea.ask(who, "POST", "/api/v1/rooms/nowhere/embedded", {})
    assert nowhere.word == "404 room_not_found"
    for body in ({"site": 7}, {"site": "x" * 513}, {"share": "y" * 65}, []):
        assert (await tea.ask(who, "POST", OPENED, body)).word == "422 not_json"
    crossed = await tea.ask(who, "POST", OPENED, {}, origin=SITE)
    assert crossed.word == "403 wrong_origin"


async def test_a_private_room_needs_its_pass(pg: Server, tmp_path: Path) -> None:
    async with pg.clone() as url, shop(tmp_path, url, public_url="https://yaohe.test") as one:
        await one.system.rooms.update("tea", RoomChange(private=True), by=one.owner)
        who = Browser()
        assert (await one.ask(who, "GET", "/embed/tea")).status == 401
        assert (await one.ask(who, "POST", OPENED, {})).word == "401 invitation_needed"
        invitation = await one.system.privacy.invite("tea", NewInvitation(), by=one.owner)
        query = one.system.privacy.link(invitation).partition("?")[2]
        let_in = await one.ask(who, "GET", f"/embed/tea?{query}")
        assert (let_in.status, let_in.headers["location"]) == (303, "/embed/tea")
        assert len(let_in.set_cookies) == 2
        assert all(cookie.endswith("; Partitioned") for cookie in let_in.set_cookies)
        assert (await one.ask(who, "GET", "/embed/tea")).status == 200
        assert (await one.ask(who, "POST", OPENED, {})).ok
    # Without https a frame keeps no pass, so none is spent.
    async with pg.clone() as url, shop(tmp_path / "plain", url) as one:
        await one.system.rooms.update("tea", RoomChange(private=True), by=one.owner)
        invitation = await one.system.privacy.invite("tea", NewInvitation(), by=one.owner)
        query = one.system.privacy.link(invitation).partition("?")[2]
        assert (await one.ask(Browser(), "GET", f"/embed/tea?{query}")).status == 401
        assert [i.used for i in await one.system.privacy.invitations("tea")] == [0]


async def oembed(tea: Shop, url: str, **wish: str) -> Answer:
    query = urlencode({"url": url, **wish})
    return await tea.ask(Browser(), "GET", f"/oembed?{query}", **{"accept-language": "en"})


async def test_other_sites_are_told_how_to_embed_it(tea: Shop) -> None:
    room = "http://yaohe.test/r/tea"
    told = await oembed(tea, room)
    assert told.headers["content-type"] == "application/json"
    assert told.headers["access-control-allow-origin"] == "*"
    assert told.headers["cache-control"] == "public, max-age=300"
    assert told.json == {
        "version": "1.0", "type": "rich", "title": "Tea", "author_name": "小林",
        "author_url": room, "provider_name": told.json["provider_name"],
        "provider_url": "http://yaohe.test", "cache_age": 300,
        "thumbnail_url": f"{room}/card.jpg", "thumbnail_width": 1200, "thumbnail_height": 630,
        "html": '<iframe src="http://yaohe.test/embed/tea" width="640" height="360" title="Tea" '
        'style="border:0" loading="lazy" allow="autoplay; fullscreen; picture-in-picture; '
        'clipboard-write; web-share"></iframe>',
        "width": 640, "height": 360,
    }  # fmt: skip
    small = (await oembed(tea, room, maxwidth="320", maxheight="400")).json
    assert (small["width"], small["height"], "thumbnail_url" in small) == (320, 180, False)
    xml = await oembed(tea, room, format="xml")
    assert xml.headers["content-type"].startswith("text/xml")
    assert ET.fromstring(xml.body).findtext("html") == told.json["html"]  # noqa: S314
    # A page says itself where to ask; a share keeps its token in the frame.
    sharer = Browser()
    shared = await tea.ask(sharer, "POST", "/api/v1/rooms/tea/shares", {"channel": "copy_link"})
    link = shared.json["url"]
    page = await tea.ask(Browser(), "GET", link.removeprefix("http://yaohe.test"))
    text = unescape(gzip.decompress(page.body).decode())
    for kind, mime in (("json", "application/json"), ("xml", "text/xml")):
        asked = f"http://yaohe.test/oembed?url={link}&format={kind}"
        assert f'<link rel="alternate" type="{mime}+oembed" href="{asked}">' in text
    token = shared.json["token"]
    assert f'src="http://yaohe.test/embed/tea?s={token}"' in (await oembed(tea, link)).json["html"]


async def test_what_cannot_be_embedded_is_told(tea: Shop) -> None:
    room = "http://yaohe.test/r/tea"
    assert (await oembed(tea, "http://yaohe.test/r/nowhere")).word == "404 not_found"
    assert (await oembed(tea, "http://yaohe.test/s/0aZ9bY8cX7")).word == "404 not_found"
    assert (await oembed(tea, "https://elsewhere.example/r/tea")).word == "404 not_found"
    assert (await oembed(tea, room, format="yaml")).word == "501 format_unknown"
    for wish in ({"maxwidth": "0"}, {"maxheight": "-1"}, {"maxwidth": "1e3"}):
        assert (await oembed(tea, room, **wish)).word == "422 bad_input"
    assert (await tea.ask(Browser(), "GET", "/oembed")).word == "422 bad_input"
    await tea.system.rooms.update("tea", RoomChange(private=True), by=tea.owner)
    private = await oembed(tea, room)
    assert private.word == "401 invitation_needed"
    assert "Tea" not in private.body.decode()


async def test_the_embed_code_is_offered_where_a_site_is_named(pg: Server, tmp_path: Path) -> None:
    desk = Browser(user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36")
    path = "/api/v1/share-channels"
    async with pg.clone() as url, shop(tmp_path, url) as one:
        items = (await one.ask(desk, "GET", path)).json["items"]
        assert items[-1]["opens"] == "embed"
        for key in await one.system.app_keys.all(one.owner):
            await one.system.app_keys.revoke(one.owner, key.id)
        items = (await one.ask(desk, "GET", path)).json["items"]
        assert "embed" not in {item["opens"] for item in items}
