"""Visitors as the rest of the house meets them. Reading a cookie is pure arithmetic; rows are
written in batches once a second, and losing one loses only a time of last visit."""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import Final

import structlog

from yaohe.identity.consent.model import KeptCookie
from yaohe.identity.visitors import store
from yaohe.identity.visitors.model import (
    COOKIE_AGE_S,
    FRAME_COOKIE,
    VISITOR_COOKIE,
    Visitor,
    derive_key,
    new_visitor_id,
    seal,
    set_cookie,
    unseal,
)
from yaohe.identity.visitors.names import friendly_name
from yaohe.kernel.db import Database

SEEN_MAX: Final = 50_000
FLUSH_MAX: Final = 5_000
FLUSH_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Visitors:
    def __init__(self, db: Database, *, secret: bytes, cookie_secure: bool, shop_id: str) -> None:
        self._db, self._secure, self._shop_id = db, cookie_secure, shop_id
        self._key = derive_key(secret, "visitor.v1")
        # What another site keeps must not open the shop's own pages as this visitor.
        self._header_key = derive_key(secret, "visitor.header.v1")
        # A page of somebody who may not be remembered knows what it made, and nothing else does.
        self._passing_key = derive_key(secret, "visitor.passing.v1")
        # What a page of ours keeps inside a page of another site, where cookies may not be had.
        self._frame_key = derive_key(secret, "visitor.frame.v1")
        self._seen: dict[str, None] = {}
        # A watching person sends the same cookie every few seconds.
        self._read = lru_cache(maxsize=65_536)(partial(_opened, self._key))

    def from_cookie(self, value: str | None) -> Visitor | None:
        """The visitor of a cookie we made; no database."""
        return None if value is None else self._read(value)

    def new(self) -> Visitor:
        visitor_id = new_visitor_id()
        return Visitor(visitor_id, friendly_name(visitor_id))

    def cookie(self, visitor: Visitor, *, framed: bool = False) -> str:
        """The whole Set-Cookie value for this visitor; `framed` inside a page of another site."""
        name = FRAME_COOKIE if framed else VISITOR_COOKIE
        value = seal(self._key, visitor.id)
        return set_cookie(name, value, age_s=COOKIE_AGE_S, secure=self._secure, framed=framed)

    def kept_cookie(self, visitor: Visitor | None) -> KeptCookie:
        """The cookie of this visitor; for None what takes it away."""
        value = "" if visitor is None else seal(self._key, visitor.id)
        return KeptCookie(name=VISITOR_COOKIE, value=value, age_s=COOKIE_AGE_S if value else 0)

    def header(self, visitor: Visitor) -> str:
        """What a page on another site keeps and sends, to be the same visitor again."""
        return seal(self._header_key, visitor.id)

    def from_header(self, value: str | None) -> Visitor | None:
        """The visitor of a header value we made; a cookie's value is none."""
        return _opened(self._header_key, value)

    def passing(self, visitor: Visitor) -> str:
        """By which a page that keeps nothing says again who it is, while it is open."""
        return seal(self._passing_key, visitor.id)

    def from_passing(self, value: str | None) -> Visitor | None:
        """The visitor of a value for a page that keeps nothing; any other value is none."""
        return _opened(self._passing_key, value)

    def frame_token(self, visitor: Visitor) -> str:
        """What an embedded page keeps and sends where it gets no cookie. It stays in a store that
        the page around cannot read."""
        return seal(self._frame_key, visitor.id)

    def from_frame(self, value: str | None) -> Visitor | None:
        """The visitor of a frame token we made; nothing else is one."""
        return _opened(self._frame_key, value)

    def seen(self, visitor_id: str) -> None:
        """Note that this visitor did something. Never waits; written within a second."""
        if len(self._seen) < SEEN_MAX:
            self._seen[visitor_id] = None

    async def flush(self) -> None:
        """Write what `seen` noted; on failure it is noted again for the next round."""
        while self._seen:
            batch = list(self._seen)[:FLUSH_MAX]
            for visitor_id in batch:
                self._seen.pop(visitor_id, None)
            try:
                async with self._db.raw() as conn:
                    await store.remember(conn, batch, self._shop_id)
            except BaseException:
                for visitor_id in batch:
                    self.seen(visitor_id)
                raise

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
            except Exception:
                log.exception("visitors_not_written")
                await asyncio.sleep(FLUSH_EVERY_S)


def _opened(key: bytes, value: str | None) -> Visitor | None:
    visitor_id = unseal(key, value)
    return None if visitor_id is None else Visitor(visitor_id, friendly_name(visitor_id))
