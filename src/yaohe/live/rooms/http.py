"""The API of rooms: what everybody may see, and what staff do with rooms and their shelves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, patch, post, put
from msgspec import Meta

from yaohe.commerce import Product
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff
from yaohe.kernel.errors import BadInput
from yaohe.live.media import Finding, MediaOrigin
from yaohe.live.rooms.errors import RoomIdTaken, RoomNotFound, RoomNotLive
from yaohe.live.rooms.model import NewRoom, PublishLine, Room, RoomChange
from yaohe.live.rooms.service import Rooms
from yaohe.live.shelf.cards import live_fields
from yaohe.live.shelf.errors import ProductNotOnShelf, ShelfTooLong
from yaohe.live.shelf.service import Shelf, ShelfState


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room as everybody may see it: no key, no log."""

    id: str
    title: str
    title_en: str
    host_name: str
    host_name_en: str
    status: str
    slate: bool
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int
    publishing: bool
    private: bool
    """Only whoever was invited comes in; such rooms are listed for staff alone."""
    url: str
    hls_url: str


class RoomList(msgspec.Struct, frozen=True):
    items: list[RoomView]


class ShelfProduct(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    subtitle: str
    subtitle_en: str
    price_minor: int
    list_price_minor: int | None
    currency: str
    stock: int
    picture: str | None
    status: str
    pinned: bool
    live_price_id: str | None
    live_price_minor: int | None
    live_price_until: datetime | None
    live_price_left: int | None
    live_price_each: int | None


class RoomAnswer(RoomView, frozen=True, kw_only=True):
    products: list[ShelfProduct]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    bitrate_kbps: int
    fps: float
    gop_ms: int
    pace: float
    last_frame_age_ms: int
    width: int
    height: int
    codecs: str
    frames_dropped: int
    connected_s: int
    behind_ms: int
    missing_percent: float
    b_frames: bool
    audio_rate: int | None


class RungHealth(msgspec.Struct, frozen=True, kw_only=True):
    rung: str
    health: Health
    findings: list[Finding]


class IngestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    rtmp_url: str
    stream_key: str
    publishing: bool
    shut: bool
    """The host ended the show: encoders are kept out until somebody lets them in again."""
    health: Health | None
    findings: list[Finding]
    rungs: list[RungHealth]
    log: list[PublishLine]


class KeyAnswer(msgspec.Struct, frozen=True):
    stream_key: str


class ShelfAnswer(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ShelfProduct]
    pinned: str | None
    pinned_at: datetime | None


ProductId = Annotated[str, Meta(max_length=40)]


class ShelfRequest(msgspec.Struct, frozen=True):
    product_ids: Annotated[list[ProductId], Meta(max_length=500)]


class PinRequest(msgspec.Struct, frozen=True):
    product_id: ProductId


def _product(product: Product, state: ShelfState) -> ShelfProduct:
    return ShelfProduct(
        id=product.id,
        title=product.title,
        title_en=product.title_en,
        subtitle=product.subtitle,
        subtitle_en=product.subtitle_en,
        price_minor=product.price_minor,
        list_price_minor=product.list_price_minor,
        currency=product.currency,
        stock=product.stock,
        picture=product.picture,
        status=product.status,
        pinned=product.id == state.pinned,
        **live_fields(state.live.get(product.id)),
    )


def _shelf(state: ShelfState) -> ShelfAnswer:
    return ShelfAnswer(
        items=[_product(product, state) for product in state.items],
        pinned=state.pinned,
        pinned_at=state.pinned_at,
    )


def room_fields(room: Room, rooms: Rooms, origin: MediaOrigin) -> dict[str, Any]:
    log = origin.log(room.id)
    return {
        "id": room.id,
        "title": room.title,
        "title_en": room.title_en,
        "host_name": room.host_name,
        "host_name_en": room.host_name_en,
        "status": room.status,
        "slate": room.slate,
        "scheduled_at": room.scheduled_at,
        "started_at": room.started_at,
        "ended_at": room.ended_at,
        "viewers": rooms.viewers_of(room.id),
        "private": room.private,
        "publishing": log is not None and log.live,
        "url": f"{rooms.public_url}/r/{room.id}",
        "hls_url": f"{rooms.public_url}/live/{room.id}/index.m3u8",
    }


def _health(origin: MediaOrigin, room_id: str, rung: str) -> Health | None:
    figures = origin.statistics(room_id, rung)
    if figures is None:
        return None
    return Health(**{name: getattr(figures, name) for name in Health.__struct_fields__})


class RoomDoor(Controller):
    """Rooms as everybody sees them, and what staff do with them."""

    path = "/api/v1/rooms"
    tags = ("rooms",)
    dependencies = STAFF_ONLY

    @get("/", summary="Rooms: live first, then upcoming, then ended")
    async def every(
        self,
        request: Request[Any, Any, Any],
        identity: Identity,
        rooms: Rooms,
        origin: MediaOrigin,
    ) -> RoomList:
        found = await rooms.rooms()
        if any(room.private for room in found):
            staff = await identity.is_staff(request.headers.get("authorization"), request.cookies)
            found = [room for room in found if staff or not room.private]
        return RoomList([RoomView(**room_fields(room, rooms, origin)) for room in found])

    @get("/{room_id:str}", summary="One room with its shelf", opt={"errors": (RoomNotFound,)})
    async def one(
        self, room_id: str, rooms: Rooms, origin: MediaOrigin, shelf: Shelf
    ) -> RoomAnswer:
        room = await rooms.get(room_id)
        state = await shelf.state(room_id)
        return RoomAnswer(
            **room_fields(room, rooms, origin),
            products=[_product(product, state) for product in state.items],
        )

    @post(
        "/",
        summary="Open a room",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomIdTaken)},
    )
    async def create(
        self, data: NewRoom, staff: Staff, rooms: Rooms, origin: MediaOrigin
    ) -> RoomView:
        return RoomView(**room_fields(await rooms.create(data, by=staff), rooms, origin))

    @patch(
        "/{room_id:str}",
        summary="Change a room's words or time",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomNotFound)},
    )
    async def change(
        self, room_id: str, data: RoomChange, staff: Staff, rooms: Rooms, origin: MediaOrigin
    ) -> RoomView:
        return RoomView(**room_fields(await rooms.update(room_id, data, by=staff), rooms, origin))

    @post(
        "/{room_id:str}/end",
        status_code=200,
        summary="End the show; encoders that send on are kept out",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, RoomNotLive)},
    )
    async def end(self, room_id: str, staff: Staff, rooms: Rooms, origin: MediaOrigin) -> RoomView:
        return RoomView(**room_fields(await rooms.end(room_id, by=staff), rooms, origin))

    @post(
        "/{room_id:str}/let-in",
        status_code=200,
        summary="Let encoders in again after an end: the next show begins with their picture",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def let_in(
        self, room_id: str, staff: Staff, rooms: Rooms, origin: MediaOrigin
    ) -> RoomView:
        return RoomView(**room_fields(await rooms.let_in(room_id, by=staff), rooms, origin))

    @get(
        "/{room_id:str}/ingest",
        summary="Where to publish, how well it goes, what was refused",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def ingest(
        self,
        room_id: str,
        staff: Staff,
        rooms: Rooms,
        origin: MediaOrigin,
        request: Request[Any, Any, Any],
    ) -> IngestAnswer:
        room = await rooms.get(room_id)
        health = _health(origin, room_id, "")
        lower = [
            RungHealth(rung=offer.rung, health=found, findings=origin.findings(room_id, offer.rung))
            for offer in origin.rungs(room_id)
            if offer.rung and (found := _health(origin, room_id, offer.rung)) is not None
        ]
        host = (request.url.hostname or "127.0.0.1") if rooms.rtmp_host is None else rooms.rtmp_host
        return IngestAnswer(
            rtmp_url=f"rtmp://{host}:{rooms.rtmp_port}/live",
            stream_key=room.stream_key,
            publishing=health is not None or bool(lower),
            shut=await rooms.is_shut(room_id),
            health=health,
            findings=origin.findings(room_id),
            rungs=lower,
            log=await rooms.publish_log(room_id),
        )

    @post(
        "/{room_id:str}/stream-key",
        status_code=200,
        summary="A new stream key; the old one stops working at once",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def rotate_key(self, room_id: str, staff: Staff, rooms: Rooms) -> KeyAnswer:
        return KeyAnswer(await rooms.rotate_key(room_id, by=staff))


class RoomShelf(Controller):
    """The shelf of a room and its pin."""

    path = "/api/v1/rooms/{room_id:str}"
    tags = ("shelf",)
    dependencies = STAFF_ONLY

    @get("/shelf", summary="The shelf", opt={"errors": (*STAFF_ERRORS, RoomNotFound)})
    async def show(self, room_id: str, staff: Staff, rooms: Rooms, shelf: Shelf) -> ShelfAnswer:
        await rooms.get(room_id)
        return _shelf(await shelf.state(room_id, all_products=True))

    @put(
        "/shelf",
        summary="Put these products on the shelf, in this order",
        opt={"errors": (*STAFF_ERRORS, BadInput, ShelfTooLong, RoomNotFound)},
    )
    async def replace(
        self, room_id: str, data: ShelfRequest, staff: Staff, shelf: Shelf
    ) -> ShelfAnswer:
        return _shelf(await shelf.replace(room_id, data.product_ids, by=staff))

    @post(
        "/pin",
        status_code=200,
        summary="Pin a product on the picture",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, ProductNotOnShelf)},
    )
    async def pin(self, room_id: str, data: PinRequest, staff: Staff, shelf: Shelf) -> ShelfAnswer:
        return _shelf(await shelf.pin(room_id, data.product_id, by=staff))

    @delete(
        "/pin",
        status_code=200,
        summary="Take the pin down",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def unpin(self, room_id: str, staff: Staff, shelf: Shelf) -> ShelfAnswer:
        return _shelf(await shelf.unpin(room_id, by=staff))


controllers = (RoomDoor, RoomShelf)
