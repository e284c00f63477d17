"""Secrets never reach the log, wherever they stand."""

from __future__ import annotations

from typing import Any

import pytest

from yaohe.app.logs import _redact, scrub
from yaohe.live.privacy.model import derive_key, seal


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"stream_key": "hush"}, {"stream_key": "***"}),
        ({"path": "/whip/hush", "method": "POST"}, {"path": "/whip/***", "method": "POST"}),
        ({"ticket": "hush", "invite": "hush"}, {"ticket": "***", "invite": "***"}),
        ({"path": "/api/v1/rooms"}, {"path": "/api/v1/rooms"}),
        ({"access_token": "hush"}, {"access_token": "***"}),
        ({"jsapi_ticket": "hush"}, {"jsapi_ticket": "***"}),
        ({"app_secret": "hush"}, {"app_secret": "***"}),
        ({"code": "platform_quota"}, {"code": "platform_quota"}),  # our own word, no secret
    ],
)
def test_secrets_are_hidden(event: dict[str, str], shown: dict[str, str]) -> None:
    assert _redact(None, "info", event) == shown


@pytest.mark.parametrize("kind", ["invitation", "pass", "ticket"])
def test_what_opens_a_private_room_is_hidden_wherever_it_stands(kind: Any) -> None:
    sealed = seal(derive_key(b"x" * 32), kind, "spring-tea", "inv_0c5k", 1_796_000_000)
    for line in (f"GET /live/spring-tea/ws?ticket={sealed}&x=1", f"KeyError: '{sealed}'"):
        assert sealed not in scrub(line)
        assert scrub(line) == line.replace(sealed, "***")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "GET /login/wechat/back?code=hush&state=hush HTTP/1.1",
            "GET /login/wechat/back?code=***&state=*** HTTP/1.1",
        ),
        (
            "https://api.weixin.qq.com/x?type=jsapi&access_token=hush#top",
            "https://api.weixin.qq.com/x?type=jsapi&access_token=***#top",
        ),
        ("Bad answer from '/y?ticket=hush'", "Bad answer from '/y?ticket=***'"),
        ("GET /rt?frame=v_hush.hush HTTP/1.1", "GET /rt?frame=*** HTTP/1.1"),
        ("GET /r/tea?s=x&yh_cid=hush HTTP/1.1", "GET /r/tea?s=x&yh_cid=*** HTTP/1.1"),
        ("pass_not_renewed code=platform_away", "pass_not_renewed code=platform_away"),
    ],
)
def test_keys_of_other_services_are_hidden_in_addresses(line: str, shown: str) -> None:
    assert scrub(line) == shown
