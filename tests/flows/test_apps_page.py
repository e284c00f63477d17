"""Every call in the walk-throughs for apps is made as it stands there, in each language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server
from tests.support.browser import ANDROID
from tests.support.outside import Caller, click_of, follow, yard

pytestmark = pytest.mark.db

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/apps.md").read_text()
CODE = dict(re.findall(r"```(kotlin|swift|js)\n(.*?)```", PAGE, re.DOTALL))
_CALL = re.compile(
    r"""call\((["'])(?P<method>[A-Z]+)\1, (?P<path>["'].*?), (?P<body>[\[{m].*?[\])}])\)"""
)
_FIELD = re.compile(r"""["']?(?P<name>\w+)["']?(?: to |: )(?P<value>["'][^"']*["']|\w+)""")
_WORDS: dict[str, Any] = {"true": True, "false": False}


def value_of(text: str, known: dict[str, Any]) -> Any:
    """A literal, or what the code calls by a name."""
    if text[0] in "\"'":
        return text[1:-1]
    return _WORDS[text] if text in _WORDS else known[text]


def calls_of(code: str, known: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The calls in order; `known` may grow between two of them."""
    for found in _CALL.finditer(code):
        parts = [part.strip() for part in found["path"].split(" + ")]
        path = "".join(value_of(part, known) for part in parts)
        body = {f["name"]: value_of(f["value"], known) for f in _FIELD.finditer(found["body"])}
        yield found["method"], path, body


@pytest.mark.parametrize("language", ["kotlin", "swift", "js"])
async def test_the_calls_do_what_they_say(pg: Server, tmp_path: Path, language: str) -> None:
    async with pg.clone() as url, yard(tmp_path, url) as home:
        server, sharer = await home.server(), await home.page()
        await server.room()
        await sharer.enter()
        link = await sharer.ok("POST", "/rooms/show-1/shares", {"channel": "wechat"})
        click = click_of(await follow(home.anybody, link["url"]))
        key = (await home.key(kind="public", sites=[], apps=True))["key"]
        app = Caller(home.anybody, key)
        agent = ANDROID if language == "js" else f"{ANDROID} TeaApp/1.0"
        known: dict[str, Any] = {"click": click, "id": "an-id-of-its-own"}
        told: list[Any] = []
        made: list[str] = []
        for method, path, body in calls_of(CODE[language], known):
            answer = await app.ok(method, path, body, **{"user-agent": agent})
            told.append(answer)
            made.append(path.rpartition("/")[2])
            if answer is None:  # done, and nothing to tell
                continue
            app.visitor = answer.get("visitor", app.visitor)
            known["token"] = answer.get("token", known.get("token"))
            if "invited" in answer:
                known["invited"] = answer["invited"]["token"]
        assert made == ["visits", "watch", "shares", "intend", "events"]
        assert told[0]["counted"] is True, "a person with an app, and no program"
        report = await server.ok("GET", "/rooms/show-1/report")
        assert report["shares"]["totals"]["clicks"] == 1
        assert report["shares"]["totals"]["intended"] == 2
        async with home.system.db.raw() as conn:
            watched = await conn.fetchval("select array_agg(token) from sharing.visits")
            parents = await conn.fetchval(
                "select array_agg(parent_token) from sharing.shares where parent_token is not null"
            )
        assert watched == parents == [link["url"].rpartition("/")[2]]
        assert [event["name"] for event in report["events"]] == ["add_to_cart"]
        # The same by the bare name of a library counts nobody, as the page says.
        link = await sharer.ok("POST", "/rooms/show-1/shares", {"channel": "wechat"})
        other = Caller(home.anybody, key)
        click = click_of(await follow(home.anybody, link["url"]))
        visit = await other.ok(
            "POST", "/rooms/show-1/visits", {"click": click}, **{"user-agent": "okhttp/4.12"}
        )
        assert visit["counted"] is False
