"""Rooms follow their publishers: live, slate, grace, ended; and one process owns each of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.support.shop import until

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.lease import Leases
from yaohe.live.media import MediaOrigin, PublishEvent, PublishRefused
from yaohe.live.media.errors import ShowOver
from yaohe.live.rooms import NewRoom, Room, RoomChange, RoomIdTaken, RoomNotFound, Rooms
from yaohe.live.rooms.errors import RoomNotLive, RoomOwnedElsewhere
from yaohe.live.rooms.model import MOVES, cleaned
from yaohe.live.rooms.ownership import Ownership

pytestmark = pytest.mark.db


def rooms_of(db: Database, origin: MediaOrigin, *, grace_s: int = 120) -> Rooms:
    return Rooms(
        db,
        MemoryBus(),
        origin,
        Leases(db, owner=new_id("proc")),
        public_url="https://shop.example",
        rtmp_port=1935,
        grace_s=grace_s,
    )


@pytest.fixture
async def origin() -> MediaOrigin:
    return MediaOrigin()


@pytest.fixture
async def rooms(db: Database, origin: MediaOrigin) -> Rooms:
    return rooms_of(db, origin)


async def opened(rooms: Rooms) -> Room:
    return await rooms.create(NewRoom(title="春茶", host_name="小林"))


async def told(rooms: Rooms, room: Room, kind: str, reason: str = "") -> None:
    await rooms._apply(
        PublishEvent(room_id=room.id, kind=kind, reason=reason, detail="", remote="127.0.0.1")  # type: ignore[arg-type]
    )


async def test_the_publisher_begins_the_show_and_the_host_ends_it(rooms: Rooms) -> None:
    room = await opened(rooms)
    assert room.status == "upcoming"
    with pytest.raises(RoomNotLive):
        await rooms.end(room.id)
    await told(rooms, room, "started")
    assert (await rooms.get(room.id)).status == "live"
    ended = await rooms.end(room.id)
    assert (ended.status, ended.slate) == ("ended", False)
    await rooms.let_in(room.id)
    await told(rooms, room, "started")  # the same room may hold another show
    assert (await rooms.get(room.id)).status == "live"


async def hours_pass(db: Database, room: Room) -> None:
    """As if the publisher was lost, or last tried to come in, an hour ago."""
    then = text(
        "update live.rooms set publisher_lost_at = publisher_lost_at - interval '1 hour',"
        " shut_at = shut_at - interval '1 hour' where id = :id"
    )
    async with db.begin() as tx:
        await tx.execute(then, {"id": room.id})


async def test_after_the_end_an_encoder_that_sends_on_is_kept_out(
    db: Database, rooms: Rooms
) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    await rooms.end(room.id)
    assert await rooms.is_shut(room.id)
    with pytest.raises(ShowOver) as refused:
        await rooms.authorize(room.stream_key)
    assert refused.value.room_id == room.id
    # Who only tests the line before the next show may.
    assert await rooms.authorize(room.stream_key, probe=True) == room.id
    await rooms.let_in(room.id)
    assert not await rooms.is_shut(room.id)
    assert await rooms.authorize(room.stream_key) == room.id


async def test_an_encoder_on_its_way_in_while_the_host_ends_the_show_is_sent_away(
    origin: MediaOrigin, rooms: Rooms
) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    await rooms.end(room.id)
    refusals: list[PublishRefused] = []
    origin.publish(room.id, remote="192.0.2.1", on_replaced=refusals.append)  # authorized before
    await told(rooms, room, "started")
    assert (await rooms.get(room.id)).status == "ended"
    assert [refusal.code for refusal in refusals] == ["show_over"]


async def test_waiting_in_front_of_the_door_opens_nothing_but_staying_away_does(
    db: Database, rooms: Rooms
) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    await rooms.end(room.id)
    knocked = text("select shut_at from live.rooms where id = :id")
    moments = []
    for _ in range(2):
        with pytest.raises(ShowOver):
            await rooms.authorize(room.stream_key)
        async with db.connect() as conn:
            moments.append((await conn.execute(knocked, {"id": room.id})).scalar_one())
    assert moments[0] < moments[1]
    await hours_pass(db, room)  # the encoder was off over night
    assert await rooms.authorize(room.stream_key) == room.id
    await told(rooms, room, "started")
    assert (await rooms.get(room.id)).status == "live"


async def test_a_new_key_lets_its_encoder_in(rooms: Rooms) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    await rooms.end(room.id)
    assert await rooms.authorize(await rooms.rotate_key(room.id)) == room.id


async def test_a_lost_publisher_means_slate_and_its_return_goes_on(rooms: Rooms) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    began = (await rooms.get(room.id)).started_at
    await told(rooms, room, "stopped")
    away = await rooms.get(room.id)
    assert away.slate
    assert away.slate_since == away.publisher_lost_at is not None
    await told(rooms, room, "started")
    back = await rooms.get(room.id)
    assert (back.slate, back.slate_since, back.started_at) == (False, None, began)


async def test_while_another_rung_goes_on_nobody_waits_for_the_lost_one(
    origin: MediaOrigin, rooms: Rooms
) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    origin.open(room.id).open_epoch(init=b"init", codecs="avc1.64001f")  # of what stands in
    await told(rooms, room, "stopped")
    assert not (await rooms.get(room.id)).slate
    origin.open(room.id).set_live(False)
    await told(rooms, room, "stopped")
    assert (await rooms.get(room.id)).slate


async def test_a_second_encoder_that_never_took_over_leaves_the_show_alone(rooms: Rooms) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    for kind, reason in (("connected", "waiting"), ("refused", "codec_unsupported")):
        await told(rooms, room, kind, reason)
    await told(rooms, room, "left", "codec_unsupported")
    found = await rooms.get(room.id)
    assert (found.status, found.slate) == ("live", False)
    lines = [(line.kind, line.reason) for line in await rooms.publish_log(room.id)]
    assert lines[:3] == [
        ("left", "codec_unsupported"), ("refused", "codec_unsupported"), ("connected", "waiting"),
    ]  # fmt: skip


async def test_after_the_grace_the_show_is_over_once(
    db: Database, origin: MediaOrigin, rooms: Rooms
) -> None:
    room = await opened(rooms)
    await told(rooms, room, "started")
    await told(rooms, room, "stopped")
    assert room.id not in {r.id for r in await rooms.end_abandoned()}
    await hours_pass(db, room)
    assert room.id in {r.id for r in await rooms.end_abandoned()}
    assert room.id not in {r.id for r in await rooms.end_abandoned()}
    async with db.connect() as conn:
        facts = await conn.execute(
            text("select count(*) from kernel.outbox where aggregate = :a"),
            {"a": f"room:{room.id}"},
        )
        assert facts.scalar_one() == 2  # went live, ended
    # Its encoder may come back whenever it can: nobody ended this show by hand.
    assert await rooms.authorize(room.stream_key) == room.id


async def test_refusals_reach_the_studio_also_without_a_room(rooms: Rooms) -> None:
    room = await opened(rooms)
    await rooms._apply(
        PublishEvent(
            room_id=None, kind="refused", reason="wrong_key", detail="No room.", remote="192.0.2.1"
        )
    )
    await told(rooms, room, "refused", "codec_unsupported")
    reasons = [line.reason for line in await rooms.publish_log(room.id)]
    assert reasons[:2] == ["codec_unsupported", "wrong_key"]


async def test_only_one_process_owns_a_room(db: Database, rooms: Rooms) -> None:
    room = await opened(rooms)
    assert await rooms.authorize(room.stream_key) == room.id
    assert await rooms.authorize("not a key") is None
    other = rooms_of(db, MediaOrigin())
    with pytest.raises(RoomOwnedElsewhere):
        await other.authorize(room.stream_key)


async def test_a_lease_that_ended_unseen_is_taken_back_unless_somebody_had_it(
    db: Database,
) -> None:
    lost: list[str] = []
    first, second = (Ownership(Leases(db, owner=new_id("proc")), lost.append) for _ in range(2))
    expire = text("update kernel.leases set expires = now() - interval '1 s' where name = :n")

    async def ended(name: str) -> None:
        async with db.begin() as tx:
            await tx.execute(expire, {"n": f"room:{name}"})

    await first.own("unseen")
    await ended("unseen")  # as when the database was away for longer than the lease
    await first.renew()
    assert lost == []
    await ended("unseen")
    assert await second.own("unseen") is not None
    await first.renew()
    assert lost == ["unseen"]


async def test_a_new_key_replaces_the_old_one(rooms: Rooms) -> None:
    room = await opened(rooms)
    key = await rooms.rotate_key(room.id)
    assert await rooms.authorize(room.stream_key) is None
    assert await rooms.authorize(key) == room.id


async def test_addresses_are_chosen_once(rooms: Rooms) -> None:
    await rooms.create(NewRoom(id="spring-tea", title="春茶", host_name="小林"))
    with pytest.raises(RoomIdTaken):
        await rooms.create(NewRoom(id="spring-tea", title="春茶", host_name="小林"))
    with pytest.raises(BadInput):
        await rooms.create(NewRoom(id="../etc", title="春茶", host_name="小林"))
    with pytest.raises(RoomNotFound):
        await rooms.get("nowhere")


async def test_running_follows_the_origin(db: Database, origin: MediaOrigin) -> None:
    import asyncio

    rooms = rooms_of(db, origin)
    room = await opened(rooms)
    running = asyncio.create_task(rooms.run())
    origin.report(
        PublishEvent(room_id=room.id, kind="started", reason="started", detail="", remote="x")
    )

    async def live() -> bool:
        return (await rooms.get(room.id)).status == "live"

    await until(live)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_every_state_can_be_left_and_reached() -> None:
    reached = {target for targets in MOVES.values() for target in targets}
    assert reached == set(MOVES)


@pytest.mark.parametrize("title", ["", "   ", "x" * 61, "a\x00b"])
def test_titles_are_bounded(title: str) -> None:
    with pytest.raises(BadInput) as refused:
        cleaned(NewRoom(title=title, host_name="小林"))
    assert refused.value.field == "title"
    assert cleaned(RoomChange(title_en="Spring")) == {"title_en": "Spring"}
