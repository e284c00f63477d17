"""The API of private rooms: invitations for staff, tickets for whoever is let in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff
from yaohe.kernel.errors import BadInput
from yaohe.live.privacy.errors import (
    InvitationNeeded,
    InvitationNotFound,
    RoomNotPrivate,
)
from yaohe.live.privacy.model import Invitation, NewInvitation
from yaohe.live.privacy.service import Privacy
from yaohe.live.rooms import RoomNotFound, Rooms


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is the link to send; it opens the room until `expires_at`, or until it is revoked."""

    id: str
    url: str
    note: str
    uses_max: int | None
    used: int
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime


class InvitationList(msgspec.Struct, frozen=True):
    items: list[InvitationView]


class TicketAnswer(msgspec.Struct, frozen=True):
    """To be put into the room's media addresses as `?ticket=`; ask again before `life_s` is over.
    Empty for a room that is open to everybody."""

    ticket: str
    life_s: int


def _view(invitation: Invitation, privacy: Privacy) -> InvitationView:
    return InvitationView(
        id=invitation.id,
        url=privacy.link(invitation),
        note=invitation.note,
        uses_max=invitation.uses_max,
        used=invitation.used,
        expires_at=invitation.expires_at,
        revoked_at=invitation.revoked_at,
        created_at=invitation.created_at,
    )


class RoomInvitations(Controller):
    """Who may come into a private room."""

    path = "/api/v1/rooms/{room_id:str}/invitations"
    tags = ("private rooms",)
    dependencies = STAFF_ONLY

    @get("/", summary="The room's invitations, the newest first", opt={"errors": STAFF_ERRORS})
    async def every(
        self, room_id: FromPath[str], staff: Given[Staff], privacy: Given[Privacy]
    ) -> InvitationList:
        return InvitationList([_view(one, privacy) for one in await privacy.invitations(room_id)])

    @post(
        "/",
        summary="Make an invitation link",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomNotFound, RoomNotPrivate)},
    )
    async def create(
        self,
        room_id: FromPath[str],
        data: JSONBody[NewInvitation],
        staff: Given[Staff],
        privacy: Given[Privacy],
    ) -> InvitationView:
        return _view(await privacy.invite(room_id, data, by=staff), privacy)

    @delete(
        "/{invitation_id:str}",
        status_code=200,
        summary="Revoke an invitation; who came by it is sent away",
        opt={"errors": (*STAFF_ERRORS, InvitationNotFound)},
    )
    async def revoke(
        self,
        room_id: FromPath[str],
        invitation_id: FromPath[str],
        staff: Given[Staff],
        privacy: Given[Privacy],
    ) -> InvitationView:
        return _view(await privacy.revoke(room_id, invitation_id, by=staff), privacy)


class RoomTicket(Controller):
    """Tickets for media addresses."""

    path = "/api/v1/rooms/{room_id:str}/ticket"
    tags = ("private rooms",)

    @post(
        "/",
        status_code=200,
        summary="A ticket for the room's media, for whoever holds a pass and for staff",
        opt={"errors": (InvitationNeeded, RoomNotFound)},
    )
    async def give(
        self,
        room_id: FromPath[str],
        request: Request[Any, Any, Any],
        identity: Given[Identity],
        rooms: Given[Rooms],
        privacy: Given[Privacy],
    ) -> Response[TicketAnswer]:
        await rooms.get(room_id)
        key = request.headers.get("authorization")
        staff = await identity.is_staff(key, request.cookies)
        made = privacy.ticket(room_id, cookies=request.cookies, staff=staff)
        if made is None and privacy.is_private(room_id):
            # A ticket does not renew itself: it would live as long as somebody wanted.
            raise InvitationNeeded
        answer = TicketAnswer("", 0) if made is None else TicketAnswer(made.ticket, made.life_s)
        headers = {"cache-control": "private, no-store"}
        if staff and key is None:
            # The desk's own browser comes in over every way, as a guest's does.
            entry = privacy.staff_pass(room_id)
            headers["set-cookie"] = identity.own_cookie(entry.name, entry.value, age_s=entry.age_s)
        return Response(answer, headers=headers)


controllers = (RoomInvitations, RoomTicket)
