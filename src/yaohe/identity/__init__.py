"""Identity: who people are. Its words: visitor, guest, staff, owner, session, API key, shop, audit.

A *visitor* is a person without an account, known by a signed cookie; a *guest* is the visitor of
one request; *staff* run the *shop*; the first of them is the *owner*.
"""

from yaohe.identity.access import Guest, check_origin, current_guest, require_staff
from yaohe.identity.errors import KeyReadOnly, WrongOrigin
from yaohe.identity.model import SHOP_ID, Shop, ShopChange, check_currency
from yaohe.identity.service import Identity
from yaohe.identity.staff.model import Staff
from yaohe.identity.staff.service import audit
from yaohe.identity.visitors.model import Visitor
from yaohe.identity.visitors.names import friendly_name

__all__ = [
    "SHOP_ID",
    "Guest",
    "Identity",
    "KeyReadOnly",
    "Shop",
    "ShopChange",
    "Staff",
    "Visitor",
    "WrongOrigin",
    "audit",
    "check_currency",
    "check_origin",
    "current_guest",
    "friendly_name",
    "require_staff",
]
