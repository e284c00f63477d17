"""Making shares, marking them intended, and reading them at the speed of a landing page."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from typing import Final

import asyncpg

from yaohe.identity import Visitor
from yaohe.kernel.clock import Clock
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.ids import is_token, new_token
from yaohe.platforms import CHANNELS
from yaohe.sharing.errors import ChannelRefused, ShareNotFound, ShareNotYours
from yaohe.sharing.shares import store
from yaohe.sharing.shares.model import (
    NewShare,
    Share,
    check_share,
    checked_name,
    checked_note,
    is_link_name,
)

REMEMBERED_MAX: Final = 50_000
KNOWN_FOR_S: Final = 30.0
PATIENCE_S: Final = 0.1  # for a share that was known before
UNKNOWN_FOR_S: Final = 2.0  # short: a share may be made by another process a moment later


class Shares:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._kept: OrderedDict[str, tuple[float, Share | None]] = OrderedDict()
        self._create: Coalescer[NewShare, Share] = Coalescer(
            "share.create", store.create, db=db, key=lambda s: s.token, check=check_share
        )
        self._read: Coalescer[str, Share | None] = Coalescer(
            "share.read", _read_each, db=db, key=lambda token: token, lanes=2
        )
        self.coalescers = (self._create, self._read)

    async def create(
        self,
        room_id: str,
        *,
        shop_id: str,
        sharer: Visitor,
        channel: str,
        content: str,
        variant: str = "",
        parent: str | None = None,
        moment_ms: int | None = None,
        moment_at: datetime | None = None,
        product_id: str | None = None,
        clip_key: str | None = None,
        clip_ms: int | None = None,
        clip_bytes: int | None = None,
        prepared: bool = False,
        token: str | None = None,
    ) -> Share:
        """A new share; intended unless `prepared`. What led the sharer here is decided inside.
        Asked again with the same `token` (of `new_token`), it is the same share."""
        share = await self._create.submit(
            NewShare(
                token=token or new_token(),
                shop_id=shop_id,
                room_id=room_id,
                sharer_id=sharer.id,
                sharer_name=checked_name(sharer.name),
                channel=channel,
                content=content,
                variant=variant,
                parent=parent,
                moment_ms=moment_ms,
                moment_at=moment_at,
                product_id=product_id,
                clip_key=clip_key,
                clip_ms=clip_ms,
                clip_bytes=clip_bytes,
                prepared=prepared,
            )
        )
        self._keep(share.token, share)
        return share

    async def intend(self, token: str, *, sharer_id: str, channel: str) -> Share:
        """The sharer pressed. Counts once; a second press changes nothing."""
        if channel not in CHANNELS:
            raise ChannelRefused(field="channel")
        if not is_token(token):
            raise ShareNotFound
        async with self._db.raw(writes=True) as conn:
            share = await store.intend(conn, token, sharer_id, channel)
        if share is None:
            raise ShareNotFound if await self.share(token) is None else ShareNotYours
        self._keep(token, share)
        return share

    async def say(self, token: str, *, sharer_id: str, note: str, bought: bool) -> Share:
        """What the sharer wants told to the friend; the caller knows that it may be said."""
        if not is_token(token):
            raise ShareNotFound
        async with self._db.raw(writes=True) as conn:
            share = await store.say(conn, token, sharer_id, checked_note(note), bought)
        if share is None:
            raise ShareNotFound if await self.share(token) is None else ShareNotYours
        self._keep(token, share)
        return share

    async def times(
        self, room_id: str, begin: datetime, end: datetime
    ) -> list[tuple[datetime, int]]:
        """When a room was shared and how often, by ten seconds."""
        async with self._db.raw() as conn:
            return await store.times(conn, room_id, begin, end)

    async def share(self, token: str) -> Share | None:
        """The share of a token, or of the name of a link. What may change of it, its states and
        what staff decided about a link, may be half a minute old."""
        kept = self._kept.get(token)
        if kept is not None and kept[0] > self._clock.monotonic():
            self._kept.move_to_end(token)
            return kept[1]
        if not is_link_name(token):
            return None
        if kept is None or kept[1] is None:
            share = await self._read.submit(token)
        else:
            # While the database has trouble, what was known goes on being good.
            share = kept[1]
            with contextlib.suppress(TryAgain, TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    share = await self._read.submit(token)
        self._keep(token, share)
        return share

    async def fresh(self, token: str) -> Share:
        """The share as it is this moment; raises `ShareNotFound`."""
        if not is_token(token):
            raise ShareNotFound
        share = await self._read.submit(token)
        if share is None:
            raise ShareNotFound
        self._keep(token, share)
        return share

    def forget(self, names: Collection[str] | None) -> None:
        """Staff changed links that were known by these names; None: any of them."""
        if names is None:
            gone = [name for name, (_, kept) in self._kept.items() if kept and kept.link]
        else:
            small = {name.lower() for name in names}
            gone = [name for name in self._kept if name.lower() in small]
        for name in gone:
            del self._kept[name]

    def forget_all(self) -> None:
        """Whose shares these are may have changed."""
        self._kept.clear()

    def _keep(self, token: str, share: Share | None) -> None:
        lasts_s = UNKNOWN_FOR_S if share is None else KNOWN_FOR_S
        self._kept[token] = (self._clock.monotonic() + lasts_s, share)
        self._kept.move_to_end(token)
        if len(self._kept) > REMEMBERED_MAX:
            self._kept.popitem(last=False)


async def _read_each(conn: asyncpg.Connection, tokens: list[str]) -> list[Share | AppError | None]:
    found = await store.find(conn, list(dict.fromkeys(tokens)))
    return [found.get(token) for token in tokens]
