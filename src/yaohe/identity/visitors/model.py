"""Who is watching: a visitor, and the signed cookie that makes the same person the same again.

The cookie is `{visitor_id}.{mac}`: 16 bytes of HMAC-SHA256 in URL-safe base64. Nobody can make a
visitor id that we accept, so an id in a cookie may be trusted to have come from here. It carries
no right beyond being that visitor.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import Final

import msgspec

from yaohe.identity.visitors.names import friendly_name
from yaohe.kernel.ids import is_id, new_id

VISITOR_COOKIE: Final = "yh_v"
# A frame's own. Another name, since a page of the same site may hold both beside each other.
FRAME_COOKIE: Final = "yh_f"
FRAME_HEADER: Final = "x-yaohe-frame"  # a frame token, of an embedded page without a cookie
COOKIE_AGE_S: Final = 400 * 86_400  # the longest browsers keep a cookie
_MAC_BYTES: Final = 16
_VALUE_LENGTH: Final = 22 + 1 + 22  # id, point, unpadded base64 of 16 bytes


class Visitor(msgspec.Struct, frozen=True):
    """A person without an account. `name` is derived from the id; nobody chose it."""

    id: str
    name: str

    def name_in(self, lang: str) -> str:
        return friendly_name(self.id, lang)


def derive_key(secret: bytes, purpose: str) -> bytes:
    """One key per purpose from the installation's secret, so that no mac serves two uses."""
    return hmac.digest(secret, b"yaohe." + purpose.encode(), "sha256")


def _mac(key: bytes, visitor_id: str) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, visitor_id.encode(), "sha256")[:_MAC_BYTES])[:22]


def new_visitor_id() -> str:
    return new_id("v")


def seal(key: bytes, visitor_id: str) -> str:
    """The cookie's value."""
    return f"{visitor_id}.{_mac(key, visitor_id).decode()}"


def unseal(key: bytes, value: str | None) -> str | None:
    """The visitor id of a cookie we made; None for every other text. Touches no database."""
    if value is None or len(value) != _VALUE_LENGTH or not value.isascii():
        return None
    visitor_id, _, mac = value.partition(".")
    if not hmac.compare_digest(_mac(key, visitor_id), mac.encode()):
        return None
    return visitor_id if is_id(visitor_id, "v") else None


def set_cookie(name: str, value: str, *, age_s: int, secure: bool, framed: bool = False) -> str:
    """A whole Set-Cookie value: for this site only, not readable by scripts. `framed` is for a page
    inside one of another site: a cookie of its own there, which no third site ever sees (CHIPS).
    Browsers take such a cookie over https only."""
    flags = "; Secure" if secure else ""
    same = "None" if framed and secure else "Lax"
    apart = "; Partitioned" if framed and secure else ""
    return f"{name}={value}; Max-Age={age_s}; Path=/; HttpOnly; SameSite={same}{flags}{apart}"
