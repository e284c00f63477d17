"""Logging in with WeChat, Weibo, QQ and Douyin against stand-ins: one person stays one account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from tests.support.browser import ANDROID, WECHAT
from tests.support.logins import APPS, LoginDouble, Someone, login_double

from yaohe.app.http import make_application
from yaohe.identity import Identity
from yaohe.identity.accounts.http import controllers
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.platforms.logins import SERVICES, LoginClient, Person
from yaohe.platforms.outgoing import Outgoing

pytestmark = pytest.mark.db

SITE = "https://live.example.com"


class Door:
    """The shop's own side, and the browsers that come to it."""

    def __init__(self, db: Database, double: LoginDouble) -> None:
        self.db, self.double, self.outgoing = db, double, Outgoing(through=double.base)
        clients = [
            LoginClient(self.outgoing, SERVICES[name], app_id=app, secret=secret)
            for name, (app, secret) in APPS.items()
        ]
        self.identity = Identity(
            db, SystemClock(), b"s" * 32, cookie_secure=False, origins=(SITE,), logins=clients
        )
        self._app = make_application(controllers, {"identity": self.identity})

    @asynccontextmanager
    async def browser(self, agent: str = ANDROID) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(
            transport=transport, base_url=SITE, headers={"user-agent": agent}
        ) as client:
            yield client

    async def agreed(self, browser: httpx.AsyncClient, service: str, next_path: str = "/") -> str:
        """The address that the service sends this browser back to."""
        sent = await browser.get(f"/login/{service}/", params={"next": next_path})
        assert sent.status_code == 303
        assert sent.headers["referrer-policy"] == "no-referrer"
        door = sent.headers["location"]
        if service == "wechat":
            assert door.endswith("#wechat_redirect")
        async with httpx.AsyncClient(trust_env=False) as outside:
            agreed = await outside.get(door.partition("#")[0])
        assert agreed.status_code == 302
        return agreed.headers["location"]

    async def log_in(self, browser: httpx.AsyncClient, service: str) -> None:
        done = await browser.get(await self.agreed(browser, service))
        assert (done.status_code, done.headers["location"]) == (303, "/")

    async def rows(self, table: str) -> int:
        async with self.db.connect() as conn:
            found = await conn.execute(text(f"select count(*) from identity.{table}"))  # noqa: S608
            return int(found.scalar_one())


async def account(browser: httpx.AsyncClient) -> dict[str, object] | None:
    found: dict[str, object] | None = (await browser.get("/api/v1/me/account")).json()["account"]
    return found


@pytest_asyncio.fixture
async def door(fresh_db: Database) -> AsyncIterator[Door]:
    async with login_double() as double:
        door = Door(fresh_db, double)
        yield door
        await door.outgoing.close()


@pytest.mark.parametrize("service", list(APPS))
async def test_one_person_is_one_account_in_every_browser(door: Door, service: str) -> None:
    async with door.browser(WECHAT) as phone, door.browser(WECHAT) as tablet:
        assert await account(phone) is None
        await door.log_in(phone, service)
        mine = await account(phone)
        assert mine is not None
        assert (mine["name"], mine["services"]) == ("小满", [service])
        assert mine["picture_url"] == "https://img.example/small.jpg"
        for browser in (tablet, phone, tablet):
            await door.log_in(browser, service)
        assert await account(tablet) == mine
        assert phone.cookies["yh_v"] == tablet.cookies["yh_v"]
        left = await phone.post("/api/v1/me/account/leave")
        assert left.status_code == 204
        assert await account(phone) is None
        assert await account(tablet) == mine
    assert (await door.rows("accounts"), await door.rows("logins")) == (1, 1)


async def test_a_second_service_joins_the_account_of_the_browser(door: Door) -> None:
    async with door.browser() as phone, door.browser() as other:
        await door.log_in(phone, "weibo")
        await door.log_in(phone, "qq")
        mine = await account(phone)
        assert mine is not None
        assert mine["services"] == ["qq", "weibo"]
        await door.log_in(other, "qq")
        assert await account(other) == mine
    assert await door.rows("accounts") == 1


async def test_somebody_else_at_the_same_browser_is_somebody_else(door: Door) -> None:
    async with door.browser() as shared:
        await door.log_in(shared, "qq")
        first, cookie = await account(shared), shared.cookies["yh_v"]
        door.double.signed_in = Someone("o-2", "u-2", name="阿强")
        await door.log_in(shared, "qq")
        second = await account(shared)
        assert first is not None
        assert second is not None
        assert second["id"] != first["id"]
        assert second["name"] == "阿强"
        assert shared.cookies["yh_v"] != cookie
    assert await door.rows("account_visitors") == 2


