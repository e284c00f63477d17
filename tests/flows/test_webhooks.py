"""What happens is told to servers of others: signed, once per fact and endpoint, until they have
it, whatever they answer; and one that is slow or gone keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from tests.conftest import Server
from tests.support.demo import free_ports
from tests.support.example import example
from tests.support.outside import Yard, click_of, follow, yard
from tests.support.patience import PATIENCE_S
from tests.support.receiver import Came, Receiver, receiving

from yaohe.client import verify
from yaohe.platforms.outgoing import NotReached, PublicOutgoing
from yaohe.webhooks import Happened
from yaohe.webhooks.deliveries import store

pytestmark = pytest.mark.db
DESK = "/api/v1/staff/webhooks"


@dataclass
class Hooks:
    home: Yard
    receiver: Receiver
    sql: asyncpg.Connection

    async def add(self, path: str, *events: str, mode: str = "live") -> dict[str, Any]:
        """A new endpoint: `{info, secret}`."""
        asked = {"url": self.receiver.url(path), "events": list(events), "mode": mode}
        answer = await self.home.owner.post(DESK, json=asked)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def post(self, made: dict[str, Any], rest: str) -> Any:
        answer = await self.home.owner.post(f"{DESK}/{made['info']['id']}/{rest}")
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def log(self, made: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        path = f"{DESK}/{made['info']['id']}/deliveries"
        items: list[dict[str, Any]] = (await self.home.owner.get(path, params=query)).json()[
            "items"
        ]
        return items

    async def info(self, made: dict[str, Any]) -> dict[str, Any]:
        listed = (await self.home.owner.get(DESK)).json()["items"]
        found: dict[str, Any] = next(one for one in listed if one["id"] == made["info"]["id"])
        return found

    async def settled(self, made: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        """The newest delivery once it is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for one in (await self.log(made))[:1]:
                    if all(one[name] == value for name, value in wanted.items()):
                        return one
                await asyncio.sleep(0.05)

    async def due_now(self) -> None:
        """As if the pause before the next try were over."""
        await self.sql.execute(
            "update webhooks.deliveries set next_at = now() where state = 'waiting'"
        )

    async def one_test(self, path: str, mood: str) -> tuple[dict[str, Any], Came]:
        """An endpoint of its own, and a test message to it that meets this mood."""
        made = await self.add(path, "order.paid")
        self.receiver.moods[path].append(mood)
        await self.post(made, "test")
        (came,) = await self.receiver.until(path, 1)
        return made, came


@pytest_asyncio.fixture(scope="module")
async def hooks(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hooks]:
    data = tmp_path_factory.mktemp("webhooks")
    async with (
        pg.clone() as url,
        yard(data, url, webhooks_private=True) as home,
        receiving() as receiver,
    ):
        sql = await asyncpg.connect(url)
        yield Hooks(home, receiver, sql)
        await sql.close()


@pytest.fixture(autouse=True)
async def _leave_no_endpoint(hooks: Hooks) -> AsyncIterator[None]:
    yield
    for one in (await hooks.home.owner.get(DESK)).json()["items"]:
        await hooks.home.owner.delete(f"{DESK}/{one['id']}")


