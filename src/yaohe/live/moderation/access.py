"""Who may moderate a room: every member of staff, and the visitors it was entrusted to."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath

from yaohe.identity import STAFF_ERRORS, Identity, current_guest, require_staff
from yaohe.kernel.errors import NotSignedIn
from yaohe.live.moderation.errors import NotModerator
from yaohe.live.moderation.model import Moderator
from yaohe.live.moderation.service import Moderation, acting


async def require_moderator(
    request: Request[Any, Any, Any],
    identity: Given[Identity],
    moderation: Given[Moderation],
    room_id: FromPath[str],
) -> Moderator:
    """Whoever moderates this room; raises `NotModerator`."""
    guest = await current_guest(request, identity)
    helper = await moderation.moderator(room_id, guest.visitor.id)
    if helper is not None:
        return helper
    try:
        return acting(await require_staff(request, identity))
    except NotSignedIn:
        raise NotModerator from None


MODERATOR_ERRORS: Final = (*STAFF_ERRORS, NotModerator)
MODERATORS_ONLY: Final = {"moderator": Provide(require_moderator)}
