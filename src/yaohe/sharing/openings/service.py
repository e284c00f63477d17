"""Noting openings: at most as many as people fetched the link."""

from __future__ import annotations

import random
from collections.abc import Callable

import asyncpg

from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.sharing.clicks.store import mark_effective
from yaohe.sharing.errors import ShareNotFound
from yaohe.sharing.openings import store
from yaohe.sharing.openings.model import OpeningAsked, check_opening
from yaohe.sharing.shares.model import Share
from yaohe.sharing.shares.service import Shares


class Openings:
    """`closed` says why a link opens nothing."""

    def __init__(self, db: Database, shares: Shares, *, closed: Callable[[Share], object]) -> None:
        self._shares, self._closed = shares, closed
        # One lane: an opening is one short statement, and totals are locked in one order.
        self._note: Coalescer[OpeningAsked, str] = Coalescer(
            "opening.note", _record, db=db, key=_token, check=check_opening
        )
        self.coalescers = (self._note,)

    async def note(self, token: str, *, env: str) -> str:
        """The page of this share is on screen, of somebody whose name may not be kept. Returns the
        opening's id, '' when it did not count; raises `ShareNotFound`."""
        share = await self._shares.share(token)
        if share is None:
            raise ShareNotFound
        if self._closed(share) or (share.link is not None and share.link.url):
            return ""
        made = f"{random.getrandbits(128):032x}"
        return await self._note.submit(OpeningAsked(opening_id=made, token=share.token, env=env))


def _token(asked: OpeningAsked) -> str:
    return asked.token


async def _record(conn: asyncpg.Connection, asked: list[OpeningAsked]) -> list[str | AppError]:
    counted = await store.record(conn, asked)
    if counted:
        await mark_effective(conn, [{"token": token} for token in counted.values()])
    return [one.opening_id if one.opening_id in counted else "" for one in asked]
