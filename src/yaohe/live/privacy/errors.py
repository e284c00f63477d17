"""Why somebody may not come into a private room.

AppError   ─── InvitationNeeded    401 invitation_needed
NotAllowed ─┬─ TicketInvalid       403 ticket_invalid
            ├─ TicketExpired       403 ticket_expired
            └─ InvitationOver      403 invitation_over
NotFound   ─── InvitationNotFound  404 invitation_not_found
Conflict   ─── RoomNotPrivate      409 room_not_private
"""

from __future__ import annotations

from yaohe.kernel.errors import AppError, Conflict, NotAllowed, NotFound


class InvitationNeeded(AppError):
    code = "invitation_needed"
    status = 401
    message = "This room is by invitation. Open it with the link you were sent."


class TicketInvalid(NotAllowed):
    """Forged, for another room, or of an invitation that was revoked: which one is not told."""

    code = "ticket_invalid"
    message = "This ticket does not open this room. Open the link you were sent again."


class TicketExpired(NotAllowed):
    code = "ticket_expired"
    message = "This ticket has expired. Ask for a new one."


class InvitationOver(NotAllowed):
    code = "invitation_over"
    message = "This invitation is no longer valid. Ask whoever sent it for a new one."


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    message = "There is no such invitation."


class RoomNotPrivate(Conflict):
    code = "room_not_private"
    message = "This room is open to everybody. Make it private first."
