"""Passes and signed pages against the stand-in of WeChat: one fetch for all processes, quotas that
are left alone, tokens that stop being good, and services that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import text
from tests.support.platforms import APP_ID, SECRET, WechatDouble, wechat_double

from yaohe.kernel.clock import ManualClock
from yaohe.kernel.db import Database
from yaohe.kernel.lease import Leases
from yaohe.platforms.outgoing import Outgoing, PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.outgoing.client import ANSWER_S_MAX
from yaohe.platforms.passes import Passes, Trouble
from yaohe.platforms.wechat import Wechat, WechatApi

pytestmark = pytest.mark.db

TOKEN, TICKET = "/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"
PAGE = "https://live.example.com/s/abcdefghij?from=timeline&isappinstalled=0"


class Process:
    """One process of the installation: its own memory, the same database."""

    def __init__(self, db: Database, double: WechatDouble, name: str, secret: str = SECRET) -> None:
        self.clock = ManualClock()
        self.outgoing = Outgoing(through=double.base)
        passes = Passes(db, Leases(db, name), self.clock, chance=lambda: 1.0)
        self.api = WechatApi(self.outgoing, passes, app_id=APP_ID, secret=secret)
        self.wechat = Wechat(
            self.outgoing, passes, self.clock, account=self.api, hosts=["live.example.com"]
        )

    async def signed(self) -> dict[str, object]:
        config: dict[str, object] = msgspec.to_builtins(await self.wechat.js_config(PAGE + "#top"))
        return config

    async def troubles(self) -> list[Trouble]:
        (account,) = await self.wechat.connections()
        return account.troubles


@pytest_asyncio.fixture
async def double() -> AsyncIterator[WechatDouble]:
    async with wechat_double() as double:
        yield double


@pytest_asyncio.fixture
async def processes(fresh_db: Database, double: WechatDouble) -> AsyncIterator[list[Process]]:
    made = [Process(fresh_db, double, f"proc{number}") for number in range(3)]
    yield made
    for one in made:
        await one.outgoing.close()


async def later(db: Database, seconds: float) -> None:
    """Let time pass for what the database keeps."""
    columns = ("fetched_at", "good_until", "forced_at", "wait_until")
    moved = ", ".join(f"{c} = {c} - make_interval(secs => {seconds})" for c in columns)
    async with db.begin() as tx:
        await tx.execute(text(f"update platforms.passes set {moved}"))  # noqa: S608 - a number


async def test_one_fetch_serves_all_processes(
    processes: list[Process], double: WechatDouble
) -> None:
    double.delay_s = 0.1
    configs = await asyncio.gather(*(one.signed() for one in processes for _ in range(20)))
    assert double.calls == {TOKEN: 1, TICKET: 1}
    for config in configs:
        assert config["app_id"] == APP_ID
        assert config["signature"] == double.signature_of(PAGE, config)
    assert len({config["nonce"] for config in configs}) == len(configs)


async def test_what_is_kept_is_sealed(
    processes: list[Process], double: WechatDouble, fresh_db: Database
) -> None:
    await processes[0].signed()
    async with fresh_db.connect() as conn:
        rows = (
            await conn.execute(text("select name, sealed, trouble from platforms.passes"))
        ).all()
    assert len(rows) == 2
    for secret in (double.tokens[0], double.tickets[0], SECRET):
        assert secret not in str(rows)
        assert secret.encode() not in b"".join(row.sealed for row in rows)
    # Who holds another secret cannot open it, and asks for itself.
    other = Process(fresh_db, double, "other", "another")
    with pytest.raises(PlatformRefused, match="40125"):
        await other.signed()
    await other.outgoing.close()


async def test_renewed_before_its_end_while_the_old_one_is_handed_out(
    processes: list[Process], double: WechatDouble, fresh_db: Database
) -> None:
    one = processes[0]
    first = await one.api.token.value()
    double.bad_tokens.add(first)
    double.tokens.append("SECOND")
    double.delay_s = 0.05
    for seconds in (6_890.0, 20.0):  # up to the margin, then into it
        one.clock.advance(seconds)
        await later(fresh_db, seconds)
        assert await one.api.token.value() == first
    assert double.calls[TOKEN] <= 2
    renewing = one.api.token._renewing
    assert renewing is not None
    await renewing
    assert await one.api.token.value() == "SECOND"
    # The others read what it wrote.
    assert await processes[1].api.token.value() == "SECOND"
    assert double.calls[TOKEN] == 2


async def test_a_token_that_stops_being_good_is_replaced_once_and_the_call_repeated(
    processes: list[Process], double: WechatDouble
) -> None:
    for one in processes:
        await one.api.token.value()
    double.expire()
    await asyncio.gather(*(one.signed() for one in processes for _ in range(5)))
    # Asked for a new one the normal way, which gave the same, then once with force.
    assert double.calls[TOKEN] == 3
    assert double.forced == 1
    assert double.calls[TICKET] == 2


async def test_a_token_that_is_never_good_is_not_asked_for_again_and_again(
    processes: list[Process], double: WechatDouble
) -> None:
    double.faults[TICKET] = ["40001"] * 50
    for _ in range(5):
        for one in processes:
            one.clock.advance(60)
            with pytest.raises(PlatformRefused):
                await one.signed()
    assert double.forced == 1
    assert double.calls[TOKEN] <= 3
    assert double.calls[TICKET] <= 3


async def test_a_used_up_quota_is_left_alone_until_the_day_turns(
    processes: list[Process], double: WechatDouble, fresh_db: Database
) -> None:
    double.faults[TICKET] = ["45009"]
    for one in processes:
        for _ in range(10):
            one.clock.advance(30)
            with pytest.raises(PlatformQuota):
                await one.signed()
    assert double.calls == {TOKEN: 1, TICKET: 1}
    (trouble, *rest) = await processes[2].troubles()
    assert trouble.kind == "quota"
    beijing = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    turn = (beijing + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert abs(trouble.until - turn) < timedelta(seconds=5)
    assert all(other.kind == "quota" for other in rest)
    # The next day it is asked again.
    await later(fresh_db, 86_400)
    for one in processes:
        one.clock.advance(86_400)
    config = await processes[1].signed()
    assert config["signature"] == double.signature_of(PAGE, config)
    assert await processes[1].troubles() == []


@pytest.mark.parametrize("fault", ["500", "junk", "busy", "late"])
async def test_a_service_that_breaks_is_asked_ever_more_rarely(
    processes: list[Process], double: WechatDouble, fresh_db: Database, fault: str
) -> None:
    double.faults[TOKEN] = [fault] * 3
    if fault == "late":
        for one in processes:
            one.outgoing.answer_s_max = 1.0
    for _ in range(10):
        for one in processes:
            with pytest.raises(PlatformAway):
                await one.signed()
    assert double.calls[TOKEN] == 1
    for calls, seconds in ((2, 2.1), (3, 4.1)):  # the pause doubles
        await later(fresh_db, seconds)
        for one in processes:
            one.clock.advance(seconds + 5)
            with pytest.raises(PlatformAway):
                await one.signed()
        assert double.calls[TOKEN] == calls
    await later(fresh_db, 8.1)
    processes[0].outgoing.answer_s_max = ANSWER_S_MAX
    processes[0].clock.advance(20)
    config = await processes[0].signed()
    assert config["signature"] == double.signature_of(PAGE, config)


async def test_while_the_service_is_away_the_old_pass_is_used_to_its_end(
    processes: list[Process], double: WechatDouble, fresh_db: Database
) -> None:
    first = await processes[0].api.token.value()
    await later(fresh_db, 7_100)
    double.faults[TOKEN] = ["500"]
    assert await processes[1].api.token.value() == first
    assert double.calls[TOKEN] == 2
    assert await processes[2].api.token.value() == first
    assert double.calls[TOKEN] == 2


async def test_wrong_settings_are_told_in_the_services_own_number(
    fresh_db: Database, double: WechatDouble
) -> None:
    wrong = Process(fresh_db, double, "wrong", "not the secret")
    for _ in range(3):
        wrong.clock.advance(60)
        with pytest.raises(PlatformRefused, match="40125"):
            await wrong.signed()
    assert double.calls[TOKEN] == 1
    told = [(trouble.name, trouble.kind) for trouble in await wrong.troubles()]
    assert told == [("access_token", "40125"), ("jsapi_ticket", "40125")]
    # Nobody knows that it is mended before it was asked for again.
    await later(fresh_db, 86_400)
    assert len(await wrong.troubles()) == 2
    await wrong.outgoing.close()


async def test_who_mended_a_setting_has_it_asked_for_again_at_once(
    processes: list[Process], double: WechatDouble
) -> None:
    one = processes[0]
    double.faults[TOKEN] = ["40164", "40164"]
    with pytest.raises(PlatformRefused):
        await one.signed()
    (still,) = await one.wechat.check()
    assert (still.kind, still.app_id) == ("official", APP_ID)
    assert [trouble.kind for trouble in still.troubles] == ["40164", "40164"]
    assert double.calls[TOKEN] == 2
    (mended,) = await one.wechat.check()
    assert mended.troubles == []
    # Nothing is asked for that is there already; and the page is signed at once.
    await one.wechat.check()
    assert double.calls == {TOKEN: 3, TICKET: 1}
    assert (await one.signed())["app_id"] == APP_ID


async def test_a_used_up_quota_is_not_asked_past(
    processes: list[Process], double: WechatDouble
) -> None:
    double.faults[TICKET] = ["45009"]
    with pytest.raises(PlatformQuota):
        await processes[0].signed()
    for one in processes:
        (told,) = await one.wechat.check()
        assert {trouble.kind for trouble in told.troubles} == {"quota"}
    assert double.calls == {TOKEN: 1, TICKET: 1}
