"""Stripe behind the payment port: a page to pay on, query, close, refund, notices, bills.

Stripe knows a page by its own number only, so that number is kept beside our payment. A page that
was never kept was never shown to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import quote

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.platforms.outgoing import PlatformAway, PlatformRefused
from yaohe.platforms.payments import (
    BillLine,
    BillNotThere,
    News,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
    PaymentNotice,
    PaymentRequest,
    PaymentStanding,
    RefundRequest,
    Way,
)
from yaohe.platforms.stripe_pay import store
from yaohe.platforms.stripe_pay.bill import bounds, read_bill
from yaohe.platforms.stripe_pay.client import NotThere, StripeClient
from yaohe.platforms.stripe_pay.model import (
    CURRENCIES,
    PAYMENT,
    REFUND,
    Event,
    Refunded,
    RefundedCharge,
    Session,
    moment,
    paid_news,
    refund_news,
    standing,
    wish_of,
)
from yaohe.platforms.stripe_pay.signing import TOLERANCE_S, signed_at

SIGNATURE: Final = "stripe-signature"
_SESSIONS: Final = "/v1/checkout/sessions"
_PAID: Final = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_REFUND: Final = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
_WHOLE: Final = ["payment_intent.latest_charge.balance_transaction"]
_ID_CHARS_MAX: Final = 100


class StripePay:
    """`secret` signs the notices. Its page is one for phones and desks, and works in apps."""

    name: Final = "stripe"
    thanks: Final = ""
    payers: Final = None

    def __init__(self, client: StripeClient, db: Database, clock: Clock, *, secret: str) -> None:
        self._client, self._db, self._clock, self._secret = client, db, clock, secret
        self.ways: frozenset[Way] = frozenset({"h5"})
        self.ways_in_app: frozenset[Way] = self.ways

    # What we ask ----------------------------------------------------------------------------

    async def create(self, request: PaymentRequest) -> str:
        if request.currency not in CURRENCIES:
            raise PlatformRefused("currency")
        wanted = msgspec.json.encode(wish_of(request, self._clock.now())).decode()
        async with self._db.begin() as tx:
            kept = await store.wish(tx.conn, request.payment_id, wanted)
        if kept.session_id is None:
            session = await self._client.ask(
                "post",
                _SESSIONS,
                Session,
                msgspec.json.decode(kept.wish),
                once=f"yaohe-{request.payment_id}",
            )
            self._check(session, request.payment_id)
            async with self._db.begin() as tx:
                await store.keep(tx.conn, request.payment_id, session.id)
        else:
            session = await self._session(kept.session_id, request.payment_id)
            if session.status != "open":
                raise PlatformRefused(session.status or "")
        if not session.url:
            raise PlatformAway
        return session.url

    async def ask(self, payment_id: str) -> PaymentStanding:
        session = await self._of(payment_id)
        return PaymentStanding(state="unknown") if session is None else standing(session)

    async def close(self, payment_id: str) -> None:
        session_id = await self._session_id(payment_id)
        if session_id is not None:
            await self._client.ask("post", f"{_at(session_id)}/expire", Session)

    async def refund(self, request: RefundRequest) -> News | None:
        intent_id = await self._intent_id(request.payment_id)
        known = await self._refund(intent_id, request.refund_id)
        if known is None:
            # Stripe forgets after a day what was asked once; that is why it was looked for first.
            known = await self._client.ask(
                "post",
                "/v1/refunds",
                Refunded,
                {
                    "payment_intent": intent_id,
                    "amount": request.amount_minor,
                    "metadata": {PAYMENT: request.payment_id, REFUND: request.refund_id},
                },
                once=f"yaohe-{request.refund_id}",
            )
        if (known.payment_id, known.refund_id) != (request.payment_id, request.refund_id):
            raise PlatformAway
        return refund_news(known)

    async def ask_refund(self, request: RefundRequest) -> News | None:
        known = await self._refund(await self._intent_id(request.payment_id), request.refund_id)
        return None if known is None else refund_news(known)

    async def bill(self, day: date) -> list[BillLine]:
        if self._clock.now().timestamp() < bounds(day)[1]:
            raise BillNotThere
        return await read_bill(self._client, day)

    async def _of(self, payment_id: str) -> Session | None:
        """The page of a payment with all that became of it; None when nobody can have seen one."""
        session_id = await self._session_id(payment_id)
        if session_id is None:
            return None
        try:
            return await self._session(session_id, payment_id)
        except NotThere:
            return None

    async def _session(self, session_id: str, payment_id: str) -> Session:
        session = await self._client.ask("get", _at(session_id), Session, {"expand": _WHOLE})
        self._check(session, payment_id)
        return session

    async def _session_id(self, payment_id: str) -> str | None:
        async with self._db.connect() as conn:
            kept = await store.read(conn, payment_id)
        return None if kept is None else kept.session_id

    async def _intent_id(self, payment_id: str) -> str:
        session = await self._of(payment_id)
        if session is None or session.intent_id is None:
            raise PlatformRefused("not_paid")
        return session.intent_id

    async def _refund(self, intent_id: str, refund_id: str) -> Refunded | None:
        wanted = {"payment_intent": intent_id}
        async for refund in self._client.all("/v1/refunds", Refunded, wanted):
            if refund.refund_id == refund_id:
                return refund
        return None

    def _check(self, session: Session, payment_id: str) -> None:
        if session.payment_id != payment_id or not session.id:
            raise PlatformAway("Stripe answered about another payment.")

    # What we are told -----------------------------------------------------------------------

    async def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | None:
        """Signature, then time, then shape. An account tells much that is no news of a payment."""
        at_s = signed_at(headers.get(SIGNATURE, ""), raw, self._secret)
        if at_s is None:
            raise NoticeUnsigned
        if abs(self._clock.now().timestamp() - at_s) > TOLERANCE_S:
            raise NoticeStale
        try:
            event = msgspec.json.decode(raw, type=Event)
            known = _is_id(event.id) and event.livemode == self._client.is_live
            news = _news(event) if known else None
            text = raw.decode("utf-8")
        except (msgspec.DecodeError, UnicodeError, ValueError, OverflowError, OSError) as error:
            raise NoticeUnreadable from error
        if not known:
            raise NoticeUnreadable
        return None if news is None else PaymentNotice(id=event.id, news=news, text=text)


def _news(event: Event) -> News | None:
    told = event.data.object
    if event.type in _PAID:
        return paid_news(msgspec.json.decode(told, type=Session), moment(event.created))
    if event.type in _REFUND:
        return refund_news(msgspec.json.decode(told, type=Refunded))
    if event.type == "charge.refunded":
        refunds = msgspec.json.decode(told, type=RefundedCharge).refunds
        return refund_news(refunds.data[0]) if refunds and refunds.data else None
    return None


def _at(session_id: str) -> str:
    return f"{_SESSIONS}/{quote(session_id, safe='')}"


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _ID_CHARS_MAX and text.isascii() and text.isprintable()
