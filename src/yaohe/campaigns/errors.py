"""What campaigns refuse, in words a client can read.

AppError
├── NotAllowed
│   ├── HelpSelf          403 help_self          one cannot help oneself
│   └── HelpNotHere       403 help_not_here      the rules of this place forbid it
└── Conflict
    ├── HelpNotArrived    409 help_not_arrived   did not come by this share
    ├── HelpTooEarly      409 help_too_early     `retry_after_s` says when
    ├── HelpAlready       409 help_already       helped this sharer before
    ├── HelpOver          409 help_over          nothing to help with (any more)
    └── OfferOver         409 offer_over         the room offers no coupon
"""

from __future__ import annotations

from typing import Final

from yaohe.kernel.errors import AppError, Conflict, NotAllowed


class HelpSelf(NotAllowed):
    code = "help_self"
    message = "You cannot help yourself. Your friends can."


class HelpNotHere(NotAllowed):
    code = "help_not_here"
    message = "Helping is not possible where this page is open."


class HelpNotArrived(Conflict):
    code = "help_not_arrived"
    message = "Open your friend's link first."


class HelpTooEarly(Conflict):
    code = "help_too_early"
    message = "Watch a moment longer, then tap again."


class HelpAlready(Conflict):
    code = "help_already"
    message = "You have helped this friend already. It counts once."


class HelpOver(Conflict):
    code = "help_over"
    message = "There is nothing to help with any more."


class OfferOver(Conflict):
    code = "offer_over"
    message = "This room offers no coupon right now."


CAMPAIGN_ERRORS: Final[tuple[type[AppError], ...]] = (
    HelpSelf, HelpNotHere, HelpNotArrived, HelpTooEarly, HelpAlready, HelpOver,
)  # fmt: skip
