"""Identity: who people are. Its words: visitor, guest, staff, owner, session, API key, shop, audit.

A *visitor* is a person without an account, known by a signed cookie; a *guest* is the visitor of
one request; *staff* run the *shop*; the first of them is the *owner*.
"""

from yaohe.identity.access import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    check_origin,
    current_guest,
    require_staff,
)
from yaohe.identity.errors import WrongOrigin
from yaohe.identity.model import SHOP_ID, Shop, ShopChange
from yaohe.identity.service import Identity
from yaohe.identity.staff.model import Staff
from yaohe.identity.staff.service import audit
from yaohe.identity.visitors.model import Visitor
from yaohe.identity.visitors.names import friendly_name

__all__ = [
    "SHOP_ID",
    "STAFF_ERRORS",
    "STAFF_ONLY",
    "Guest",
    "Identity",
    "Shop",
    "ShopChange",
    "Staff",
    "Visitor",
    "WrongOrigin",
    "audit",
    "check_origin",
    "current_guest",
    "friendly_name",
    "require_staff",
]
