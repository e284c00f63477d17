"""Confirming clicks: at most once per share and visitor, whoever asks and however often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
from msgspec.structs import replace

from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.outbox import record_raw
from yaohe.platforms.ua import Env
from yaohe.sharing.clicks import store
from yaohe.sharing.clicks.model import ClickAsked, ClickResult, check_click, merged
from yaohe.sharing.errors import ShareNotFound
from yaohe.sharing.events import ClickConfirmed
from yaohe.sharing.openings import store as openings
from yaohe.sharing.openings.model import opening_id
from yaohe.sharing.shares.model import Share
from yaohe.sharing.shares.service import Shares
from yaohe.sharing.visits.model import PRODUCTIVE_MS
from yaohe.sharing.visits.service import note_productive

LANES: Final = 2

_Outcome = tuple[bool, bool]  # new, counted


class Clicks:
    def __init__(
        self,
        db: Database,
        shares: Shares,
        *,
        spooled_env: Callable[[str, str], str | None],
        closed: Callable[[Share], object],
    ) -> None:
        self._db, self._shares, self._spooled_env = db, shares, spooled_env
        self._closed = closed
        self._confirm: Coalescer[ClickAsked, _Outcome] = Coalescer(
            "click.confirm", _confirm, db=db, key=_key, lanes=LANES, check=check_click
        )
        # A rush for coupons asks this once per person.
        self._latest: Coalescer[tuple[str, str], str | None] = Coalescer(
            "click.latest", _latest, db=db, key=lambda who: who
        )
        self.coalescers = (self._confirm, self._latest)

    async def confirm(
        self,
        token: str,
        visitor_id: str,
        *,
        env: str = Env.BROWSER,
        joined: bool = False,
        opening: str | None = None,
    ) -> ClickResult:
        """Confirm an open of this share by this visitor; `joined` when they are in the room,
        `opening` when it was counted without their name before they accepted.

        Not counted: the sharer's own open, a link that leads to another site (there is no page of
        ours to tell of a person), one that is paused or over, a visitor of whom only programs were
        seen.
        """
        share = await self._shares.share(token)
        if share is None:
            raise ShareNotFound
        leads_away = share.link is not None and share.link.url
        before = opening_id(opening)
        if share.sharer_id == visitor_id or leads_away or self._closed(share):
            if before:
                await self._drop(before, share.token)
            return ClickResult(new=False, counted=False, share=share)
        # A hit that waits in the spool proves a person as well as one in the database does.
        seen = self._spooled_env(token, visitor_id)
        new, counted = await self._confirm.submit(
            ClickAsked(
                token=token,
                visitor_id=visitor_id,
                env=seen or str(env),
                joined=joined or seen is not None,
                opening=before,
            )
        )
        return ClickResult(new=new, counted=counted, share=share)

    async def _drop(self, opening: str, token: str) -> None:
        """The opening was the sharer's own, as it turned out."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            await openings.take(conn, [(opening, token)])

    async def friends(self, sharers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many different friends each (room, sharer) brought so far."""
        async with self._db.raw() as conn:
            return await store.friends(conn, list(dict.fromkeys(sharers)))

    async def latest(self, room_id: str, visitor_id: str) -> str | None:
        """The share through which this visitor last came into this room."""
        return await self._latest.submit((room_id, visitor_id))


def _key(asked: ClickAsked) -> str:
    return asked.token


async def _latest(
    conn: asyncpg.Connection, asked: list[tuple[str, str]]
) -> list[str | AppError | None]:
    return list(await store.latest(conn, asked))


async def _confirm(conn: asyncpg.Connection, asked: list[ClickAsked]) -> list[_Outcome | AppError]:
    told = [(one.opening, one.token) for one in asked if one.opening]
    if told:
        proven = await openings.take(conn, told)
        asked = [replace(one, joined=one.joined or one.opening in proven) for one in asked]
    rows = await store.confirm(conn, merged(asked))
    new = [row for row in rows if row["new"]]
    if new:
        known = await store.arrive(conn, new)
        earned = await store.already_earned(conn, known, watch_ms=PRODUCTIVE_MS)
        await store.mark_effective(conn, new)
        await record_raw(conn, [_fact(row) for row in new])
        await note_productive(conn, earned)
    counted = {(row["token"], row["visitor_id"]) for row in rows}
    # Of the same open asked twice in one batch, one is told that it was the first.
    fresh = {(row["token"], row["visitor_id"]) for row in new}
    answers: list[_Outcome | AppError] = []
    for one in asked:
        key = (one.token, one.visitor_id)
        answers.append((key in fresh, key in counted))
        fresh.discard(key)
    return answers


def _fact(row: asyncpg.Record) -> ClickConfirmed:
    return ClickConfirmed(
        shop_id=row["shop_id"],
        token=row["token"],
        room_id=row["room_id"],
        sharer_id=row["sharer_id"],
        visitor_id=row["visitor_id"],
        env=row["env"],
    )