async def test_facts_are_told_to_those_who_asked(hooks: Hooks) -> None:
    """Two endpoints get a click, one also the order; none gets what it did not choose, and what
    happens in test mode stays there."""
    everything = await hooks.add("/all", "share.clicked", "outside_order.paid")
    clicks = await hooks.add("/clicks", "share.clicked")
    testing = await hooks.add("/testing", "share.clicked", "outside_order.paid", mode="test")
    server, page = await hooks.home.server(), await hooks.home.page()
    await server.room("told")
    await page.enter("told")
    share = await page.ok("POST", "/rooms/told/shares", {"channel": "wechat"})
    friend = await hooks.home.page()
    hooks.home.anybody.cookies.clear()
    await friend.enter("told", click_of(await follow(hooks.home.anybody, share["url"])))
    order = {"amount_minor": 9_900, "currency": "CNY", "visitor": friend.visitor}
    await server.ok("PUT", "/orders/told-1", order)
    await server.ok("PUT", "/orders/told-1", order)

    came = {one.event["type"]: one for one in await hooks.receiver.until("/all", 2)}
    (click,) = await hooks.receiver.until("/clicks", 1)
    assert click.signed_by(clicks["secret"])
    assert not click.signed_by(everything["secret"])
    assert click.id == came["share.clicked"].id
    assert click.event["data"]["share"] in share["url"]
    assert click.event["data"]["room_ref"] == "told"
    paid = came["outside_order.paid"]
    event = verify(everything["secret"], paid.headers, paid.body)
    assert event.data["ref"] == "told-1"
    assert (event.data["amount_minor"], event.data["share"]) == (
        9_900,
        click.event["data"]["share"],
    )

    trier = await hooks.home.server(mode="test")
    await trier.room("told")
    user = {"amount_minor": 100, "currency": "CNY", "user": {"id": "u-1"}}
    await trier.ok("PUT", "/orders/told-2", user)
    (tried,) = await hooks.receiver.until("/testing", 1)
    assert tried.event["data"]["ref"] == "told-2"
    assert tried.signed_by(testing["secret"])
    assert (len(hooks.receiver.at("/all")), len(hooks.receiver.at("/clicks"))) == (2, 1)


async def test_a_fact_told_again_is_one_message(hooks: Hooks) -> None:
    """The relay may hand a step the same fact twice after a crash between two processes."""
    made = await hooks.add("/again", "room.live")
    system = hooks.home.system
    at = system.clock.now()
    book = await hooks.sql.fetchval("select book from webhooks.endpoints")
    fact = Happened(event_id=10**9, book=book, type="room.live", at=at, data={"room_id": "r"})
    for _ in range(2):
        async with system.db.begin() as tx:
            await system.webhooks.tell(tx, [fact])
    await hooks.settled(made, state="delivered")
    assert len(await hooks.log(made)) == 1


async def test_what_fails_is_sent_again_under_the_same_id(hooks: Hooks) -> None:
    made, first = await hooks.one_test("/later", "500")
    waiting = await hooks.settled(made, tries=1, last_status=500)
    assert waiting["state"] == "waiting"
    assert (await hooks.info(made))["failing_since"] is not None
    hooks.receiver.moods["/later"] += ["reset", "redirect", "429 after 7200"]
    expected = ((None, "no_answer"), (302, ""), (429, ""), (204, ""))
    for count, (status, why) in enumerate(expected, 2):
        await hooks.due_now()
        await hooks.receiver.until("/later", count)
        await hooks.settled(made, tries=count, last_status=status, last_why=why)
        if count == 4:
            ahead = "select extract(epoch from next_at - now()) from webhooks.deliveries where"
            assert 7_100 < await hooks.sql.fetchval(f"{ahead} message_id = $1", first.id) <= 7_200
    assert not hooks.receiver.at("/elsewhere"), "a redirect was followed"
    came = hooks.receiver.at("/later")
    assert {one.id for one in came} == {first.id}
    assert {one.body for one in came} == {first.body}
    assert all(one.signed_by(made["secret"]) for one in came)
    assert (await hooks.info(made))["failing_since"] is None
    whole = (
        await hooks.home.owner.get(f"{DESK}/{made['info']['id']}/deliveries/{first.id}")
    ).json()
    assert [one["status"] for one in whole["tries"]] == [204, 429, 302, None, 500]
    assert whole["body"].encode() == first.body


async def test_after_the_last_try_it_has_failed_and_can_be_replayed(hooks: Hooks) -> None:
    made, first = await hooks.one_test("/last", "500")
    await hooks.settled(made, tries=1, last_status=500)
    hooks.receiver.moods["/last"].append("500")
    await hooks.sql.execute("update webhooks.deliveries set tries = 11, next_at = now()")
    failed = await hooks.settled(made, state="failed")
    assert failed["next_at"] is None
    assert await hooks.post(made, "replay-failed") == {"count": 1}
    await hooks.settled(made, state="delivered")
    await hooks.post(made, f"deliveries/{first.id}/replay")
    came = await hooks.receiver.until("/last", 4)
    assert {one.id for one in came} == {first.id}


