"""Idempotency keys: a request told twice is done once and answered the same."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from yaohe.identity.keys import App
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_token
from yaohe.outside import store
from yaohe.outside.errors import KeyUsedDifferently, StillWorking

KEY_CHARS_MAX: Final = 200

Work = Callable[[str], Awaitable[msgspec.Struct]]


class Answers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def once(
        self, app: App, idem_key: str | None, *, request_hash: bytes, work: Work
    ) -> tuple[bytes, bool]:
        """The answer as JSON, and whether it was given before. `work` gets a seed that stays the
        same when a request that died half way is sent again, so what it made is found again."""
        if idem_key is None:
            return msgspec.json.encode(await work(new_token())), False
        if not 1 <= len(idem_key) <= KEY_CHARS_MAX or not idem_key.isprintable():
            raise BadInput(f"An Idempotency-Key is 1 to {KEY_CHARS_MAX} printable characters.")
        seed = new_token()
        async with self._db.connect() as conn:
            mine = await store.claim(conn, app.id, idem_key, request_hash=request_hash, seed=seed)
            if mine is None:
                return await self._before(app, idem_key, request_hash), True
        try:
            body = msgspec.json.encode(await work(mine))
        except (AppError, asyncio.CancelledError):
            # Nothing was written, or it is not known; either way the same request may come again.
            with contextlib.suppress(AppError):
                async with self._db.connect() as conn:
                    await store.let_go(conn, app.id, idem_key)
            raise
        async with self._db.connect() as conn:
            await store.answered(conn, app.id, idem_key, body)
        return body, False

    async def _before(self, app: App, idem_key: str, request_hash: bytes) -> bytes:
        async with self._db.connect() as conn:
            found = await store.claimed(conn, app.id, idem_key)
        if found is None:
            raise StillWorking(retry_after_s=1)
        asked, body = found
        if asked != request_hash:
            raise KeyUsedDifferently
        if body is None:
            raise StillWorking(retry_after_s=1)
        return bytes(body)
