"""The API of webhooks, for staff who are signed in and their API keys."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.identity.keys import Mode
from yaohe.kernel.errors import BadInput
from yaohe.webhooks.deliveries.service import DeliveryWhole
from yaohe.webhooks.endpoints import IssuedEndpoint
from yaohe.webhooks.errors import (
    AddressRefused,
    DeliveryNotFound,
    WebhookNotFound,
    WebhookPaused,
    WebhooksFull,
)
from yaohe.webhooks.model import EVENTS, Delivery, Endpoint, State
from yaohe.webhooks.service import Webhooks

Url = Annotated[str, Meta(max_length=1_000)]
Note = Annotated[str, Meta(max_length=300)]
Events = Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=60)]

_MINE: Final = (*STAFF_ERRORS, WebhookNotFound)


class EndpointRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`mode` says whose events: those of the shop and its live keys, or those of test keys."""

    url: Url
    events: Events
    mode: Mode = "live"
    note: Note = ""


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is left out stays. While an endpoint is paused its messages wait, for three days."""

    url: Url | None = None
    events: Events | None = None
    note: Note | None = None
    paused: bool | None = None


class EndpointList(msgspec.Struct, frozen=True):
    """The endpoints, and every event one may choose."""

    items: list[Endpoint]
    events: list[str]


class DeliveryList(msgspec.Struct, frozen=True):
    items: list[Delivery]


class Replayed(msgspec.Struct, frozen=True):
    count: int


class WebhookDesk(Controller):
    path = "/api/v1/staff/webhooks"
    tags = ("webhooks",)
    dependencies = STAFF_ONLY

    @get("/", summary="Endpoints that are told what happens", opt={"errors": STAFF_ERRORS})
    async def all(self, staff: Given[Staff], webhooks: Given[Webhooks]) -> EndpointList:
        return EndpointList(await webhooks.endpoints.all(staff), list(EVENTS))

    @post(
        "/",
        summary="Add an endpoint; its secret is shown this once",
        opt={"errors": (*STAFF_ERRORS, BadInput, AddressRefused, WebhooksFull)},
    )
    async def make(
        self, data: JSONBody[EndpointRequest], staff: Given[Staff], webhooks: Given[Webhooks]
    ) -> IssuedEndpoint:
        return await webhooks.endpoints.create(
            staff, data.url, mode=data.mode, events=data.events, note=data.note
        )

    @patch(
        "/{endpoint_id:str}",
        summary="Change, pause or resume an endpoint",
        opt={"errors": (*_MINE, BadInput, AddressRefused)},
    )
    async def change(
        self,
        endpoint_id: FromPath[str],
        data: JSONBody[EndpointChange],
        staff: Given[Staff],
        webhooks: Given[Webhooks],
    ) -> Endpoint:
        return await webhooks.endpoints.change(
            staff,
            endpoint_id,
            url=data.url,
            note=data.note,
            events=data.events,
            paused=data.paused,
        )

    @delete("/{endpoint_id:str}", summary="Delete an endpoint", opt={"errors": _MINE})
    async def delete(
        self, endpoint_id: FromPath[str], staff: Given[Staff], webhooks: Given[Webhooks]
    ) -> None:
        await webhooks.endpoints.delete(staff, endpoint_id)

    @post(
        "/{endpoint_id:str}/secret",
        summary="A new secret; the old one stays good for a day",
        opt={"errors": _MINE},
    )
    async def rotate(
        self, endpoint_id: FromPath[str], staff: Given[Staff], webhooks: Given[Webhooks]
    ) -> IssuedEndpoint:
        return await webhooks.endpoints.rotate(staff, endpoint_id)

    @post(
        "/{endpoint_id:str}/test",
        summary="Send a test message",
        opt={"errors": (*_MINE, WebhookPaused)},
    )
    async def test(
        self, endpoint_id: FromPath[str], staff: Given[Staff], webhooks: Given[Webhooks]
    ) -> Delivery:
        endpoint = await webhooks.endpoints.one(staff, endpoint_id)
        return await webhooks.deliveries.test(endpoint)

    @get("/{endpoint_id:str}/deliveries", summary="The delivery log", opt={"errors": _MINE})
    async def log(
        self,
        endpoint_id: FromPath[str],
        staff: Given[Staff],
        webhooks: Given[Webhooks],
        in_state: Annotated[State | None, QueryParameter(name="state")] = None,
        before: Annotated[str | None, QueryParameter(max_length=40)] = None,
    ) -> DeliveryList:
        endpoint = await webhooks.endpoints.one(staff, endpoint_id)
        return DeliveryList(await webhooks.deliveries.log(endpoint, state=in_state, before=before))

    @get(
        "/{endpoint_id:str}/deliveries/{message_id:str}",
        summary="One delivery with its body and tries",
        opt={"errors": (*_MINE, DeliveryNotFound)},
    )
    async def whole(
        self,
        endpoint_id: FromPath[str],
        message_id: FromPath[str],
        staff: Given[Staff],
        webhooks: Given[Webhooks],
    ) -> DeliveryWhole:
        endpoint = await webhooks.endpoints.one(staff, endpoint_id)
        return await webhooks.deliveries.whole(endpoint, message_id)

    @post(
        "/{endpoint_id:str}/deliveries/{message_id:str}/replay",
        summary="Send a message again",
        opt={"errors": (*_MINE, DeliveryNotFound, WebhookPaused)},
    )
    async def replay(
        self,
        endpoint_id: FromPath[str],
        message_id: FromPath[str],
        staff: Given[Staff],
        webhooks: Given[Webhooks],
    ) -> Delivery:
        endpoint = await webhooks.endpoints.one(staff, endpoint_id)
        return await webhooks.deliveries.replay(endpoint, message_id)

    @post(
        "/{endpoint_id:str}/replay-failed",
        summary="Send again everything that failed",
        opt={"errors": (*_MINE, WebhookPaused)},
    )
    async def replay_failed(
        self, endpoint_id: FromPath[str], staff: Given[Staff], webhooks: Given[Webhooks]
    ) -> Replayed:
        endpoint = await webhooks.endpoints.one(staff, endpoint_id)
        return Replayed(await webhooks.deliveries.replay_failed(endpoint))


controllers = (WebhookDesk,)
