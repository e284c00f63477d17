"""App keys: what programs and pages outside of the shop show to be let in.

A *secret key* stays on a server; a *public key* stands in a page or an app and is bound to the
*sites* it is used on. A key of *test mode* writes into a book of its own.
"""

from yaohe.identity.keys.access import APP_ERRORS, APP_ONLY, ScopeMissing, require_app
from yaohe.identity.keys.model import App, Mode, Scope, book_of
from yaohe.identity.keys.service import AppKeys
from yaohe.identity.keys.usertoken import User, UserTokenRefused

__all__ = [
    "APP_ERRORS",
    "APP_ONLY",
    "App",
    "AppKeys",
    "Mode",
    "Scope",
    "ScopeMissing",
    "User",
    "UserTokenRefused",
    "book_of",
    "require_app",
]
