"""A private room, attacked: every route of it, found in the router, with every wrong ticket."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import Server
from tests.sim.asgi import Answer, Browser
from tests.support.patience import PATIENCE_S
from tests.support.realtime import Talker
from tests.support.system import running_system
from tests.support.wire import dialled, serving, until

from yaohe.app.build import System
from yaohe.app.roles import wire_config
from yaohe.commerce import NewProduct
from yaohe.commerce.prices.model import NewLivePrice
from yaohe.identity import Staff, Visitor
from yaohe.kernel.ids import new_id
from yaohe.kernel.wire import WireServer
from yaohe.live.privacy import store as privacy_store
from yaohe.live.privacy.errors import InvitationOver
from yaohe.live.privacy.model import Invitation, NewInvitation, SealKind, seal
from yaohe.live.rooms import NewRoom, RoomChange

pytestmark = pytest.mark.db

SECRETS = ("密室", "Secret room", "小禾", "Secret tea")
CLOSED = {"401 invitation_needed", "403 ticket_invalid", "403 ticket_expired"}
OWNER = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}
LATER = int(time.time()) + 3_600


@dataclass
class Place:
    """A private room with a share, a shelf and a picture, and another private room beside it."""

    system: System
    staff: Browser
    by: Staff
    token: str
    invitation: Invitation
    pass_value: str
    ticket: str

    def sealed(self, kind: SealKind, room: str, invitation: str, until: int = LATER) -> str:
        return seal(self.system.privacy._key, kind, room, invitation, until)

    async def ask(self, who: Browser, method: str, path: str, **headers: str) -> Answer:
        body = {} if method in {"POST", "PUT", "PATCH"} else None
        return await who.ask(self.system.app, method, path, body, headers=headers)

    async def invite(self, room: str = "tea", **wish: Any) -> Invitation:
        return await self.system.privacy.invite(room, NewInvitation(**wish), by=self.by)

    def link(self, invitation: Invitation) -> str:
        return self.system.privacy.link(invitation).removeprefix("http://yaohe.test")


@asynccontextmanager
async def place(data: Path, url: str) -> AsyncIterator[Place]:
    async with running_system(data, url) as system:
        staff = Browser()
        setup = {"token": await system.identity.setup_token(), **OWNER}
        assert (await staff.ask(system.app, "POST", "/api/v1/staff/setup", setup)).ok
        by = await system.identity.staff_of(staff.cookies)
        assert by is not None
        for room in ("tea", "other"):
            wish = NewRoom(
                title="密室", title_en="Secret room", host_name="小禾", private=True, id=room
            )
            await system.rooms.create(wish, by=by)
        share = await system.sharing.create_share(
            "tea", shop_id=by.shop_id, sharer=Visitor(new_id("v"), "Lin"), channel="copy_link",
            content="card",
        )  # fmt: skip
        log = system.origin.open("tea")
        log.open_epoch(init=b"INIT", codecs="avc1.64001f,mp4a.40.2", width=720, height=1280)
        for n in range(40):
            log.append(b"x" * 400, keyframe=n % 5 == 0, dts_ms=n * 200, duration_ms=200)
        log.set_live(True)
        made = Place(system, staff, by, share.token, None, "", "")  # type: ignore[arg-type]
        made.invitation = await made.invite()
        made.pass_value = made.sealed("pass", "tea", made.invitation.id)
        made.ticket = made.sealed("ticket", "tea", made.invitation.id)
        yield made


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


def routes(system: System, token: str) -> list[tuple[str, str]]:
    """Every route that names a room or a share, from the document that lists all routes."""
    values = {
        "room_id": "tea", "token": token, "picture": "card.jpg", "epoch": "1", "number": "0",
        "offset": "0", "show": "1", "visitor_id": "v_1", "line_id": "l_1", "report_id": "r_1",
        "invitation_id": "inv_1", "rung": "480p", "stream_key": "k",
    }  # fmt: skip
    found = []
    for path, methods in system.document()["paths"].items():
        if path.startswith(("/api/v1/outside/", "/api/v1/links/")):
            continue  # rooms on other sites, behind app keys; what staff alone may see
        if "{room_id}" in path or "{token}" in path:
            for method in methods.keys() & {"get", "post", "put", "patch", "delete"}:
                found.append((method.upper(), path.format(**values)))
    return sorted(found)


async def wrong_ways(at: Place) -> list[tuple[str, Browser]]:
    """Queries and cookie jars that must not open the room `tea`."""
    beside = await at.invite("other")
    revoked = await at.invite()
    await at.system.privacy.revoke("tea", revoked.id, by=at.by)
    tickets = {
        "forged": at.ticket[:-1] + ("A" if at.ticket[-1] != "A" else "B"),
        "other room": at.sealed("ticket", "other", beside.id),
        "other's invitation": at.sealed("ticket", "tea", beside.id),
        "expired": at.sealed("ticket", "tea", at.invitation.id, int(time.time()) - 1),
        "revoked": at.sealed("ticket", "tea", revoked.id),
        "invitation as ticket": at.sealed("invitation", "tea", at.invitation.id),
        "pass as ticket": at.pass_value,
    }
    passes = {
        "other room": at.sealed("pass", "other", beside.id),
        "expired": at.sealed("pass", "tea", at.invitation.id, int(time.time()) - 1),
        "revoked": at.sealed("pass", "tea", revoked.id),
        "ticket as pass": at.ticket,
    }
    ways = [("", Browser())]
    ways += [(f"?ticket={ticket}", Browser()) for ticket in tickets.values()]
    ways += [("", Browser(cookies={"yh_p_tea": value})) for value in passes.values()]
    ways += [
        ("?ticket=", Browser()),
        ("?ticket=" + "x" * 500, Browser()),
        ("", Browser(cookies={"yh_s": "x"})),
    ]
    return ways


def page(answer: Answer) -> str:
    body = answer.body
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode(errors="replace")


async def test_no_route_of_a_private_room_opens_without_its_ticket(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        known = routes(at.system, at.token)
        assert len(known) > 45
        for method, path in known:
            for query, who in await wrong_ways(at):
                told = await at.ask(replace(who, cookies=dict(who.cookies)), method, path + query)
                where = f"{method} {path}{query[:40]} {who.cookies}: {told.status}"
                assert told.status in {401, 403}, where
                kept = told.headers.get("cache-control", "")
                assert "no-store" in kept or "no-cache" in kept, where
                said = page(told)
                assert not any(secret in said for secret in SECRETS), where
                if "<html" not in said:
                    assert told.word in CLOSED, where


async def test_paths_written_oddly_are_no_way_around(tmp_path: Path, url: str) -> None:
    async with place(tmp_path, url) as at:
        for path in (
            "//api/v1/rooms/tea", "/api//v1/rooms/tea", "/api/v1//rooms/tea/",
            "/api/v1/rooms/tea/", "/api/v1/rooms//tea", "/live//tea/index.m3u8", "/r//tea",
            "/r/tea/", "/r/tea//card.jpg", "//r/tea", "/live/tea//poster.jpg",
        ):  # fmt: skip
            for method in ("GET", "HEAD", "POST", "PATCH"):
                told = await at.ask(Browser(), method, path)
                assert told.status in {401, 403, 404, 405}, (method, path)
                assert not any(secret in page(told) for secret in SECRETS)


async def test_calls_that_name_the_room_in_their_body_are_closed_too(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        calls = (("/api/v1/watch", {"room": "tea"}), ("/api/v1/beacon", {"token": at.token}))
        for path, body in calls:
            told = await Browser().ask(at.system.app, "POST", path, body)
            assert told.word == "401 invitation_needed"
            friend = Browser(cookies={"yh_p_tea": at.pass_value})
            assert (await friend.ask(at.system.app, "POST", path, body)).ok
        product = await at.system.commerce.create_product(
            NewProduct(title="春茶", price_minor=9_900, stock=5)
        )
        order = {"room_id": "tea", "product_id": product.id, "idempotency_key": "k"}
        told = await Browser().ask(at.system.app, "POST", "/api/v1/orders", order)
        assert told.word == "401 invitation_needed"
        friend = Browser(cookies={"yh_p_tea": at.pass_value})
        assert (await friend.ask(at.system.app, "POST", "/api/v1/orders", order)).status == 201
        gone = await at.system.commerce.create_product(
            NewProduct(title="秋茶", price_minor=9_900, stock=0)
        )
        path = f"/api/v1/me/waits/{gone.id}"
        told = await Browser().ask(at.system.app, "PUT", path, {"room_id": "tea"})
        assert told.word == "401 invitation_needed"
        friend = Browser(cookies={"yh_p_tea": at.pass_value})
        assert (await friend.ask(at.system.app, "PUT", path, {"room_id": "tea"})).status == 204


async def test_what_a_piece_costs_in_a_private_room_is_told_to_the_invited(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        app, commerce = at.system.app, at.system.commerce
        product = await commerce.create_product(
            NewProduct(title="春茶", price_minor=9_900, stock=5)
        )
        price = await commerce.start_live_price(
            NewLivePrice(room_id="tea", product_id=product.id, price_minor=7_900, minutes=5)
        )
        line, cart = f"/api/v1/me/cart/{product.id}", "/api/v1/me/cart"
        stranger, friend = Browser(), Browser(cookies={"yh_p_tea": at.pass_value})
        for who, told in ((friend, price.id), (stranger, None)):
            put = await who.ask(app, "PUT", line, {"quantity": 1, "room_id": "tea"})
            shown = await who.ask(app, "GET", f"{cart}?room_id=tea")
            for answer in (put, shown, await who.ask(app, "GET", cart)):
                assert [one["live_price_id"] for one in answer.json["items"]] == [told]
            assert (put.json["items"][0]["seen_minor"] == 7_900) is (told is not None)
        wish = {"product_id": product.id, "quantity": 1, "live_price_id": price.id}
        quote = {"room_id": "tea", "lines": [wish]}
        path = "/api/v1/orders/quote"
        assert (await stranger.ask(app, "POST", path, quote)).word == "401 invitation_needed"
        assert (await friend.ask(app, "POST", path, quote)).ok
        # The invitation is over: what was put in with it is there, at the price of everybody.
        friend.cookies.pop("yh_p_tea")
        (kept,) = (await friend.ask(app, "GET", cart)).json["items"]
        assert (kept["live_price_id"], kept["live_price_minor"]) == (None, None)
        taken = await friend.ask(app, "DELETE", f"{line}?room_id=tea")
        assert taken.json["items"] == []


async def test_nothing_lists_a_private_room_but_the_studio(tmp_path: Path, url: str) -> None:
    async with place(tmp_path, url) as at:
        for path in ("/", "/?lang=en", "/api/v1/rooms"):
            told = await at.ask(Browser(), "GET", path)
            assert told.ok
            assert not any(secret in page(told) for secret in SECRETS)
        rooms = (await at.ask(at.staff, "GET", "/api/v1/rooms")).json["items"]
        assert {room["id"]: room["private"] for room in rooms} == {"tea": True, "other": True}


async def test_an_invitation_opens_the_room_and_leaves_the_address(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        friend, link = Browser(), at.link(at.invitation)
        told = await at.ask(friend, "GET", link + "&lang=en")
        assert (told.status, told.headers["location"]) == (303, "/r/tea?lang=en")
        assert told.headers["referrer-policy"] == "no-referrer"
        pass_cookie = next(c for c in told.set_cookies if c.startswith("yh_p_tea="))
        assert "HttpOnly" in pass_cookie
        shown = await at.ask(friend, "GET", "/r/tea?lang=en")
        assert shown.status == 200
        assert "Secret room" in page(shown)
        assert "stream.mp4?ticket=ticket.tea." in page(shown)
        # The share of somebody else opens it for the invited alone; it grants nothing itself.
        assert (await at.ask(friend, "GET", f"/s/{at.token}")).status == 200
        assert (await at.ask(Browser(), "GET", f"/s/{at.token}")).status == 401
        # Nothing of it may be kept on the way.
        listed = page(await at.ask(friend, "GET", "/live/tea/cdn.m3u8")).split("\n")
        segment = next(line for line in listed if line.startswith("seg-"))
        for path in ("/live/tea/cdn.m3u8", f"/live/tea/{segment}", "/api/v1/rooms/tea"):
            kept = await at.ask(friend, "GET", path)
            assert (kept.status, kept.headers["cache-control"]) == (200, "private, no-store"), path
        # A second opening is no second person; a link fetcher is none at all.
        for who in (friend, Browser(user_agent="facebookexternalhit/1.1")):
            await at.ask(who, "GET", link)
        (row,) = await at.system.privacy.invitations("tea")
        assert row.used == 1


async def test_a_list_asked_with_a_ticket_carries_it_to_every_address(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        for name in ("index.m3u8", "cdn.m3u8", "audio.m3u8", "master.m3u8"):
            told = await at.ask(Browser(), "GET", f"/live/tea/{name}?ticket={at.ticket}")
            assert told.status == 200, name
            addresses = [line for line in page(told).split("\n") if line and line[0] != "#"]
            addresses += [part.split('"')[0] for part in page(told).split('URI="')[1:]]
            assert addresses
            for address in addresses:
                assert address.endswith(f"?ticket={at.ticket}"), address
                if "audio" not in address and "part-" not in address:
                    found = await at.ask(Browser(), "GET", f"/live/tea/{address}")
                    assert found.status == 200, address
        # What is no ticket of ours is not repeated, even to whoever may come in.
        friend = Browser(cookies={"yh_p_tea": at.pass_value})
        told = await at.ask(friend, "GET", "/live/tea/index.m3u8?ticket=%22evil")
        assert told.status == 200
        assert "evil" not in page(told)


async def test_tickets_are_given_to_passes_and_staff_and_do_not_renew_themselves(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        path = "/api/v1/rooms/tea/ticket"
        told = await at.ask(Browser(cookies={"yh_p_tea": at.pass_value}), "POST", path)
        assert told.json["life_s"] == 600
        fresh = told.json["ticket"]
        assert (await at.ask(Browser(), "GET", f"/live/tea/index.m3u8?ticket={fresh}")).ok
        again = await at.ask(Browser(), "POST", f"{path}?ticket={fresh}")
        assert again.word == "401 invitation_needed"
        staff = (await at.ask(at.staff, "POST", path)).json["ticket"]
        assert (await at.ask(Browser(), "GET", f"/live/tea/index.m3u8?ticket={staff}")).ok
        assert (await at.ask(at.staff, "GET", "/r/tea")).status == 200


async def test_an_invitation_for_three_lets_three_in_however_they_hurry(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at:
        few = await at.invite(uses_max=3, note="三个人")
        link = at.link(few).partition("invite=")[2]
        visitors = [new_id("v") for _ in range(12)]
        came = await asyncio.gather(
            *(at.system.privacy.enter("tea", link, v) for v in visitors * 2),
            return_exceptions=True,
        )
        inside = {
            v for v, got in zip(visitors * 2, came, strict=True) if not isinstance(got, Exception)
        }
        assert len(inside) == 3
        assert all(isinstance(got, InvitationOver) for got in came if isinstance(got, Exception))
        row = next(one for one in await at.system.privacy.invitations("tea") if one.id == few.id)
        assert row.used == 3
        late = Browser()
        told = await at.ask(late, "GET", at.link(few))
        assert told.status == 403
        assert "用不了" in page(told) or "over" in page(told)


async def test_staff_make_and_revoke_invitations_over_the_api(tmp_path: Path, url: str) -> None:
    async with place(tmp_path, url) as at:
        path = "/api/v1/rooms/tea/invitations"
        for wish, word in (
            ({"life_s": 3_600, "note": "VIP", "uses_max": 2}, "201"),
            ({"life_s": 1}, "422 bad_input"),
            ({"uses_max": 0}, "422 bad_input"),
            ({"note": "x" * 500}, "422 bad_input"),
        ):
            told = await at.staff.ask(at.system.app, "POST", path, wish)
            assert told.word.startswith(word[:3]), told.body
        await at.system.rooms.create(NewRoom(title="开", host_name="小禾", id="open"))
        told = await at.ask(at.staff, "POST", "/api/v1/rooms/open/invitations")
        assert told.word == "409 room_not_private"
        made = (await at.ask(at.staff, "GET", path)).json["items"][0]
        friend = Browser()
        assert (
            await at.ask(friend, "GET", made["url"].removeprefix("http://yaohe.test"))
        ).status == 303
        assert (await at.ask(friend, "GET", "/r/tea")).status == 200
        gone = await at.ask(at.staff, "DELETE", f"{path}/{made['id']}")
        assert gone.json["revoked_at"] is not None
        assert (await at.ask(friend, "GET", "/r/tea")).status in {401, 403}
        assert (
            await at.ask(at.staff, "DELETE", f"{path}/inv_none")
        ).word == "404 invitation_not_found"


@asynccontextmanager
async def wired(at: Place) -> AsyncIterator[WireServer]:
    async with serving(replace(wire_config(at.system), port=0), at.system.app) as server:
        yield server


async def test_streams_and_realtime_are_closed_on_the_wire(tmp_path: Path, url: str) -> None:
    async with place(tmp_path, url) as at, wired(at) as server:
        for query, who in await wrong_ways(at):
            cookie = "; ".join(f"{k}={v}" for k, v in who.cookies.items())
            async with dialled(server) as peer:
                head = f"GET /live/tea/stream.mp4{query} HTTP/1.1\r\nHost: x"
                peer.send(f"{head}\r\nCookie: {cookie}\r\n\r\n")
                status, fields, _ = await peer.answer()
                assert status in {401, 403}
                assert fields["cache-control"] == "no-store"
            async with dialled(server) as peer:
                status, _ = await peer.upgrade(f"/live/tea/ws{query}", f"Cookie: {cookie}")
                assert status in {401, 403}
            async with dialled(server) as peer:
                status, _ = await peer.upgrade("/rt", f"Cookie: {cookie}")
                talker = Talker(peer)
                join = {"room": "tea", "ticket": query[8:168] or None}
                told = await talker.ask(connect={"data": join})
                assert told["error"]["code"] == 103
                assert told["error"]["message"] in {word[4:] for word in CLOSED}
                assert (await talker.ask(connect={}))["connect"]
                for name in ("chat", "state"):
                    told = await talker.ask(subscribe={"channel": f"room:tea:{name}"})
                    assert told["error"]["code"] == 103
                told = await talker.ask(rpc={"method": "join", "data": join})
                assert told["error"]["code"] == 103
                assert "密室" not in str(talker.heard)


async def test_a_room_that_becomes_private_sends_the_uninvited_away_at_once(
    tmp_path: Path, url: str
) -> None:
    async with place(tmp_path, url) as at, wired(at) as server:
        await at.system.rooms.update("tea", RoomChange(private=False))
        await at.system.privacy.look()
        pass_cookie = f"Cookie: yh_p_tea={at.pass_value}"
        async with (
            dialled(server) as watching, dialled(server) as socket, dialled(server) as idle,
            dialled(server) as stranger, dialled(server) as friend,
        ):  # fmt: skip
            for peer in (watching, idle):
                peer.send("GET /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await peer.head())[0] == 200
            assert (await socket.upgrade("/live/tea/ws"))[0] == 101
            talkers = []
            for peer, *headers in ((stranger,), (friend, pass_cookie)):
                assert (await peer.upgrade("/rt", *headers))[0] == 101
                talkers.append(Talker(peer))
                assert (
                    "room"
                    in (await talkers[-1].ask(connect={"data": {"room": "tea"}}))["connect"]["data"]
                )
            await until(lambda: server.viewers == 3)
            await at.system.rooms.update("tea", RoomChange(private=True))
            # No wait: whatever the log grows by from here on reaches nobody.
            at.system.origin.open("tea").append(
                b"LATER", keyframe=True, dts_ms=8_000, duration_ms=200
            )
            await until(lambda: server.viewers == 0)
            rest = await watching.reader.read()
            assert b"LATER" not in rest
            with pytest.raises(AssertionError, match="3010"):
                await talkers[0].until(lambda _: False)
            # Whoever was invited stays where they are.
            at.system.hub.say("tea", kind="host", name="小禾", text="只给你们听")
            await talkers[1].until(lambda line: "只给你们听" in str(line))
        async with dialled(server) as peer:
            peer.send(f"GET /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\n{pass_cookie}\r\n\r\n")
            assert (await peer.head())[0] == 200
            # Revoked while watching: cut as well.
            await at.system.privacy.revoke("tea", at.invitation.id, by=at.by)
            await until(lambda: server.viewers == 0)


async def test_people_who_come_in_all_the_time_do_not_keep_a_look_from_ending(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place(tmp_path, url) as at:
        link = at.sealed("invitation", "tea", at.invitation.id)
        read = privacy_store.valid_invitations
        asked = 0

        async def while_somebody_comes_in(conn: AsyncConnection) -> dict[str, tuple[str, datetime]]:
            nonlocal asked
            asked += 1
            found = await read(conn)
            await at.system.privacy.enter("tea", link, new_id("v"))
            return found

        monkeypatch.setattr(privacy_store, "valid_invitations", while_somebody_comes_in)
        async with asyncio.timeout(PATIENCE_S):
            await at.system.privacy.look()
        assert asked <= 2


async def test_another_process_hears_of_it_with_its_next_look(tmp_path: Path, url: str) -> None:
    async with place(tmp_path / "a", url) as at:
        keys = tmp_path / "b" / "keys"
        keys.mkdir(parents=True)
        (keys / "secret").write_bytes((tmp_path / "a" / "keys" / "secret").read_bytes())
        async with running_system(tmp_path / "b", url) as beside:
            closed: list[str] = []
            beside.privacy.on_closed.append(closed.append)
            later = await at.invite()
            held = {"yh_p_tea": at.sealed("pass", "tea", later.id)}
            assert beside.privacy.refusal("tea", ticket=None, cookies=held) is not None
            await beside.privacy.look()
            assert beside.privacy.refusal("tea", ticket=None, cookies=held) is None
            assert not closed
            await at.system.privacy.revoke("tea", later.id, by=at.by)
            await beside.privacy.look()
            assert closed == ["tea"]
            assert beside.privacy.refusal("tea", ticket=None, cookies=held) is not None