async def test_gone_pauses_and_what_comes_waits_until_it_is_resumed(hooks: Hooks) -> None:
    made, _ = await hooks.one_test("/gone", "410")
    await hooks.settled(made, tries=1, last_status=410)
    info = await hooks.info(made)
    assert info["paused_why"] == "gone"
    path = f"{DESK}/{made['info']['id']}"
    refused = await hooks.home.owner.post(f"{path}/test")
    assert refused.json()["error"]["code"] == "webhook_paused"
    await hooks.due_now()
    beside = await hooks.add("/beside", "order.paid")
    await hooks.post(beside, "test")
    await hooks.receiver.until("/beside", 1)
    assert len(hooks.receiver.at("/gone")) == 1, "a paused endpoint was asked"
    await hooks.home.owner.patch(path, json={"paused": False})
    await hooks.receiver.until("/gone", 2)
    assert (await hooks.settled(made, state="delivered"))["last_status"] == 204


async def test_an_endpoint_that_fails_for_days_is_paused(hooks: Hooks) -> None:
    made, _ = await hooks.one_test("/dead", "500")
    await hooks.settled(made, tries=1, last_status=500)
    await hooks.sql.execute(
        "update webhooks.endpoints set failing_since = now() - interval '73 hours'"
    )
    hooks.receiver.moods["/dead"].append("503 after soon")
    await hooks.due_now()
    await hooks.settled(made, tries=2, last_status=503)
    assert (await hooks.info(made))["paused_why"] == "failing"
    await hooks.sql.execute(
        "update webhooks.deliveries set waiting_since = now() - interval '73 hours'"
    )
    async with hooks.home.system.db.begin() as tx:
        await store.sweep(tx.conn)
    assert (await hooks.log(made, state="failed"))[0]["tries"] == 2


