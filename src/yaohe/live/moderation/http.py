"""The API of moderation: what staff set, what moderators do, what viewers may ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.identity import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    Identity,
    Staff,
    WrongOrigin,
    current_guest,
)
from yaohe.kernel.errors import BadInput
from yaohe.live.moderation.access import MODERATOR_ERRORS, MODERATORS_ONLY
from yaohe.live.moderation.errors import (
    ModeratorNotFound,
    OneOfUs,
    PenaltyNotFound,
    ReportNotFound,
    TooManyBlocks,
    TooManyModerators,
    TooManyReports,
)
from yaohe.live.moderation.model import (
    MINUTES_MAX,
    ChatRules,
    Helper,
    Moderator,
    Penalty,
    PenaltyKind,
    RulesChange,
)
from yaohe.live.moderation.service import Moderation, acting
from yaohe.live.moderation.store import Blocked, Report
from yaohe.live.realtime import ChatLineNotFound, Hub
from yaohe.live.rooms import RoomNotFound, Rooms

TRAIL_MAX = 200
MUTE_MINUTES = 10
Name = Annotated[str, Meta(max_length=60)]


class PenaltyList(msgspec.Struct, frozen=True):
    items: list[Penalty]


class HelperList(msgspec.Struct, frozen=True):
    items: list[Helper]


class ReportList(msgspec.Struct, frozen=True):
    items: list[Report]


class BlockList(msgspec.Struct, frozen=True):
    items: list[Blocked]


class TrailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One act, as the audit trail keeps it."""

    id: int
    at: datetime
    action: str
    by_id: str
    by: str
    detail: dict[str, Any]


class Trail(msgspec.Struct, frozen=True):
    items: list[TrailLine]


class PinMessageRequest(msgspec.Struct, frozen=True):
    text: Annotated[str, Meta(max_length=500)]


class PenaltyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A mute lasts `minutes`; a ban lasts until it is lifted."""

    kind: PenaltyKind
    name: Name = ""
    minutes: Annotated[int, Meta(ge=1, le=MINUTES_MAX)] = MUTE_MINUTES


class NameRequest(msgspec.Struct, frozen=True):
    name: Name = ""


class ReportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`line_id` is left out when the room itself is meant."""

    reason: Literal["spam", "abuse", "fraud", "nudity", "illegal", "other"]
    line_id: Annotated[str, Meta(max_length=40)] | None = None
    note: Annotated[str, Meta(max_length=1_000)] = ""


class RoomRules(Controller):
    """How one talks in a room: slow mode, links, words, closed, the pinned message."""

    path = "/api/v1/rooms/{room_id:str}/chat-rules"
    tags = ("moderation",)
    dependencies = STAFF_ONLY

    @get("/", summary="The room's rules", opt={"errors": (*STAFF_ERRORS, RoomNotFound)})
    async def read(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        rooms: Given[Rooms],
        moderation: Given[Moderation],
    ) -> ChatRules:
        await rooms.get(room_id)
        return await moderation.rules(room_id)

    @patch(
        "/",
        summary="Change the rules; fields left out stay",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomNotFound)},
    )
    async def change(
        self,
        room_id: FromPath[str],
        data: JSONBody[RulesChange],
        staff: Given[Staff],
        moderation: Given[Moderation],
    ) -> ChatRules:
        return await moderation.change_rules(room_id, data, by=acting(staff))

    @put(
        "/pinned",
        summary="Put a message above the chat",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomNotFound)},
    )
    async def pin(
        self,
        room_id: FromPath[str],
        data: JSONBody[PinMessageRequest],
        staff: Given[Staff],
        moderation: Given[Moderation],
    ) -> ChatRules:
        if not data.text.strip():
            raise BadInput("text is empty.", field="text")
        return await moderation.pin_message(room_id, data.text, by=acting(staff))

    @delete(
        "/pinned",
        status_code=200,
        summary="Take the pinned message away",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def unpin(
        self, room_id: FromPath[str], staff: Given[Staff], moderation: Given[Moderation]
    ) -> ChatRules:
        return await moderation.pin_message(room_id, None, by=acting(staff))


class Penalties(Controller):
    """Mutes and bans, by staff and by the room's moderators."""

    path = "/api/v1/rooms/{room_id:str}/penalties"
    tags = ("moderation",)
    dependencies = MODERATORS_ONLY

    @get("/", summary="Who is held back", opt={"errors": MODERATOR_ERRORS})
    async def every(
        self,
        room_id: FromPath[str],
        moderator: Given[Moderator],
        moderation: Given[Moderation],
    ) -> PenaltyList:
        return PenaltyList(await moderation.penalties(room_id))

    @put(
        "/{visitor_id:str}",
        summary="Mute or ban somebody; a ban hides what they said",
        opt={"errors": (*MODERATOR_ERRORS, BadInput, RoomNotFound, OneOfUs)},
    )
    async def hold(
        self,
        room_id: FromPath[str],
        visitor_id: FromPath[str],
        data: JSONBody[PenaltyRequest],
        moderator: Given[Moderator],
        moderation: Given[Moderation],
        hub: Given[Hub],
    ) -> Penalty:
        penalty = await moderation.penalize(
            room_id,
            visitor_id,
            name=data.name,
            kind=data.kind,
            minutes=data.minutes if data.kind == "mute" else None,
            by=moderator,
        )
        if penalty.kind == "ban":
            await hub.hide_person(room_id, visitor_id, by=moderator)
        return penalty

    @delete(
        "/{visitor_id:str}",
        summary="Lift a mute or a ban",
        opt={"errors": (*MODERATOR_ERRORS, RoomNotFound, PenaltyNotFound)},
    )
    async def lift(
        self,
        room_id: FromPath[str],
        visitor_id: FromPath[str],
        moderator: Given[Moderator],
        moderation: Given[Moderation],
    ) -> None:
        await moderation.pardon(room_id, visitor_id, by=moderator)


class Moderators(Controller):
    """The visitors a room's chat is entrusted to. Staff moderate every room."""

    path = "/api/v1/rooms/{room_id:str}/moderators"
    tags = ("moderation",)
    dependencies = STAFF_ONLY

    @get("/", summary="Who moderates besides staff", opt={"errors": STAFF_ERRORS})
    async def every(
        self, room_id: FromPath[str], staff: Given[Staff], moderation: Given[Moderation]
    ) -> HelperList:
        return HelperList(await moderation.moderators(room_id))

    @put(
        "/{visitor_id:str}",
        status_code=204,
        summary="Entrust the chat to a visitor",
        opt={"errors": (*STAFF_ERRORS, BadInput, RoomNotFound, TooManyModerators)},
    )
    async def appoint(
        self,
        room_id: FromPath[str],
        visitor_id: FromPath[str],
        data: JSONBody[NameRequest],
        staff: Given[Staff],
        moderation: Given[Moderation],
    ) -> None:
        await moderation.appoint(room_id, visitor_id, name=data.name, by=acting(staff))

    @delete(
        "/{visitor_id:str}",
        summary="Take it away again",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, ModeratorNotFound)},
    )
    async def dismiss(
        self,
        room_id: FromPath[str],
        visitor_id: FromPath[str],
        staff: Given[Staff],
        moderation: Given[Moderation],
    ) -> None:
        await moderation.dismiss(room_id, visitor_id, by=acting(staff))


