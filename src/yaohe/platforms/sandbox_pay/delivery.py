"""Telling the shop: each notice sealed, signed and sent until it is taken, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import TryAgain
from yaohe.platforms.sandbox_pay import store
from yaohe.platforms.sandbox_pay.keys import PUBLIC_KEY_ID, SandboxKeys
from yaohe.platforms.sandbox_pay.model import OLD_S, SandboxNotice, pause_s
from yaohe.platforms.wechat_pay.model import time_text
from yaohe.platforms.wechat_pay.signing import seal, stamp_headers

LEASE_S: Final = 20
TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 20
LOOK_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Delivery:
    """`notify_origin` is our own process's: no certificate is checked there, because the notice is
    signed and nobody stands between. `settle` makes due what time makes due."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: SandboxKeys,
        *,
        notify_origin: str | None,
        settle: Callable[[], Awaitable[int]],
    ) -> None:
        self._db, self._clock, self._keys, self._settle = db, clock, keys, settle
        self._notify_origin = notify_origin
        self._due = asyncio.Event()

    def wake(self) -> None:
        """Something is due."""
        self._due.set()

    async def run(self) -> None:
        """Deliver notices until cancelled."""
        async with self._client() as client:
            while True:
                self._due.clear()
                pause = LOOK_EVERY_S
                try:
                    pause = await self._round(client)
                except TryAgain as error:
                    log.warning("notices_later", reason=error.code)
                except Exception:
                    log.exception("notices_failed")
                try:
                    async with asyncio.timeout(pause):
                        await self._due.wait()
                except TimeoutError:
                    pass

    async def deliver(self, *, only: str | None = None) -> int:
        """One round of delivery by itself (or of one notice); returns how many were tried."""
        async with self._client() as client:
            await self._settle()
            return await self._deliver(client, only=only)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=TIMEOUT_S,
            verify=self._notify_origin is None,
            trust_env=False,
            follow_redirects=False,
        )

    async def _round(self, client: httpx.AsyncClient) -> float:
        """Deliver all that is due; answers how long to sleep unless woken."""
        await self._settle()
        while await self._deliver(client) == AT_ONCE:
            pass
        async with self._db.connect() as conn:
            seconds = await store.seconds_to_next(conn)
        return LOOK_EVERY_S if seconds is None else min(LOOK_EVERY_S, max(0.01, seconds))

    async def _deliver(self, client: httpx.AsyncClient, *, only: str | None = None) -> int:
        async with self._db.begin() as tx:
            due = await store.take_due(tx.conn, lease_s=LEASE_S, limit=AT_ONCE, only=only)
        await asyncio.gather(*[self._send(client, notice) for notice in due])
        return len(due)

    async def _send(self, client: httpx.AsyncClient, notice: SandboxNotice) -> None:
        raw = self._sealed(notice)
        headers = self._headers(notice, raw)
        url = self._notify_url(notice.notify_url)
        results = await asyncio.gather(
            *[self._post(client, url, headers, raw) for _ in range(notice.copies)]
        )
        ok = any(result.startswith("2") for result in results)
        async with self._db.begin() as tx:
            if ok:
                await store.delivered(tx.conn, notice.id, results[0])
            else:
                pause = pause_s(notice.attempts)
                await store.refused(tx.conn, notice.id, results[0], pause)
        if not ok:
            log.info("notice_refused", notice_id=notice.id, result=results[0])

    def _sealed(self, notice: SandboxNotice) -> bytes:
        is_refund = notice.event_type.startswith("REFUND.")
        about = "refund" if is_refund else "transaction"
        sealed = seal(self._keys.v3_key, notice.body.encode(), nonce=token_hex(6), about=about)
        return msgspec.json.encode(
            {
                "id": notice.id,
                "create_time": time_text(self._clock.now()),
                "resource_type": "encrypt-resource",
                "event_type": notice.event_type,
                "summary": "sandbox",
                "resource": {**msgspec.to_builtins(sealed), "original_type": about},
            }
        )

    def _headers(self, notice: SandboxNotice, raw: bytes) -> dict[str, str]:
        """Signed headers of one attempt; a scripted fault bends only the first."""
        fault = notice.fault if notice.attempts == 1 else None
        at_s = int(self._clock.now().timestamp()) - (OLD_S if fault == "old_timestamp" else 0)
        signed = raw + b" " if fault == "bad_signature" else raw
        stamped = stamp_headers(
            self._keys.platform,
            serial=PUBLIC_KEY_ID,
            body=signed,
            at_s=at_s,
            nonce=token_hex(16),
        )
        return {"content-type": "application/json", **stamped}

    def _notify_url(self, stored: str) -> str:
        if self._notify_origin is None:
            return stored
        parts, own = urlsplit(stored), urlsplit(self._notify_origin)
        return parts._replace(scheme=own.scheme, netloc=own.netloc).geturl()

    @staticmethod
    async def _post(
        client: httpx.AsyncClient, url: str, headers: Mapping[str, str], raw: bytes
    ) -> str:
        """The status as text, or the name of what went wrong."""
        try:
            answer = await client.post(url, headers=dict(headers), content=raw)
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)
