"""Private rooms. Words: invitation, pass, ticket.

Staff make an *invitation*, a link they can revoke. Whoever opens it gets a *pass*, a cookie that
lasts as long as the invitation; with a pass one gets *tickets*, which last minutes and stand in the
addresses of media.
"""

from yaohe.live.privacy.errors import InvitationNeeded, InvitationOver
from yaohe.live.privacy.service import Privacy, Ticket

__all__ = [
    "InvitationNeeded",
    "InvitationOver",
    "Privacy",
    "Ticket",
]
