"""An opening: the page of a share came on screen before its person accepted to be remembered.

It says that somebody was there and not who: two openings may be one person, so openings stand
beside clicks and are never added to them. Its id is known to that page alone, and only while it is
open. When its person accepts, the opening becomes their click.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from yaohe.sharing.shares.model import check_key

ID_CHARS: Final = 32


class OpeningAsked(msgspec.Struct, frozen=True, kw_only=True):
    opening_id: str  # 128 random bits in hexadecimal
    token: str
    env: str


def check_opening(asked: OpeningAsked) -> None:
    check_key(asked.opening_id, field="opening")
    check_key(asked.env, field="env")


def opening_id(given: str | None) -> str:
    """The id as it is kept; '' for what cannot be one."""
    if given is None or len(given) != ID_CHARS or not given.isascii() or not given.isalnum():
        return ""
    try:
        return UUID(hex=given).hex
    except ValueError:
        return ""
