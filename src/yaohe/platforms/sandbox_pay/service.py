"""The gateway's verbs: create, pay, cancel, close, refund; and the delivery of its notices.

A payment ends and its notice is written in one transaction; the notice is then delivered over real
HTTP until the shop answers 2xx. Being killed at any point loses nothing: what was not delivered is
due again.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.ids import new_secret
from yaohe.kernel.origin import is_loopback, origin_of
from yaohe.platforms.payments import (
    PaymentNotice,
    PaymentRequest,
    RefundRequest,
    open_signed,
    sign,
)
from yaohe.platforms.sandbox_pay import store
from yaohe.platforms.sandbox_pay.errors import (
    SandboxMismatch,
    SandboxNotPaid,
    SandboxPaymentNotFound,
)
from yaohe.platforms.sandbox_pay.model import (
    OLD_S,
    Fault,
    SandboxNotice,
    SandboxPayment,
    pause_s,
    plan,
)

LEASE_S: Final = 20
TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 20
LOOK_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class SandboxGateway:
    """`secret` is the installation's; keys for notices and forms are derived from it.

    `base_url` is where the cashier page is reached; empty or a loopback address means the site the
    buyer returns to. `notify_origin` (scheme and host) replaces that of the stored notify address
    when sending, so that a restart on another port still delivers. It is our own process, so no
    certificate is checked there: the notice is signed, and nobody stands between.
    """

    name: Final = "sandbox"

    def __init__(
        self,
        db: Database,
        clock: Clock,
        secret: bytes,
        *,
        base_url: str = "",
        notify_origin: str | None = None,
    ) -> None:
        self._db, self._clock = db, clock
        self._notice_key = hmac.digest(secret, b"yaohe.sandbox_pay.notice.v1", "sha256")
        self._form_key = hmac.digest(secret, b"yaohe.sandbox_pay.form.v1", "sha256")
        self._address = "" if is_loopback(base_url) else base_url.rstrip("/")
        self._notify_origin = notify_origin
        self._verify = notify_origin is None
        self._due = asyncio.Event()

    # The gateway's API --------------------------------------------------------------------

    async def create(self, request: PaymentRequest) -> str:
        """The cashier page of this payment; the same id answers the same page."""
        async with self._db.begin() as tx:
            payment = await store.insert_payment(tx.conn, request)
        if (payment.amount_minor, payment.currency) != (request.amount_minor, request.currency):
            raise SandboxMismatch
        address = self._address or origin_of(payment.return_url)
        return f"{address}/sandbox/cashier/{payment.id}"

    async def close(self, payment_id: str) -> None:
        """Take no money for it any more; a payment already paid stays paid."""
        async with self._db.begin() as tx:
            await store.end(tx.conn, payment_id, before="open", after="closed")

    async def refund(self, request: RefundRequest) -> None:
        """Give the money of a payment back; repeating the request changes nothing."""
        async with self._db.begin() as tx:
            refunded = await store.end(tx.conn, request.payment_id, before="paid", after="refunded")
            payment = refunded or await store.payment(tx.conn, request.payment_id)
            if payment is None:
                raise SandboxPaymentNotFound
            if (payment.amount_minor, payment.currency) != (request.amount_minor, request.currency):
                raise SandboxMismatch("Only the whole amount can be given back.")
            if refunded is None:
                if payment.state == "refunded":
                    return
                raise SandboxNotPaid
            await store.insert_refund(
                tx.conn, request.refund_id, payment.id, request.amount_minor, request.reason
            )
            planned = plan(payment, "refund.done", refund_id=request.refund_id)
            await store.insert_notices(tx.conn, payment, planned)
        self._due.set()

    def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice:
        """Verify a notice as the shop must: signature, then time, then shape."""
        return open_signed(self._notice_key, headers, raw, now_s=self._clock.now().timestamp())

    async def script(self, payment_id: str, *faults: Fault) -> None:
        """Bend the news of this payment's success."""
        async with self._db.begin() as tx:
            await store.set_faults(tx.conn, payment_id, faults)

    # The cashier --------------------------------------------------------------------------

    async def payment(self, payment_id: str) -> SandboxPayment:
        async with self._db.connect() as conn:
            found = await store.payment(conn, payment_id)
        if found is None:
            raise SandboxPaymentNotFound
        return found

    async def pay(self, payment_id: str) -> SandboxPayment:
        """The payer pressed "pay"; answers the payment as it is then (it may have ended)."""
        async with self._db.begin() as tx:
            paid = await store.end(tx.conn, payment_id, before="open", after="paid", in_time=True)
            if paid is not None:
                await store.insert_notices(tx.conn, paid, plan(paid, "payment.paid"))
        self._due.set()
        return paid or await self.payment(payment_id)

    async def cancel(self, payment_id: str) -> SandboxPayment:
        """The payer pressed "cancel"; answers the payment as it is then."""
        async with self._db.begin() as tx:
            canceled = await store.end(tx.conn, payment_id, before="open", after="canceled")
            if canceled is not None:
                await store.insert_notices(tx.conn, canceled, plan(canceled, "payment.canceled"))
        self._due.set()
        return canceled or await self.payment(payment_id)

    def form_token(self, payment_id: str, nonce: str) -> str:
        """What the page's form must bring back: bound to this payment and this browser.

        It acts once, because paying or canceling ends the payment.
        """
        return hmac.digest(self._form_key, f"{payment_id}.{nonce}".encode(), "sha256").hex()

    def form_matches(self, payment_id: str, nonce: str, token: str) -> bool:
        """Whether a form that came back is the one we drew for this payment and browser."""
        wanted = self.form_token(payment_id, nonce)
        return token.isascii() and hmac.compare_digest(wanted, token)

    # Delivery -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Deliver notices until cancelled."""
        async with httpx.AsyncClient(
            timeout=TIMEOUT_S, verify=self._verify, trust_env=False, follow_redirects=False
        ) as client:
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

    async def deliver(self) -> int:
        """One round of delivery by itself; returns how many notices were tried."""
        async with httpx.AsyncClient(
            timeout=TIMEOUT_S, verify=self._verify, trust_env=False
        ) as client:
            return await self._deliver(client)

    async def _round(self, client: httpx.AsyncClient) -> float:
        """Deliver all that is due; answers how long to sleep unless woken."""
        while await self._deliver(client) == AT_ONCE:
            pass
        async with self._db.connect() as conn:
            seconds = await store.seconds_to_next(conn)
        return LOOK_EVERY_S if seconds is None else min(LOOK_EVERY_S, max(0.01, seconds))

    async def _deliver(self, client: httpx.AsyncClient) -> int:
        async with self._db.begin() as tx:
            due = await store.take_due(tx.conn, lease_s=LEASE_S, limit=AT_ONCE)
        await asyncio.gather(*[self._send(client, notice) for notice in due])
        return len(due)

    async def _send(self, client: httpx.AsyncClient, notice: SandboxNotice) -> None:
        raw = notice.body.encode()
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

    def _headers(self, notice: SandboxNotice, raw: bytes) -> dict[str, str]:
        """Signed headers of one attempt; a scripted fault bends only the first."""
        fault = notice.fault if notice.attempts == 1 else None
        stamp = int(self._clock.now().timestamp()) - (OLD_S if fault == "old_timestamp" else 0)
        key = new_secret().encode() if fault == "bad_signature" else self._notice_key
        return {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(key, notice.id, stamp, raw),
        }

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
