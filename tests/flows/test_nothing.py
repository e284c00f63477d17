"""An address that is nobody's, in the whole system: a page for people, JSON for programs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import Browser
from tests.support.system import running_system

pytestmark = pytest.mark.db

PAGE = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


async def test_nothing_is_told_in_the_readers_way(pg: Server, tmp_path: Path) -> None:
    async with pg.clone() as url, running_system(tmp_path, url) as system:
        who = Browser()
        for lang, title, action in (
            ("zh-CN,zh;q=0.9", "这里没有页面", "去看直播"),
            ("en-GB,en;q=0.8", "There is no page here", "See the rooms"),
        ):
            for path in ("/nothing", "/nothing/below?x=1", "/sandbox/nothing", "/wp-login.php"):
                told = await who.ask(
                    system.app, "GET", path, headers={"accept": PAGE, "accept-language": lang}
                )
                assert told.status == 404
                assert told.headers["content-type"].startswith("text/html")
                assert "default-src 'self'" in told.headers["content-security-policy"]
                page = gzip.decompress(told.body).decode()
                assert f"<h1>{title}</h1>" in page
                assert f'<a href="/" target="_top">{action}</a>' in page
        for path, headers in (
            ("/nothing", {}),
            ("/nothing", {"accept": "application/json"}),
            ("/api/v1/nothing", {"accept": PAGE}),
        ):
            told = await who.ask(system.app, "GET", path, headers=headers)
            assert told.word == "404 not_found"
            assert told.json["error"]["message"] == "There is nothing at this address."
        found = await who.ask(system.app, "GET", "/healthz", headers={"accept": PAGE})
        assert (found.status, found.body) == (200, b"ok")