async def test_slow_and_endless_answers_hold_nobody_up(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight slow ones fill one endpoint's line; another gets its message meanwhile. Who says 200
    has it, however the body goes on."""
    monkeypatch.setattr(hooks.home.system.webhooks.outgoing, "answer_s_max", 300.0)
    slow = await hooks.add("/slow", "order.paid")
    hooks.receiver.moods["/slow"] += ["slow"] * 8
    for _ in range(8):
        await hooks.post(slow, "test")
    await hooks.receiver.until("/slow", 8)
    huge, _ = await hooks.one_test("/huge", "huge")
    await hooks.settled(huge, state="delivered")
    drip, _ = await hooks.one_test("/drip", "drip")
    await hooks.settled(drip, state="delivered")
    assert {one["last_status"] for one in await hooks.log(slow)} == {None}
    assert (await hooks.info(slow))["failing_since"] is None, "the slow ones still go on"


async def test_who_does_not_answer_in_time_is_left(hooks: Hooks) -> None:
    hasty = PublicOutgoing(private=True, answer_s_max=0.2)
    hooks.receiver.moods["/hasty"].append("slow")
    try:
        with pytest.raises(NotReached, match="timeout"):
            await hasty.post(hooks.receiver.url("/hasty"), b"{}", {})
    finally:
        await hasty.close()


async def test_for_a_day_both_secrets_sign(hooks: Hooks) -> None:
    made = await hooks.add("/turned", "order.paid")
    turned = await hooks.post(made, "secret")
    assert turned["info"]["old_until"] is not None
    await hooks.post(made, "test")
    (came,) = await hooks.receiver.until("/turned", 1)
    assert came.signed_by(made["secret"])
    assert came.signed_by(turned["secret"])
    await hooks.sql.execute("update webhooks.endpoints set old_until = now()")
    await hooks.post(made, "test")
    came = (await hooks.receiver.until("/turned", 2))[1]
    assert not came.signed_by(made["secret"])
    assert came.signed_by(turned["secret"])


async def test_endpoints_belong_to_staff_and_have_a_limit(hooks: Hooks) -> None:
    hooks.home.anybody.cookies.clear()
    assert (await hooks.home.anybody.get(DESK)).status_code == 401
    missing = await hooks.home.owner.post(f"{DESK}/whe_none/test")
    assert missing.json()["error"]["code"] == "webhook_not_found"
    asked = {"url": hooks.receiver.url("/many"), "events": ["room.live"]}
    answers = await asyncio.gather(*(hooks.home.owner.post(DESK, json=asked) for _ in range(24)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] * 20 + [409] * 4
    secrets = await hooks.sql.fetch("select secret from webhooks.endpoints")
    shown = [answer.json()["secret"] for answer in answers if answer.status_code == 201]
    assert len(set(shown)) == 20
    assert not any(one.encode() in bytes(row["secret"]) for one in shown for row in secrets)


async def test_only_public_addresses_are_connected_to(hooks: Hooks) -> None:
    """A name may say something else by the time it is asked, so the connection itself judges."""
    strict = PublicOutgoing()
    try:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            url = f"http://{host}:{hooks.receiver.port}/inside"
            with pytest.raises(NotReached, match="private_address"):
                await strict.post(url, b"{}", {})
        with pytest.raises(NotReached, match="unknown_name"):
            await strict.post("http://nowhere.invalid/", b"{}", {})
    finally:
        await strict.close()
    assert not hooks.receiver.at("/inside")


async def test_what_a_killed_process_had_taken_is_sent_by_the_next(hooks: Hooks) -> None:
    """Taken and never settled, as kill -9 leaves it."""
    made = await hooks.add("/killed", "order.paid")
    system = hooks.home.system
    await hooks.sql.execute("update webhooks.endpoints set paused_at = now(), paused_why = 'staff'")
    async with system.db.begin() as tx:
        await store.tell_one(
            tx.conn, made["info"]["id"], message_id="msg_killed", type_name="webhook.test",
            body='{"type":"webhook.test","timestamp":"t","data":{}}', at=system.clock.now(),
        )  # fmt: skip
    # Woken and taken by somebody else in one transaction; this house sees it taken.
    async with system.db.begin() as tx:
        await tx.conn.exec_driver_sql(
            "update webhooks.endpoints set paused_at = null, paused_why = ''"
        )
        (taken,) = await store.take(tx.conn, made["info"]["id"], 8)
    assert (taken.message_id, taken.tries) == ("msg_killed", 1)
    assert not hooks.receiver.at("/killed")
    await hooks.due_now()
    (came,) = await hooks.receiver.until("/killed", 1)
    assert came.id == "msg_killed"
    assert (await hooks.settled(made, state="delivered"))["tries"] == 2


async def test_the_example_books_each_message_once(hooks: Hooks, tmp_path: Path) -> None:
    """As a reader runs it: it refuses what is not signed, and a replay changes nothing there."""
    (port,) = free_ports(1)
    asked = {"url": f"http://127.0.0.1:{port}/", "events": ["order.paid"]}
    made = (await hooks.home.owner.post(DESK, json=asked)).json()
    given = {"YAOHE_WEBHOOK_SECRET": made["secret"], "BOOKS": str(tmp_path / "booked.db")}
    async with (
        example("webhook-receiver/server.py", port, **given) as home,
        httpx.AsyncClient(base_url=home) as reader,
    ):
        told = await hooks.post(made, "test")
        await hooks.settled(made, state="delivered")
        await hooks.post(made, f"deliveries/{told['message_id']}/replay")
        await hooks.settled(made, state="delivered", tries=1)
        forged = await reader.post("/", json={"type": "order.paid", "timestamp": "t", "data": {}})
        assert forged.status_code == 400
        (booked,) = (await reader.get("/")).json()["booked"]
        assert booked["id"] == told["message_id"]
