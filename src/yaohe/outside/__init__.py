"""Outside: live rooms that others run, with Yaohe's sharing in them.

Words owned: *outside room* (a room on somebody else's site, known by that site's own *ref*),
*click id* (what a redirect carries to that site, good once), *landing* (a click id handed in),
*tracked event* (something the site says a visitor did), *outside order* (an order taken elsewhere
and told by a server), *book* (live or test: nothing crosses over).
"""

from yaohe.outside.errors import OutsideRoomNotFound
from yaohe.outside.events import OutsideOrderPaid, OutsideOrderRefunded
from yaohe.outside.links import CLICK_FIELD, is_outside
from yaohe.outside.service import Outside

__all__ = [
    "CLICK_FIELD",
    "Outside",
    "OutsideOrderPaid",
    "OutsideOrderRefunded",
    "OutsideRoomNotFound",
    "is_outside",
]
