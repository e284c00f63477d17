"""A shop whose account is at WeChat: the file that proves its domain, and what its people are told
when WeChat refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import Browser
from tests.support.platforms import APP_ID, SECRET, wechat_double
from tests.support.system import running_system

from yaohe.app.build import System

pytestmark = pytest.mark.db

OWNER = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}
CONNECTIONS, PAGE = "/api/v1/wechat/connections", "http%3A%2F%2Fyaohe.test%2Fr%2Ftea"
JS_CONFIG = f"/api/v1/wechat/js-config?url={PAGE}"
FIRST_CALL = "/cgi-bin/stable_token"
TROUBLE = "wechat.official.access_token"
HERE = {"host": "127.0.0.1"}


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


@asynccontextmanager
async def owned(system: System) -> AsyncIterator[Browser]:
    staff = Browser()
    setup = {"token": await system.identity.setup_token(), **OWNER}
    assert (await staff.ask(system.app, "POST", "/api/v1/staff/setup", setup)).ok
    yield staff


async def test_a_refusal_is_told_to_people_and_probes_until_it_is_mended(
    tmp_path: Path, url: str
) -> None:
    given = {"wechat_app_id": APP_ID, "wechat_secret": SECRET}
    async with wechat_double() as double:
        double.faults[FIRST_CALL] = ["40164"]
        async with (
            running_system(tmp_path, url, **given, platforms_url=double.base) as system,
            owned(system) as staff,
        ):
            guest, probe = Browser(), Browser(address="127.0.0.1")
            assert (await guest.ask(system.app, "GET", CONNECTIONS)).status == 401
            assert (await guest.ask(system.app, "POST", f"{CONNECTIONS}/check")).status == 401
            refused = await guest.ask(system.app, "GET", JS_CONFIG)
            assert refused.word == "502 platform_refused"

            (account,) = (await staff.ask(system.app, "GET", CONNECTIONS)).json["items"]
            assert (account["kind"], account["app_id"]) == ("official", APP_ID)
            assert {trouble["kind"] for trouble in account["troubles"]} == {"40164"}
            # The shop goes on: it is a warning, and no reason to send people elsewhere.
            report = (await probe.ask(system.app, "GET", "/readyz")).json
            assert report["warnings"][TROUBLE] == "40164"
            assert set(report["parts"].values()) == {"ready"}
            assert report["ready"]
            assert (await probe.ask(system.app, "GET", "/metrics")).status == 401  # by its name
            figures = (await probe.ask(system.app, "GET", "/metrics", headers=HERE)).body.decode()
            assert f'yaohe_platform_trouble{{of="{TROUBLE}"}} 1.0' in figures

            checked = await staff.ask(system.app, "POST", f"{CONNECTIONS}/check")
            assert checked.json["items"][0]["troubles"] == []
            assert (await guest.ask(system.app, "GET", JS_CONFIG)).ok
            assert (await probe.ask(system.app, "GET", "/readyz")).json["warnings"] == {}
            after = (await probe.ask(system.app, "GET", "/metrics", headers=HERE)).body.decode()
            assert "yaohe_platform_trouble{" not in after
            await system.platforms.outgoing.close()


async def test_the_file_that_proves_a_domain(tmp_path: Path, url: str) -> None:
    async with running_system(tmp_path, url, wechat_verify=("a1B2c3", "zz9")) as system:
        guest = Browser()
        for code in ("a1B2c3", "zz9"):
            proof = await guest.ask(system.app, "GET", f"/MP_verify_{code}.txt")
            assert (proof.status, proof.body.decode()) == (200, code)
            assert proof.headers["content-type"].startswith("text/plain")
            assert proof.set_cookies == ()
        for other in ("/MP_verify_other.txt", "/MP_verify_.txt", "/MP_verify_a1b2c3.txt"):
            assert (await guest.ask(system.app, "GET", other)).status == 404


async def test_without_an_account_nothing_is_wrong_and_nothing_can_be_checked(
    tmp_path: Path, url: str
) -> None:
    async with running_system(tmp_path, url) as system, owned(system) as staff:
        assert (await staff.ask(system.app, "GET", CONNECTIONS)).json == {"items": []}
        checked = await staff.ask(system.app, "POST", f"{CONNECTIONS}/check")
        assert checked.word == "404 wechat_not_connected"
        assert (await staff.ask(system.app, "GET", "/readyz")).json["warnings"] == {}
