"""The gateway's verbs: open, pay, close, refund, bill.

A payment ends and its notice is written in one transaction; the notice is then delivered over real
HTTP until the shop answers 2xx. Being killed at any point loses nothing: what was not delivered is
due again.
"""

from __future__ import annotations

import hmac
from datetime import date, datetime, time, timedelta
from typing import Final

from msgspec.structs import replace

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.platforms.sandbox_pay import store, wire
from yaohe.platforms.sandbox_pay.delivery import Delivery
from yaohe.platforms.sandbox_pay.errors import (
    IdReused,
    NoBill,
    NothingToRefund,
    PaymentClosed,
    PaymentPaid,
    PaymentUnknown,
    RefundUnknown,
)
from yaohe.platforms.sandbox_pay.keys import SandboxKeys
from yaohe.platforms.sandbox_pay.model import (
    REFUND_S,
    TAKEN,
    Fault,
    SandboxPayment,
    SandboxRefund,
    first_state,
    plan_paid,
    plan_refund,
)
from yaohe.platforms.wechat_pay.model import BEIJING

_DAY: Final = timedelta(days=1)


class SandboxGateway:
    """`notify_origin` (scheme and host) replaces that of a stored notify address when sending, so
    that a shop that starts again at another port is still told."""

    def __init__(
        self, db: Database, clock: Clock, keys: SandboxKeys, *, notify_origin: str | None = None
    ) -> None:
        self._db, self.clock, self.keys = db, clock, keys
        self._delivery = Delivery(
            db, clock, keys, notify_origin=notify_origin, settle=self.settle_refunds
        )
        self._form_key = hmac.digest(keys.v3_key, b"yaohe.sandbox_pay.form.v1", "sha256")
        self.run = self._delivery.run
        self.deliver = self._delivery.deliver

    # What the shop asks -----------------------------------------------------------------------

    async def open(self, new: SandboxPayment) -> SandboxPayment:
        """The payment with this id; the same id for something else is refused."""
        async with self._db.begin() as tx:
            payment = await store.insert_payment(tx.conn, new)
        if payment.paid_at is not None:
            raise PaymentPaid
        if payment.state == "closed":
            raise PaymentClosed
        asked = (new.amount_minor, new.currency, new.way, new.subject, new.notify_url)
        if asked != (
            payment.amount_minor, payment.currency, payment.way, payment.subject,
            payment.notify_url,
        ):  # fmt: skip
            raise IdReused
        return payment

    async def payment(self, payment_id: str) -> SandboxPayment:
        async with self._db.connect() as conn:
            found = await store.payment(conn, payment_id)
        if found is None:
            raise PaymentUnknown
        return found

    async def close(self, payment_id: str) -> None:
        """Take no money for it any more; a payment already paid stays paid."""
        async with self._db.begin() as tx:
            closed = await store.end(tx.conn, payment_id, before={"open"}, after="closed")
        if closed is None:
            payment = await self.payment(payment_id)
            raise PaymentPaid if payment.paid_at is not None else PaymentClosed

    async def refund(
        self, payment_id: str, refund_id: str, amount_minor: int, *, paid_minor: int,
        notify_url: str, reason: str,
    ) -> SandboxRefund:  # fmt: skip
        """Give back some of the money; repeating the request changes nothing."""
        async with self._db.begin() as tx:
            payment = await store.payment(tx.conn, payment_id, lock=True)
            if payment is None:
                raise PaymentUnknown
            there = await store.refund(tx.conn, refund_id)
            if there is not None:
                if (there.payment_id, there.amount_minor) != (payment_id, amount_minor):
                    raise IdReused
                return there
            back_minor = await store.refunded_minor(tx.conn, payment_id, *TAKEN)
            left_minor = payment.amount_minor - back_minor
            if payment.paid_at is None or not 0 < amount_minor <= left_minor:
                raise NothingToRefund
            if paid_minor != payment.amount_minor:
                raise IdReused
            closed_before = await store.refunded_minor(tx.conn, payment_id, "closed") > 0
            state = first_state(payment, closed_before=closed_before)
            new = SandboxRefund(
                id=refund_id, payment_id=payment_id, amount_minor=amount_minor, state=state,
                notify_url=notify_url,
            )  # fmt: skip
            made = await store.insert_refund(
                tx.conn,
                new,
                reason=reason,
                due_s=REFUND_S if state in {"pending", "failed"} else None,
            )
            notice_id = None
            if state != "pending":
                notice_id = await self._tell(tx, payment, made)
        if notice_id is not None and "early" in payment.faults:
            await self._delivery.deliver(only=notice_id)
        self._delivery.wake()
        if state in {"failed", "closed"}:
            return made
        # As the real one: what has only just been asked for is said to be under way.
        return replace(made, state="pending", done_at=None)

    async def refund_of(self, refund_id: str) -> tuple[SandboxPayment, SandboxRefund]:
        async with self._db.connect() as conn:
            found = await store.refund(conn, refund_id)
        if found is None:
            raise RefundUnknown
        return await self.payment(found.payment_id), found

    async def settle_refunds(self) -> int:
        """Do what was under way; returns how many refunds that were."""
        async with self._db.begin() as tx:
            due = await store.take_due_refunds(tx.conn)
            for refund in due:
                payment = await store.payment(tx.conn, refund.payment_id, lock=True)
                assert payment is not None, "a refund belongs to a payment"
                await self._tell(tx, payment, refund)
        return len(due)

    @staticmethod
    async def _tell(tx: Tx, payment: SandboxPayment, refund: SandboxRefund) -> str:
        """Write down the notice, and that the payment is given back once all of it is."""
        if refund.state == "done":
            done_minor = await store.refunded_minor(tx.conn, payment.id, "done")
            if done_minor == payment.amount_minor:
                await store.end(tx.conn, payment.id, before={"paid"}, after="refunded")
        body = wire.text(wire.refund(payment, refund, notice=True))
        return await store.insert_notice(tx.conn, payment.id, plan_refund(refund, body))

    async def bill(self, day: date) -> str:
        """The bill of a day in Beijing, as far as that day has come."""
        since = datetime.combine(day, time(), BEIJING)
        async with self._db.connect() as conn:
            paid = await store.paid_between(conn, since, since + _DAY)
            back = await store.refunded_between(conn, since, since + _DAY)
            of = await store.payments_by_id(conn, {refund.payment_id for refund in back})
        if not paid and not back:
            raise NoBill
        return wire.bill(paid, [(refund, of[refund.payment_id]) for refund in back])

    async def script(self, payment_id: str, *faults: Fault) -> None:
        """Bend what is told of this payment."""
        async with self._db.begin() as tx:
            if not await store.set_faults(tx.conn, payment_id, faults):
                raise PaymentUnknown

    # The cashier ------------------------------------------------------------------------------

    async def pay(self, payment_id: str) -> SandboxPayment:
        """The payer pressed "pay"; answers the payment as it is then (it may have ended)."""
        notice_id = None
        async with self._db.begin() as tx:
            payment = await store.payment(tx.conn, payment_id, lock=True)
            if payment is None:
                raise PaymentUnknown
            late = "late" in payment.faults
            paid = await store.end(
                tx.conn, payment_id, before={"open", "closed"} if late else {"open"},
                after="paid", in_time=not late,
            )  # fmt: skip
            if paid is not None:
                planned = plan_paid(paid, wire.text(wire.transaction(paid)))
                notice_id = await store.insert_notice(tx.conn, paid.id, planned)
        if notice_id is not None and "early" in payment.faults:
            await self._delivery.deliver(only=notice_id)
        self._delivery.wake()
        return paid or await self.payment(payment_id)

    def form_token(self, payment_id: str, nonce: str) -> str:
        """What the page's form must bring back: bound to this payment and this browser.

        It acts once, because paying ends the payment.
        """
        return hmac.digest(self._form_key, f"{payment_id}.{nonce}".encode(), "sha256").hex()

    def form_matches(self, payment_id: str, nonce: str, token: str) -> bool:
        """Whether a form that came back is the one we drew for this payment and browser."""
        wanted = self.form_token(payment_id, nonce)
        return token.isascii() and hmac.compare_digest(wanted, token)