class Reports(Controller):
    """What viewers report, and what staff make of it."""

    path = "/api/v1/rooms/{room_id:str}/reports"
    tags = ("moderation",)

    @post(
        "/",
        status_code=204,
        summary="Report a line, or the room",
        dependencies={"guest": Provide(current_guest)},
        opt={
            "framed": True,
            "errors": (WrongOrigin, BadInput, RoomNotFound, ChatLineNotFound, TooManyReports),
        },
    )
    async def report(
        self,
        room_id: FromPath[str],
        data: JSONBody[ReportRequest],
        guest: Given[Guest],
        rooms: Given[Rooms],
        moderation: Given[Moderation],
        hub: Given[Hub],
    ) -> Response[None]:
        await rooms.get(room_id)
        await hub.kept()
        written = await moderation.report(
            room_id,
            data.line_id,
            visitor_id=guest.visitor.id,
            reason=data.reason,
            note=data.note,
        )
        if not written:
            raise ChatLineNotFound
        return Response(None, headers=guest.headers)

    @get(
        "/",
        summary="What is open, the most reported first",
        dependencies=STAFF_ONLY,
        opt={"errors": STAFF_ERRORS},
    )
    async def open(
        self, room_id: FromPath[str], staff: Given[Staff], moderation: Given[Moderation]
    ) -> ReportList:
        return ReportList(await moderation.reports(room_id))

    @post(
        "/{report_id:str}/close",
        status_code=204,
        summary="Seen to: close what was said about this line",
        dependencies=STAFF_ONLY,
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, ReportNotFound)},
    )
    async def close(
        self,
        room_id: FromPath[str],
        report_id: FromPath[str],
        staff: Given[Staff],
        moderation: Given[Moderation],
    ) -> None:
        await moderation.close_report(room_id, report_id, by=acting(staff))


class Blocks(Controller):
    """The people one visitor does not want to read. Only they themselves know of it."""

    path = "/api/v1/blocks"
    tags = ("moderation",)
    dependencies = {"guest": Provide(current_guest)}  # noqa: RUF012 - Litestar's way
    opt = {"framed": True}  # noqa: RUF012 - Litestar's way

    @get("/", summary="Whom I block", opt={"errors": ()})
    async def every(self, guest: Given[Guest], moderation: Given[Moderation]) -> BlockList:
        return BlockList(await moderation.blocked(guest.visitor.id))

    @put(
        "/{visitor_id:str}",
        status_code=204,
        summary="Block somebody",
        opt={"errors": (WrongOrigin, BadInput, TooManyBlocks)},
    )
    async def block(
        self,
        visitor_id: FromPath[str],
        data: JSONBody[NameRequest],
        guest: Given[Guest],
        moderation: Given[Moderation],
    ) -> Response[None]:
        await moderation.block(guest.visitor.id, visitor_id, name=data.name)
        return Response(None, headers=guest.headers)

    @delete("/{visitor_id:str}", summary="Read them again", opt={"errors": (WrongOrigin,)})
    async def unblock(
        self, visitor_id: FromPath[str], guest: Given[Guest], moderation: Given[Moderation]
    ) -> None:
        await moderation.unblock(guest.visitor.id, visitor_id)


class ModerationTrail(Controller):
    """The audit trail of a room."""

    path = "/api/v1/rooms/{room_id:str}/audit"
    tags = ("moderation",)
    dependencies = STAFF_ONLY

    @get("/", summary="Who did what in this room, the newest first", opt={"errors": STAFF_ERRORS})
    async def read(
        self, room_id: FromPath[str], staff: Given[Staff], identity: Given[Identity]
    ) -> Trail:
        entries = await identity.audit_of(room_id, limit=TRAIL_MAX)
        return Trail(
            [
                TrailLine(
                    id=entry.id,
                    at=entry.at,
                    action=entry.action,
                    by_id=entry.by_id,
                    by=entry.by,
                    detail=entry.detail,
                )
                for entry in entries
            ]
        )


controllers = (RoomRules, Penalties, Moderators, Reports, Blocks, ModerationTrail)
