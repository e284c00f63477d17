"""Seals: what an invitation's link, a pass and a ticket look like, and what makes them ours. Pure.

A seal is `kind.room.invitation.until.mac`: the mac is 16 bytes of HMAC-SHA256 over what stands
before it, under a key of its own. Nobody can make one, and none fits another room or another use.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.text import clean_text

SealKind = Literal["invitation", "pass", "ticket"]

# Whom staff let in themselves; no invitation has this name.
STAFF_ENTRY: Final = "staff"

PASS_DAYS_MAX: Final = 30
LIFE_S_MIN: Final = 300
LIFE_S_MAX: Final = 90 * 86_400
USES_MAX: Final = 100_000
NOTE_CHARS_MAX: Final = 60
_SEAL: Final = re.compile(
    r"(invitation|pass|ticket)\.([a-z0-9-]{2,32})\.([a-z0-9_]{5,32})\.([0-9]{1,12})\.[A-Za-z0-9_-]{22}\Z",
    re.ASCII,
)


class Seal(msgspec.Struct, frozen=True):
    """What a seal says: this use, this room, by this invitation, until then (seconds)."""

    kind: str
    room_id: str
    invitation_id: str
    until: int


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`note` says for whom it is meant; `uses_max` None lets in as many as have the link."""

    id: str
    shop_id: str
    room_id: str
    note: str
    uses_max: int | None
    used: int
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """`life_s` is how long the link, and whoever came by it, may come in."""

    life_s: int = 86_400
    uses_max: int | None = None
    note: str = ""


def derive_key(secret: bytes) -> bytes:
    """The key of all seals, from the installation's secret."""
    return hmac.digest(secret, b"yaohe.privacy", "sha256")


def _mac(key: bytes, text: str) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:16])[:22]


def seal(key: bytes, kind: SealKind, room_id: str, invitation_id: str, until: int) -> str:
    text = f"{kind}.{room_id}.{invitation_id}.{until}"
    return f"{text}.{_mac(key, text).decode()}"


def unseal(key: bytes, given: str) -> Seal | None:
    """What a seal of ours says; None for every other text."""
    found = _SEAL.match(given)
    if found is None:
        return None
    text, _, mac = given.rpartition(".")
    if not hmac.compare_digest(_mac(key, text), mac.encode()):
        return None
    kind, room_id, invitation_id, until = found.groups()
    return Seal(kind, room_id, invitation_id, int(until))


def pass_cookie_name(room_id: str) -> str:
    return f"yh_p_{room_id}"


def checked(new: NewInvitation) -> NewInvitation:
    """The same with its note cleaned; raises `BadInput` naming the field."""
    if not LIFE_S_MIN <= new.life_s <= LIFE_S_MAX:
        raise BadInput("An invitation lasts five minutes to ninety days.", field="life_s")
    if new.uses_max is not None and not 1 <= new.uses_max <= USES_MAX:
        raise BadInput("Give a number of people from 1 to 100,000.", field="uses_max")
    note = clean_text(new.note, field="note", chars_max=NOTE_CHARS_MAX, empty=True)
    return msgspec.structs.replace(new, note=note)
