"""A hit: one fetch of a share link. Kept whoever fetched, flagged when it was no person.

A hit counts when it is a GET; bots, and browsers that only fetch ahead, are counted apart as well.
A HEAD is kept and never counted. No hit is a click.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.platforms.ua import UaClass, classify, environment, is_prefetch

UA_KEPT_CHARS: Final = 300
REFERER_KEPT_CHARS: Final = 200
TOKEN_CHARS_MAX: Final = 64
ADDRESS_HASH_BYTES: Final = 16
IDS_CHARS_MAX: Final = 300


class HitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `sharing.hits`. `hit_id` makes replaying a spool harmless."""

    hit_id: str  # 128 random bits in hexadecimal
    at: datetime
    shop_id: str
    room_id: str  # '' when no share is known by this token
    token: str
    visitor_id: str
    method: str
    ua_kind: str
    ua_app: str
    ua: str
    env: str
    address_hash: str  # '' where the person did not accept to be remembered
    referer: str
    is_bot: bool
    is_prefetch: bool

    @property
    def flags(self) -> str:
        """Both flags as one word, for a batch of texts."""
        if not self.is_bot and not self.is_prefetch:
            return "-"
        return ("b" if self.is_bot else "") + ("p" if self.is_prefetch else "")


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """What a request for a share link tells about itself."""

    method: str
    user_agent: str
    address: str  # '' when nothing may be kept of it
    referer: str = ""
    headers: Mapping[bytes, bytes] | None = None
    query: Mapping[str, str] | None = None


# Controls cannot be stored (NUL) or part the texts of a batch; a header is never refused for them.
_CONTROLS: Final = dict.fromkeys(range(32), " ")


def _storable(text: str, chars_max: int) -> str:
    """`text` as PostgreSQL can keep it in a batch; odd headers are mended, never refused."""
    kept = text[:chars_max]
    if kept.isprintable():
        return kept
    return kept.encode("utf-8", "replace").decode().translate(_CONTROLS)


@lru_cache(maxsize=16_384)
def _looks(user_agent: str) -> tuple[UaClass, str]:
    """All that follows from the user agent alone; a crowd has few different ones."""
    return classify(user_agent), _storable(user_agent, UA_KEPT_CHARS)


def hit_of(
    fetch: Fetch,
    *,
    token: str,
    shop_id: str,
    room_id: str,
    visitor_id: str,
    at: datetime,
    salt: bytes,
    headless_is_person: bool = False,
) -> HitRecord:
    """The row for one fetch. The address leaves only its salted hash."""
    ua, ua_kept = _looks(fetch.user_agent)
    driven = headless_is_person and ua.app == "headless"
    return HitRecord(
        hit_id=f"{random.getrandbits(128):032x}",
        at=at,
        shop_id=shop_id,
        room_id=room_id,
        # Whatever somebody typed after /s/ is a hit of a share nobody knows, never an error.
        token="".join(c if c.isprintable() else " " for c in token[:TOKEN_CHARS_MAX]),
        visitor_id=visitor_id,
        method=fetch.method,
        ua_kind=ua.kind,
        ua_app=ua.app,
        ua=ua_kept,
        env=environment(fetch.user_agent, fetch.query),
        address_hash=_hashed(fetch.address, salt),
        referer=_storable(fetch.referer, REFERER_KEPT_CHARS) if fetch.referer else "",
        is_bot=ua.is_bot and not driven,
        is_prefetch=fetch.headers is not None and is_prefetch(fetch.headers),
    )


def _hashed(address: str, salt: bytes) -> str:
    if not address:
        return ""
    given = address.encode("utf-8", "replace")
    return blake2b(given, key=salt, digest_size=ADDRESS_HASH_BYTES).hexdigest()


def check_hit(hit: HitRecord) -> None:
    """Raise `BadInput` unless this hit may join a batch. `hit_of` has mended its headers."""
    ids = hit.token + hit.visitor_id + hit.room_id + hit.shop_id + hit.method
    if not ids.isprintable() or len(ids) > IDS_CHARS_MAX:
        raise BadInput("A hit is told by ids: printable and not too long.")
