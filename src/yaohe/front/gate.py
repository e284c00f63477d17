"""The gate of private rooms: one place before every page, picture, medium and API call of a room.

It knows a room's routes by their beginning, so that a route made tomorrow is closed as well. The
documents that people open, `/r/{room}`, `/embed/{room}` and `/s/{token}`, pass it: they say
themselves that a room is by invitation. What a private room answers is never kept by anybody.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

import msgspec

from yaohe.front.request import Header, Message, Request, Scope, Send, answer, cookies_of
from yaohe.identity import Identity
from yaohe.kernel.errors import AppError
from yaohe.kernel.wire import WHOLE
from yaohe.live.privacy import InvitationOver, Privacy, Ticket
from yaohe.platforms.ua import is_prefetch
from yaohe.sharing import Sharing

_ROOM: Final = re.compile(r"/(?:r|embed|live|api/v1/rooms)/(?P<room>[^/]+)(?P<rest>/.*)?\Z")
_SHARE: Final = re.compile(r"/(?:s|api/v1/shares)/(?P<token>[^/]+)(?P<rest>/.*)?\Z")
_SLASHES: Final = re.compile(r"/{2,}")
UNKEPT: Final = b"private, no-store"


class Gate:
    def __init__(self, privacy: Privacy, identity: Identity, sharing: Sharing) -> None:
        self._privacy, self._identity, self._sharing = privacy, identity, sharing

    async def guard(self, request: Request) -> Send | None:
        """How to answer this request: as it is for what is open to everybody, keeping nothing for a
        private room; None when the caller is not invited, and has been told so."""
        if not self._privacy.any_private:
            return request.send
        path = _SLASHES.sub("/", request.path)
        if _is_document(path, request.scope):
            return request.send
        room_id = await self._room_of(path)
        if room_id is None or not self._privacy.is_private(room_id):
            return request.send
        refusal = await self.refusal(request, room_id)
        if refusal is not None:
            await refuse(request, refusal)
            return None
        # The wire's quick way answers without headers of ours.
        request.scope.get("extensions", {}).pop(WHOLE, None)
        return _unkept(request.send)

    async def refusal(self, request: Request, room_id: str) -> AppError | None:
        """Why whoever asks may not come into this room; None when they may."""
        query = request.query if request.scope["query_string"] else {}
        why = self._privacy.refusal(
            room_id, ticket=query.get("ticket"), cookies=cookies_of(request)
        )
        return None if why is None or await self._is_staff(request) else why

    async def let_in(self, request: Request, room_id: str, *, framed: bool = False) -> bool:
        """Whether an invitation's link was answered: with a pass, and the way to the room without
        the invitation in its address. Raises `InvitationOver`. `framed`: inside a page of another
        site, where a pass can be kept over https only; else none is spent."""
        query = request.query if request.scope["query_string"] else {}
        link = query.pop("invite", "")
        if not link or not self._privacy.is_private(room_id):
            return False
        if self._is_looked_up(request) or (framed and not self._identity.keeps_framed_cookies):
            return False
        cookies: list[Header] = []
        if not await self._is_staff(request):
            try:
                visitor = request.visitor
                entry = await self._privacy.enter(room_id, link, visitor.id)
            except InvitationOver:
                if await self.refusal(request, room_id) is not None:
                    raise
            else:
                cookie = self._identity.own_cookie(
                    entry.name, entry.value, age_s=entry.age_s, framed=framed
                )
                cookies.append((b"set-cookie", cookie.encode()))
                if request.cookie is not None:
                    request.cookie = self._identity.visitor_cookie(visitor, framed=framed)
        rest = f"?{urlencode(query)}" if query else ""
        headers = [
            (b"location", f"{request.path}{rest}".encode()),
            *cookies,
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", UNKEPT),
        ]
        await answer(request, 303, b"", headers)
        return True

    def _is_looked_up(self, request: Request) -> bool:
        """A link fetcher or a page drawn ahead uses no invitation up."""
        ahead = is_prefetch(request.headers)
        return (
            ahead
            or request.scope["method"] != "GET"
            or self._sharing.is_program(request.user_agent)
        )

    def is_private(self, room_id: str) -> bool:
        return self._privacy.is_private(room_id)

    async def require(self, request: Request, room_id: str) -> None:
        """Raise that reason; for calls that name their room in the body."""
        why = await self.refusal(request, room_id)
        if why is not None:
            raise why

    async def ticket(self, request: Request, room_id: str) -> Ticket | None:
        """What the media addresses in a page of a private room carry."""
        if not self._privacy.is_private(room_id):
            return None
        cookies = cookies_of(request)
        made = self._privacy.ticket(room_id, cookies=cookies, staff=False)
        if made is None and await self._is_staff(request):
            made = self._privacy.ticket(room_id, cookies=cookies, staff=True)
        return made

    async def _is_staff(self, request: Request) -> bool:
        authorization = request.header(b"authorization") or None
        return await self._identity.is_staff(authorization, cookies_of(request))

    async def _room_of(self, path: str) -> str | None:
        found = _ROOM.match(path)
        if found is not None:
            return found["room"]
        shared = _SHARE.match(path)
        share = None if shared is None else await self._sharing.share(shared["token"])
        return None if share is None else share.room_id


def _is_document(path: str, scope: Scope) -> bool:
    found = _ROOM.match(path) or _SHARE.match(path)
    is_page = path.startswith(("/r/", "/s/", "/embed/")) and scope["method"] in {"GET", "HEAD"}
    return is_page and found is not None and found["rest"] is None


async def refuse(request: Request, error: AppError) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", UNKEPT)]
    await answer(request, error.status, msgspec.json.encode(error.body()), headers)


def _unkept(send: Send) -> Send:
    """The same answers, which no browser and no cache in between may keep."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0] != b"cache-control"]
            message = {**message, "headers": [*kept, (b"cache-control", UNKEPT)]}
        await send(message)

    return sending
