"""Whatever the OpenAPI document allows may be asked, and what it does not as well: the running
server answers each with an answer of its own, never with a 5xx.

Requests are written by schemathesis from the document that the server itself gives out. Each part
of the house is asked by the owner, and by a guest. `YAOHE_REQUESTS=200` asks that often of each.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from tests.support.shop import free_port, serve
from tests.support.system import running_system

from yaohe.kernel.db import Database

pytestmark = [pytest.mark.db, pytest.mark.slow]

MANY: Final = os.environ.get("YAOHE_REQUESTS", "")
OF_EACH: Final = int(MANY or "3")
ANSWER_S: Final = 30
OWNER: Final = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}
# These end the owner's own way in.
KEPT: Final = {"/api/v1/staff/logout", "/api/v1/staff/password"}
# No gateway and no other service is started here: that they are away is the true answer.
AWAY: Final = {"platform_away", "platform_refused"}
# "Try again" is the true answer of a machine that other tests use as well; then it is done.
BUSY: Final = {"busy", "try_again"}
TRIES: Final = 4


@dataclass
class Server:
    url: str
    owner: dict[str, str]
    document: dict[str, Any]


@pytest.fixture
async def server(fresh_db: Database, tmp_path: Path) -> AsyncIterator[Server]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings_ = {"public_url": url, "port": port, "writes_per_address_s": 100_000}
    async with (
        running_system(tmp_path / "data", fresh_db.url, **settings_) as system,
        serve(system.app, port),
        httpx.AsyncClient(base_url=url, headers={"origin": url}, timeout=ANSWER_S) as http,
    ):
        token = await system.identity.setup_token()
        set_up = await http.post("/api/v1/staff/setup", json={"token": token, **OWNER})
        assert set_up.status_code < 300, set_up.text
        document = (await http.get("/api/v1/openapi.json")).json()
        yield Server(url, dict(http.cookies), document)


def code_of(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"


def wrong(answer: requests.Response) -> str | None:
    """What is wrong with an answer: that it is the server's own fault, and nobody is away."""
    if answer.status_code < 500 or answer.status_code == 501:
        return None
    code = code_of(answer)
    return None if code in AWAY else f"{answer.status_code} {code}"


def ask_all(server: Server) -> tuple[Counter[str], list[str]]:
    """Every operation, asked as its document says and as it does not; what was wrong."""
    schema = schemathesis.openapi.from_dict(server.document)
    statuses: Counter[str] = Counter()
    troubles: list[str] = []
    with requests.Session() as owner, requests.Session() as guest:
        owner.cookies.update(server.owner)
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path in KEPT or operation.method == "head":
                continue
            strategy = st.one_of(
                operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
                operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
            )

            @settings(
                max_examples=OF_EACH,
                deadline=None,
                derandomize=not MANY,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy, who=st.sampled_from([owner, owner, guest]))
            def ask(case: schemathesis.Case, who: requests.Session) -> None:
                for _ in range(TRIES):
                    answer = case.call(
                        base_url=server.url,
                        session=who,
                        headers={"origin": server.url},
                        timeout=ANSWER_S,
                        allow_redirects=False,
                    )
                    if answer.status_code != 503 or code_of(answer) not in BUSY:
                        break
                statuses[str(answer.status_code)] += 1
                if answer.status_code >= 500 and (trouble := wrong(answer)):
                    troubles.append(f"{trouble}: {case.as_curl_command()}")

            ask()
    return statuses, troubles


async def test_no_request_is_answered_with_a_fault_of_ours(server: Server) -> None:
    statuses, troubles = await asyncio.to_thread(ask_all, server)
    assert not troubles, "\n".join(troubles[:20])
    # Who is only turned away at the door has proved nothing.
    done = sum(count for status, count in statuses.items() if status < "300")
    assert done >= 40, statuses


async def test_a_field_named_like_a_part_of_ours_is_told_like_any_other(server: Server) -> None:
    """Litestar takes it for that part, and would answer that we are broken."""
    async with httpx.AsyncClient(
        base_url=server.url, headers={"origin": server.url}, cookies=server.owner
    ) as owner:
        answer = await owner.put("/api/v1/shop/page", json={"privacy": "x" * 20_001})
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("bad_input", "privacy")
