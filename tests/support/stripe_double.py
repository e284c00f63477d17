"""A double of Stripe: Checkout Sessions, refunds, balance transactions and signed events, from what
Stripe documents. It keeps idempotency keys, refuses what Stripe refuses, and misbehaves when told.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from litestar.types import Receive, Scope, Send
from tests.support.banks import Notice, RefundEnd, Trouble
from tests.support.shop import AskedInside

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.platforms.stripe_pay import StripeClient, StripePay

KEY: Final = "sk_test_0123456789abcdef"
HOOK: Final = "whsec_0123456789abcdef"
_REFUND_WORDS: Final[dict[RefundEnd, str]] = {
    "done": "succeeded", "pending": "pending", "failed": "failed",
}  # fmt: skip


class Refusal(Exception):
    def __init__(self, status: int, code: str, kind: str = "invalid_request_error") -> None:
        self.status, self.body = status, {"error": {"type": kind, "code": code, "message": code}}


@dataclass
class StripeDouble:
    db: Database
    trouble: Trouble = ""
    refunds_end: RefundEnd = "done"
    stale_s: int = 301
    other_currency: bool = True
    asks_for_cashier: bool = True
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    booked: list[dict[str, Any]] = field(default_factory=list)
    answered: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    before_answer: Callable[[], Any] | None = None

    def __post_init__(self) -> None:
        self.outgoing = AskedInside(self.app)
        client = StripeClient(self.outgoing, key=KEY)
        self.gateway = StripePay(client, self.db, SystemClock(), secret=HOOK)

    # HTTP -----------------------------------------------------------------------------------

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = b""
        while True:
            message: Any = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        if self.trouble == "hang":
            await asyncio.sleep(60)
        status, body = 503, b'{"error": {"type": "api_error"}}'
        if self.trouble != "down":
            query = dict(parse_qsl(scope["query_string"].decode()))  # type: ignore[typeddict-item]
            method, path = scope["method"], scope["path"]  # type: ignore[typeddict-item]
            try:
                said = self._answer(method, path, headers, raw, query)
                status, body = 200, json.dumps(said).encode()
            except Refusal as refusal:
                status, body = refusal.status, json.dumps(refusal.body).encode()
            if self.before_answer is not None:
                hook, self.before_answer = self.before_answer, None
                await hook()
        if self.trouble == "lost":
            status, body = 502, b""
        if self.trouble == "half":
            body = body[: len(body) // 2]
        named = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": named})  # type: ignore[typeddict-item]
        await send({"type": "http.response.body", "body": body})  # type: ignore[typeddict-item]

    def _answer(
        self, method: str, path: str, headers: dict[str, str], raw: bytes, query: dict[str, str]
    ) -> dict[str, Any]:
        self.asked.append((method, path))
        assert headers["host"] == "api.stripe.com"
        assert "x-stripe-client-user-agent" not in headers, "tells about the machine"
        assert headers["stripe-version"], "the version of the API is pinned"
        if headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, "api_key_invalid")
        if method == "GET":
            return self._read(path, query)
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        once = headers.get("idempotency-key")
        if once in self.answered:
            before, given, said = self.answered[once or ""]
            if (before, given) != (path, form):
                raise Refusal(400, "idempotency_key_in_use", "idempotency_error")
            return said
        said = self._write(path, form)
        if once:
            self.answered[once] = path, form, json.loads(json.dumps(said))
        return said

    def _read(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        parts = path.removeprefix("/v1/").split("/")
        if parts[:2] == ["checkout", "sessions"]:
            assert query["expand[0]"] == "payment_intent.latest_charge.balance_transaction"
            return self._whole(_found(self.sessions, parts[2]))
        if parts[0] == "payment_intents":
            return _found(self.intents, parts[1])
        if parts[0] == "refunds":
            rows = [r for r in self.refunds.values()
                    if r["payment_intent"] == query["payment_intent"]]  # fmt: skip
            return _page(rows[::-1], query)
        assert parts == ["balance_transactions"], path
        assert query["expand[0]"] == "data.source"
        since, until = int(query["created[gte]"]), int(query["created[lt]"])
        return _page([b for b in self.booked if since <= b["created"] < until][::-1], query)

    def _write(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        parts = path.removeprefix("/v1/").split("/")
        if parts == ["checkout", "sessions"]:
            return self._open(form)
        if parts[0] == "checkout" and parts[-1] == "expire":
            session = _found(self.sessions, parts[2])
            if session["status"] != "open":
                raise Refusal(400, "resource_invalid_state")
            session["status"] = "expired"
            return session
        assert parts == ["refunds"], path
        return self._refund(form)

    def _open(self, form: dict[str, str]) -> dict[str, Any]:
        price = "line_items[0][price_data]"
        wanted = {
            "mode", "client_reference_id", "success_url", "cancel_url", "expires_at",
            "line_items[0][quantity]", f"{price}[currency]", f"{price}[unit_amount]",
            f"{price}[product_data][name]", "metadata[yaohe_payment]",
            "payment_intent_data[metadata][yaohe_payment]", "adaptive_pricing[enabled]",
        }  # fmt: skip
        assert set(form) == wanted, set(form) ^ wanted
        assert (form["mode"], form["line_items[0][quantity]"]) == ("payment", "1")
        assert form["adaptive_pricing[enabled]"] == "false", "the buyer pays in another currency"
        assert form[f"{price}[currency]"].islower()
        if not 1_800 <= int(form["expires_at"]) - time.time() <= 86_400:
            raise Refusal(400, "expires_at")
        number = new_id("cs_test_")
        self.sessions[number] = {
            "id": number, "object": "checkout.session", "status": "open", "livemode": False,
            "payment_status": "unpaid", "url": f"https://checkout.stripe.com/c/pay/{number}",
            "amount_total": int(form[f"{price}[unit_amount]"]), "payment_intent": None,
            "currency": form[f"{price}[currency]"], "success_url": form["success_url"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"yaohe_payment": form["metadata[yaohe_payment]"]},
        }  # fmt: skip
        return self.sessions[number]

    def _whole(self, session: dict[str, Any]) -> dict[str, Any]:
        intent = self.intents.get(session["payment_intent"] or "")
        return {**session, "payment_intent": intent}

    def _refund(self, form: dict[str, str]) -> dict[str, Any]:
        intent = _found(self.intents, form["payment_intent"])
        amount = int(form["amount"])
        gone = sum(r["amount"] for r in self.refunds.values()
                   if r["payment_intent"] == intent["id"] and r["status"] != "failed")  # fmt: skip
        if gone + amount > intent["amount_received"]:
            raise Refusal(400, "charge_already_refunded")
        number = new_id("re_")
        self.refunds[number] = {
            "id": number, "object": "refund", "amount": amount, "currency": intent["currency"],
            "created": int(time.time()), "payment_intent": intent["id"],
            "status": _REFUND_WORDS[self.refunds_end],
            "metadata": {
                "yaohe_payment": form["metadata[yaohe_payment]"],
                "yaohe_refund": form["metadata[yaohe_refund]"],
            },
        }  # fmt: skip
        self._book("refund", self.refunds[number], -amount)
        return self.refunds[number]

    def _book(self, kind: str, source: dict[str, Any], amount: int) -> dict[str, Any]:
        booked = {
            "id": new_id("txn_"), "type": kind, "created": int(time.time()), "source": source,
            "amount": amount, "currency": "usd",
        }  # fmt: skip
        self.booked.append(booked)
        return booked

    # What people and time do ----------------------------------------------------------------

    def session_of(self, payment_id: str) -> dict[str, Any]:
        (found,) = [s for s in self.sessions.values() if s["client_reference_id"] == payment_id]
        return found

    def visit(self, text: str) -> str:
        (found,) = [s for s in self.sessions.values() if s["url"] == text]
        return str(found["id"])

    def pay(self, payment_id: str) -> bool:
        session = self.session_of(payment_id)
        if session["status"] != "open":
            return False
        self.take(session)
        return True

    def take(self, session: dict[str, Any]) -> None:
        """The money comes, whatever the page's state is."""
        charge = {
            "id": new_id("ch_"), "object": "charge", "created": int(time.time()),
            "amount": session["amount_total"], "currency": session["currency"],
            "metadata": session["metadata"],
        }  # fmt: skip
        booked = self._book("charge", charge, session["amount_total"])
        number = new_id("pi_")
        self.intents[number] = {
            "id": number, "status": "succeeded", "amount_received": session["amount_total"],
            "currency": session["currency"], "metadata": session["metadata"],
            "latest_charge": {**charge, "balance_transaction": {**booked, "source": charge["id"]}},
        }  # fmt: skip
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": number}

    def force(self, payment_id: str) -> None:
        self.take(self.session_of(payment_id))

    def patience(self, answer_s_max: float) -> None:
        self.outgoing.answer_s_max = answer_s_max

    def yesterday(self) -> None:
        for booked in self.booked:
            booked["created"] -= 86_400

    def took(self, payment_id: str) -> int:
        session = self.session_of(payment_id)
        if session["payment_status"] != "paid":
            return 0
        back = [r["amount"] for r in self.refunds.values() if r["status"] == "succeeded"
                and r["payment_intent"] == session["payment_intent"]]  # fmt: skip
        return int(session["amount_total"]) - sum(back)

    def state(self, payment_id: str) -> Literal["open", "closed", "paid"]:
        session = self.session_of(payment_id)
        if session["payment_status"] == "paid":
            return "paid"
        return "closed" if session["status"] == "expired" else "open"

    def end_refund(self, refund_id: str) -> None:
        self._by_number(refund_id)["status"] = "succeeded"

    def _by_number(self, refund_id: str) -> dict[str, Any]:
        (found,) = [r for r in self.refunds.values()
                    if r["metadata"]["yaohe_refund"] == refund_id]  # fmt: skip
        return found

    # What it tells --------------------------------------------------------------------------

    def paid_notice(
        self,
        payment_id: str,
        *,
        more_minor: int = 0,
        currency: str = "",
        ago_s: int = 0,
        notice_id: str = "",
        forged: bool = False,
        amount_minor: int = 0,
    ) -> Notice:
        known = [s for s in self.sessions.values() if s["client_reference_id"] == payment_id]
        session = known[0] if known else {
            "id": "cs_test_x", "amount_total": amount_minor, "currency": "cny",
            "metadata": {"yaohe_payment": payment_id},
        }  # fmt: skip
        told = {**session, "payment_status": "paid", "status": "complete"}
        told["amount_total"] += more_minor
        told["currency"] = currency.lower() or told["currency"]
        return self.event("checkout.session.completed", told, ago_s, notice_id, forged)

    def refund_notice(self, refund_id: str) -> Notice:
        refund = self._by_number(refund_id)
        kind = "refund.failed" if refund["status"] == "failed" else "refund.updated"
        return self.event(kind, refund)

    def event(
        self,
        kind: str,
        told: dict[str, Any],
        ago_s: int = 0,
        notice_id: str = "",
        forged: bool = False,
    ) -> Notice:
        now = int(time.time())
        event = {
            "id": notice_id or new_id("evt_"), "object": "event", "type": kind, "livemode": False,
            "created": now, "data": {"object": told},
        }  # fmt: skip
        raw = json.dumps(event).encode()
        secret = "whsec_somebody_elses" if forged else HOOK
        mac = hmac.new(secret.encode(), b"%d." % (now - ago_s) + raw, hashlib.sha256)
        return {"stripe-signature": f"t={now - ago_s},v1={mac.hexdigest()},v0=old"}, raw


def _found(among: dict[str, dict[str, Any]], number: str) -> dict[str, Any]:
    if number not in among:
        raise Refusal(404, "resource_missing")
    return among[number]


def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """Two at a time, so that whoever asks has to turn pages."""
    assert query["limit"] == "100"
    start = 0
    if "starting_after" in query:
        start = [row["id"] for row in rows].index(query["starting_after"]) + 1
    return {"object": "list", "data": rows[start : start + 2], "has_more": len(rows) > start + 2}
