"""The API of messages: a buyer's own threads, and all of them for staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.errors import OrderNotFound
from yaohe.commerce.messages.errors import ThreadFull, TooFast
from yaohe.commerce.messages.model import Message, Side, Thread, Unread
from yaohe.commerce.service import Commerce
from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    Staff,
    WrongOrigin,
    current_guest,
    friendly_name,
)
from yaohe.kernel.errors import BadInput, TryAgain

_GUEST: Final = {"guest": Provide(current_guest)}
_FRESH: Final = {"Cache-Control": "no-store"}

Text = Annotated[str, Meta(max_length=4_000)]


class MessageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The same key is one message, however often it is sent."""

    text: Text
    idempotency_key: Text


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`up_to` is the id of the last message that was seen."""

    up_to: Annotated[int, Meta(ge=0, le=2**62)]


class AnswersBody(msgspec.Struct, frozen=True):
    items: Annotated[list[Text], Meta(max_length=100)]


class UnreadList(msgspec.Struct, frozen=True):
    items: list[Unread]


class ThreadView(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in the studio's list; `unread` are the buyer's messages nobody of the shop saw."""

    order_id: str
    buyer_name: str
    buyer_name_en: str
    title: str
    title_en: str
    side: Side
    text: str
    last_at: datetime
    unread: int


class ThreadList(msgspec.Struct, frozen=True):
    items: list[ThreadView]


class MyMessages(Controller):
    path = "/api/v1/orders/{order_id:str}/messages"
    tags = ("messages",)
    dependencies = _GUEST

    @get("/", summary="The messages of one's own order", opt={"errors": (OrderNotFound,)})
    async def show(
        self, order_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> Response[Thread]:
        found = await commerce.messages.thread(order_id, guest.visitor.id)
        return Response(found, headers=_FRESH)

    @post(
        "/",
        summary="Write to the shop about one's own order",
        opt={"errors": (BadInput, WrongOrigin, OrderNotFound, ThreadFull, TooFast, TryAgain)},
    )
    async def write(
        self,
        order_id: FromPath[str],
        data: JSONBody[MessageRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> Message:
        return await commerce.messages.write(
            order_id, guest.visitor.id, data.text, data.idempotency_key
        )

    @post(
        "/read",
        status_code=204,
        summary="Seen up to here",
        opt={"errors": (BadInput, WrongOrigin, OrderNotFound, TryAgain)},
    )
    async def read(
        self,
        order_id: FromPath[str],
        data: JSONBody[ReadRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> None:
        await commerce.messages.read(order_id, guest.visitor.id, data.up_to)


class MyUnread(Controller):
    path = "/api/v1/me/messages"
    tags = ("messages",)
    dependencies = _GUEST

    @get("/", summary="In which of my orders the shop has written what I have not seen")
    async def show(self, guest: Given[Guest], commerce: Given[Commerce]) -> Response[UnreadList]:
        found = await commerce.messages.unread_of(guest.visitor.id)
        return Response(UnreadList(found), headers={**guest.headers, **_FRESH})


class MessageDesk(Controller):
    path = "/api/v1/shop/orders/{order_id:str}/messages"
    tags = ("messages",)
    dependencies = STAFF_ONLY

    @get("/", summary="The messages of an order", opt={"errors": (*STAFF_ERRORS, OrderNotFound)})
    async def show(
        self, order_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> Response[Thread]:
        found = await commerce.messages.shop_thread(order_id, shop_id=staff.shop_id)
        return Response(found, headers=_FRESH)

    @post(
        "/",
        summary="Write to the buyer of an order",
        opt={"errors": (*STAFF_ERRORS, BadInput, OrderNotFound, ThreadFull, TryAgain)},
    )
    async def write(
        self,
        order_id: FromPath[str],
        data: JSONBody[MessageRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> Message:
        return await commerce.messages.answer(order_id, data.text, data.idempotency_key, by=staff)

    @post(
        "/read",
        status_code=204,
        summary="The shop has seen everything up to here",
        opt={"errors": (*STAFF_ERRORS, BadInput, OrderNotFound, TryAgain)},
    )
    async def read(
        self,
        order_id: FromPath[str],
        data: JSONBody[ReadRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> None:
        await commerce.messages.shop_read(order_id, data.up_to, shop_id=staff.shop_id)


class Threads(Controller):
    path = "/api/v1/shop"
    tags = ("messages",)
    dependencies = STAFF_ONLY

    @get("/threads", summary="Conversations, the latest first", opt={"errors": STAFF_ERRORS})
    async def threads(self, staff: Given[Staff], commerce: Given[Commerce]) -> Response[ThreadList]:
        found = await commerce.messages.threads(staff.shop_id)
        lines = [
            ThreadView(
                order_id=line.order_id,
                buyer_name=friendly_name(line.visitor_id, "zh-CN"),
                buyer_name_en=friendly_name(line.visitor_id, "en"),
                title=line.title,
                title_en=line.title_in("en"),
                side=line.side,
                text=line.text,
                last_at=line.last_at,
                unread=line.unread,
            )
            for line in found
        ]
        return Response(ThreadList(lines), headers=_FRESH)

    @get("/canned-answers", summary="Answers to choose from", opt={"errors": STAFF_ERRORS})
    async def answers(self, staff: Given[Staff], commerce: Given[Commerce]) -> AnswersBody:
        return AnswersBody(await commerce.messages.answers(staff.shop_id))

    @put(
        "/canned-answers",
        summary="Keep exactly these answers, in this order",
        opt={"errors": (*STAFF_ERRORS, BadInput, TryAgain)},
    )
    async def keep_answers(
        self, data: JSONBody[AnswersBody], staff: Given[Staff], commerce: Given[Commerce]
    ) -> AnswersBody:
        return AnswersBody(await commerce.messages.keep_answers(data.items, by=staff))


controllers = (MyMessages, MyUnread, MessageDesk, Threads)
