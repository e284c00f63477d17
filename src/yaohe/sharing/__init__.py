"""Sharing: links between people, and what came of them.

Words owned: *share* (an object with a token and four states), *hit* (a fetch of its link), *click*
(a confirmed open by another visitor), *arrival* (the same, seen from the friend), *visit*, *tick*,
*credit* (an order owed to a share), *env* (where a page is open). Reports, credits and visits have
doors of their own: `yaohe.sharing.reports`, `yaohe.sharing.attribution`, `yaohe.sharing.visits`.
"""

from yaohe.platforms.ua import Env, environment
from yaohe.sharing.errors import SHARE_ERRORS
from yaohe.sharing.events import ClickConfirmed, ShareProductive
from yaohe.sharing.hits.model import Fetch
from yaohe.sharing.service import Sharing
from yaohe.sharing.shares.model import Share
from yaohe.sharing.visits.model import WatchTick
from yaohe.sharing.wire import (
    BeaconAnswer,
    BeaconRequest,
    ShareAnswer,
    ShareRequest,
    TickAnswer,
    TickRequest,
)

__all__ = [
    "SHARE_ERRORS",
    "BeaconAnswer",
    "BeaconRequest",
    "ClickConfirmed",
    "Env",
    "Fetch",
    "Share",
    "ShareAnswer",
    "ShareProductive",
    "ShareRequest",
    "Sharing",
    "TickAnswer",
    "TickRequest",
    "WatchTick",
    "environment",
]
