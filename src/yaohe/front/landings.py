"""How people came to a room that no share led to: noted with its page, or after their yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from yaohe.front.edge import HotRoute
from yaohe.front.gate import Gate
from yaohe.front.request import Request, fields_of
from yaohe.front.snapshots import Snapshots
from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import BadInput, Busy, TryAgain
from yaohe.kernel.limits import Limit
from yaohe.live.rooms import RoomNotFound
from yaohe.platforms.ua import is_prefetch
from yaohe.sharing import Sharing
from yaohe.sharing.landings import source_of

Text = Annotated[str, Meta(max_length=512)]


class LandedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/rooms/{room}/landed: `query` is that of the page's own address, `referrer` the
    page before it."""

    query: Text = ""
    referrer: Text = ""


class LandedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`noted` is false for a program, for who may not be remembered, and for a way back."""

    noted: bool


class Landings:
    def __init__(
        self, *, sharing: Sharing, snapshots: Snapshots, gate: Gate, public_url: str
    ) -> None:
        self._sharing, self._snapshots, self._gate = sharing, snapshots, gate
        self._own_host = urlsplit(public_url).hostname or ""

    def page(self, request: Request, room_id: str, visitor_id: str) -> None:
        """This request is the room's page, of a person whom no share sent."""
        if request.scope["method"] == "GET" and not is_prefetch(request.headers):
            query = request.query if request.scope["query_string"] else {}
            self._note(request, room_id, visitor_id, query, request.header(b"referer"))

    async def landed(self, request: Request, room_id: str, wish: LandedRequest) -> LandedAnswer:
        """The open page of who was nobody when it was made, and has accepted to be remembered."""
        await self._gate.require(request, room_id)
        await self._snapshots.of(room_id)  # nobody comes to a room that is not there
        if request.is_unnamed:
            return LandedAnswer(noted=False)
        query = fields_of(wish.query.removeprefix("?"))
        visitor = request.visitor
        return LandedAnswer(noted=self._note(request, room_id, visitor.id, query, wish.referrer))

    def _note(
        self,
        request: Request,
        room_id: str,
        visitor_id: str,
        query: Mapping[str, str],
        referrer: str,
    ) -> bool:
        """A buyer whom the cashier sends back came before, whatever the address says."""
        way = source_of(query, referrer, own_host=self._own_host)
        if way is None or "order" in query or self._sharing.is_program(request.user_agent):
            return False
        self._sharing.land(room_id, visitor_id, *way)
        return True

    def route(self, clock: Clock) -> HotRoute:
        return HotRoute(
            method="POST",
            path="/api/v1/rooms/{room_id}/landed",
            body=LandedRequest,
            answer=LandedAnswer,
            status=200,
            verb=self.landed,
            errors=(RoomNotFound, BadInput, Busy, TryAgain),
            summary="How this visitor came, of a page that was open before they accepted",
            limit=Limit(clock, burst=10, per_second=0.2),
        )