async def test_the_same_union_is_the_same_person_and_two_accounts_become_the_older(
    door: Door,
) -> None:
    join, new = door.identity.accounts.join, door.identity.new_visitor
    page, mini, third = new(), new(), new()
    common = {"service": "wechat", "name": "小满"}
    await join(Person(app_id="page", subject="o1", **common), page)
    await join(Person(app_id="mini", subject="o2", union="u", **common), mini)
    of = door.identity.accounts.of_visitor
    older, younger = await of(page.id), await of(mini.id)
    assert older is not None
    assert younger is not None
    assert older.id != younger.id
    # The page's login is told with its union at last.
    await join(Person(app_id="page", subject="o1", union="u", **common), page)
    assert await of(page.id) == await of(mini.id)
    await join(Person(app_id="third", subject="o3", union="u", **common), third)
    assert await of(third.id) == await of(page.id)
    assert await door.rows("accounts") == 1


async def test_logins_at_once_make_one_account(door: Door) -> None:
    person = Person(service="qq", app_id="qq-app", subject="o9", union="u9", name="小满")
    visitors = [door.identity.new_visitor() for _ in range(16)]
    await asyncio.gather(*(door.identity.accounts.join(person, one) for one in visitors * 2))
    counts = [await door.rows(t) for t in ("accounts", "logins", "account_visitors")]
    assert counts == [1, 1, 16]


async def test_a_state_is_good_once_for_the_visitor_who_began(door: Door) -> None:
    async with door.browser() as phone, door.browser() as thief:
        back = await door.agreed(phone, "weibo")
        stale = "/?login=login_stale"
        assert (await thief.get(back)).headers["location"] == stale
        assert (await phone.get(back.replace("/weibo/", "/qq/"))).headers["location"] == stale
        assert (await phone.get(back)).headers["location"] == "/"
        assert (await phone.get(back)).headers["location"] == stale
        old = await door.agreed(phone, "weibo")
        async with door.db.begin() as tx:
            moved = "update identity.login_states set created_at = now() - interval '11 minutes'"
            await tx.execute(text(moved))
        assert (await phone.get(old)).headers["location"] == stale
        assert await account(thief) is None


async def test_what_goes_wrong_is_told_to_the_page_they_come_back_to(door: Door) -> None:
    async with door.browser(WECHAT) as phone:
        back = await door.agreed(phone, "wechat", "/r/room_1?lang=en")
        door.double.codes.clear()
        refused = await phone.get(back)
        assert refused.headers["location"] == "/r/room_1?lang=en&login=platform_refused"
        back = await door.agreed(phone, "wechat", "/s/abc")
        canceled = await phone.get(back.replace("code=", "x="))
        assert canceled.headers["location"] == "/s/abc?login=login_canceled"
        # WeChat's made-up person of a page that is only looked at is nobody.
        door.double.signed_in = Someone("o-3", snapshot=True)
        made_up = await phone.get(await door.agreed(phone, "wechat"))
        assert made_up.headers["location"] == "/?login=platform_refused"
        assert await account(phone) is None
        # Without a name they are still the one they are.
        door.double.signed_in, door.double.profile_away = Someone("o-4"), True
        await door.log_in(phone, "wechat")
        nameless = await account(phone)
        assert nameless is not None
        assert nameless["name"] == ""


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example", "https://evil.example/", "/\\evil.example", "/r/../studio", "/studio",
        "/s/abc\r\nX: y", "/login/qq/back?code=1", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere_after_a_login(door: Door, path: str) -> None:
    async with door.browser() as phone:
        done = await phone.get(await door.agreed(phone, "qq", path))
        assert done.headers["location"] == "/"


async def test_only_what_is_configured_and_works_here_is_offered(
    door: Door, fresh_db: Database
) -> None:
    async with door.browser() as phone, door.browser(WECHAT) as wechat:
        for browser, first in ((phone, "weibo"), (wechat, "wechat")):
            offers = (await browser.get("/api/v1/me/account")).json()["offers"]
            assert offers[0]["id"] == first
            assert {"id": "qq", "name": "QQ", "name_en": "QQ"} in offers
        missing = await phone.get("/login/facebook/")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "login_not_offered")
