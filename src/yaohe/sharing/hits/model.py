"""A hit: one fetch of a share link. Kept whoever fetched, flagged when it was no person.

A hit counts when it is a GET; bots, and browsers that only fetch ahead, are counted apart as well.
A HEAD is kept and never counted. No hit is a click.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from yaohe.kernel.coalesce import check_text
from yaohe.sharing.ua import Env, classify, environment

UA_KEPT_CHARS: Final = 300
REFERER_KEPT_CHARS: Final = 200
TOKEN_CHARS_MAX: Final = 64
ADDRESS_HASH_BYTES: Final = 16


class HitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `sharing.hits`. `hit_id` makes replaying a spool harmless."""

    hit_id: UUID
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
    address_hash: bytes
    referer: str
    is_bot: bool
    is_prefetch: bool


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """What a request for a share link tells about itself."""

    method: str
    user_agent: str
    address: str
    referer: str = ""
    headers: Mapping[bytes, bytes] | None = None
    query: Mapping[str, str] | None = None


# Controls cannot be stored (NUL) or part the texts of a batch; a header is never refused for them.
_CONTROLS: Final = dict.fromkeys(range(32), " ")
_HAS_CONTROL: Final = re.compile(r"[\x00-\x1f]")


def _storable(text: str, chars_max: int) -> str:
    """`text` as PostgreSQL can keep it in a batch; odd headers are mended, never refused."""
    kept = text[:chars_max]
    if not kept.isascii():
        kept = kept.encode("utf-8", "replace").decode()
    return kept if _HAS_CONTROL.search(kept) is None else kept.translate(_CONTROLS)


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
    ua = classify(fetch.user_agent, fetch.headers)
    env: Env = environment(fetch.user_agent, fetch.query)
    driven = headless_is_person and ua.app == "headless"
    return HitRecord(
        hit_id=UUID(int=random.getrandbits(128)),
        at=at,
        shop_id=shop_id,
        room_id=room_id,
        token=_storable(token, TOKEN_CHARS_MAX),
        visitor_id=visitor_id,
        method=fetch.method,
        ua_kind=ua.kind,
        ua_app=ua.app,
        ua=_storable(fetch.user_agent, UA_KEPT_CHARS),
        env=env.value,
        address_hash=blake2b(
            fetch.address.encode("utf-8", "replace"), key=salt, digest_size=ADDRESS_HASH_BYTES
        ).digest(),
        referer=_storable(fetch.referer, REFERER_KEPT_CHARS),
        is_bot=ua.is_bot and not driven,
        is_prefetch=ua.is_prefetch,
    )


def check_hit(hit: HitRecord) -> None:
    """Raise `BadInput` unless this hit may join a batch."""
    check_text(hit.token, field="token", chars_max=TOKEN_CHARS_MAX)
    check_text(hit.visitor_id, field="visitor_id", chars_max=64)
    check_text(hit.room_id, field="room_id", chars_max=64)
    check_text(hit.ua, field="user_agent", chars_max=UA_KEPT_CHARS)
    check_text(hit.referer, field="referer", chars_max=REFERER_KEPT_CHARS)
